package activities_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/simulate"
	"github.com/perennial-billing/perennial/workflows/message"
)

// BenchmarkSimulate bills a month of many subscriptions again, and holds that against reading the same invoices with their
// lines in one statement. In the second case four subscriptions each share a coupon of their customer.
func BenchmarkSimulate(b *testing.B) {
	b.Run("alone", func(b *testing.B) { benchmarkSimulate(b, 1) })
	b.Run("sharing", func(b *testing.B) { benchmarkSimulate(b, 4) })
}

func benchmarkSimulate(b *testing.B, each int) {
	b.Helper()
	const subscriptions = 4000
	seller := manySubscriptions(b, subscriptions, each)
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
// Customers have some each and, if that is more than one, a coupon for all of them.
func manySubscriptions(b *testing.B, n, each int) *store.Store {
	b.Helper()
	seller, err := store.Open(b.Context(), newDatabase(b), 8)
	require.NoError(b, err)
	b.Cleanup(seller.Close)
	sell(b, seller)
	billing := &activities.Billing{Store: seller}
	var group errgroup.Group
	group.SetLimit(8)
	require.NoError(b, seller.AddCoupon(b.Context(), "acme", quotedCoupon("monthly"), day0))
	for i := range n / each {
		require.NoError(b, addSharer(b, seller, fmt.Sprintf("customer_%05d", i), each > 1))
	}
	for i := range n {
		group.Go(func() error {
			id, customer := fmt.Sprintf("many_%05d", i), fmt.Sprintf("customer_%05d", i/each)
			opened, err := billing.OpenSubscription(b.Context(), agreement(id, customer, "seats", 3, "EUR"))
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

// addSharer adds a customer, with a coupon for all subscriptions or without.
func addSharer(b *testing.B, seller *store.Store, id string, coupon bool) error {
	b.Helper()
	return seller.Tx(b.Context(), func(tx store.Tx) error {
		err := tx.AddCustomer(b.Context(), store.Customer{
			ID: id, EntityID: "acme", Name: id, Email: id + "@example.com", Country: "US", PostalCode: "97201", Zone: "Europe/Berlin",
			Currency: "EUR", Locale: "en-US", CreatedAt: day0,
		})
		if err != nil || !coupon {
			return err
		}
		monthly := quotedCoupon("monthly")
		return tx.AddDiscount(b.Context(), "acme", id, store.Discount{Discount: discount.Discount{ID: monthly.ID, Coupon: monthly, AppliedAt: day0}})
	})
}
