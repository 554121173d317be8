package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) memberStatement() *cobra.Command {
	var period, member string
	c := &cobra.Command{
		Use: "statement SUBSCRIPTION", Short: "Show what became of each member's seat in a period, and why", Args: cobra.ExactArgs(1),
		Long: "Show what became of each member's seat in a period that is settled: when the member was active, what was charged and credited.",
		Example: `  go run ./starter member statement acme-team
  go run ./starter member statement acme-team --period 2027-04-01 --member U024BE7LH`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			made, err := svc.MemberStatement(ctx, args[0], period, member)
			if err != nil {
				return err
			}
			return p.show(made, func(out io.Writer) error { return printStatement(out, made) })
		}),
	}
	c.Flags().StringVar(&period, "period", "", "any day of the period (default: the latest one that is settled)")
	c.Flags().StringVar(&member, "member", "", "this member only")
	return c
}

func printStatement(out io.Writer, made service.MemberStatement) error {
	for _, charge := range made.Charges {
		invoice := "no invoice: there was nothing to bill"
		if charge.InvoiceNumber != "" {
			invoice = "invoice " + charge.InvoiceNumber
		}
		fmt.Fprintf(out, "%s from %s through %s, %s\n\n", charge.ChargeID, charge.From, charge.Through, invoice)
		rows := make([][]any, len(charge.Members))
		for i, m := range charge.Members {
			rows[i] = []any{m.Member, activeIn(m.Active, charge.Through), m.Paid, m.Charged, m.Credited, whyOf(m.Entries)}
		}
		if err := table(out, "member|active|paid in advance|charged|credited|why", rows); err != nil {
			return err
		}
		fmt.Fprintf(out, "\nCharged afterwards: %s. Credited: %s.\n\n",
			money.New(charge.Charges, charge.Currency), money.New(charge.Credits, charge.Currency))
	}
	return facts(out, "Plan credit left", made.PlanCredit)
}

// activeIn are the stretches in which a member was active, first and last day each.
func activeIn(stretches []service.ActiveStretch, last calendar.Date) string {
	texts := make([]string, len(stretches))
	for i, s := range stretches {
		until := last.String()
		if after, err := calendar.ParseDate(s.To); err == nil {
			until = after.AddDays(-1).String()
		}
		texts[i] = s.From + " to " + until
		if until < s.From { // left on the day
			texts[i] = "not at all"
		}
	}
	return strings.Join(texts, ", ")
}

// whyOf says in words what happened to a seat.
func whyOf(entries []store.SeatEntry) string {
	texts := make([]string, len(entries))
	for i, e := range entries {
		part := fmt.Sprintf("%d of %d days", e.Days, e.Of)
		switch fairbilling.Kind(e.Kind) {
		case fairbilling.Started:
			texts[i] = "paid with the period"
		case fairbilling.Charged:
			texts[i] = fmt.Sprintf("came on %s: %s charged", e.Day, part)
		case fairbilling.TookOver:
			texts[i] = fmt.Sprintf("came on %s to a seat that was paid", e.Day)
		case fairbilling.Credited:
			texts[i] = fmt.Sprintf("not active from %s: %s credited", e.Day, part)
		case fairbilling.Kept:
			texts[i] = fmt.Sprintf("not active from %s, one of the fewest seats", e.Day)
		}
	}
	return strings.Join(texts, "; ")
}

// day is a day as people read it, nothing for none.
func day(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}
