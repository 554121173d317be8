package quote

import (
	"context"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
)

func (a *OneOff) whose(w *world) (*customer, error) {
	return w.customerOf("charge.subscription", a.Subscription)
}

func (a *OneOff) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("charge.subscription", a.Subscription)
	if err != nil {
		return err
	}
	item := a.item()
	if err := item.Validate(); err != nil {
		return fmt.Errorf("charge: %w", err)
	}
	if slices.ContainsFunc(b.items, func(waiting invoicing.Item) bool { return waiting.ID == item.ID }) {
		return refuse("charge_exists", "charge %q already waits for the next invoice of subscription %s: give this one another id", item.ID, b.state.ID)
	}
	change(w, &b.items, append(slices.Clone(b.items), item))
	if a.When != ChargedNow {
		if b.state.Ended() {
			return refuse("no_next_invoice", "subscription %s has ended: charge it now", b.state.ID)
		}
		return nil
	}
	_, err = b.Issue(ctx, invoicing.Facts{
		Key: fmt.Sprintf("invoice:%s:items-%s", b.state.ID, s.path), Reason: invoicing.ForItems, IssuedAt: s.at.UTC(), Currency: b.currency,
		Zone: b.owner.zone, Seller: w.seller, Buyer: b.owner.addressee().buyer, Within: b.state.Period,
	}, b.state.Cycle)
	return err
}

func (a *OneOff) item() invoicing.Item {
	item := invoicing.Item{
		ID: a.ID, Kind: a.Kind, Description: a.Description, Quantity: decimal.NewFromInt(1), Unit: a.UnitAmount, TaxCategory: a.TaxCategory,
	}
	if item.Kind == "" {
		item.Kind = invoicing.OneOff
	}
	if item.Description == "" {
		item.Description = item.ID
	}
	if a.Quantity != nil {
		item.Quantity = *a.Quantity
	}
	return item
}
