package subscription

import "time"

// Kind names what a command asks for.
type Kind string

// The commands a subscription takes.
const (
	ChangeTerms Kind = "change"
	Pause       Kind = "pause"
	Resume      Kind = "resume"
	Cancel      Kind = "cancel"
	// Release ends a hold. It follows from a review that approved the payment, and is not for customers to ask for.
	Release Kind = "release"
)

// Command asks a subscription for something. ID makes a repeated command answer as the first one did.
type Command struct {
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// At is the instant the command takes effect, in billing time.
	At time.Time `json:"at"`
	// AtPeriodEnd defers a change or a cancellation to the next boundary. A change at the period's end to the terms
	// already in force withdraws what was deferred before: it is how a customer takes a cancellation back.
	AtPeriodEnd bool `json:"at_period_end,omitempty"`
	// Terms are the new terms of a change.
	Terms *Terms `json:"terms,omitempty"`
	// CreditUnused, on an immediate cancellation, credits the paid time that is left.
	CreditUnused bool `json:"credit_unused,omitempty"`
	// Actor is who asks, such as "customer" or "dunning".
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"`
}

// Defer notes a change or cancellation for the next boundary, in place of what was noted before: the latest word counts.
// Terms that are in force already leave nothing to do there.
func (s State) Defer(c Command) State {
	s.LastAt = c.At.UTC()
	switch {
	case c.Kind == Cancel:
		s.AtPeriodEnd = &Deferred{Cancel: true, Reason: endReason(c)}
	case *c.Terms == s.Terms:
		s.AtPeriodEnd = nil
	default:
		terms := *c.Terms
		s.AtPeriodEnd = &Deferred{Reason: c.Reason, Terms: &terms}
	}
	return s
}

// ChangeNow puts new terms in force at once. They take the place of terms deferred to the next boundary, but a
// cancellation deferred to it stands: who cancels must not be billed on because of a seat added meanwhile.
func (s State) ChangeNow(c Command) State {
	s.Terms, s.LastAt = *c.Terms, c.At.UTC()
	if !s.cancelsAtBoundary() {
		s.AtPeriodEnd = nil
	}
	return s
}

// PauseNow stops billing until the subscription is resumed. Terms deferred to the next period wait for it.
func (s State) PauseNow(c Command) State {
	s.Status, s.LastAt = Paused, c.At.UTC()
	return s
}

// CancelNow ends the subscription at the command's instant.
func (s State) CancelNow(c Command) State { return s.End(c.At, endReason(c)) }

func endReason(c Command) string {
	switch {
	case c.Reason != "":
		return c.Reason
	case c.Actor != "":
		return "canceled_by_" + c.Actor
	}
	return "canceled"
}
