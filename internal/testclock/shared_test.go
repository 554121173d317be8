package testclock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
)

// A seller's months and quarters fall due on the clock of its customers: runs first, then the returns that contain them.
func TestSharedInstants(t *testing.T) {
	t.Parallel()
	b := setup(t, "sharing", dunning.DefaultPolicy())
	registered := calendar.Date{Year: 2021, Month: time.July, Day: 1}
	for _, scheme := range []tax.Scheme{tax.SchemeUKVAT, tax.SchemeEUOSS, tax.SchemeEUVAT} {
		require.NoError(t, b.Store.AddTaxRegistration(t.Context(), b.ID, tax.Registration{Scheme: scheme, Country: "IE", Number: "1", From: registered}))
	}
	b.advance(start.AddDate(0, 1, 0))
	require.Empty(t, b.shared, "a seller without customers on the clock has nothing due on it")
	require.NoError(t, b.Store.AddCustomer(t.Context(), store.Customer{
		ID: "sharing", EntityID: b.ID, Name: "x", Email: "x@example.com", Country: "US", Zone: "UTC", Currency: "USD", Locale: "en-US", TestClockID: &b.ID, CreatedAt: start,
	}))
	noon := func(month time.Month) time.Time { return time.Date(2031, month, 1, 12, 0, 0, 0, time.UTC) }
	b.advance(noon(time.April).Add(-time.Nanosecond).Truncate(time.Microsecond))
	require.Empty(t, b.shared)
	b.advance(noon(time.April))
	run := testclock.Shared{At: noon(time.April), EntityID: b.ID, Month: "2031-03"}
	require.Equal(t, []testclock.Shared{run}, b.shared, "the instant itself belongs to the way to it")
	b.advance(noon(time.June))
	require.Equal(t, []testclock.Shared{
		run,
		{At: noon(time.April).Add(time.Hour), EntityID: b.ID, Scheme: "eu_oss", Quarter: "2031-Q1"},
		{At: noon(time.April).Add(time.Hour), EntityID: b.ID, Scheme: "uk_vat", Quarter: "2031-Q1"},
		{At: noon(time.May), EntityID: b.ID, Month: "2031-04"},
		{At: noon(time.June), EntityID: b.ID, Month: "2031-05"},
	}, b.shared)
}
