package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/starter/service"
)

const migrationManual = `Move the subscriptions under a version of a plan to another version, and tell their customers by mail of the old and the new price and
the date. Each subscription is moved once and its customer told once, so repeating the command is safe: it goes on after an
interruption, takes a larger cohort, or those who renewed too soon the last time. What is not moved says why.

Prices that were agreed with a customer are for one version and end with it: the report lists whose, and --prices brings new ones.`

// migrationFlags are what is not written as it is asked.
type migrationFlags struct {
	file   string
	prices string
	notice int
}

func (p *program) migratePlan() *cobra.Command {
	var in service.Migration
	var more migrationFlags
	c := &cobra.Command{
		Use: "migrate", Short: "Move subscriptions to another version of a plan; repeating it is safe", Args: cobra.NoArgs, Long: migrationManual,
		Example: `  go run ./starter plan migrate --plan team --from 1 --to 2 --dry-run
  go run ./starter plan migrate --plan team --from 1 --to 2 --percent 10
  go run ./starter plan migrate --plan team --from 1 --to 2 --at now --customers customers.txt`,
	}
	f := c.Flags()
	f.StringVar(&in.Plan, "plan", "", "the plan")
	f.IntVar(&in.From, "from", 0, "the version that the subscriptions have")
	f.IntVar(&in.To, "to", 0, "the version that they go over to")
	f.StringVar(&in.At, "at", service.AtRenewal, "renewal, the end of the period under way, or now")
	f.IntVar(&in.Percent, "percent", 0, "only this part of the subscriptions, 1 to 100; a larger part contains a smaller one (default: all)")
	f.StringVar(&more.file, "customers", "", "only the customers whose ids are the lines of this file; - reads standard input")
	f.StringVar(&more.prices, "prices", "", "file with prices agreed for the new version, in YAML or JSON, by subscription, charge and currency")
	f.IntVar(&more.notice, "notice-days", 0, "leave out whoever renews in fewer days (default: 30 at renewal)")
	f.BoolVar(&in.DryRun, "dry-run", false, "only say what would happen")
	f.StringVar(&in.Actor, "actor", "operator", "who asks, for the record")
	c.RunE = p.askWorkflow(func(ctx context.Context, svc *service.Service, _ []string) error {
		if f.Changed("notice-days") {
			in.NoticeDays = &more.notice
		}
		if err := p.readCustomers(more.file, &in); err != nil {
			return err
		}
		if err := p.decodePrices(more.prices, &in.Prices); err != nil {
			return err
		}
		moved, err := p.migrateAll(ctx, svc, in)
		if err != nil {
			return err
		}
		done := migrationReport{Migration: in.ID(), DryRun: in.DryRun, Subscriptions: moved}
		if done.Totals, err = totalsOf(moved); err != nil {
			return err
		}
		return p.show(done, func(out io.Writer) error { return printMigration(out, done) })
	})
	return needs(c, "plan", "from", "to")
}

// readCustomers limits a migration to the customers of a file.
func (p *program) readCustomers(name string, in *service.Migration) error {
	if name == "" {
		return nil
	}
	return p.withFile(name, func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			if id := strings.TrimSpace(lines.Text()); id != "" {
				in.Customers = append(in.Customers, id)
			}
		}
		if err := lines.Err(); err != nil {
			return wrong("customers", "%s", err)
		}
		if len(in.Customers) == 0 {
			return wrong("customers", "the file names nobody: write one id on each line")
		}
		return nil
	})
}

// migrateAll goes through all pages and says on standard error how far it is.
func (p *program) migrateAll(ctx context.Context, svc *service.Service, in service.Migration) ([]service.MigratedSubscription, error) {
	all := []service.MigratedSubscription{}
	for {
		page, err := svc.Migrate(ctx, in)
		if err != nil {
			return all, err
		}
		all = append(all, page.Data...)
		if page.Next == "" {
			return all, nil
		}
		fmt.Fprintf(p.err, "%d subscriptions so far, up to %s\n", len(all), page.Next)
		in.After = page.Next
	}
}

// migrationReport is what became of a migration.
type migrationReport struct {
	Migration     string                         `json:"migration"`
	DryRun        bool                           `json:"dry_run"`
	Subscriptions []service.MigratedSubscription `json:"subscriptions"`
	Totals        []migrationTotal               `json:"totals"`
}

// migrationTotal sums one outcome in one currency. Who was skipped has no amounts.
type migrationTotal struct {
	Outcome       service.Outcome `json:"outcome"`
	Subscriptions int             `json:"subscriptions"`
	Old           *money.Amount   `json:"old,omitempty"`
	New           *money.Amount   `json:"new,omitempty"`
	Difference    *money.Amount   `json:"difference,omitempty"`
}

func (t migrationTotal) currency() money.Currency {
	if t.Old == nil {
		return ""
	}
	return t.Old.Currency
}

func totalsOf(moved []service.MigratedSubscription) ([]migrationTotal, error) {
	totals := []migrationTotal{}
	for _, m := range moved {
		one := migrationTotal{Outcome: m.Outcome, Subscriptions: 1}
		if m.Outcome != service.Skipped {
			one.Old, one.New, one.Difference = m.Old, m.New, m.Difference
		}
		i := slices.IndexFunc(totals, func(t migrationTotal) bool { return t.Outcome == one.Outcome && t.currency() == one.currency() })
		if i < 0 {
			totals = append(totals, one)
			continue
		}
		if err := totals[i].add(one); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(totals, func(a, b migrationTotal) int {
		return cmp.Or(cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.currency(), b.currency()))
	})
	return totals, nil
}

func (t *migrationTotal) add(o migrationTotal) error {
	t.Subscriptions += o.Subscriptions
	if t.Old == nil {
		return nil
	}
	old, err := t.Old.Add(*o.Old)
	next, errNew := t.New.Add(*o.New)
	difference, errDifference := t.Difference.Add(*o.Difference)
	t.Old, t.New, t.Difference = &old, &next, &difference
	return errors.Join(err, errNew, errDifference)
}

func printMigration(out io.Writer, done migrationReport) error {
	rows := make([][]any, len(done.Subscriptions))
	for i, m := range done.Subscriptions {
		rows[i] = []any{m.Subscription, m.Customer, outcomeInWords(m.Outcome), m.ChangesAt, sum(m.Old), sum(m.New), sum(m.Difference), agreementInWords(m), m.Reason}
	}
	if err := table(out, "subscription|customer|outcome|changes at|old|new|difference|agreed|reason", rows); err != nil {
		return err
	}
	if len(done.Totals) == 0 {
		_, err := fmt.Fprintln(out, "No subscription is under that version.")
		return err
	}
	fmt.Fprintln(out)
	totals := make([][]any, len(done.Totals))
	for i, t := range done.Totals {
		totals[i] = []any{outcomeInWords(t.Outcome), t.Subscriptions, sum(t.Old), sum(t.New), sum(t.Difference)}
	}
	return table(out, "total|subscriptions|old|new|difference", totals)
}

func outcomeInWords(outcome service.Outcome) string {
	return strings.ReplaceAll(string(outcome), "_", " ")
}

// sum is an amount that may be missing.
func sum(a *money.Amount) string {
	if a == nil {
		return ""
	}
	return a.String()
}
