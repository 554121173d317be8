package document

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// The price of a phase may be of another model than the regular one; the words are those of the phase.
func TestALineNamesItsPhase(t *testing.T) {
	t.Parallel()
	price := func(p catalog.Price) map[money.Currency]catalog.Price { return map[money.Currency]catalog.Price{"USD": p} }
	line := lineFacts{currency: "USD", formats: formatsFor("en-US"), row: store.InvoiceLine{
		ChargeID: "seats", Explanation: json.RawMessage(`{"steps": [{"tier": 1, "quantity": "3", "unit_amount": "9", "flat_amount": "0", "amount": "27"}], "phase": 1}`),
	}}
	line.plan = catalog.Plan{
		Charges: []catalog.Charge{{ID: "seats", Prices: price(catalog.Price{Model: catalog.PerUnit, UnitAmount: decimal.NewFromInt(12)})}},
		Phases: []catalog.Phase{{Periods: 1, Prices: map[string]map[money.Currency]catalog.Price{
			"seats": price(catalog.Price{Model: catalog.Volume, Tiers: []catalog.Tier{{UnitAmount: decimal.NewFromInt(9)}}}),
		}}},
	}
	require.NoError(t, line.read())
	require.Equal(t, []string{"All at the price of tier 1: 3 × $9.00 = $27.00", "The price of phase 1 of the plan"}, line.details())
}
