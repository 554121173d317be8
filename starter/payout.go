package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) payouts() *cobra.Command {
	return p.group("payout", "List and show what the provider sends to the bank account", p.listPayouts(), p.showPayout())
}

func (p *program) listPayouts() *cobra.Command {
	var q service.PayoutQuery
	c := &cobra.Command{
		Use: "list", Short: "List payouts, first to last", Args: cobra.NoArgs,
		Example: "  go run ./starter payment payout list\n  go run ./starter payment payout list --status failed --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Payouts(ctx, q)
			return printPage(p, found, err, "id|made|status|amount|arrives|failed because", func(x store.Payout) []any {
				return []any{x.ID, x.CreatedAt, x.Status, amount(x.Amount, x.Currency), x.ArrivesAt, x.Failure}
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&q.Entity, "entity", "", "with money of this legal entity only")
	f.StringVar(&q.Status, "status", "", "pending, in_transit, paid, failed or canceled")
	p.paging(c, &q.After, &q.Limit)
	return c
}

func (p *program) showPayout() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a payout and whose money it is", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter payment payout show po_1Q2w3E4r",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			x, err := svc.Payout(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(x, func(out io.Writer) error {
				err := facts(out, "Payout", x.ID, "Status", x.Status, "Amount", amount(x.Amount, x.Currency), "Made", x.CreatedAt,
					"Arrives", x.ArrivesAt, "Automatic", x.Automatic, "Failed because", x.Failure)
				if err != nil {
					return err
				}
				rows := make([][]any, len(x.Shares))
				for i, share := range x.Shares {
					rows[i] = []any{share.EntityID, amount(share.Amount, x.Currency)}
				}
				fmt.Fprintln(out)
				return table(out, "entity|amount", rows)
			})
		}),
	}
}
