package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) payments() *cobra.Command {
	return p.group("payment", "List, show, retry and refund payments, and see disputes, payouts and bank transfers",
		p.listPayments(), p.showPayment(), p.retryPayment(), p.refundPayment(), p.adoptRefund(), p.disputes(), p.payouts(), p.transfers())
}

func (p *program) listPayments() *cobra.Command {
	var q service.PaymentQuery
	c := &cobra.Command{
		Use: "list", Short: "List attempts to collect invoices, first to last", Args: cobra.NoArgs,
		Example: "  go run ./starter payment list --customer erika\n  go run ./starter payment list --status succeeded --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Payments(ctx, q)
			return printPage(p, found, err, "id|asked|customer|invoice|status|amount|refunded|declined because", func(x store.ListedPayment) []any {
				return []any{x.ID, x.AskedAt, x.CustomerID, x.InvoiceID, x.Status, amount(x.Amount, x.Currency), amount(x.Refunded, x.Currency), x.DeclineCode}
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&q.Entity, "entity", "", "of this legal entity only")
	f.StringVar(&q.Customer, "customer", "", "of this customer only")
	f.StringVar(&q.Invoice, "invoice", "", "of this invoice only")
	f.StringVar(&q.Status, "status", "", "pending, processing, requires_action, succeeded or failed")
	p.paging(c, &q.After, &q.Limit)
	return c
}

func (p *program) showPayment() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a payment with its refunds", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter payment show pay_3f6c2a7q5rduw4ki",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Payment(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error { return printPayment(out, found) })
		}),
	}
}

func (p *program) retryPayment() *cobra.Command {
	return &cobra.Command{
		Use: "retry ID", Short: "Make a failed payment again, now", Args: cobra.ExactArgs(1),
		Long: `Make the attempt that follows a failed one now, instead of when the collection's schedule says, and show it. It can fail, too;
then the exit code is 1. Repeating the command shows the same attempt, and charges nobody again.`,
		Example: "  go run ./starter payment retry pay_3f6c2a7q5rduw4ki",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			made, err := svc.RetryPayment(ctx, args[0])
			if err != nil {
				return err
			}
			if err := p.show(made, func(out io.Writer) error { return printPayment(out, made) }); err != nil || made.Status != store.PaymentFailed {
				return err
			}
			return fmt.Errorf("payment %s failed: %s", made.ID, made.DeclineCode)
		}),
	}
}

func printPayment(out io.Writer, x service.Payment) error {
	err := facts(out, "Payment", x.ID, "Customer", x.CustomerID, "Invoice", x.InvoiceID, "Attempt", x.Attempt, "Status", x.Status,
		"Amount", amount(x.Amount, x.Currency), "Fee", amount(x.ProviderFee, x.Currency), "Refunded", amount(x.Refunded, x.Currency),
		"Declined because", x.DeclineCode, "Charge", x.ProviderCharge, "Asked", x.AskedAt, "Settled", x.SettledAt)
	if err != nil || len(x.Refunds) == 0 {
		return err
	}
	rows := make([][]any, len(x.Refunds))
	for i, r := range x.Refunds {
		rows[i] = refundRow(r)
	}
	fmt.Fprintln(out)
	return table(out, "refund|asked|status|amount|out of|reason|failed because|at the provider", rows)
}

func refundRow(r store.Refund) []any {
	outOf := "credit"
	if r.Goodwill {
		outOf = "goodwill"
	}
	return []any{r.ID, r.AskedAt, r.Status, amount(r.Amount, r.Currency), outOf, r.Reason, r.Failure, r.ProviderRefund}
}

func (p *program) refundPayment() *cobra.Command {
	var in service.NewRefund
	var part string
	c := &cobra.Command{
		Use: "refund ID", Short: "Send money back through the payment it came from", Args: cobra.ExactArgs(1),
		Long: `Pay the customer's credit out through a payment, all that is left of it or an --amount. Credit comes from corrections of
invoices: a smaller plan, a cancellation with --credit-unused. With --goodwill no credit is needed: the money is taken
from revenue (account Refunds), no invoice is corrected, and the tax stays as it is. With --id the command can be repeated safely.`,
		Example: `  go run ./starter payment refund pay_3f6c2a7q5rduw4ki --id ref-1042 --amount 5.00
  go run ./starter payment refund pay_3f6c2a7q5rduw4ki --goodwill --reason "outage of 3 March"`,
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			if part != "" {
				found, err := svc.Payment(ctx, args[0])
				if err != nil {
					return err
				}
				asked, err := money.Parse(part, found.Currency)
				if err == nil && !asked.IsPositive() {
					err = fmt.Errorf("%s cannot be refunded: the amount must be above zero", asked)
				}
				if err != nil {
					return &service.Error{Kind: service.Invalid, Code: "invalid_fields", Fields: []service.Field{{Name: "amount", Message: err.Error()}}}
				}
				in.Amount = asked.Minor
			}
			made, err := svc.RefundPayment(ctx, args[0], in)
			if err != nil {
				return err
			}
			if err := p.show(made, func(out io.Writer) error { return printRefund(out, made) }); err != nil || made.Status != store.RefundFailed {
				return err
			}
			return fmt.Errorf("refund %s failed: %s", made.ID, made.Failure)
		}),
	}
	f := c.Flags()
	f.StringVar(&in.ID, "id", "", "your id for the refund; it makes repeating the command safe")
	f.StringVar(&part, "amount", "", "a part, in the payment's currency, such as 5.00")
	f.BoolVar(&in.Goodwill, "goodwill", false, "pay without credit, out of revenue, with no effect on tax")
	f.StringVar(&in.Reason, "reason", "", "why, for the record; required with --goodwill")
	return c
}

func (p *program) adoptRefund() *cobra.Command {
	var in service.Adoption
	c := &cobra.Command{
		Use: "adopt-refund PROVIDER_REFUND", Short: "Take over a refund that was made on the provider's pages", Args: cobra.ExactArgs(1),
		Long: `Record and book a refund of one of our payments that was made without us, which reconcile has named refund_of_nobody. No money
moves. It pays out the customer's credit or, with --goodwill, our revenue. Repeating it changes nothing.`,
		Example: `  go run ./starter payment adopt-refund re_1Q2w3E4r
  go run ./starter payment adopt-refund re_1Q2w3E4r --goodwill --reason "support case 311"`,
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			taken, err := svc.AdoptRefund(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.show(taken, func(out io.Writer) error { return printRefund(out, taken) })
		}),
	}
	c.Flags().BoolVar(&in.Goodwill, "goodwill", false, "it paid out no credit: take it from revenue, with no effect on tax")
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for the record; required with --goodwill")
	return c
}

func printRefund(out io.Writer, r store.Refund) error {
	effect := "pays out the customer's credit"
	if r.Goodwill {
		effect = "out of goodwill: revenue is smaller, no invoice is corrected, the tax stays as it is"
	}
	return facts(out, "Refund", r.ID, "Payment", r.PaymentID, "Amount", amount(r.Amount, r.Currency), "Status", r.Status, "Effect", effect,
		"Reason", r.Reason, "Failed because", r.Failure, "At the provider", r.ProviderRefund, "Asked", r.AskedAt, "Settled", r.SettledAt)
}
