package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) disputes() *cobra.Command {
	return p.group("dispute", "List and show payments that banks take back", p.listDisputes(), p.showDispute())
}

func (p *program) listDisputes() *cobra.Command {
	var q service.DisputeQuery
	c := &cobra.Command{
		Use: "list", Short: "List disputes, first to last", Args: cobra.NoArgs,
		Example: "  go run ./starter payment dispute list --status needs_response\n  go run ./starter payment dispute list --customer erika --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Disputes(ctx, q)
			return printPage(p, found, err, "id|opened|payment|status|reason|amount|withdrawn|fee|respond by", func(x store.Dispute) []any {
				return []any{
					x.ID, x.OpenedAt, x.PaymentID, x.Status, x.Reason, amount(x.Amount, x.Currency), amount(x.Withdrawn, x.Currency),
					amount(x.Fee, x.Currency), x.RespondBy,
				}
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&q.Entity, "entity", "", "of this legal entity only")
	f.StringVar(&q.Customer, "customer", "", "of this customer only")
	f.StringVar(&q.Payment, "payment", "", "of this payment only")
	f.StringVar(&q.Status, "status", "", "needs_response, under_review, won, lost, or of inquiries warning_needs_response, …")
	p.paging(c, &q.After, &q.Limit)
	return c
}

func (p *program) showDispute() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a dispute", Args: cobra.ExactArgs(1),
		Long:    "Show a dispute. It is answered on the payment provider's pages; what becomes of it comes back by itself.",
		Example: "  go run ./starter payment dispute show dp_1PgafTB7WZ01zgkW6TnYk7Ly",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			x, err := svc.Dispute(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(x, func(out io.Writer) error {
				return facts(out, "Dispute", x.ID, "Payment", x.PaymentID, "Customer", x.CustomerID, "Invoice", x.InvoiceID, "Status", x.Status,
					"Reason", x.Reason, "Amount", amount(x.Amount, x.Currency), "Withdrawn", amount(x.Withdrawn, x.Currency),
					"Fee", amount(x.Fee, x.Currency), "Opened", x.OpenedAt, "Respond by", x.RespondBy, "Closed", x.ClosedAt)
			})
		}),
	}
}
