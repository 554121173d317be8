package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) invoiceRuns() *cobra.Command {
	return p.group("invoice-run", "Bill the months of those who are billed by the month", p.startRun(), p.showRun())
}

func (p *program) startRun() *cobra.Command {
	var entity, period string
	var wait bool
	c := &cobra.Command{
		Use: "start", Short: "Bill a month, or join the run that exists", Args: cobra.NoArgs,
		Example: "  go run ./starter invoice-run start --entity acme --period 2027-01 --wait",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, _ []string) error {
			run, err := svc.StartInvoiceRun(ctx, entity, period, wait)
			if err != nil {
				return err
			}
			return p.printRun(run)
		}),
	}
	runFlags(c, &entity, &period)
	c.Flags().BoolVar(&wait, "wait", false, "wait until everybody is billed")
	return needs(c, "entity", "period")
}

func (p *program) showRun() *cobra.Command {
	var entity, period string
	var members bool
	c := &cobra.Command{
		Use: "show", Short: "Show how far a run is", Args: cobra.NoArgs,
		Example: `  go run ./starter invoice-run show --entity acme --period 2027-01
  go run ./starter invoice-run show --entity acme --period 2027-01 --members`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			run, err := svc.InvoiceRun(ctx, entity, period)
			if err != nil {
				return err
			}
			if !members {
				return p.printRun(run)
			}
			list, err := svc.RunMembers(ctx, run)
			if err != nil {
				return err
			}
			return p.printMembers(run, list)
		}),
	}
	runFlags(c, &entity, &period)
	c.Flags().BoolVar(&members, "members", false, "list everybody with the invoice, or the reason for none")
	return needs(c, "entity", "period")
}

func runFlags(c *cobra.Command, entity, period *string) {
	c.Flags().StringVar(entity, "entity", "", "the legal entity")
	c.Flags().StringVar(period, "period", "", "the month, such as 2027-01")
}

func (p *program) printRun(r service.InvoiceRun) error {
	return p.show(r, func(out io.Writer) error { return runFacts(out, r) })
}

func runFacts(out io.Writer, r service.InvoiceRun) error {
	return facts(out, "Run", r.ID, "Status", r.Status, "As of", r.AsOf, "Due", r.Due, "Invoiced", r.Invoiced,
		"Skipped with a reason", r.Skipped, "Open", r.Open(), "Shards", r.Shards, "Completed", r.CompletedAt)
}

func (p *program) printMembers(r service.InvoiceRun, members []store.Member) error {
	result := struct {
		service.InvoiceRun

		Members []store.Member `json:"members"`
	}{r, members}
	return p.show(result, func(out io.Writer) error {
		if err := runFacts(out, r); err != nil {
			return err
		}
		rows := make([][]any, len(members))
		for i, m := range members {
			rows[i] = []any{m.SubscriptionID, m.InvoiceID, m.SkippedBecause}
		}
		fmt.Fprintln(out)
		return table(out, "subscription|invoice|skipped because", rows)
	})
}
