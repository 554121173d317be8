package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) members() *cobra.Command {
	return p.group("member", "Tell who uses a subscription whose seats follow its members, and show what came of it",
		p.addMembers(), p.removeMember(), p.listMembers(), p.memberStatement(),
		p.group("activity", "Tell what members did", p.importActivity()))
}

func (p *program) addMembers() *cobra.Command {
	var on string
	c := &cobra.Command{
		Use: "add SUBSCRIPTION MEMBER...", Short: "Note that members joined, or were active; repeating it changes nothing", Args: cobra.MinimumNArgs(2),
		Long: "Note that members joined, or were active, on a day. Members are named by your own ids; nothing else is kept of them.",
		Example: `  go run ./starter member add acme-team U024BE7LH U0G9QF9C6
  go run ./starter member add acme-team U024BE7LH --on 2027-04-11`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			if on == "" {
				today, err := svc.TodayOf(ctx, args[0])
				if err != nil {
					return err
				}
				on = today.String()
			}
			var in service.MemberActivity
			for _, member := range args[1:] {
				in.Actions = append(in.Actions, service.MemberAction{Member: member, At: on})
			}
			added, err := svc.AddMemberActivity(ctx, args[0], in)
			if err != nil {
				return err
			}
			err = p.show(added, func(out io.Writer) error {
				for _, left := range added.Left {
					fmt.Fprintf(out, "%s had left by %s: who comes back gets another id\n", left.Member, left.At)
				}
				return facts(out, "Joined", added.Joined, "Day", on)
			})
			if err == nil && len(added.Left) > 0 {
				err = errRowsRejected
			}
			return err
		}),
	}
	c.Flags().StringVar(&on, "on", "", "the day, where the subscription is billed (default: today)")
	return c
}

func (p *program) removeMember() *cobra.Command {
	var on string
	c := &cobra.Command{
		Use: "remove SUBSCRIPTION MEMBER", Short: "Note that a member left; repeating it changes nothing", Args: cobra.ExactArgs(2),
		Long:    "Note that a member left. The seat is credited from that day on. What is settled stays: who left before then leaves with the first day that is not.",
		Example: "  go run ./starter member remove acme-team U024BE7LH --on 2027-04-20",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			left, err := svc.RemoveMember(ctx, args[0], args[1], on)
			if err != nil {
				return err
			}
			return p.show(left, func(out io.Writer) error {
				return facts(out, "Member", left.ID, "Since", left.Since, "Left", left.Until)
			})
		}),
	}
	c.Flags().StringVar(&on, "on", "", "the first day without the member, where the subscription is billed (default: today)")
	return c
}

func (p *program) listMembers() *cobra.Command {
	var after string
	var limit int
	c := &cobra.Command{
		Use: "list SUBSCRIPTION", Short: "List members, and whether they are active today", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter member list acme-team",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Members(ctx, args[0], after, limit)
			return printPage(p, found, err, "member|joined|left|active", func(m service.Member) []any {
				active := "no"
				if m.Active {
					active = "since " + m.LastActive.String()
				}
				return []any{m.ID, m.Since, day(m.Until), active}
			})
		}),
	}
	p.paging(c, &after, &limit)
	return c
}

func (p *program) importActivity() *cobra.Command {
	var file string
	var most int
	var dry bool
	c := &cobra.Command{
		Use: "import SUBSCRIPTION", Short: "Import what members did; importing a file again adds nothing", Args: cobra.ExactArgs(1),
		Long: `Import what members did, from CSV with the columns "member" and "at", or from JSON lines such as
{"member": "U024BE7LH", "at": "2027-04-11"}. A time is a day where the subscription is billed, or an instant. Several actions of
a member on one day count as one. Lines that cannot be stored are shown by line and reason, and the others are stored; the
exit code is then 3.`,
		Example: `  go run ./starter member activity import acme-team -f april.csv --dry-run
  zcat actions.jsonl.gz | go run ./starter member activity import acme-team -f -`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			if most < 1 {
				return wrong("max-rejected", "%d is not a number of lines: use 1 or more", most)
			}
			return p.withFile(file, func(r io.Reader) error {
				summary, err := svc.ImportActivity(ctx, args[0], r, most, dry)
				if err != nil {
					if summary.Accepted > 0 && !dry {
						fmt.Fprintf(p.err, "%d lines of the file are stored; importing it again adds only what is missing\n", summary.Accepted)
					}
					return err
				}
				return p.printActivity(summary)
			})
		}),
	}
	c.Flags().StringVarP(&file, "file", "f", "", "the file; - reads standard input")
	c.Flags().IntVar(&most, "max-rejected", 100, "rejected lines to show; all are counted")
	c.Flags().BoolVar(&dry, "dry-run", false, "read and check the file, and store nothing")
	return needs(c, "file")
}

func (p *program) printActivity(s service.ActivityImport) error {
	return showImport(p, s, s.RejectedLines, s.Rejected, func(out io.Writer) error {
		stored := fmt.Sprintf("%d days that were not known, %d members who joined", s.New, s.Joined)
		if s.DryRun {
			stored = "nothing: this was a dry run"
		}
		return facts(out, "Subscription", s.Subscription, "Lines", s.Lines, "Accepted", s.Accepted, "Rejected", s.Rejected,
			"Stored", stored, "First", day(s.First), "Last", day(s.Last))
	})
}

// seatFlags ask that seats follow members.
type seatFlags struct {
	fair    bool
	window  int
	minimum int64
	members []string
}

func fairFlags(f *pflag.FlagSet) *seatFlags {
	in := &seatFlags{}
	f.BoolVar(&in.fair, "fair-billing", false, "have the seats follow the members who are active: leave --seats out, or give those of the first period")
	f.IntVar(&in.window, "window-days", 28, "with fair billing, for how many days an action makes its member active")
	f.Int64Var(&in.minimum, "minimum-seats", 1, "with fair billing, how many seats are billed whoever is active")
	f.StringArrayVar(&in.members, "member", nil, "with fair billing, your id of a member who is there from the beginning (repeat for several)")
	return in
}

func (in *seatFlags) read() (*service.NewFairBilling, error) {
	if !in.fair {
		if len(in.members) > 0 {
			return nil, wrong("member", "needs --fair-billing: other subscriptions have seats and no members")
		}
		return nil, nil
	}
	asked := &service.NewFairBilling{WindowDays: in.window, MinimumSeats: &in.minimum}
	if in.window == 0 {
		return nil, wrong("window-days", "must be 1 to 366")
	}
	for _, id := range in.members {
		asked.Members = append(asked.Members, fairbilling.Arrival{ID: id})
	}
	return asked, nil
}
