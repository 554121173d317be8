package quote

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// The agenda finds whom a look at every subscription would find: the earliest, and of several the one that was agreed first,
// whatever changed meanwhile and was taken back.
func TestAgendaFindsWhoIsNext(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	day := rapid.Map(rapid.IntRange(0, 5), func(n int) time.Time { return midnight.AddDate(0, 0, n) })
	rapid.Check(t, func(t *rapid.T) {
		w := &world{}
		for place := range rapid.IntRange(1, 5).Draw(t, "subscriptions") {
			state := subscription.State{ID: fmt.Sprint(place), Status: subscription.Scheduled, StartAt: day.Draw(t, "start")}
			w.books = append(w.books, &book{w: w, place: place})
			w.books[place].become(state)
		}
		for range rapid.IntRange(0, 20).Draw(t, "changes") {
			b := rapid.SampledFrom(w.books).Draw(t, "subscription")
			state := b.state
			state.StartAt = day.Draw(t, "another start")
			if rapid.Bool().Draw(t, "over") {
				state.Status = subscription.Canceled
			}
			var failed error
			if rapid.Bool().Draw(t, "taken back") {
				failed = errors.New("taken back")
			}
			require.Equal(t, failed, w.whole(func() error { b.become(state); return failed }))
			next, _, _ := w.agenda.next()
			require.Same(t, w.first(), next)
		}
	})
}

// first is what the agenda is there for, found by looking at all.
func (w *world) first() *book {
	var first *book
	var earliest time.Time
	for _, b := range w.books {
		if at, ok := b.nextDue(); ok && (first == nil || at.Before(earliest)) {
			first, earliest = b, at
		}
	}
	return first
}
