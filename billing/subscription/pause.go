package subscription

import (
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
)

// PauseMode is what a pause does with the period under way.
type PauseMode string

// The modes of a pause. The default is PauseCredit.
const (
	// PauseCredit ends the period: paid time that is left is credited, and resuming begins another one on a new anchor.
	PauseCredit PauseMode = "credit"
	// PauseKeep lets periods go on by the anchor. Nothing is credited; a period that begins in the pause is not charged, and
	// if the subscription is resumed in such a period, the rest of it is. Periods that begin in a pause count in a fixed term.
	PauseKeep PauseMode = "keep"
	// PauseExtend stops the period's clock: what was paid for is served after the pause. The period's end and the anchor
	// move by the civil days of the pause.
	PauseExtend PauseMode = "extend"
)

func (m PauseMode) known() bool {
	return m == "" || m == PauseCredit || m == PauseKeep || m == PauseExtend
}

// atBoundary is the mode of a pause that begins between two periods, where no paid time is left to be served later.
func (m PauseMode) atBoundary() PauseMode {
	if m == PauseKeep {
		return PauseKeep
	}
	return PauseCredit
}

// PauseNow stops billing until the subscription is resumed. Terms deferred to the next period wait for it. One billed by
// the monthly run has nothing paid ahead that a mode could treat.
func (s State) PauseNow(c Command) State { return s.paused(c.At, c.Mode) }

// PauseAtBoundary stops billing as one period ends and before the next one begins.
func (s State) PauseAtBoundary(at time.Time) State {
	mode := s.AtPeriodEnd.Pause
	next := *s.AtPeriodEnd
	next.Pause, next.Reason = "", ""
	s.AtPeriodEnd = next.orNothing()
	return s.paused(at, mode)
}

func (s State) paused(at time.Time, mode PauseMode) State {
	at = at.UTC()
	s.Status, s.PausedAt, s.LastAt = Paused, &at, later(s.LastAt, at)
	if mode != PauseCredit && s.BilledBy == catalog.ByRenewal {
		s.PauseMode = mode
	}
	if s.PauseMode != PauseKeep {
		s.Pending = nil // billed with the pause
	}
	return s
}

// InPeriod says that billing periods follow each other: one is under way, if perhaps paused.
func (s State) InPeriod() bool { return s.Running() || s.Status == Paused && s.PauseMode == PauseKeep }

// Unbilled says that a period is under way, or was when a pause began that did not bill it, whose use is still to be
// billed; and until when it has been served at an instant.
func (s State) Unbilled(at time.Time) (until time.Time, is bool) {
	if s.Status == Paused && s.PauseMode == PauseExtend {
		return *s.PausedAt, true
	}
	return at, s.InPeriod()
}

// PassCycle enters the next billing period in a pause that keeps the period. It is not charged.
// Full is the whole cycle that the period is a part of, or the period itself.
func (s State) PassCycle(period, full calendar.Period) State {
	s = s.enter(period)
	if full != period {
		s.Full = calendar.Period{Start: full.Start.UTC(), End: full.End.UTC()}
	}
	s.Uncharged = true
	return s
}

// ResumeInPeriod ends a pause that kept the period, in the midst of it.
func (s State) ResumeInPeriod(c Command) State {
	s.LastAt = later(s.LastAt, c.At.UTC())
	s.Uncharged = false
	return s.resumed()
}

// ResumeExtended ends a pause that stopped the period's clock: the period ends so many civil days later, and the next one
// begins on the anchor.
func (s State) ResumeExtended(c Command, days int, end time.Time, anchor calendar.Date) State {
	s.LastAt = later(s.LastAt, c.At.UTC())
	s.Period.End, s.Extended = end.UTC(), s.Extended+days
	return s.Reanchor(anchor).resumed()
}

func (s State) resumed() State {
	s.PauseMode, s.PausedAt = "", nil
	s.Status = s.paying()
	return s
}
