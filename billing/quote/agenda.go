package quote

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// agenda finds the subscription that falls due next without looking at all of them: it has them in their order. Whoever
// changes when a subscription falls due notes it again, and what was noted before is passed over when its turn comes: so a
// change that is taken back needs nothing, because its earlier note is still there.
type agenda []note

// note is when a subscription was due when it was written down.
type note struct {
	at   time.Time
	book *book
}

// compare puts those of one instant in the order in which they were agreed.
func (n note) compare(other note) int {
	return cmp.Or(n.at.Compare(other.at), cmp.Compare(n.book.place, other.book.place))
}

// next is the subscription that falls due first. It stays on the agenda until it is due at another instant, or dropped.
func (a *agenda) next() (*book, time.Time, bool) {
	for len(*a) > 0 {
		first := (*a)[0]
		if at, ok := first.book.nextDue(); ok && at.Equal(first.at) {
			return first.book, at, true
		}
		a.drop()
	}
	return nil, time.Time{}, false
}

func (a *agenda) drop() { *a = (*a)[1:] }

func (a *agenda) add(n note) {
	i, _ := slices.BinarySearchFunc(*a, n, note.compare)
	*a = slices.Insert(*a, i, n)
}

// await writes down when a subscription is due.
func (b *book) await() {
	if at, ok := b.nextDue(); ok {
		b.w.agenda.add(note{at: at, book: b})
	}
}

// become puts the subscription into another state, in a way that can be taken back.
func (b *book) become(state subscription.State) {
	change(b.w, &b.state, state)
	b.await()
}

// move lets the subscription's days begin in another zone, in a way that can be taken back.
func (b *book) move(zone calendar.Zone) {
	change(b.w, &b.zone, zone)
	b.await()
}
