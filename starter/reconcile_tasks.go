package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) listDifferences() *cobra.Command {
	var q service.DifferenceQuery
	c := &cobra.Command{
		Use: "list", Short: "List the differences that reconciliations have found", Args: cobra.NoArgs,
		Example: "  go run ./starter reconcile list\n  go run ./starter reconcile list --status settled --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Differences(ctx, q)
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error {
				if err := printDifferences(out, found.Data); err != nil {
					return err
				}
				return more(out, found.Next)
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&q.Entity, "entity", "", "of this legal entity only")
	f.StringVar(&q.Status, "status", store.DifferenceOpen, "open, healed, gone or settled; empty: all")
	p.paging(c, &q.After, &q.Limit)
	return c
}

func printDifferences(out io.Writer, list []store.Difference) error {
	rows := make([][]any, len(list))
	for i, d := range list {
		rows[i] = []any{d.ID, d.Status, d.Kind, d.Subject, d.InvoiceID, d.Detail, d.FirstSeen, d.SettledBy, d.SettledWhy}
	}
	return table(out, "number|state|difference|at the provider|invoice|what|first seen|settled by|because", rows)
}

func settling(c *cobra.Command, in *service.Settlement) *cobra.Command {
	c.Flags().StringVar(&in.By, "by", "operator", "who settles it, for the record")
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for the record")
	return needs(c, "reason")
}

func (p *program) settleDifference() *cobra.Command {
	var in service.Settlement
	return settling(&cobra.Command{
		Use: "settle NUMBER", Short: "Say that an open difference has been dealt with", Args: cobra.ExactArgs(1),
		Long: `Record who has settled a difference, and why. No money moves and nothing is booked. While the difference stays what it is, no
reconciliation counts it again; if it changes, it is open again.`,
		Example: `  go run ./starter reconcile settle 12 --by dana --reason "corrected in the invoice of March"`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			settled, err := svc.SettleDifference(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.show(settled, func(out io.Writer) error { return printDifferences(out, []store.Difference{settled}) })
		}),
	}, &in)
}

func (p *program) suspense() *cobra.Command {
	var entity string
	c := &cobra.Command{
		Use: "suspense", Short: "List money that moved at the provider and that nothing explains", Args: cobra.NoArgs,
		Example: "  go run ./starter reconcile suspense --entity acme",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Suspense(ctx, entity)
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error { return printMovements(out, found) })
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "of this legal entity only")
	return c
}

func printMovements(out io.Writer, list []store.Movement) error {
	rows := make([][]any, len(list))
	for i, m := range list {
		rows[i] = []any{m.ID, m.At, m.EntityID, m.Category, m.Source, amount(m.Net, m.Currency), m.Account, m.ExplainedAs, m.ExplainedBy, m.ExplainedWhy}
	}
	return table(out, "id|moved|entity|category|of|net|booked as|explained as|by|because", rows)
}

func (p *program) explainMovement() *cobra.Command {
	var in service.MovementExplanation
	c := settling(&cobra.Command{
		Use: "explain BALANCE_TRANSACTION", Short: "Book money out of suspense", Args: cobra.ExactArgs(1),
		Long: `Say what a movement on the provider's balance is that nothing explains, and book it so: as ProcessingFees, as a transfer from or
to our Bank, as OtherIncome or as OtherExpenses. Repeating it changes nothing.`,
		Example: `  go run ./starter reconcile explain txn_1Q2w3E4r --account OtherExpenses --by dana --reason "chargeback of the old system"`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			booked, err := svc.ExplainMovement(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.show(booked, func(out io.Writer) error { return printMovements(out, []store.Movement{booked}) })
		}),
	}, &in.Settlement)
	c.Flags().StringVar(&in.Account, "account", "", "ProcessingFees, Bank, OtherIncome or OtherExpenses")
	return needs(c, "account")
}
