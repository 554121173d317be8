package invoicing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

func TestCheckAmounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, base, seat string
		seats           int64
		fits            bool
	}{
		{"an ordinary plan", "10", "8", 40, true},
		{"a quarter of the largest amount", "23058430092136939.51", "0", 0, true},
		{"no room for tax", "23058430092136939.52", "0", 0, false},
		{"too many seats", "0", "99999999999", 10_000_000, false},
		{"more digits than an amount has", "0", "99999999999999999", 10_000_000, false},
		{"two that fit only apart", "20000000000000000", "4000000000000000", 1, false},
	} {
		p := plan(t, "pro", catalog.GrainDay, base(test.base), seats(test.seat), used("calls", perUnit("1")))
		err := invoicing.CheckAmounts(terms(p, test.seats), "USD")
		if test.fits {
			require.NoError(t, err, test.why)
			continue
		}
		require.ErrorIs(t, err, money.ErrOverflow, test.why)
		require.ErrorContains(t, err, `plan "pro" costs more than an amount can hold`, test.why)
	}
	for _, what := range []func(*catalog.Plan, *catalog.Price){
		func(_ *catalog.Plan, price *catalog.Price) { price.Minimum = number("23058430092136939.52") },
		func(_ *catalog.Plan, price *catalog.Price) {
			price.Commitment = &catalog.Commitment{Amount: number("23058430092136939.52")}
		},
		func(p *catalog.Plan, _ *catalog.Price) {
			p.Spend = map[money.Currency]catalog.Spend{"USD": {Maximum: number("23058430092136939.52")}}
		},
	} {
		p, price := plan(t, "pro", catalog.GrainDay, base("0"), used("calls", perUnit("1"))), perUnit("1")
		what(&p, &price)
		p.Charges[1].Prices = map[money.Currency]catalog.Price{"USD": price}
		require.NoError(t, p.Validate())
		err := invoicing.CheckAmounts(terms(p, 0), "USD")
		require.ErrorIs(t, err, money.ErrOverflow)
		require.ErrorContains(t, err, "more than an amount can hold")
	}
	unpriced := plan(t, "pro", catalog.GrainDay, base("10"))
	require.NoError(t, invoicing.CheckAmounts(terms(unpriced, 0), "EUR"))
}
