package subscription

import (
	"slices"
	"time"
)

// mostPlanned bounds what a state carries.
const mostPlanned = 50

// Missed is a planned command that could not be carried out when its day came, and why.
type Missed struct {
	CommandID string    `json:"command_id"`
	Kind      Kind      `json:"kind"`
	At        time.Time `json:"at"`
	Refusal   Refusal   `json:"refusal"`
}

// mostMissed is how many of the latest missed commands a state remembers.
const mostMissed = 10

// Plan notes a command for its day. Of several for one instant, who came first is served first. Prices that came with it are
// agreed today, whatever becomes of it.
func (s State) Plan(c Command) State {
	c.At, c.On, c.Prices = c.At.UTC(), c.On.UTC(), nil
	s.LastAt = c.At
	if c.Terms != nil {
		terms := *c.Terms
		c.Terms = &terms
	}
	i := slices.IndexFunc(s.Planned, func(planned Command) bool { return planned.On.After(c.On) })
	if i < 0 {
		i = len(s.Planned)
	}
	s.Planned = slices.Insert(slices.Clone(s.Planned), i, c)
	return s
}

// WithdrawPlanned takes a planned command back.
func (s State) WithdrawPlanned(c Command) State {
	s.LastAt = c.At.UTC()
	s.Planned = without(s.Planned, func(planned Command) bool { return planned.ID == c.Withdraws })
	return s
}

// PlannedFor is the planned command that is due at an instant by itself, given at its own day, and the state without it.
// One for the instant of a boundary is no matter of its own: see MeetBoundary.
func (s State) PlannedFor(at time.Time) (c Command, rest State, ok bool) {
	if len(s.Planned) == 0 || s.Planned[0].On.After(at) {
		return Command{}, s, false
	}
	if boundary, is := s.boundary(); is && !boundary.After(s.Planned[0].On) {
		return Command{}, s, false
	}
	c, rest = s.takePlanned()
	return c, rest, true
}

// MeetBoundary defers to a boundary what is planned for its very instant: a cancellation on the last day of a period must
// not be preceded by the bill of the next one. What could not be carried out is missed.
func (s State) MeetBoundary(at time.Time) State {
	for len(s.Planned) > 0 && !s.Planned[0].On.After(at) {
		c, rest := s.takePlanned()
		c.AtPeriodEnd = s.Status != Scheduled
		s = rest.deferOrMiss(c)
	}
	return s
}

func (s State) deferOrMiss(c Command) State {
	err := s.Check(c)
	switch {
	case err != nil:
		return s.Miss(c, err)
	case c.AtPeriodEnd:
		return s.Defer(c)
	case c.Kind == Transfer: // of one that is about to begin
		return s.TransferNow(c)
	}
	return s.CancelNow(c)
}

func (s State) takePlanned() (Command, State) {
	c := s.Planned[0]
	c.At, c.On = c.On, time.Time{}
	s.Planned = slices.Clone(s.Planned[1:])
	if len(s.Planned) == 0 {
		s.Planned = nil
	}
	return c, s
}

// Miss notes that a planned command could not be carried out.
func (s State) Miss(c Command, why error) State {
	refusal := Refusal{Code: "failed", Message: why.Error()}
	if refused := asRefusal(why); refused != nil {
		refusal = *refused
	}
	s.Missed = append(slices.Clone(s.Missed), Missed{CommandID: c.ID, Kind: c.Kind, At: c.At.UTC(), Refusal: refusal})
	s.Missed = s.Missed[max(0, len(s.Missed)-mostMissed):]
	s.LastAt = later(s.LastAt, c.At.UTC())
	return s
}

func without(commands []Command, drop func(Command) bool) []Command {
	kept := slices.DeleteFunc(slices.Clone(commands), drop)
	if len(kept) == 0 {
		return nil
	}
	return kept
}
