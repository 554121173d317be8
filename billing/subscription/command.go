package subscription

import (
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
)

// Kind names what a command asks for.
type Kind string

// The commands a subscription takes.
const (
	ChangeTerms Kind = "change"
	Pause       Kind = "pause"
	Resume      Kind = "resume"
	Cancel      Kind = "cancel"
	// Reactivate takes back a cancellation that has not happened yet, and begins a canceled subscription again.
	Reactivate Kind = "reactivate"
	// Transfer makes another customer the one who owns and pays the subscription.
	Transfer Kind = "transfer"
	// Withdraw takes back a command that was planned for a date.
	Withdraw Kind = "withdraw"
	// Charge puts an item on an invoice: on the next one, or on one of its own.
	Charge Kind = "charge"
	// CancelCharge takes back an item that no invoice has billed.
	CancelCharge Kind = "cancel_charge"
	// BillLate bills what was used before the end of a subscription and became known after it.
	BillLate Kind = "bill_late"
	// Release ends a hold. It follows from a review that approved the payment, and is not for customers to ask for.
	Release Kind = "release"
)

// Command asks a subscription for something. ID makes a repeated command answer as the first one did.
type Command struct {
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// At is the instant, in billing time, at which the command is given, and takes effect unless On or AtPeriodEnd says
	// otherwise.
	At time.Time `json:"at"`
	// On is a later instant at which the command takes effect: until then it is planned.
	On time.Time `json:"on,omitzero"`
	// AtPeriodEnd defers the command to the next boundary. A change at the period's end to the terms already in force
	// withdraws what was deferred before, as does a reactivation.
	AtPeriodEnd bool `json:"at_period_end,omitempty"`
	// Terms are the new terms of a change, or those that a canceled subscription begins again with (its last if absent).
	Terms *Terms `json:"terms,omitempty"`
	// Prices are agreed with the customer for the new version of a change, in place of the catalogue's.
	Prices catalog.Agreed `json:"prices,omitempty"`
	// CreditUnused, on an immediate cancellation, credits the paid time that is left.
	CreditUnused bool `json:"credit_unused,omitempty"`
	// Mode is what a pause does with the period under way.
	Mode PauseMode `json:"mode,omitempty"`
	// BillNext leaves what a change in mid-period credits and charges, or the item of a charge, to the next invoice, whatever
	// that is for.
	BillNext bool `json:"bill_next,omitempty"`
	// NewPeriod has a change in mid-period end the period under way and begin a whole one, whose day is the new anchor. A
	// change to another interval does so anyway.
	NewPeriod bool `json:"new_period,omitempty"`
	// Customer is to whom the subscription is transferred.
	Customer string `json:"customer,omitempty"`
	// Item is what is charged. Its description is for goods and services: commands are kept where no personal data belongs.
	Item *invoicing.Item `json:"item,omitempty"`
	// Withdraws is the id of the planned command, or of the charge, that is taken back.
	Withdraws string `json:"withdraws,omitempty"`
	// Actor is who asks, such as "customer" or "dunning".
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"`
}

// Defer notes a command for the next boundary. The latest word counts: a cancellation takes the place of all that was
// noted before, and whatever else is noted takes the place of a cancellation. Terms that are in force already leave
// nothing to do there.
func (s State) Defer(c Command) State {
	s.LastAt = c.At.UTC()
	var next Deferred
	if s.AtPeriodEnd != nil && !s.AtPeriodEnd.Cancel {
		next = *s.AtPeriodEnd
	}
	next.Reason = c.Reason
	switch c.Kind {
	case Cancel:
		next = Deferred{Cancel: true, Reason: endReason(c)}
	case Pause:
		next.Pause = c.Mode.atBoundary()
	case Resume:
		next.Resume = true
	case Transfer:
		next.Customer = c.Customer
	default:
		if *c.Terms == s.Terms && !c.NewPeriod {
			s.AtPeriodEnd = nil
			return s
		}
		terms := *c.Terms
		next.Terms, next.NewAnchor = &terms, c.NewPeriod
	}
	s.AtPeriodEnd = &next
	return s
}

// ChangeNow puts new terms in force at once. Another plan or version takes the place of terms deferred to the next boundary, and
// so do the terms in force already. Other seats or add-ons leave a plan or version that waits there waiting, with them: who was
// told of a new price, or asked for another plan, gets it though a seat was added meanwhile. A cancellation stands as well.
func (s State) ChangeNow(c Command) State {
	before := s.Terms
	s = s.takeUp(c.Terms.PlanID)
	s.Terms, s.LastAt, s.Pending = *c.Terms, c.At.UTC(), nil
	if s.AtPeriodEnd != nil && !s.AtPeriodEnd.Cancel {
		next := *s.AtPeriodEnd
		next.Terms = next.termsAfter(before, s.Terms)
		s.AtPeriodEnd = next.orNothing()
	}
	return s
}

// termsAfter are the deferred terms after a change at once, nil for none.
func (d Deferred) termsAfter(before, now Terms) *Terms {
	if d.Terms == nil || now == before || !now.SamePlan(before) || d.Terms.SamePlan(before) {
		return nil
	}
	next := *d.Terms
	if next.Seats == before.Seats {
		next.Seats = now.Seats
	}
	if next.AddOns == before.AddOns {
		next.AddOns = now.AddOns
	}
	return &next
}

// ChangeUnbilled is ChangeNow of which the next invoice bills the difference, together with what is pending already.
func (s State) ChangeUnbilled(c Command) State {
	pending := append(slices.Clone(s.Pending), Unbilled{At: c.At.UTC(), Terms: *c.Terms})
	s = s.ChangeNow(c)
	s.Pending = pending
	return s
}

// CancelNow ends the subscription at the command's instant.
func (s State) CancelNow(c Command) State { return s.End(c.At, endReason(c)) }

// KeepGoing takes back the cancellation that was to happen at the period's end and those planned for a date.
func (s State) KeepGoing(c Command) State {
	s.LastAt = c.At.UTC()
	if s.cancelsAtBoundary() {
		s.AtPeriodEnd = nil
	}
	s.Planned = without(s.Planned, func(planned Command) bool { return planned.Kind == Cancel })
	return s
}

// BeginAgain brings a canceled subscription back with its last terms, or those of the command. It has no period yet: the
// next cycle is the first of a new series of boundaries.
func (s State) BeginAgain(c Command) State {
	s.EndedAt, s.EndReason, s.LastAt = nil, "", c.At.UTC()
	s.Status, s.PauseMode = Paused, PauseCredit // as after a pause, the next cycle begins whenever it is told to
	if c.Terms != nil && *c.Terms != s.Terms {
		terms := *c.Terms
		s.AtPeriodEnd = &Deferred{Terms: &terms}
	}
	return s
}

// TransferNow makes another customer the owner at the command's instant. What the former one still owes is no longer the
// subscription's concern.
func (s State) TransferNow(c Command) State { return s.ownedBy(c.Customer, c.At) }

// TransferInPeriod is TransferNow in the midst of a period, which has been billed and credited to the former customer. In a
// pause the new one has paid for nothing: the period counts as uncharged, and there is no paid time to be served later.
func (s State) TransferInPeriod(c Command) State {
	at := c.At.UTC()
	s = s.ownedBy(c.Customer, at)
	s.BilledUntil, s.Pending = &at, nil
	if s.Status == Paused {
		s.Uncharged = s.PauseMode == PauseKeep
		if s.PauseMode == PauseExtend {
			s.PauseMode = ""
		}
	}
	return s
}

// OwnedAtBoundary makes the customer the owner to whom a boundary, at an instant, transfers the subscription. The period
// that ends there has been billed to the former one.
func (s State) OwnedAtBoundary(at time.Time) State {
	customer, next := s.CustomerAtBoundary(), *s.AtPeriodEnd
	next.Customer = ""
	at = at.UTC()
	s.AtPeriodEnd, s.BilledUntil, s.Pending = next.orNothing(), &at, nil
	return s.ownedBy(customer, at)
}

func (s State) ownedBy(customer string, at time.Time) State {
	s.CustomerID, s.LastAt, s.Unpaid = customer, later(s.LastAt, at.UTC()), nil
	if s.Status == PastDue {
		s.Status = s.paying()
	}
	return s
}

func endReason(c Command) string {
	switch {
	case c.Reason != "":
		return c.Reason
	case c.Actor != "":
		return "canceled_by_" + c.Actor
	}
	return "canceled"
}
