package subscription

import (
	"fmt"
	"time"
)

// Refusal is why a command cannot be carried out. Code is stable, for programs; Message is for people.
type Refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *Refusal) Error() string { return r.Message }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Check says whether a command may be carried out now. It changes nothing. The error is a *Refusal with one of the codes
//
//	command_id_missing, command_at_missing, command_unknown, cannot_defer   the command itself is wrong
//	command_too_old         it is dated before the latest thing that happened
//	subscription_canceled   nothing can happen any more
//	cannot_pause, cannot_resume, cannot_change, cannot_release, no_period_to_end   not in this status
//	held_for_review         a pause or change while somebody decides about the first payment
//	cancellation_pending    a pause, though the subscription is to end with its period
//	last_period             a pause or deferred change, though the fixed term ends with the period
//	terms_missing, seats_negative   a change to terms that cannot be
//	nothing_to_change       a change to what already is
func (s State) Check(c Command) error {
	switch {
	case c.ID == "":
		return refuse("command_id_missing", "subscription %s: a command needs an id, so that repeating it is safe", s.ID)
	case c.At.IsZero():
		return refuse("command_at_missing", "subscription %s: command %s does not say when it takes effect", s.ID, c.ID)
	case s.Ended():
		return refuse("subscription_canceled", "subscription %s was canceled at %s: start a new one instead", s.ID, s.EndedAt.Format(time.RFC3339))
	case c.At.Before(s.LastAt):
		return refuse("command_too_old", "subscription %s: command %s is dated %s, before the latest change at %s",
			s.ID, c.ID, c.At.UTC().Format(time.RFC3339Nano), s.LastAt.Format(time.RFC3339Nano))
	}
	return s.checkKind(c)
}

func (s State) checkKind(c Command) error {
	if c.AtPeriodEnd && (c.Kind == Pause || c.Kind == Resume) {
		return refuse("cannot_defer", "subscription %s: a %s cannot wait for the period's end: only a change or a cancellation can", s.ID, c.Kind)
	}
	if s.Status == Held && (c.Kind == ChangeTerms || c.Kind == Pause) {
		return refuse("held_for_review", "subscription %s is held until somebody has decided about payment %s: decide its review first, or cancel",
			s.ID, s.HeldFor)
	}
	switch c.Kind {
	case ChangeTerms:
		return s.checkChange(c)
	case Pause:
		return s.checkPause()
	case Resume:
		if s.Status != Paused {
			return refuse("cannot_resume", "subscription %s is %s: only a paused one can be resumed", s.ID, s.Status)
		}
	case Release:
		if s.Status != Held {
			return refuse("cannot_release", "subscription %s is %s: only a held one can be released", s.ID, s.Status)
		}
	case Cancel:
		if c.AtPeriodEnd && (s.Status == Paused || s.Status == Scheduled) {
			return refuse("no_period_to_end", "subscription %s is %s and has no period to end: cancel it now", s.ID, s.Status)
		}
	default:
		return refuse("command_unknown", "subscription %s: unknown command %q (known: change, pause, resume, cancel)", s.ID, c.Kind)
	}
	return nil
}

// checkPause refuses a pause that nothing could follow: resuming begins another period.
func (s State) checkPause() error {
	switch {
	case !s.Running():
		return refuse("cannot_pause", "subscription %s is %s: only an active one can be paused", s.ID, s.Status)
	case s.cancelsAtBoundary():
		return refuse("cancellation_pending", "subscription %s ends on %s: withdraw the cancellation before pausing, or cancel it now",
			s.ID, s.Period.End.Format(time.RFC3339))
	case s.inLastCycle():
		return refuse("last_period", "subscription %s is in the last billing period of its fixed term: cancel it instead of pausing", s.ID)
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
	if *c.Terms != s.Terms {
		if c.AtPeriodEnd && s.inLastCycle() {
			return refuse("last_period", "subscription %s is in the last billing period of its fixed term: after it there is nothing to change", s.ID)
		}
		return nil
	}
	switch {
	case s.AtPeriodEnd == nil:
		return refuse("nothing_to_change", "subscription %s already has plan %s version %d with %d seats",
			s.ID, s.Terms.PlanID, s.Terms.PlanVersion, s.Terms.Seats)
	case !c.AtPeriodEnd && s.cancelsAtBoundary():
		return refuse("nothing_to_change", "subscription %s already has plan %s version %d with %d seats: "+
			"to withdraw its cancellation, change to them at the period's end",
			s.ID, s.Terms.PlanID, s.Terms.PlanVersion, s.Terms.Seats)
	}
	return nil
}
