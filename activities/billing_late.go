package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/internal/store"
)

// ChargedInArrears is what was charged for time inside a period when it had passed, before discounts.
func (a account) ChargedInArrears(ctx context.Context, inside calendar.Period) ([]invoicing.Charged, error) {
	var kinds []string
	for _, kind := range invoicing.ArrearsKinds() {
		kinds = append(kinds, string(kind))
	}
	rows, err := a.tx.ChargedInArrears(ctx, a.row.ID, kinds, inside.Start, inside.End)
	if err != nil {
		return nil, err
	}
	charged := make([]invoicing.Charged, len(rows))
	for i, row := range rows {
		price, err := a.beforeDiscounts(row.InvoiceLine)
		if err != nil {
			return nil, err
		}
		charged[i] = invoicing.Charged{
			Kind: invoicing.LineKind(row.Kind), PlanID: row.PlanID, PlanVersion: row.PlanVersion, ChargeID: row.ChargeID,
			Usage: rating.Usage{Quantity: row.Quantity}, Amount: price,
		}
		if row.Kept == nil {
			continue
		}
		if err := json.Unmarshal(row.Kept, &charged[i].Usage.Detail); err != nil {
			return nil, fmt.Errorf("recorded usage of charge %q: %w", row.ChargeID, err)
		}
	}
	return charged, nil
}

// beforeDiscounts is what a line charged before discounts took something off it.
func (a account) beforeDiscounts(row store.InvoiceLine) (money.Amount, error) {
	explained, err := explanationOf(row)
	if err != nil {
		return money.Amount{}, err
	}
	off, err := discount.Sum(a.row.Currency, explained.Discounts)
	if err != nil {
		return money.Amount{}, err
	}
	return money.New(row.Amount, a.row.Currency).Add(off)
}

// HasCycle says that something came of a billing period.
func (a account) HasCycle(ctx context.Context, cycle int) (bool, error) {
	_, err := a.tx.Cycle(ctx, a.row.ID, cycle)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
