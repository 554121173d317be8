package main

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) charges() *cobra.Command {
	return p.group("charge", "Charge or give back what no plan foresees", p.addCharge(), p.listCharges(), p.cancelCharge())
}

// exactly is a flag that is a decimal, read exactly.
type exactly struct{ decimal.Decimal }

func (n *exactly) Set(text string) (err error) {
	n.Decimal, err = money.ParseDecimal(text)
	return err
}

func (n *exactly) Type() string { return "number" }

func (p *program) addCharge() *cobra.Command {
	var in service.Charge
	var kind string
	var now, preview bool
	quantity, unit := exactly{decimal.NewFromInt(1)}, exactly{}
	c := &cobra.Command{
		Use: "add SUBSCRIPTION", Short: "Put a one-off charge or an adjustment on the next invoice, or on one of its own", Args: cobra.ExactArgs(1),
		Long: `Put a one-off charge on the subscription's next invoice, whatever that is for, or with --now on one of its own, together with
all that waits. An adjustment charges or, with an amount below 0, gives back; a total below 0 is a credit note. Repeating an
id charges once. The rules are in docs/credits.md.`,
		Example: `  go run ./starter charge add cafe-team --id set-up --unit-amount 250 --tax-category saas_b2b --description "Set-up fee"
  go run ./starter charge add cafe-team --id outage-june --kind adjustment --unit-amount -20 --tax-category saas_b2b --now --preview`,
	}
	f := c.Flags()
	f.StringVar(&in.ID, "id", "", "your id for the charge")
	f.StringVar(&kind, "kind", "one_off", "one_off, or adjustment, which can give back and is not discounted")
	f.StringVar(&in.Description, "description", "", "what the customer reads (default: the id)")
	f.Var(&quantity, "quantity", "how many")
	f.Var(&unit, "unit-amount", "what one costs without tax, in major units")
	f.StringVar(&in.TaxCategory, "tax-category", "", "how it is taxed, as for the charges of a plan")
	f.BoolVar(&now, "now", false, "make an invoice of all that waits, at once")
	f.BoolVar(&preview, "preview", false, "show the invoice that it would be on, without charging it")
	asked(c, &in.Asked)
	c.RunE = p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
		in.Kind, in.Quantity, in.UnitAmount = invoicing.LineKind(kind), &quantity.Decimal, unit.Decimal
		if now {
			in.When = service.ChargedNow
		}
		if preview {
			shown, err := svc.Preview(ctx, args[0], in)
			if err != nil {
				return err
			}
			return p.printPreview(shown)
		}
		return p.ordering(ctx, svc, args[0], in)
	})
	return needs(c, "id", "unit-amount", "tax-category")
}

// ordering carries an order out and shows what came of it.
func (p *program) ordering(ctx context.Context, svc *service.Service, id string, order service.Order) error {
	done, err := svc.CarryOut(ctx, id, order)
	if err != nil {
		return err
	}
	return p.printSubscription(done, done.Subscription)
}

func (p *program) listCharges() *cobra.Command {
	var after string
	var limit int
	c := &cobra.Command{
		Use: "list SUBSCRIPTION", Short: "List charges: waiting, on an invoice, or canceled", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter charge list cafe-team",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Charges(ctx, args[0], after, limit)
			return printPage(p, found, err, "charge|kind|description|quantity|unit amount|added|status", func(item store.Item) []any {
				return []any{item.ID, item.Kind, item.Description, item.Quantity, item.UnitAmount, item.AddedAt, standing(item)}
			})
		}),
	}
	p.paging(c, &after, &limit)
	return c
}

// standing is what has become of a charge.
func standing(item store.Item) string {
	switch {
	case item.InvoiceID != nil:
		return "on invoice " + *item.InvoiceID
	case item.CanceledAt != nil:
		return fmt.Sprintf("canceled %s", cell(item.CanceledAt))
	}
	return "waits for the next invoice"
}

func (p *program) cancelCharge() *cobra.Command {
	var in service.CancelCharge
	c := &cobra.Command{
		Use: "cancel SUBSCRIPTION CHARGE", Short: "Cancel a charge that no invoice has billed", Args: cobra.ExactArgs(2),
		Example: "  go run ./starter charge cancel cafe-team set-up",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			in.ID = args[1]
			return p.ordering(ctx, svc, args[0], in)
		}),
	}
	asked(c, &in.Asked)
	return c
}
