package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) checkouts() *cobra.Command {
	return p.group("checkout", "Make pages on which customers pay or save a payment method",
		p.createCheckout(), p.listCheckouts(), p.showCheckout(), p.expireCheckout())
}

func (p *program) createCheckout() *cobra.Command {
	var in service.NewCheckout
	var subscription service.NewSubscription
	c := &cobra.Command{
		Use: "create", Short: "Make a page on which a customer pays an invoice, saves a payment method or starts a subscription", Args: cobra.NoArgs,
		Long: `Make a page of the payment provider's and print its address, which is for the customer alone. It is open for a day. It is for
one of three things: --invoice to be paid, --setup of a payment method of a --customer, or a --subscription to be started, whose
first invoice is paid on the page (or a method saved for it, if nothing is due yet). A subscription is recorded at once and
ends, its invoice credited, if the page closes and nobody paid. With --id the command can be repeated safely.`,
		Example: `  go run ./starter checkout create --invoice inv_4kq7w2hd --save-method
  go run ./starter checkout create --setup --customer erika --position 2 --success-url https://shop.example/account
  go run ./starter checkout create --subscription erika-pro --customer erika --plan pro --id chk-erika`,
	}
	f := c.Flags()
	f.StringVar(&in.ID, "id", "", "your id for the checkout; it makes repeating the command safe")
	f.StringVar(&in.Invoice, "invoice", "", "the invoice to be paid")
	f.BoolVar(&in.Setup, "setup", false, "save a payment method and pay nothing")
	f.StringVar(&subscription.ID, "subscription", "", "your id for the subscription to be started")
	f.StringVar(&in.Customer, "customer", "", "whose method is saved, or who buys")
	f.StringVar(&subscription.Plan, "plan", "", "of the subscription: what is bought")
	f.IntVar(&subscription.PlanVersion, "plan-version", 0, "of the subscription: version of the plan (default: the newest)")
	f.Int64Var(&subscription.Seats, "seats", 0, "of the subscription: for plans priced per seat")
	f.Var((*addOns)(&subscription.AddOns), "add-on", "of the subscription: what is bought with the plan, as ID=QUANTITY (repeat for several)")
	f.StringVar(&subscription.Currency, "currency", "", "of the subscription: ISO 4217 (default: the quote's, else the customer's)")
	f.StringVar(&subscription.Quote, "quote", "", "of the subscription: the local price that the customer was shown")
	f.BoolVar(&in.SaveMethod, "save-method", false, "the method that pays the invoice becomes the customer's")
	f.IntVar(&in.Position, "position", 0, "the place of the saved method; what is there is replaced (default 1)")
	f.StringVar(&in.SuccessURL, "success-url", "", "where the customer goes on (default: our own page)")
	f.StringVar(&in.CancelURL, "cancel-url", "", "where the customer goes back (default: our own page)")
	c.RunE = p.askWorkflow(func(ctx context.Context, svc *service.Service, _ []string) error {
		if subscription.ID != "" {
			subscription.Customer, in.Customer = in.Customer, ""
			in.Subscription = &subscription
		}
		made, err := svc.CreateCheckout(ctx, in)
		if err != nil {
			return err
		}
		return p.printCheckout(made)
	})
	return c
}

func (p *program) listCheckouts() *cobra.Command {
	var q service.CheckoutQuery
	c := &cobra.Command{
		Use: "list", Short: "List checkouts, first to last", Args: cobra.NoArgs, Example: "  go run ./starter checkout list --customer erika --status open",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Checkouts(ctx, q)
			return printPage(p, found, err, "id|created|customer|purpose|invoice|starts|status|closes", func(x store.Checkout) []any {
				return []any{x.ID, x.CreatedAt, x.CustomerID, x.Purpose, x.InvoiceID, x.SubscriptionID, x.Status, x.ExpiresAt}
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&q.Customer, "customer", "", "of this customer only")
	f.StringVar(&q.Invoice, "invoice", "", "of this invoice only")
	f.StringVar(&q.Status, "status", "", "open, complete or expired")
	p.paging(c, &q.After, &q.Limit)
	return c
}

func (p *program) showCheckout() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a checkout, with the address of its page while that is open", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter checkout show chk-erika",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Checkout(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printCheckout(found)
		}),
	}
}

func (p *program) expireCheckout() *cobra.Command {
	return &cobra.Command{
		Use: "expire ID", Short: "Close the page of a checkout", Args: cobra.ExactArgs(1),
		Long:    "Close the page of a checkout, so that nobody can pay on it any more. If the customer was faster, that is what is shown.",
		Example: "  go run ./starter checkout expire chk-erika",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			ended, err := svc.ExpireCheckout(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printCheckout(ended)
		}),
	}
}

func (p *program) printCheckout(x service.Checkout) error {
	return p.show(x, func(out io.Writer) error {
		saves := any("")
		if x.SaveMethod {
			saves = x.Position
		}
		closes := any("")
		if x.Status == store.CheckoutOpen {
			closes = x.ExpiresAt
		}
		return facts(out, "Checkout", x.ID, "Customer", x.CustomerID, "Purpose", x.Purpose, "Invoice", x.InvoiceID, "Payment", x.PaymentID,
			"Starts", x.SubscriptionID, "Saves the method in place", saves, "Saved", x.MethodID, "Status", x.Status, "Page", x.URL, "Closes", closes,
			"Ended", x.EndedAt, "At the provider", x.ProviderSession)
	})
}

func (p *program) portal() *cobra.Command {
	var in service.NewPortal
	c := &cobra.Command{
		Use: "portal ID", Short: "Make a link to the provider's portal, where the customer manages payment methods", Args: cobra.ExactArgs(1),
		Long: `Make a link for a customer to the payment provider's portal. It works for a short time, and who has it is taken for the
customer. The payment method that they choose there becomes the one that is charged first.`,
		Example: "  go run ./starter customer portal erika --return-url https://shop.example/account",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			made, err := svc.Portal(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.show(made, func(out io.Writer) error { return facts(out, "Customer", made.Customer, "Portal", made.URL) })
		}),
	}
	c.Flags().StringVar(&in.ReturnURL, "return-url", "", "where the customer goes back (default: nowhere)")
	return c
}
