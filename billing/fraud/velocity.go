package fraud

import (
	"slices"
	"time"
)

// Tried is an attempt to pay as velocity counts it.
type Tried struct {
	PaymentID  string
	CustomerID string
	// Fingerprint is of the card or account; empty when it is not known.
	Fingerprint string
	EmailDomain string
	At          time.Time
	// FailedAt is when the answer was no, hours or days later with a bank debit; nil when it was not.
	FailedAt *time.Time
}

// windowLengths are those of Windows.
var windowLengths = [len(windowNames)]time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}

// Tally counts the attempts of a seller in the order in which they were made, so that a long history is counted in one
// pass. It holds what the longest window does. The zero value is ready.
type Tally struct {
	latest map[string]Tried // those made at the instant of the latest
	at     time.Time
	series map[string]*series
}

// Add counts an attempt. It is not earlier than the one added before it.
func (t *Tally) Add(a Tried) {
	if t.series == nil {
		t.series = map[string]*series{}
	}
	if !a.At.Equal(t.at) || t.latest == nil {
		t.at, t.latest = a.At, map[string]Tried{}
	}
	t.latest[a.PaymentID] = a
	for _, key := range a.keys() {
		if t.series[key] == nil {
			t.series[key] = &series{}
		}
		t.series[key].add(a)
	}
}

// Before is what was attempted in the windows that end with an attempt, without itself. It must be of the latest instant
// that was added, with all others of that instant; false: it is not.
func (t *Tally) Before(paymentID string) (Velocity, bool) {
	self, found := t.latest[paymentID]
	if !found {
		return Velocity{}, false
	}
	customer, domain := t.series[self.customerKey()].without(self), t.series[self.domainKey()].without(self)
	velocity := Velocity{Customer: customer, EmailDomain: &domain}
	if self.Fingerprint != "" {
		card := t.series[self.cardKey()].without(self)
		velocity.Card = &card
	}
	return velocity, true
}

func (a Tried) customerKey() string { return "customer:" + a.CustomerID }
func (a Tried) cardKey() string     { return "card:" + a.Fingerprint }
func (a Tried) domainKey() string   { return "domain:" + a.EmailDomain }

func (a Tried) keys() []string {
	keys := []string{a.customerKey(), a.domainKey()}
	if a.Fingerprint != "" {
		keys = append(keys, a.cardKey())
	}
	return keys
}

// series are the attempts of one customer, card or domain.
type series struct {
	tried []entry // in the order in which they were made
	// unheard are those that will fail after the latest attempt, the earliest answer first.
	unheard []int
	windows [len(windowLengths)]window
}

type entry struct {
	Tried

	failed bool // by the latest attempt
}

// window counts the attempts from first to the latest.
type window struct {
	first            int
	declines         int64
	cards, customers map[string]int64
}

func (s *series) add(a Tried) {
	s.moveTo(a.At)
	n := len(s.tried)
	s.tried = append(s.tried, entry{Tried: a})
	for i := range s.windows {
		s.windows[i].take(a)
	}
	switch {
	case a.FailedAt == nil:
	case a.FailedAt.After(a.At):
		place, _ := slices.BinarySearchFunc(s.unheard, *a.FailedAt, func(i int, at time.Time) int { return s.tried[i].FailedAt.Compare(at) })
		s.unheard = slices.Insert(s.unheard, place, n)
	default:
		s.fail(n)
	}
}

// moveTo hears the answers that came until an instant, and lets go of what is older than the windows that end with it.
func (s *series) moveTo(at time.Time) {
	for len(s.unheard) > 0 && !s.tried[s.unheard[0]].FailedAt.After(at) {
		s.fail(s.unheard[0])
		s.unheard = s.unheard[1:]
	}
	for i := range s.windows {
		w := &s.windows[i]
		for ; w.first < len(s.tried) && !s.tried[w.first].At.After(at.Add(-windowLengths[i])); w.first++ {
			w.drop(s.tried[w.first])
		}
	}
	s.forget()
}

func (s *series) fail(n int) {
	s.tried[n].failed = true
	for i := range s.windows {
		if n >= s.windows[i].first {
			s.windows[i].declines++
		}
	}
}

// forget gives back the memory of what no window holds, now and then.
func (s *series) forget() {
	over := s.windows[len(s.windows)-1].first
	if over < 64 || over < len(s.tried)/2 {
		return
	}
	s.tried = slices.Clone(s.tried[over:])
	for i := range s.windows {
		s.windows[i].first -= over
	}
	s.unheard = slices.DeleteFunc(s.unheard, func(n int) bool { return n < over })
	for i := range s.unheard {
		s.unheard[i] -= over
	}
}

func (w *window) take(a Tried) {
	if w.customers == nil {
		w.cards, w.customers = map[string]int64{}, map[string]int64{}
	}
	w.customers[a.CustomerID]++
	if a.Fingerprint != "" {
		w.cards[a.Fingerprint]++
	}
}

func (w *window) drop(e entry) {
	if e.failed {
		w.declines--
	}
	less(w.customers, e.CustomerID)
	less(w.cards, e.Fingerprint)
}

func less(counts map[string]int64, name string) {
	if counts[name] > 1 {
		counts[name]--
	} else {
		delete(counts, name)
	}
}

// without counts the windows that end with an attempt of the latest instant, leaving it out.
func (s *series) without(self Tried) Counts {
	var counts Counts
	s.moveTo(self.At)
	failed := self.FailedAt != nil && !self.FailedAt.After(self.At)
	for i, w := range s.windows {
		counts.Payments[i] = int64(len(s.tried)-w.first) - 1
		counts.Declines[i] = w.declines
		if failed {
			counts.Declines[i]--
		}
		counts.Cards[i] = others(w.cards, self.Fingerprint)
		counts.Customers[i] = others(w.customers, self.CustomerID)
	}
	return counts
}

// others is how many names were counted apart from one of one attempt.
func others(counts map[string]int64, name string) int64 {
	if counts[name] == 1 {
		return int64(len(counts)) - 1
	}
	return int64(len(counts))
}
