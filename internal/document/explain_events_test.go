package document

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/internal/store"
)

// The arithmetic of each model that looks at events, as rating does it and a customer reads it.
func TestLinesOfEventsAreExplained(t *testing.T) {
	t.Parallel()
	n := decimal.RequireFromString
	quantities := func(of ...string) rating.Usage {
		var used rating.Usage
		for _, quantity := range of {
			used.Events = append(used.Events, rating.Event{Quantity: n(quantity)})
		}
		return used
	}
	for _, test := range []struct {
		price catalog.Price
		used  rating.Usage
		want  []string
	}{
		{
			catalog.Price{Model: catalog.Percentage, Percent: n("2.9"), EventAmount: n("0.3"), EventMinimum: n("0.5"), EventMaximum: n("5")},
			quantities("10", "1000", "0.1", "0.2"),
			[]string{
				"1,010.3 × 2.9 % = $29.2987", "4 events × $0.30 = $1.20", "2 events raised to the minimum of $0.50: $0.3913",
				"1 event lowered to the maximum of $5.00: -$24.30",
			},
		},
		{
			catalog.Price{Model: catalog.Dynamic, Multiplier: n("1.2")},
			rating.Usage{Quantity: n("3"), Detail: rating.Detail{Amount: new(n("1.5"))}},
			[]string{"Amounts of the events: $1.50 × 1.2 = $1.80"},
		},
		{
			catalog.Price{Model: catalog.Dynamic},
			rating.Usage{Quantity: n("3"), Detail: rating.Detail{Amount: new(n("1.5"))}},
			[]string{"Amounts of the events: $1.50"},
		},
		{
			catalog.Price{
				Model: catalog.Matrix, Dimensions: []string{"region", "class"}, DefaultUnitAmount: new(n("0.1")),
				Cells: []catalog.Cell{{Values: map[string]string{"class": "fast", "region": "eu"}, UnitAmount: n("0.3")}},
			},
			rating.Usage{Detail: rating.Detail{Groups: []rating.Group{{Values: map[string]string{"region": "eu", "class": "fast"}, Quantity: n("2")}, {Quantity: n("7")}}}},
			[]string{"eu, fast: 2 × $0.30 = $0.60", "Others: 7 × $0.10 = $0.70"},
		},
	} {
		rated, err := rating.Rate(test.price, test.used)
		require.NoError(t, err)
		explanation, err := json.Marshal(map[string]any{"steps": rated.Steps})
		require.NoError(t, err)
		line := lineFacts{
			currency: "USD", formats: formatsFor("en-US"), row: store.InvoiceLine{Kind: "usage", ChargeID: "c", Explanation: explanation},
			plan: catalog.Plan{Charges: []catalog.Charge{{ID: "c", Kind: catalog.Usage, Prices: map[money.Currency]catalog.Price{"USD": test.price}}}},
		}
		require.NoError(t, line.read())
		require.Equal(t, test.want, line.details())
	}
}
