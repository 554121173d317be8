package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) fraudReviews() *cobra.Command {
	return p.group("review", "List and decide payments that wait for a person", p.listReviews(), p.showReview(),
		p.decideReview("approve", "Let a payment through: it is made if it waited, and its subscription is released", true),
		p.decideReview("decline", "Stop a payment: it fails or goes back, and its subscription ends", false))
}

func (p *program) listReviews() *cobra.Command {
	var q service.ReviewQuery
	c := &cobra.Command{
		Use: "list", Short: "List reviews, first to last", Args: cobra.NoArgs,
		Example: "  go run ./starter fraud review list --status open\n  go run ./starter fraud review list --customer erika --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Reviews(ctx, q)
			return printPage(p, found, err, "payment|customer|opened|because of|status|decide by|decided by|reason", func(x store.Review) []any {
				return []any{x.PaymentID, x.CustomerID, x.OpenedAt, x.Cause, x.Status, x.DeadlineAt, x.DecidedBy, x.Reason}
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&q.Entity, "entity", "", "of this legal entity only")
	f.StringVar(&q.Customer, "customer", "", "of this customer only")
	f.StringVar(&q.Status, "status", "", "open, approved or declined")
	p.paging(c, &q.After, &q.Limit)
	return c
}

func (p *program) showReview() *cobra.Command {
	return &cobra.Command{
		Use: "show PAYMENT", Short: "Show the review of a payment", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter fraud review show pay_3f6c2a7q5rduw4ki",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Review(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printReview(found)
		}),
	}
}

func (p *program) printReview(x store.Review) error {
	return p.show(x, func(out io.Writer) error {
		waits := "no, it was made"
		if x.BeforeCharge {
			waits = "until it is approved"
		}
		return facts(out, "Payment", x.PaymentID, "Customer", x.CustomerID, "Because of", x.Cause, "Status", x.Status, "Payment waits", waits,
			"At the provider", x.ProviderReview, "Opened", x.OpenedAt, "Decide by", x.DeadlineAt, "Decided by", x.DecidedBy, "Reason", x.Reason,
			"Decided", x.DecidedAt)
	})
}

func (p *program) decideReview(use, short string, approve bool) *cobra.Command {
	var in service.Explained
	c := &cobra.Command{
		Use: use + " PAYMENT", Short: short, Args: cobra.ExactArgs(1),
		Example: "  go run ./starter fraud review " + use + " pay_3f6c2a7q5rduw4ki --by ada --reason \"called the customer\"",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			decided, err := svc.DecideReview(ctx, args[0], approve, in)
			if err != nil {
				return err
			}
			return p.printReview(decided)
		}),
	}
	explained(c, &in)
	return needs(c, "by", "reason")
}

func (p *program) fraudWarnings() *cobra.Command {
	return p.group("warning", "List early fraud warnings, and refund what they are about", p.listWarnings(), p.refundWarning())
}

func (p *program) listWarnings() *cobra.Command {
	var q service.WarningQuery
	c := &cobra.Command{
		Use: "list", Short: "List payments that their issuers reported as fraud, first to last", Args: cobra.NoArgs,
		Example: "  go run ./starter fraud warning list --open",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Warnings(ctx, q)
			return printPage(p, found, err, "id|opened|payment|fraud|open", func(x store.Warning) []any {
				return []any{x.ID, x.OpenedAt, x.PaymentID, x.FraudType, x.Actionable}
			})
		}),
	}
	c.Flags().StringVar(&q.Entity, "entity", "", "of this legal entity only")
	c.Flags().BoolVar(&q.Open, "open", false, "only those whose payment was neither refunded nor disputed")
	p.paging(c, &q.After, &q.Limit)
	return c
}

func (p *program) refundWarning() *cobra.Command {
	return &cobra.Command{
		Use: "refund ID", Short: "Refund what is left of a payment that its issuer reported as fraud", Args: cobra.ExactArgs(1),
		Long: `Refund the payment before its bank takes it back with a fee. The money is taken from revenue, no invoice is corrected, and the
subscription goes on: cancel it if it should not. Repeating the command answers how the refund stands.`,
		Example: "  go run ./starter fraud warning refund issfr_1PgafTB7WZ01zgkW",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			made, err := svc.RefundWarning(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(made, func(out io.Writer) error { return printRefund(out, made) })
		}),
	}
}
