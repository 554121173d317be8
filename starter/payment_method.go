package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) paymentMethods() *cobra.Command {
	return p.group("payment-method", "Set, verify and remove payment methods, and see which suit a market",
		p.listMethods(), p.setMethod(), p.verifyMethod(), p.dropMethod(), p.offerMethods())
}

func (p *program) listMethods() *cobra.Command {
	return &cobra.Command{
		Use: "list CUSTOMER", Short: "List a customer's payment methods in the order in which they are charged", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter payment-method list erika",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			return p.showMethods(ctx, svc, args[0])
		}),
	}
}

func (p *program) showMethods(ctx context.Context, svc *service.Service, customer string) error {
	found, err := svc.PaymentMethods(ctx, customer)
	if err != nil {
		return err
	}
	return p.show(found, func(out io.Writer) error {
		rows := make([][]any, len(found.Data))
		for i, m := range found.Data {
			status := m.Status
			if m.StatusReason != "" {
				status += ": " + m.StatusReason
			}
			rows[i] = []any{m.Position, m.ID, m.Kind, status, m.Network, m.Last4, m.MandateReference, m.ChangedAt}
		}
		if err := table(out, "place|payment method|kind|status|network|ending in|mandate|since", rows); err != nil {
			return err
		}
		for _, m := range found.Data {
			if m.ActionURL != "" {
				fmt.Fprintf(out, "\nThe customer completes %s at %s\n", m.ID, m.ActionURL)
			}
		}
		return nil
	})
}

func (p *program) setMethod() *cobra.Command {
	var in service.NewPaymentMethod
	c := &cobra.Command{
		Use: "set CUSTOMER TOKEN", Short: "Set the payment method that is charged first, or one that stands in for it", Args: cobra.ExactArgs(2),
		Long: `Set a payment method. The one in the first place is charged; those behind it stand in for one that its bank declines for
good. Unpaid invoices that are being collected are tried at once. A bank account gets a mandate: whoever sets it says that
the customer has given it. One that has to be verified, or approved at the customer's bank, takes its place when it is. With
customer_balance as the token, the customer is asked for bank transfers.`,
		Example: `  go run ./starter payment-method set erika pm_success_de
  go run ./starter payment-method set erika pm_card_visa --position 2
  go run ./starter payment-method set erika customer_balance
  go run ./starter payment-method set erika pm_1PqYl2 --return-url https://shop.example.com/account`,
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			if in.Position < 1 {
				return wrong("position", "%d is no place: places count from 1", in.Position)
			}
			in.PaymentMethod = args[1]
			if _, err := svc.SetMethod(ctx, args[0], in); err != nil {
				return err
			}
			return p.showMethods(ctx, svc, args[0])
		}),
	}
	c.Flags().IntVar(&in.Position, "position", 1, "its place among the customer's methods; what is there is replaced")
	c.Flags().StringVar(&in.ReturnURL, "return-url", "", "where the customer's bank sends the customer back to; for iDEAL and Bancontact")
	return c
}

func (p *program) verifyMethod() *cobra.Command {
	var in service.Verification
	var amounts string
	c := &cobra.Command{
		Use: "verify ID", Short: "Prove that a bank account is the customer's by what arrived on it", Args: cobra.ExactArgs(1),
		Long: `Prove that a bank account is the customer's by the two small amounts, or the code, that arrived on it. A wrong answer is
refused and says how many are left; after too many the method is dropped and has to be set anew.`,
		Example: `  go run ./starter payment-method verify method_2f1c --amounts 32,45
  go run ./starter payment-method verify method_2f1c --code SM11AA`,
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			var err error
			if in.Amounts, err = parseAmounts(amounts); err != nil {
				return err
			}
			verified, err := svc.VerifyPaymentMethod(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.show(verified, func(out io.Writer) error {
				return facts(out, "Payment method", verified.ID, "Customer", verified.CustomerID, "Kind", verified.Kind, "Status", verified.Status)
			})
		}),
	}
	c.Flags().StringVar(&amounts, "amounts", "", "the two amounts in minor units, such as 32,45")
	c.Flags().StringVar(&in.Code, "code", "", "the code of a single deposit, such as SM11AA")
	return c
}

func parseAmounts(text string) ([]int64, error) {
	var amounts []int64
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		amount, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64)
		if err != nil {
			return nil, wrong("amounts", "%q is not a whole number of minor units: write 32,45", part)
		}
		amounts = append(amounts, amount)
	}
	return amounts, nil
}

func (p *program) dropMethod() *cobra.Command {
	return &cobra.Command{
		Use: "remove CUSTOMER ID", Short: "Stop charging a payment method", Args: cobra.ExactArgs(2),
		Long:    "Stop charging a payment method, or setting it up. Without any, invoices wait for the customer.",
		Example: "  go run ./starter payment-method remove erika method_2f1c",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			if _, err := svc.RemovePaymentMethod(ctx, args[0], args[1]); err != nil {
				return err
			}
			return p.showMethods(ctx, svc, args[0])
		}),
	}
}

func (p *program) offerMethods() *cobra.Command {
	var q service.OfferQuery
	c := &cobra.Command{
		Use: "offer", Short: "Show which kinds of payment method suit a market, the best first", Args: cobra.NoArgs,
		Example: `  go run ./starter payment-method offer --country DE --currency EUR
  go run ./starter payment-method offer --country NL --currency EUR --use once --json`,
		RunE: p.do(func(context.Context, []string) error {
			found, err := service.New(nil, nil, "", p.now).OfferedMethods(q)
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error {
				return printOffer(out, found.Data, money.Currency(strings.ToUpper(q.Currency)))
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&q.Country, "country", "", "ISO 3166-1 alpha-2, of the customer")
	f.StringVar(&q.Currency, "currency", "", "ISO 4217")
	f.StringVar(&q.Use, "use", "", "recurring, charged again without the customer (default), or once")
	return needs(c, "country", "currency")
}

func printOffer(out io.Writer, offered []paymethod.Method, currency money.Currency) error {
	rows := make([][]any, len(offered))
	for i, m := range offered {
		known, told := "at once", ""
		if m.Notification == paymethod.Delayed {
			known = fmt.Sprintf("%d business days", m.BusinessDays)
		}
		if m.Notice != nil && m.Notice.Days > 0 {
			told = fmt.Sprintf("%d days before", m.Notice.Days)
		}
		var least, most string
		if amount, ok := m.Minimum[currency]; ok {
			least = money.New(amount, currency).String()
		}
		if amount, ok := m.Maximum[currency]; ok {
			most = money.New(amount, currency).String()
		}
		rows[i] = []any{m.Kind, m.Name, m.InitiatedBy, known, m.Becomes, told, least, most}
	}
	return table(out, "kind|name|started by|known after|later charges|notice|at least|at most", rows)
}
