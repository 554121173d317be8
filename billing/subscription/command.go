package subscription

import (
	"fmt"
	"time"
)

// Kind names what a command asks for.
type Kind string

// The commands a subscription takes.
const (
	ChangeTerms Kind = "change"
	Pause       Kind = "pause"
	Resume      Kind = "resume"
	Cancel      Kind = "cancel"
)

// Command asks a subscription for something. ID makes a repeated command answer as the first one did.
type Command struct {
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// At is the instant the command takes effect, in billing time.
	At time.Time `json:"at"`
	// AtPeriodEnd defers a change or a cancellation to the next boundary.
	AtPeriodEnd bool `json:"at_period_end,omitempty"`
	// Terms are the new terms of a change.
	Terms *Terms `json:"terms,omitempty"`
	// CreditUnused, on an immediate cancellation, credits the paid time that is left.
	CreditUnused bool   `json:"credit_unused,omitempty"`
	Actor        string `json:"actor"`
	Reason       string `json:"reason,omitempty"`
}

// Refusal is why a command cannot be carried out. Code is stable, for programs; Message is for people.
type Refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *Refusal) Error() string { return r.Message }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Check says whether a command may be carried out now; the error is a *Refusal. It changes nothing.
func (s State) Check(c Command) error {
	if c.ID == "" {
		return refuse("command_id_missing", "subscription %s: a command needs an id, so that repeating it is safe", s.ID)
	}
	if c.At.IsZero() {
		return refuse("command_at_missing", "subscription %s: command %s does not say when it takes effect", s.ID, c.ID)
	}
	if s.Ended() {
		return refuse("subscription_canceled", "subscription %s was canceled at %s: start a new one instead", s.ID, s.EndedAt.Format(time.RFC3339))
	}
	if c.At.Before(s.LastAt) {
		return refuse("command_too_old", "subscription %s: command %s is dated %s, before the latest change at %s",
			s.ID, c.ID, c.At.Format(time.RFC3339), s.LastAt.Format(time.RFC3339))
	}
	return s.checkKind(c)
}

func (s State) checkKind(c Command) error {
	switch c.Kind {
	case ChangeTerms:
		return s.checkChange(c)
	case Pause:
		if s.Status != Active && s.Status != PastDue {
			return refuse("cannot_pause", "subscription %s is %s: only an active one can be paused", s.ID, s.Status)
		}
	case Resume:
		if s.Status != Paused {
			return refuse("cannot_resume", "subscription %s is %s: only a paused one can be resumed", s.ID, s.Status)
		}
	case Cancel:
		if c.AtPeriodEnd && s.Status == Paused {
			return refuse("no_period_to_end", "subscription %s is paused and has no period to end: cancel it now", s.ID)
		}
	default:
		return refuse("command_unknown", "subscription %s: unknown command %q (known: change, pause, resume, cancel)", s.ID, c.Kind)
	}
	return nil
}

func (s State) checkChange(c Command) error {
	if s.Status == Paused || s.Status == Scheduled {
		return refuse("cannot_change", "subscription %s is %s: its terms can be changed once it is active", s.ID, s.Status)
	}
	if c.Terms == nil || c.Terms.PlanID == "" {
		return refuse("terms_missing", "subscription %s: change %s does not name the new plan", s.ID, c.ID)
	}
	if c.Terms.Seats < 0 {
		return refuse("seats_negative", "subscription %s: seats must be 0 or more, not %d", s.ID, c.Terms.Seats)
	}
	if *c.Terms == s.Terms && !c.AtPeriodEnd && s.AtPeriodEnd == nil {
		return refuse("nothing_to_change", "subscription %s already has plan %s version %d with %d seats",
			s.ID, s.Terms.PlanID, s.Terms.PlanVersion, s.Terms.Seats)
	}
	return nil
}

// Defer notes a change or cancellation for the next boundary; a later one replaces it.
func (s State) Defer(c Command) State {
	s.AtPeriodEnd = &Change{Cancel: c.Kind == Cancel, Reason: endReason(c), Terms: c.Terms}
	s.LastAt = c.At
	return s
}

// ChangeNow puts new terms in force at once.
func (s State) ChangeNow(c Command) State {
	s.Terms, s.AtPeriodEnd, s.LastAt = *c.Terms, nil, c.At
	return s
}

// PauseNow stops billing until the subscription is resumed.
func (s State) PauseNow(c Command) State {
	s.Status, s.AtPeriodEnd, s.LastAt = Paused, nil, c.At
	return s
}

// CancelNow ends the subscription at the command's instant.
func (s State) CancelNow(c Command) State { return s.End(c.At, endReason(c)) }

func endReason(c Command) string {
	if c.Reason != "" {
		return c.Reason
	}
	return "canceled_by_" + c.Actor
}
