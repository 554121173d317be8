package activities_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/simulate"
	"github.com/perennial-billing/perennial/workflows/message"
)

// BenchmarkSimulate bills a month of many subscriptions again, and holds that against reading the same invoices with their
// lines in one statement.
func BenchmarkSimulate(b *testing.B) {
	const subscriptions = 4000
	seller := manySubscriptions(b, subscriptions)
	plans, err := simulate.ReadCatalog(strings.NewReader(otherCatalogue))
	require.NoError(b, err)
	in := store.HistoryRange{EntityID: "acme", From: day0.AddDate(0, 0, 1), To: day0.AddDate(0, 1, 7)}
	var simulated, floor time.Duration
	for b.Loop() {
		start := time.Now()
		result, err := simulate.Run(b.Context(), seller, simulate.Options{Range: in, Catalog: plans, Top: 20})
		require.NoError(b, err)
		simulated += time.Since(start)
		require.Equal(b, subscriptions, result.Subscriptions)
		require.GreaterOrEqual(b, result.Control.Invoices, subscriptions)
		require.Zero(b, result.Control.Differ)
		start = time.Now()
		lines, err := readLines(b, seller, in)
		require.NoError(b, err)
		floor += time.Since(start)
		require.Equal(b, result.Control.Lines, lines)
	}
	b.ReportMetric(float64(subscriptions*b.N)/simulated.Seconds(), "subscriptions/s")
	b.ReportMetric(float64(simulated)/float64(floor), "×floor")
}

// readLines reads all lines of the invoices in a range.
func readLines(b *testing.B, s *store.Store, in store.HistoryRange) (int, error) {
	b.Helper()
	everything, err := s.History(b.Context(), in, "", 1_000_000)
	if err != nil {
		return 0, err
	}
	for i := range everything {
		everything[i].Since = nil
	}
	lines, err := s.PastLines(b.Context(), everything, in.From, in.To)
	return len(lines), err
}

// manySubscriptions is a seller whose subscriptions each had a change of seats in their first month and a renewal after it.
func manySubscriptions(b *testing.B, n int) *store.Store {
	b.Helper()
	seller, err := store.Open(b.Context(), newDatabase(b), 8)
	require.NoError(b, err)
	b.Cleanup(seller.Close)
	sell(b, seller)
	billing := &activities.Billing{Store: seller}
	var group errgroup.Group
	group.SetLimit(8)
	for i := range n {
		group.Go(func() error {
			id := fmt.Sprintf("many_%05d", i)
			err := seller.AddCustomer(b.Context(), store.Customer{
				ID: id, EntityID: "acme", Name: id, Email: id + "@example.com", Country: "US", PostalCode: "97201", Zone: "Europe/Berlin",
				Currency: "EUR", Locale: "en-US", CreatedAt: day0,
			})
			if err != nil {
				return err
			}
			opened, err := billing.OpenSubscription(b.Context(), agreement(id, id, "seats", 3, "EUR"))
			if err != nil {
				return err
			}
			begun, err := billing.Turn(b.Context(), message.TurnInput{State: opened.State, At: day0})
			if err != nil {
				return err
			}
			changed, err := billing.CarryOut(b.Context(), message.CarryOutInput{
				State: begun.State, Command: changeTo("more", day0.AddDate(0, 0, 9), "seats", 5),
			})
			if err != nil {
				return err
			}
			_, err = billing.Turn(b.Context(), message.TurnInput{State: changed.State, At: changed.State.Period.End})
			return err
		})
	}
	require.NoError(b, group.Wait())
	return seller
}
