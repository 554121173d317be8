package store_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

func TestRatesAreAddedOnceAndNeverChanged(t *testing.T) {
	t.Parallel()
	s := open(t)
	rate := func(day int, to money.Currency, value string) tax.Rate {
		return tax.Rate{From: "EUR", To: to, Date: calendar.Date{Year: 2027, Month: 1, Day: day}, Value: decimal.RequireFromString(value), Source: "ECB"}
	}
	added, conflicting, err := s.AddFXRates(t.Context(), []tax.Rate{rate(1, "USD", "1.08"), rate(1, "JPY", "160"), rate(1, "USD", "1.09"), rate(1, "USD", "1.080")})
	require.NoError(t, err)
	require.EqualValues(t, 2, added)
	require.Equal(t, []int{2}, conflicting, "the first of a day counts; the same written otherwise is the same")
	added, conflicting, err = s.AddFXRates(t.Context(), []tax.Rate{rate(1, "JPY", "161"), rate(2, "USD", "1.1"), rate(3, "GBP", "0.85")})
	require.NoError(t, err)
	require.EqualValues(t, 2, added)
	require.Equal(t, []int{0}, conflicting)

	found, err := s.RatesBetween(t.Context(), []money.Currency{"EUR", "USD", "JPY"}, calendar.Date{Year: 2027, Month: 1, Day: 2})
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, []string{"JPY 160", "USD 1.1"}, []string{string(found[0].To) + " " + found[0].Value.String(), string(found[1].To) + " " + found[1].Value.String()},
		"the newest of each pair until the day")
	found, err = s.RatesBetween(t.Context(), []money.Currency{"EUR", "USD"}, calendar.Date{Year: 2028, Month: 1, Day: 4})
	require.NoError(t, err)
	require.Empty(t, found, "nothing older than a year")
}
