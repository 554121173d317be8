package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) entities() *cobra.Command {
	return p.group("entity", "Create and list legal entities, the sellers", p.createEntity(), p.listEntities(), p.setPresentment(),
		p.setMethodChoice(), p.setPrepaid(), p.ownProviderAccount())
}

func (p *program) createEntity() *cobra.Command {
	var in service.NewEntity
	var registrations []string
	c := &cobra.Command{
		Use: "create", Short: "Create a legal entity; repeating it changes nothing", Args: cobra.NoArgs,
		Example: `  go run ./starter entity create --id acme --name "Acme Inc." --country US --zone America/New_York --currency USD --prefix ACM
  go run ./starter entity create --id acme-ie --name "Acme Ltd." --country IE --zone Europe/Dublin --currency EUR --prefix ACI \
    --tax-registration eu_oss:IE:IE6388047V:2024-01-01`,
	}
	f := c.Flags()
	f.StringVar(&in.ID, "id", "", "your id for the entity")
	f.StringVar(&in.Name, "name", "", "name on invoices")
	f.StringVar(&in.Country, "country", "", "ISO 3166-1 alpha-2")
	f.StringVar(&in.Zone, "zone", "", "IANA time zone")
	f.StringVar(&in.BookCurrency, "currency", "", "currency of the books")
	f.StringVar(&in.InvoicePrefix, "prefix", "", "2 to 8 capital letters and digits that begin invoice numbers")
	f.StringVar(&in.Address, "address", "", "address on invoices")
	f.StringArrayVar(&registrations, "tax-registration", nil, "SCHEME:COUNTRY:NUMBER:FROM, with scheme uk_vat, eu_oss or eu_vat; may be repeated")
	c.RunE = p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
		for _, text := range registrations {
			registration, err := parseRegistration(text)
			if err != nil {
				return err
			}
			in.Registrations = append(in.Registrations, registration)
		}
		created, err := svc.CreateEntity(ctx, in)
		if err != nil {
			return err
		}
		return p.printEntities(created, []store.Entity{created})
	})
	return needs(c, "id", "name", "country", "zone", "currency", "prefix")
}

func parseRegistration(text string) (tax.Registration, error) {
	parts := strings.Split(text, ":")
	if len(parts) != 4 {
		return tax.Registration{}, wrong("tax-registration", "%q: write it as SCHEME:COUNTRY:NUMBER:FROM, such as eu_oss:IE:IE6388047V:2024-01-01", text)
	}
	from, err := calendar.ParseDate(parts[3])
	if err != nil {
		return tax.Registration{}, wrong("tax-registration", "%q: %s", text, err)
	}
	return tax.Registration{Scheme: tax.Scheme(parts[0]), Country: parts[1], Number: parts[2], From: from}, nil
}

// wrong is an error in a flag's value.
func wrong(flag, format string, args ...any) error {
	return &service.Error{
		Kind: service.Invalid, Code: "invalid_fields", Fields: []service.Field{{Name: flag, Message: fmt.Sprintf(format, args...)}},
	}
}

func (p *program) ownProviderAccount() *cobra.Command {
	return &cobra.Command{
		Use: "set-provider-account ID", Short: "Say whose the payment provider's account is", Args: cobra.ExactArgs(1),
		Long: `Make a legal entity the owner of the payment provider's account, instead of any other. What moves on the provider's balance
and is of no payment, such as the provider's monthly fees, is booked in the owner's books, and so is what a payout made by hand
takes. A company with one legal entity need not say so.`,
		Example: "  go run ./starter entity set-provider-account acme",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			entity, err := svc.OwnProviderAccount(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printEntities(entity, []store.Entity{entity})
		}),
	}
}

func (p *program) setMethodChoice() *cobra.Command {
	var choice paymethod.Choice
	c := &cobra.Command{
		Use: "set-methods ID", Short: "Say who chooses which payment methods the provider's pages offer", Args: cobra.ExactArgs(1),
		Long: `With --mode dynamic, the usual, the provider chooses, from what the account has enabled. With --mode table the table of markets
does (payment-method offer shows it): by the customer's country, the currency, the amount, and whether the method has to be
charged again. The provider refuses a page with a kind that the account has not enabled: leave it out with --without.`,
		Example: `  go run ./starter entity set-methods acme --mode table --without klarna --without affirm
  go run ./starter entity set-methods acme --mode dynamic`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			entity, err := svc.SetMethodChoice(ctx, args[0], choice)
			if err != nil {
				return err
			}
			return p.printEntities(entity, []store.Entity{entity})
		}),
	}
	c.Flags().StringVar(&choice.Mode, "mode", "", "dynamic or table")
	c.Flags().StringArrayVar(&choice.Without, "without", nil, "a kind that is not offered, as payment-method offer names it; may be repeated")
	return needs(c, "mode")
}

// pageChoice is who chooses what the provider's pages offer, in words.
func pageChoice(choice *paymethod.Choice) string {
	if choice == nil {
		return paymethod.ByProvider
	}
	words := choice.Mode
	if len(choice.Without) > 0 {
		words += " without " + strings.Join(choice.Without, ", ")
	}
	return words
}

func (p *program) listEntities() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List legal entities", Args: cobra.NoArgs, Example: "  go run ./starter entity list",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Entities(ctx)
			if err != nil {
				return err
			}
			return p.printEntities(found, found)
		}),
	}
}

func (p *program) printEntities(result any, list []store.Entity) error {
	return p.show(result, func(out io.Writer) error {
		rows := make([][]any, len(list))
		for i, e := range list {
			rows[i] = []any{
				e.ID, e.Name, e.Country, e.Zone, e.BookCurrency, e.InvoicePrefix, localPrices(e.Presentment), pageChoice(e.MethodChoice), firstUsed(e.Prepaid),
			}
		}
		return table(out, "id|name|country|zone|currency|prefix|local prices|pages offer|credit used first", rows)
	})
}

func (p *program) plans() *cobra.Command {
	return p.group("plan", "Add and list what is sold, and migrate subscriptions", p.addPlans(), p.listPlans(), p.planPrice(), p.migratePlan())
}

func (p *program) addPlans() *cobra.Command {
	var entity, file string
	c := &cobra.Command{
		Use: "add", Short: "Add the plan versions of a catalogue in JSON; known versions stay as they are", Args: cobra.NoArgs,
		Example: `  go run ./starter plan add --entity acme --file catalogue.json
  generate-catalogue | go run ./starter plan add --entity acme --file -`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			return p.withFile(file, func(r io.Reader) error {
				added, err := svc.AddPlans(ctx, entity, r)
				if err != nil {
					return err
				}
				return p.printPlans(added, added)
			})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "legal entity that sells the plans")
	c.Flags().StringVar(&file, "file", "", "the catalogue; - reads standard input")
	return needs(c, "entity", "file")
}

// withFile reads a file that the user names, or standard input.
func (p *program) withFile(name string, f func(r io.Reader) error) error {
	if name == "-" {
		return f(p.in)
	}
	file, err := os.Open(name)
	if err != nil {
		return wrong("file", "%s", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	return f(file)
}

func (p *program) listPlans() *cobra.Command {
	var entity string
	c := &cobra.Command{
		Use: "list", Short: "List the newest version of each plan", Args: cobra.NoArgs, Example: "  go run ./starter plan list --entity acme",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Plans(ctx, entity)
			if err != nil {
				return err
			}
			plans := make([]catalog.Plan, len(found))
			for i, version := range found {
				plans[i] = version.Plan
			}
			return p.printPlans(plans, plans)
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "of this legal entity only")
	return c
}

func (p *program) printPlans(result any, plans []catalog.Plan) error {
	return p.show(result, func(out io.Writer) error {
		rows := make([][]any, len(plans))
		for i, plan := range plans {
			var charges, currencies []string
			for _, charge := range plan.Charges {
				charges = append(charges, charge.ID)
			}
			for _, currency := range plan.Currencies() {
				currencies = append(currencies, string(currency))
			}
			rows[i] = []any{
				plan.ID, plan.Version, plan.ProductID(), plan.EffectiveFrom, plan.Name, plan.Interval, plan.BilledBy,
				strings.Join(charges, ", "), strings.Join(currencies, ", "),
			}
		}
		return table(out, "id|version|product|sold from|name|interval|billed by|charges|currencies", rows)
	})
}
