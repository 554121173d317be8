package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/internal/store"
)

// BenchmarkAddUsage stores batches of usage events and compares with the floor: a raw COPY of the same rows into an
// equally indexed table of the same database. It prints events per second and the share of the floor's speed, of plain
// quantities and of events with an amount and one of ten combinations of dimension values.
func BenchmarkAddUsage(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkAddUsage(b, func(*store.UsageEvent, int) {}) })
	b.Run("measured", func(b *testing.B) {
		benchmarkAddUsage(b, func(e *store.UsageEvent, i int) {
			e.Amount, e.Values = new(decimal.New(int64(i), -4)), map[string]string{"region": "eu", "size": fmt.Sprint(i % 10)}
		})
	})
}

func benchmarkAddUsage(b *testing.B, measure func(e *store.UsageEvent, i int)) {
	b.Helper()
	ctx := b.Context()
	url, err := postgres.CreateDatabase(ctx, fmt.Sprintf("bench_%d", made.Add(1)))
	require.NoError(b, err)
	s, err := store.Open(ctx, url, 4)
	require.NoError(b, err)
	b.Cleanup(s.Close)
	_, _, err = s.Migrate(ctx)
	require.NoError(b, err)
	require.NoError(b, s.AddEntity(ctx, store.Entity{
		ID: "acme", Name: "Acme", Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: "ACM", Dunning: dunning.DefaultPolicy(),
	}, now))
	require.NoError(b, s.AddCustomer(ctx, customer("ada")))
	conn, err := pgx.Connect(ctx, url)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, conn.Close(ctx)) })
	_, err = conn.Exec(ctx, `CREATE TABLE floor (LIKE usage_event INCLUDING ALL)`)
	require.NoError(b, err)

	var ours, floor time.Duration
	const batch = 10_000
	for i := range b.N {
		events := busyMonth(i, batch)
		for n := range events {
			measure(&events[n], n)
		}
		began := time.Now()
		_, err := s.AddUsage(ctx, "ada", events)
		ours += time.Since(began)
		require.NoError(b, err)
		began = time.Now()
		_, err = conn.CopyFrom(ctx, pgx.Identifier{"floor"}, []string{"customer_id", "meter", "event_id", "at", "quantity"},
			pgx.CopyFromSlice(len(events), func(n int) ([]any, error) {
				e := events[n]
				return []any{"ada", e.Meter, e.ID, e.At, e.Quantity.String()}, nil
			}))
		floor += time.Since(began)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.N*batch)/ours.Seconds(), "events/s")
	b.ReportMetric(floor.Seconds()/ours.Seconds(), "of_copy")
}

// busyMonth is a batch of events spread over a month.
func busyMonth(batch, size int) []store.UsageEvent {
	events := make([]store.UsageEvent, size)
	for i := range events {
		events[i] = store.UsageEvent{
			ID: fmt.Sprintf("event-%d-%d", batch, i), Meter: "calls", Quantity: decimal.NewFromInt(int64(i % 977)),
			At: now.Add(time.Duration(i) * 30 * 24 * time.Hour / time.Duration(size)),
		}
	}
	return events
}
