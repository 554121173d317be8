package service

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// ChargeWhen says which invoice a charge is on.
type ChargeWhen string

// When charges are invoiced.
const (
	OnNextInvoice ChargeWhen = "next_invoice"
	ChargedNow    ChargeWhen = "now"
)

// Charge asks for a one-off charge or an adjustment.
type Charge struct {
	Asked
	ID          string             `json:"id" doc:"Your id, once per subscription: repeating the request under it charges once." example:"set-up"`
	Kind        invoicing.LineKind `json:"kind,omitempty" enum:"one_off,adjustment" doc:"one_off when absent. An adjustment can give back, and is not discounted."`
	Description string             `json:"description,omitempty" doc:"What the customer reads; the id when absent. Goods, not people." example:"Set-up fee"`
	Quantity    *decimal.Decimal   `json:"quantity,omitempty" doc:"1 when absent."`
	UnitAmount  decimal.Decimal    `json:"unit_amount" doc:"In major units, without tax; below 0 for what an adjustment gives back." example:"250"`
	TaxCategory string             `json:"tax_category" doc:"How it is taxed, as for the charges of a plan." example:"saas_b2b"`
	When        ChargeWhen         `json:"when,omitempty" enum:"next_invoice,now" doc:"next_invoice when absent; now makes an invoice of all that waits."`
}

func (c Charge) asked() Asked {
	c.Asked = c.Asked.asked()
	c.CommandID = cmp.Or(c.CommandID, "charge:"+c.ID)
	return c.Asked
}

func (c Charge) want() subscription.Command {
	item := c.item()
	return subscription.Command{Kind: subscription.Charge, Item: &item, BillNext: c.When != ChargedNow}
}

func (c Charge) item() invoicing.Item {
	item := invoicing.Item{
		ID: c.ID, Kind: cmp.Or(c.Kind, invoicing.OneOff), Description: cmp.Or(c.Description, c.ID),
		Quantity: decimal.NewFromInt(1), Unit: c.UnitAmount, TaxCategory: c.TaxCategory,
	}
	if c.Quantity != nil {
		item.Quantity = *c.Quantity
	}
	return item
}

func (c Charge) repeats(before subscription.Command) bool { return c.want().Repeats(before) }

func (c Charge) command(context.Context, *Service, target) (subscription.Command, error) {
	return c.want(), c.check()
}

// check says everything that is wrong with a charge by itself.
func (c Charge) check() error {
	var p problems
	item := c.item()
	p.check("id", checkID(c.ID))
	p.check("description", checkText(item.Description, longestReason))
	p.check("tax_category", checkText(c.TaxCategory, longestName))
	if !slices.Contains([]ChargeWhen{"", OnNextInvoice, ChargedNow}, c.When) {
		p.add("when", "%.60q must be one of %s, %s", c.When, OnNextInvoice, ChargedNow)
	}
	p.check("kind", item.CheckKind())
	p.check("quantity", item.CheckQuantity())
	p.check("unit_amount", item.CheckUnit())
	return p.err()
}

// CancelCharge asks to take back a charge that no invoice has billed.
type CancelCharge struct {
	Asked
	ID string `json:"-"`
}

func (c CancelCharge) asked() Asked {
	c.Asked = c.Asked.asked()
	c.CommandID = cmp.Or(c.CommandID, "cancel-charge:"+c.ID)
	return c.Asked
}

func (c CancelCharge) want() subscription.Command {
	return subscription.Command{Kind: subscription.CancelCharge, Withdraws: c.ID}
}

func (c CancelCharge) repeats(before subscription.Command) bool { return c.want().Repeats(before) }

func (c CancelCharge) command(context.Context, *Service, target) (subscription.Command, error) {
	if checkID(c.ID) != nil {
		return subscription.Command{}, notFound("charge %.60q: not found", c.ID)
	}
	return c.want(), nil
}

// Charges lists the one-off charges and adjustments of a subscription in the order in which they were added.
func (s *Service) Charges(ctx context.Context, id, after string, limit int) (Page[store.Item], error) {
	if _, err := s.Subscription(ctx, id); err != nil {
		return Page[store.Item]{}, err
	}
	limit, err := pageSize(limit)
	if err != nil {
		return Page[store.Item]{}, err
	}
	rows, err := s.store.Items(ctx, id, after, limit+1)
	return page(rows, limit, func(i store.Item) string { return i.ID }), err
}
