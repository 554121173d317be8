package subscription

import (
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
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

func asRefusal(err error) *Refusal {
	refused, _ := errors.AsType[*Refusal](err) // nil is the answer
	return refused
}

// Check says whether a command may be carried out now or, if it is for a date, planned. It changes nothing. The error is a
// *Refusal with one of the codes
//
//	command_id_missing, command_at_missing, command_unknown, cannot_defer   the command itself is wrong
//	command_too_old         it is dated before the latest thing that happened
//	subscription_canceled   nothing can happen any more, but that it begins again or is charged for something
//	not_ended               late usage of a subscription that goes on, whose next invoice bills it
//	no_next_invoice         a charge for the next invoice of a subscription that has ended
//	cannot_pause, cannot_resume, cannot_change, cannot_release, no_period_to_end   not in this status
//	held_for_review         a pause, change or transfer while somebody decides about the first payment
//	cancellation_pending    a pause or transfer, though the subscription is to end with its period
//	last_period             a pause or deferred change, though the fixed term ends with the period
//	terms_missing, seats_negative   a change to terms that cannot be
//	prices_without_change   prices with another command than a change
//	nothing_to_change       a change to what already is
//	pause_mode_unknown, cannot_extend   a pause that cannot be
//	customer_missing        a transfer to nobody
//	nothing_to_reactivate, cannot_reactivate   no cancellation to take back; an end that is final
//	nothing_to_bill_next, too_many_pending   a change that cannot be left to the next invoice
//	not_planned             there is no such planned command to withdraw
//	item_missing, item_invalid   a charge of nothing, or of an item that cannot be: see checkItem
//	two_dates, date_passed, cannot_plan, before_start, after_the_end, too_many_planned   see checkPlan
func (s State) Check(c Command) error {
	switch {
	case c.ID == "":
		return refuse("command_id_missing", "subscription %s: a command needs an id, so that repeating it is safe", s.ID)
	case c.At.IsZero():
		return refuse("command_at_missing", "subscription %s: command %s does not say when it takes effect", s.ID, c.ID)
	case s.Ended() && c.Kind == Charge && c.BillNext:
		return refuse("no_next_invoice", "subscription %s has ended and has no next invoice: charge it now", s.ID)
	case s.Ended() && !c.Kind.AfterTheEnd():
		return refuse("subscription_canceled", "subscription %s was canceled at %s: start a new one instead", s.ID, s.EndedAt.Format(time.RFC3339))
	case c.At.Before(s.LastAt):
		return refuse("command_too_old", "subscription %s: command %s is dated %s, before the latest change at %s",
			s.ID, c.ID, c.At.UTC().Format(time.RFC3339Nano), s.LastAt.Format(time.RFC3339Nano))
	}
	if err := s.checkInput(c); err != nil {
		return err
	}
	if !c.On.IsZero() {
		return s.checkPlan(c)
	}
	return s.checkKind(c)
}

// mostPending bounds what a state carries and an invoice bills together.
const mostPending = 50

// checkInput refuses what cannot be, whatever the subscription's status.
func (s State) checkInput(c Command) error {
	switch c.Kind {
	case ChangeTerms:
		if c.Terms == nil || c.Terms.PlanID == "" {
			return refuse("terms_missing", "subscription %s: change %s does not name the new plan", s.ID, c.ID)
		}
		if c.BillNext && c.AtPeriodEnd {
			return refuse("nothing_to_bill_next", "subscription %s: a change at the period's end has nothing to bill before it: leave bill_next out", s.ID)
		}
		if c.BillNext && len(s.Pending) >= mostPending {
			return refuse("too_many_pending", "subscription %s: %d changes wait for the next invoice: have this one billed now", s.ID, len(s.Pending))
		}
	case Pause:
		if !c.Mode.known() {
			return refuse("pause_mode_unknown", "subscription %s: pause mode %q must be one of credit, keep, extend", s.ID, c.Mode)
		}
		if c.Mode == PauseExtend && s.BilledBy == catalog.ByInvoiceRun {
			return refuse("cannot_extend",
				"subscription %s is billed by the monthly run, in arrears: there is no paid time to serve later; pause it without extend", s.ID)
		}
	case Transfer:
		if c.Customer == "" {
			return refuse("customer_missing", "subscription %s: transfer %s does not name the new customer", s.ID, c.ID)
		}
	case Reactivate, Withdraw, Release, Charge, CancelCharge, BillLate:
		if c.AtPeriodEnd {
			return refuse("cannot_defer", "subscription %s: a command to %s takes effect at once: leave the period's end out", s.ID, c.Kind)
		}
	case Resume, Cancel:
	default:
		return refuse("command_unknown",
			"subscription %s: unknown command %q (known: change, pause, resume, cancel, reactivate, transfer, withdraw, charge, cancel_charge, bill_late)", s.ID, c.Kind)
	}
	if c.Kind == Charge {
		return s.checkItem(c)
	}
	if len(c.Prices) > 0 && c.Kind != ChangeTerms {
		return refuse("prices_without_change", "subscription %s: prices are agreed with a change, not with a command to %s: leave them out", s.ID, c.Kind)
	}
	if c.Terms != nil && c.Terms.Seats < 0 {
		return refuse("seats_negative", "subscription %s: seats must be 0 or more, not %d", s.ID, c.Terms.Seats)
	}
	return nil
}

func (s State) checkKind(c Command) error {
	if s.Status == Held && (c.Kind == ChangeTerms || c.Kind == Pause || c.Kind == Transfer) {
		return refuse("held_for_review", "subscription %s is held until somebody has decided about payment %s: decide its review first, or cancel",
			s.ID, s.HeldFor)
	}
	switch c.Kind {
	case ChangeTerms:
		return s.checkChange(c)
	case Pause:
		return s.checkPause(c)
	case Resume:
		return s.checkResume(c)
	case Reactivate:
		return s.checkReactivate()
	case Transfer:
		return s.checkTransfer(c)
	case Withdraw:
		return s.checkWithdraw(c)
	case Charge, CancelCharge:
	case BillLate:
		if !s.Ended() {
			return refuse("not_ended", "subscription %s is %s: its next invoice bills what becomes known late", s.ID, s.Status)
		}
	case Release:
		if s.Status != Held {
			return refuse("cannot_release", "subscription %s is %s: only a held one can be released", s.ID, s.Status)
		}
	default: // Cancel
		if c.AtPeriodEnd && !s.hasBoundary() {
			return refuse("no_period_to_end", "subscription %s is %s and has no period to end: cancel it now", s.ID, s.Status)
		}
	}
	return nil
}

// hasBoundary says that a period or a trial is under way, whose end something can wait for.
func (s State) hasBoundary() bool { return s.Status == Trialing || s.InPeriod() }

// checkPause refuses a pause that nothing could follow: unless it keeps the period, no boundary comes before it is
// resumed, and then another period begins.
func (s State) checkPause(c Command) error {
	if c.Mode == PauseExtend && s.EndsAt != nil {
		return refuse("cannot_extend", "subscription %s has a fixed term to %s, which does not move: pause it with keep or credit",
			s.ID, s.EndsAt.Format(time.RFC3339))
	}
	follows := c.AtPeriodEnd || c.Mode != PauseKeep || s.BilledBy == catalog.ByInvoiceRun
	switch {
	case !s.Running():
		return refuse("cannot_pause", "subscription %s is %s: only an active one can be paused", s.ID, s.Status)
	case follows && s.cancelsAtBoundary():
		return refuse("cancellation_pending", "subscription %s ends on %s: withdraw the cancellation before pausing, or cancel it now",
			s.ID, s.Period.End.Format(time.RFC3339))
	case follows && s.inLastCycle():
		return refuse("last_period", "subscription %s is in the last billing period of its fixed term: cancel it instead of pausing", s.ID)
	}
	return nil
}

func (s State) checkResume(c Command) error {
	switch {
	case s.Status != Paused:
		return refuse("cannot_resume", "subscription %s is %s: only a paused one can be resumed", s.ID, s.Status)
	case c.AtPeriodEnd && !s.InPeriod():
		return refuse("no_period_to_end", "subscription %s is paused and no period goes on: resume it now or on a date", s.ID)
	}
	return nil
}

func (s State) checkChange(c Command) error {
	if s.Status == Paused || s.Status == Scheduled {
		return refuse("cannot_change", "subscription %s is %s: its terms can be changed once it is active", s.ID, s.Status)
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
	case !c.AtPeriodEnd && s.AtPeriodEnd.Terms == nil:
		return refuse("nothing_to_change", "subscription %s already has plan %s version %d with %d seats: "+
			"to withdraw its cancellation, change to them at the period's end",
			s.ID, s.Terms.PlanID, s.Terms.PlanVersion, s.Terms.Seats)
	}
	return nil
}

func (s State) checkTransfer(c Command) error {
	switch {
	case c.Customer == s.CustomerAtBoundary() && (c.AtPeriodEnd || c.Customer == s.CustomerID):
		return refuse("nothing_to_change", "subscription %s belongs to customer %s already", s.ID, c.Customer)
	case c.AtPeriodEnd && !s.hasBoundary():
		return refuse("no_period_to_end", "subscription %s is %s and has no period to end: transfer it now or on a date", s.ID, s.Status)
	case c.AtPeriodEnd && s.cancelsAtBoundary():
		return refuse("cancellation_pending", "subscription %s ends on %s: withdraw the cancellation before transferring, or transfer it now",
			s.ID, s.Period.End.Format(time.RFC3339))
	case c.AtPeriodEnd && s.inLastCycle():
		return refuse("last_period", "subscription %s is in the last billing period of its fixed term: after it there is nothing to transfer", s.ID)
	}
	return nil
}

// checkReactivate lets a cancellation be taken back before it happens, and a subscription begin again that its customer
// left and owes nothing for. One that never began, or whose term is over, is a new agreement.
func (s State) checkReactivate() error {
	switch {
	case !s.Ended() && !s.cancelsAtBoundary() && !s.cancelPlanned(time.Time{}):
		return refuse("nothing_to_reactivate", "subscription %s is %s and not about to end", s.ID, s.Status)
	case !s.Ended():
		return nil
	case s.Cycle < 0 || !s.EndedAt.After(s.StartAt):
		return refuse("cannot_reactivate", "subscription %s ended before it had begun: start a new one instead", s.ID)
	case s.EndsAfter > 0 || s.EndsAt != nil:
		return refuse("cannot_reactivate", "subscription %s had a fixed term: agree on a new one", s.ID)
	case len(s.Unpaid) > 0 || s.EndReason == Unpaid:
		return refuse("cannot_reactivate", "subscription %s ended owing its customer's invoices: have them paid and start a new one", s.ID)
	}
	return nil
}

func (s State) checkWithdraw(c Command) error {
	for _, planned := range s.Planned {
		if planned.ID == c.Withdraws {
			return nil
		}
	}
	return refuse("not_planned", "subscription %s has no planned command %q: it was carried out, withdrawn, or never given", s.ID, c.Withdraws)
}

// checkPlan refuses a command for a date on which it cannot be carried out, as far as is known today.
func (s State) checkPlan(c Command) error {
	switch {
	case c.AtPeriodEnd:
		return refuse("two_dates", "subscription %s: command %s is for a date and for the period's end: give one of them", s.ID, c.ID)
	case !c.On.After(c.At):
		return refuse("date_passed", "subscription %s: command %s is planned for %s, which is not after %s: leave the date out to have it carried out now",
			s.ID, c.ID, c.On.UTC().Format(time.RFC3339), c.At.UTC().Format(time.RFC3339))
	case !c.Kind.canBePlanned():
		return refuse("cannot_plan", "subscription %s: a command to %s takes effect at once: leave the date out", s.ID, c.Kind)
	case s.Status == Scheduled && !c.On.After(s.StartAt) && c.Kind != Cancel && c.Kind != Transfer:
		return refuse("before_start", "subscription %s begins at %s: plan a %s for a later date", s.ID, s.StartAt.Format(time.RFC3339), c.Kind)
	case len(s.Planned) >= mostPlanned:
		return refuse("too_many_planned", "subscription %s has %d planned commands: withdraw one first", s.ID, len(s.Planned))
	}
	if _, ends := s.EndsAtBoundary(); ends && s.hasBoundary() && !c.On.Before(s.Period.End) ||
		s.EndsAt != nil && !c.On.Before(*s.EndsAt) || s.cancelPlanned(c.On) {
		return refuse("after_the_end", "subscription %s is to end before %s: withdraw that first", s.ID, c.On.UTC().Format(time.RFC3339))
	}
	return nil
}

// cancelPlanned says that a cancellation is planned for an instant or an earlier one, or for any (the zero time).
func (s State) cancelPlanned(until time.Time) bool {
	for _, planned := range s.Planned {
		if planned.Kind == Cancel && (until.IsZero() || !planned.On.After(until)) {
			return true
		}
	}
	return false
}
