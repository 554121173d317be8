package quote

import (
	"container/heap"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// agenda finds the subscription that falls due next without looking at all of them. Whoever changes when a subscription falls
// due notes it again, and what was noted before is passed over when its turn comes: so a change that is taken back needs
// nothing, because its earlier note is still there.
type agenda []note

// note is when a subscription was due when it was written down.
type note struct {
	at   time.Time
	book *book
}

func (a agenda) Len() int { return len(a) }

// Less puts those of one instant in the order in which they were agreed.
func (a agenda) Less(i, j int) bool {
	if order := a[i].at.Compare(a[j].at); order != 0 {
		return order < 0
	}
	return a[i].book.place < a[j].book.place
}

func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push is heap's.
func (a *agenda) Push(n any) { *a = append(*a, n.(note)) }

// Pop is heap's.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	n := (*a)[last]
	*a = (*a)[:last]
	return n
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

func (a *agenda) drop() { heap.Pop(a) }

// await writes down when a subscription is due.
func (b *book) await() {
	if at, ok := b.nextDue(); ok {
		heap.Push(&b.w.agenda, note{at: at, book: b})
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
