package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// BenchmarkWorkspace renews a workspace of 50,000 members who act on five days of the month: a tenth of them cease to be active
// in it, and others join or come back. A renewal that was carried out is not carried out again: it is for -benchtime 1x.
func BenchmarkWorkspace(b *testing.B) {
	const members = 50_000
	seller, err := store.Open(b.Context(), newDatabase(b), 8)
	require.NoError(b, err)
	b.Cleanup(seller.Close)
	sell(b, seller)
	billing := &activities.Billing{Store: seller}
	require.NoError(b, seller.AddCustomer(b.Context(), store.Customer{
		ID: "large", EntityID: "acme", Name: "Large", Email: "large@example.com", Country: "US", PostalCode: "97201", Zone: "Europe/Berlin",
		Currency: "EUR", Locale: "en-US", CreatedAt: day0,
	}))
	in := agreement("large", "large", "seats", members, "EUR")
	in.FairBilling = &fairbilling.Agreement{Policy: fairbilling.DefaultPolicy()}
	opened, err := billing.OpenSubscription(b.Context(), in)
	require.NoError(b, err)
	require.Nil(b, opened.Refusal)
	began, err := billing.Turn(b.Context(), message.TurnInput{State: opened.State, At: day0})
	require.NoError(b, err)
	zone, err := calendar.LoadZone("Europe/Berlin")
	require.NoError(b, err)
	first := zone.DateOf(day0)
	var stored time.Duration
	for from := 0; from < members; from += 10_000 {
		batch := make([]store.MemberDay, 0, 50_000)
		for i := from; i < from+10_000; i++ {
			for n := range 5 {
				day := first.AddDays(-20 + (i%7+n*5)%20)
				if i%10 != 0 {
					day = first.AddDays((i + n*6) % 30)
				}
				batch = append(batch, store.MemberDay{MemberID: fmt.Sprintf("u%06d", i), Day: day})
			}
		}
		start := time.Now()
		_, err := seller.AddActivity(b.Context(), "large", batch)
		require.NoError(b, err)
		stored += time.Since(start)
	}
	var renewed time.Duration
	for b.Loop() {
		start := time.Now()
		turned, err := billing.Turn(b.Context(), message.TurnInput{State: began.State, At: began.State.Period.End})
		require.NoError(b, err)
		renewed += time.Since(start)
		require.NotNil(b, turned.Invoice)
	}
	b.ReportMetric(5*members/stored.Seconds(), "actions/s")
	b.ReportMetric(members*float64(b.N)/renewed.Seconds(), "members/s")
}
