package activities

import (
	"context"
	"errors"
	"time"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/internal/store"
)

// AddItem has an item wait for the subscription's next invoice.
func (a account) AddItem(ctx context.Context, item invoicing.Item, at time.Time) error {
	err := a.tx.AddItem(ctx, a.row.ID, item, at)
	if errors.Is(err, store.ErrExists) {
		return refusal("charge_exists", "subscription %s has or had a charge %q: give this one another id", a.row.ID, item.ID)
	}
	return err
}

// CancelItem keeps an item that waits from being billed.
func (a account) CancelItem(ctx context.Context, id string, at time.Time) error {
	item, err := a.tx.LockItem(ctx, a.row.ID, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refusal("charge_unknown", "subscription %s has no charge %q: \"charge list\" shows those it has", a.row.ID, id)
	case err != nil:
		return err
	case item.InvoiceID != nil:
		return refusal("charge_billed", "charge %q of subscription %s is on invoice %s: give it back with an adjustment, a charge with an amount below 0",
			id, a.row.ID, *item.InvoiceID)
	case item.CanceledAt != nil:
		return refusal("charge_canceled", "charge %q of subscription %s was canceled at %s", id, a.row.ID, item.CanceledAt.UTC().Format(time.RFC3339))
	}
	return a.tx.CancelItem(ctx, a.row.ID, id, at)
}
