package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) customers() *cobra.Command {
	return p.group("customer", "Create and show customers", p.createCustomer(), p.showCustomer(), p.listCustomers(), p.payWith(), p.removeMethod(),
		p.setEmail(), p.setAccount(), p.portal())
}

func (p *program) createCustomer() *cobra.Command {
	var in service.NewCustomer
	c := &cobra.Command{
		Use: "create", Short: "Create a customer; repeating it changes nothing", Args: cobra.NoArgs,
		Example: `  go run ./starter customer create --id erika --entity acme --name "Erika Mustermann" --email erika@example.com \
    --country DE --zone Europe/Berlin --currency EUR --payment-method pm_card_visa
  go run ./starter customer create --id cafe --entity acme --name "Café Nord GmbH" --email rechnung@example.com \
    --country DE --zone Europe/Berlin --currency EUR --locale de-DE --business --tax-id DE136695976 \
    --payment-method pm_card_mastercard --clock year
  go run ./starter customer create --id branch --entity acme --name "Branch Ltd" --email branch@example.com \
    --country GB --zone Europe/London --currency GBP --parent headquarters --paid-by parent`,
	}
	f := c.Flags()
	f.StringVar(&in.ID, "id", "", "your id for the customer")
	f.StringVar(&in.Entity, "entity", "", "legal entity that sells to the customer")
	f.StringVar(&in.Name, "name", "", "name on invoices")
	f.StringVar(&in.Email, "email", "", "where invoices are sent")
	f.StringVar(&in.Country, "country", "", "ISO 3166-1 alpha-2; decides the tax")
	f.StringVar(&in.PostalCode, "postal-code", "", "decides the tax in places such as the Canary Islands")
	f.StringVar(&in.Zone, "zone", "", "IANA time zone; periods begin at its midnight")
	f.StringVar(&in.Currency, "currency", "", "ISO 4217")
	f.StringVar(&in.Locale, "locale", "", "BCP 47, for documents (default en)")
	f.BoolVar(&in.Business, "business", false, "buys as a business")
	f.StringVar(&in.TaxID, "tax-id", "", "VAT id of the EU or the UK")
	f.BoolVar(&in.TaxIDValidated, "tax-id-validated", false, "an authority confirmed the VAT id")
	f.StringVar(&in.TestClock, "clock", "", "test clock that gives the customer a time of its own")
	f.StringVar(&in.PaymentMethod, "payment-method", "", "the payment provider's token, such as pm_card_visa")
	accountFlags(c, &in.Account)
	c.RunE = p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
		created, err := svc.CreateCustomer(ctx, in)
		if err != nil {
			return err
		}
		return p.printCustomer(created)
	})
	return needs(c, "id", "entity", "name", "email", "country", "zone", "currency")
}

func (p *program) showCustomer() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a customer", Args: cobra.ExactArgs(1), Example: "  go run ./starter customer show erika",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Customer(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printCustomer(found)
		}),
	}
}

func (p *program) payWith() *cobra.Command {
	position := 1
	c := &cobra.Command{
		Use: "pay-with ID TOKEN", Short: "Set the payment method that is charged first, or one that stands in for it", Args: cobra.ExactArgs(2),
		Long: `Set a payment method. The one in the first place is charged; those behind it stand in for one that its bank declines for
good, such as a stolen card. Unpaid invoices that are being collected are tried at once.`,
		Example: `  go run ./starter customer pay-with erika pm_card_mastercard
  go run ./starter customer pay-with erika pm_card_visa --position 2`,
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			if position < 1 {
				return wrong("position", "%d is no place: places count from 1", position)
			}
			changed, err := svc.SetPaymentMethod(ctx, args[0], args[1], position)
			if err != nil {
				return err
			}
			return p.printCustomer(changed)
		}),
	}
	c.Flags().IntVar(&position, "position", 1, "its place among the customer's methods; what is there is replaced")
	return c
}

func (p *program) removeMethod() *cobra.Command {
	return &cobra.Command{
		Use: "remove-method ID METHOD", Short: "Stop charging a payment method", Args: cobra.ExactArgs(2),
		Long:    "Stop charging a payment method. `customer show` lists them. Without any, invoices wait for the customer.",
		Example: "  go run ./starter customer remove-method erika method_2f1c",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			changed, err := svc.RemovePaymentMethod(ctx, args[0], args[1])
			if err != nil {
				return err
			}
			return p.printCustomer(changed)
		}),
	}
}

func (p *program) listCustomers() *cobra.Command {
	var entity, after string
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List customers", Args: cobra.NoArgs, Example: "  go run ./starter customer list --entity acme",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Customers(ctx, entity, after, limit)
			return printPage(p, found, err, "id|entity|name|country|zone|currency|clock", func(x store.Customer) []any {
				return []any{x.ID, x.EntityID, x.Name, x.Country, x.Zone, x.Currency, x.TestClockID}
			})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "of this legal entity only")
	p.paging(c, &after, &limit)
	return c
}

// paging adds the flags of every list.
func (p *program) paging(c *cobra.Command, after *string, limit *int) {
	c.Flags().StringVar(after, "after", "", "continue after this id")
	c.Flags().IntVar(limit, "limit", 0, "rows to show, 1 to 500 (default 50)")
}

func (p *program) printCustomer(c service.Customer) error {
	return p.show(c, func(out io.Writer) error {
		stopped := ""
		if m := c.MailSuppression; m != nil {
			stopped = "none since " + cell(m.At) + ": " + m.Reason + ": " + m.Detail
		}
		taxID := c.TaxID
		if c.TaxIDValid {
			taxID += " (validated)"
		}
		err := facts(out, "Customer", c.ID, "Entity", c.EntityID, "Name", c.Name, "E-mail", c.Email, "Mail", stopped, "Country", c.Country,
			"Postal code", c.PostalCode, "Zone", c.Zone, "Currency", c.Currency, "Locale", c.Locale, "Business", c.Business,
			"Tax id", taxID, "Test clock", c.TestClockID, "Parent", c.ParentID, "Invoiced to", above(c, c.InvoicedTo), "Paid by", above(c, c.PaidBy),
			"Since", c.CreatedAt)
		if err != nil || len(c.PaymentMethods) == 0 {
			return err
		}
		rows := make([][]any, len(c.PaymentMethods))
		for i, m := range c.PaymentMethods {
			rows[i] = []any{m.Position, m.ID, m.Kind, m.Status, m.Network, m.ChangedAt}
		}
		fmt.Fprintln(out)
		return table(out, "place|payment method|kind|status|network|since", rows)
	})
}
