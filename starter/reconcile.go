package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (p *program) reconcile() *cobra.Command {
	var entity string
	var since instant
	c := &cobra.Command{
		Use: "reconcile", Short: "Compare our books with the payment provider's", Args: cobra.NoArgs,
		Long: `Compare the provider's charges, refunds, disputes and fees with our payments and ledger, both ways. What the provider did
and we never heard of is recorded; every other difference is named, is for a person to settle, and makes the exit code 1.`,
		Example: "  go run ./starter reconcile\n  go run ./starter reconcile --entity acme --since 2027-01-01 --json",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Reconcile(ctx, service.Reconciliation{Entity: entity, Since: since.Time})
			if err != nil {
				return err
			}
			if err := p.show(found, func(out io.Writer) error { return printReconciled(out, found) }); err != nil {
				return err
			}
			return leftToSettle(found)
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "of this legal entity only; leaves out what is nobody's")
	c.Flags().Var(&since, "since", "from when on (default 35 days ago)")
	return c
}

func leftToSettle(r message.Reconciled) error {
	if r.Open == 0 {
		return nil
	}
	return fmt.Errorf("%d difference(s) left to settle", r.Open)
}

func printReconciled(out io.Writer, r message.Reconciled) error {
	if len(r.Differences) > 0 {
		rows := make([][]any, len(r.Differences))
		for i, d := range r.Differences {
			state := "open"
			if d.Healed {
				state = "healed"
			}
			rows[i] = []any{state, d.Kind, d.Subject, d.InvoiceID, d.Detail}
		}
		if err := table(out, "state|difference|at the provider|invoice|what", rows); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "Compared %d charges, %d refunds, %d disputes and %d balance transactions: %d differences healed, %d open\n",
		r.Charges, r.Refunds, r.Disputes, r.Transactions, r.Healed, r.Open)
	return err
}
