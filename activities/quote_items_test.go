package activities_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/quote"
)

// addCharges adds one-off charges and adjustments to a time line, for the next invoice or on one of their own, and has some
// subscriptions that ended begin again.
func (l *timeline) addCharges(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 30))
	began := l.entries[len(l.entries)-1].at.Sub(l.entries[0].at)
	for range 4 {
		at := l.entries[0].at.Add(time.Duration(rng.Int64N(int64(began/time.Second))) * time.Second)
		l.entries = append(l.entries, event{
			at: at, action: "charge", subscription: l.entries[0].subscription, unit: int64(rng.IntN(9000) - 3000), billNext: rng.IntN(2) == 0,
		})
	}
	for range 2 {
		at := l.entries[0].at.Add(time.Duration(rng.Int64N(int64(began/time.Second))) * time.Second)
		l.entries = append(l.entries, event{at: at, action: "reactivate", subscription: l.entries[0].subscription})
	}
}

// item is what an entry charges: an adjustment if it gives back.
func (e event) item(i int) invoicing.Item {
	item := invoicing.Item{
		ID: fmt.Sprintf("item%d", i), Kind: invoicing.OneOff, Description: "Work", Quantity: decimal.New(15, -1),
		Unit: decimal.New(e.unit, -2), TaxCategory: "saas_b2c",
	}
	if e.unit < 0 {
		item.Kind = invoicing.Adjustment
	}
	return item
}

// charge is the entry for the quote.
func (e event) charge(i int) map[string]any {
	item, when := e.item(i), quote.ChargedNow
	if e.billNext {
		when = quote.OnNextInvoice
	}
	return map[string]any{
		"subscription": e.subscription, "id": item.ID, "kind": item.Kind, "description": item.Description, "quantity": item.Quantity,
		"unit_amount": item.Unit, "tax_category": item.TaxCategory, "when": when,
	}
}
