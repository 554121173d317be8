package presentment_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/presentment"
)

// A price converted again is the same price, also from a conversion that was stored.
func TestRepriceIsTheConversionAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMarket(t)
		one, other := anyPrice.Draw(t, "one"), anyPrice.Draw(t, "other")
		old := plan([]catalog.Price{flat(one.String())}, []catalog.Price{perUnit(one.String())})
		stored, err := json.Marshal(m.convert(t, old))
		require.NoError(t, err)
		var kept presentment.Conversion
		require.NoError(t, json.Unmarshal(stored, &kept))
		tried := plan([]catalog.Price{flat(other.String())}, []catalog.Price{perUnit(other.String())})
		want := m.convert(t, tried)
		for i, charge := range tried.Charges {
			got, err := kept.Reprice(charge)
			require.NoError(t, err)
			require.Equal(t, want.Prices[i].To, got)
		}
	})
}

func TestRepriceNeedsARuleAndAPrice(t *testing.T) {
	t.Parallel()
	sold := plan([]catalog.Price{flat("20")}, nil)
	kept, err := presentment.Convert(sold, "JPY", friday, policy(rounding("JPY", "multiple:10")), day("2027-02-26"))
	require.NoError(t, err)
	other := sold.Charges[0]
	other.ID = "other"
	_, err = kept.Reprice(other)
	require.Equal(t, presentment.NotPriced, presentment.Code(err))
	unpriced := sold.Charges[0]
	unpriced.Prices = nil
	_, err = kept.Reprice(unpriced)
	require.Equal(t, presentment.NotPriced, presentment.Code(err))
}
