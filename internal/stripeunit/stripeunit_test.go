package stripeunit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// Stripe's integer for an amount, and back.
func TestUnits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		currency money.Currency
		minor    int64
		units    int64
	}{
		{"USD", 1999, 1999},
		{"JPY", 500, 500},
		{"CLP", 990, 990},
		{"HUF", 17500, 17500},
		{"TWD", 30000, 30000},
		{"ISK", 5, 500},
		{"UGX", 5, 500},
		{"MGA", 500, 5},
		{"KWD", 5120, 5120},
		{"BHD", -5120, -5120},
		{"USD", 0, 0},
	} {
		units, err := stripeunit.Of(money.New(tc.minor, tc.currency))
		require.NoError(t, err, tc)
		require.Equal(t, tc.units, units, tc)
		amount, err := stripeunit.Amount(units, tc.currency)
		require.NoError(t, err, tc)
		require.Equal(t, money.New(tc.minor, tc.currency), amount, tc)
	}
}

func TestWhatStripeCannotChargeIsRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		currency money.Currency
		minor    int64
		reason   string
	}{
		{"KWD", 5124, "the last of three digits must be 0"},
		{"MGA", 550, "the smallest unit is 1 MGA"},
		{"ISK", 1 << 62, "out of range"},
	} {
		_, err := stripeunit.Of(money.New(tc.minor, tc.currency))
		require.ErrorContains(t, err, tc.reason, tc)
	}
}
