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
		Long: `Compare the provider's charges, refunds, disputes, fees and payouts with our payments and ledger, both ways. What the provider
did and we never heard of is recorded; every other difference is named, is for a person to settle, and makes the exit code 1.
The worker does this every day by itself, of the last 35 days; "reconcile list" shows what is left to settle.`,
		Example: `  go run ./starter reconcile
  go run ./starter reconcile --entity acme --since 2027-01-01 --json
  go run ./starter reconcile list`,
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
	c.AddCommand(p.listDifferences(), p.settleDifference(), p.suspense(), p.explainMovement())
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
			} else if d.Settled {
				state = "settled"
			}
			rows[i] = []any{state, d.Kind, d.Subject, d.InvoiceID, d.Detail}
		}
		if err := table(out, "state|difference|at the provider|invoice|what", rows); err != nil {
			return err
		}
	}
	if len(r.Held) > 0 {
		rows := make([][]any, len(r.Held))
		for i, held := range r.Held {
			rows[i] = []any{held.Currency, amount(held.Ours, held.Currency), amount(held.Theirs, held.Currency), amount(held.Theirs-held.Ours, held.Currency)}
		}
		if err := table(out, "held at the provider|by our ledger|by the provider|difference", rows); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(out, "Compared %d charges, %d refunds, %d disputes, %d payouts and %d balance transactions: "+
		"%d differences healed, %d settled, %d open\n", r.Charges, r.Refunds, r.Disputes, r.Payouts, r.Transactions, r.Healed, r.Settled, r.Open)
	return err
}
