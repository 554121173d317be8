// Package subscription is the life of a subscription as a pure state machine: what may happen to it and what follows.
// It reads no clock and no calendar: instants and periods are passed in.
package subscription

import (
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
)

// Status is where a subscription stands.
type Status string

// The life of a subscription: scheduled → trialing → active ⇄ past_due, active ⇄ paused, and at last canceled. Held is
// between its start and active: a person has to decide about its first payment, and until then nothing is due to the
// customer.
const (
	Scheduled Status = "scheduled"
	Trialing  Status = "trialing"
	Active    Status = "active"
	Held      Status = "held"
	PastDue   Status = "past_due"
	Paused    Status = "paused"
	Canceled  Status = "canceled"
)

// Entitling are the statuses in which a subscription opens its plan's features to the customer.
func Entitling() []Status { return []Status{Trialing, Active, PastDue} }

// State is everything a subscription's workflow carries from one billing period to the next. Methods return a new state
// and leave the old one as it was. Instants are in UTC, so that a state survives JSON unchanged.
type State struct {
	ID         string           `json:"id"`
	CustomerID string           `json:"customer_id"`
	Status     Status           `json:"status"`
	Terms      Terms            `json:"terms"`
	BilledBy   catalog.BilledBy `json:"billed_by"`
	// StartAt is when the subscription begins; TrialEnd, when set, is when the first paid period began or is to begin.
	StartAt  time.Time  `json:"start_at"`
	TrialEnd *time.Time `json:"trial_end,omitempty"`
	// Anchor is the civil date from which all boundaries are computed; Cycle counts the periods begun, from 0 (-1 before the first).
	Anchor calendar.Date `json:"anchor"`
	Cycle  int           `json:"cycle"`
	// Period is the one under way. The monthly run, not the subscription, moves through the months: whoever defers a
	// command on a subscription billed by the run sets Period to the month that the command waits for.
	Period calendar.Period `json:"period"`
	// Full is the whole cycle that Period is a part of, when Period is a stub or cut by EndsAt. Zero when Period is whole.
	Full calendar.Period `json:"full,omitzero"`
	// PeriodDay is the civil day, in the customer's zone, on which Period begins: what people call the period.
	PeriodDay calendar.Date `json:"period_day,omitzero"`
	// AnchorCycle is the cycle that begins at the anchor: cycle n begins at the anchor's (n - AnchorCycle)th boundary. The
	// one before it is a stub, if the plan's periods are aligned. It moves with the anchor when a pause ends or the schedule
	// changes, and when a cycle is passed over because the customer's calendar has not got its days.
	AnchorCycle int `json:"anchor_cycle"`
	// Since says of plans in force in the period under way in which cycle they came into force: those it does not list, in the
	// first one.
	Since []PlanSince `json:"since,omitempty"`
	// EndsAfter, when above 0, is a fixed term: the number of cycles after which the subscription ends by itself.
	EndsAfter int `json:"ends_after,omitempty"`
	// EndsAt, when set, is a fixed term to an instant, at which the subscription ends by itself, in mid-period and when
	// paused, too.
	EndsAt *time.Time `json:"ends_at,omitempty"`
	// AtPeriodEnd is what was asked to happen at the next boundary; for a paused subscription that is its resumption.
	AtPeriodEnd *Deferred `json:"at_period_end,omitempty"`
	// Planned are the commands given for a date, in the order of their instants.
	Planned []Command `json:"planned,omitempty"`
	// Missed are the latest planned commands that could not be carried out on their day, oldest first.
	Missed []Missed `json:"missed,omitempty"`
	// PausedAt is when the pause under way began, and PauseMode what it does with the period ("" for PauseCredit, or none).
	PausedAt  *time.Time `json:"paused_at,omitempty"`
	PauseMode PauseMode  `json:"pause_mode,omitempty"`
	// Uncharged says that the period under way began in a pause and has not been charged in advance.
	Uncharged bool `json:"uncharged,omitempty"`
	// Pending are changes in the period under way of which no invoice has billed the difference, oldest first.
	Pending []Unbilled `json:"pending,omitempty"`
	// BilledUntil is until when the period under way has been billed in arrears, if it has: to a former customer.
	BilledUntil *time.Time `json:"billed_until,omitempty"`
	// Extended is by how many civil days pauses have moved the end of the period under way.
	Extended int `json:"extended,omitempty"`
	// Unpaid lists the invoices being collected by dunning, oldest first.
	Unpaid []string `json:"unpaid,omitempty"`
	// HeldFor is the payment whose review keeps the subscription from being active.
	HeldFor string `json:"held_for,omitempty"`
	// LastAt is the instant of the latest thing that happened, zero before the first; nothing may be dated before it.
	LastAt    time.Time  `json:"last_at,omitzero"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
	EndReason string     `json:"end_reason,omitempty"`
}

// Deferred is what happens at the end of the period: the end if Cancel is set, else any of the others.
type Deferred struct {
	Cancel bool   `json:"cancel,omitempty"`
	Reason string `json:"reason,omitempty"`
	Terms  *Terms `json:"terms,omitempty"`
	// NewAnchor makes the period that begins there the first of a new series of boundaries, whatever its interval.
	NewAnchor bool `json:"new_anchor,omitempty"`
	// Pause is the mode of a pause that begins there.
	Pause PauseMode `json:"pause,omitempty"`
	// Resume ends a pause there that kept the period.
	Resume bool `json:"resume,omitempty"`
	// Customer is to whom the subscription is transferred there.
	Customer string `json:"customer,omitempty"`
}

// Unbilled is a change of terms that the next invoice bills.
type Unbilled struct {
	At    time.Time `json:"at"`
	Terms Terms     `json:"terms"`
}

func (d Deferred) orNothing() *Deferred {
	if !d.Cancel && d.Terms == nil && d.Pause == "" && !d.Resume && d.Customer == "" {
		return nil
	}
	return &d
}

// New is a subscription that has been agreed but not begun. It can be canceled before its start.
func New(id, customerID string, terms Terms, billedBy catalog.BilledBy, startAt time.Time, endsAfter int) State {
	return State{
		ID: id, CustomerID: customerID, Status: Scheduled, Terms: terms, BilledBy: billedBy,
		StartAt: startAt.UTC(), Cycle: -1, EndsAfter: endsAfter,
	}
}

// Ended says that nothing can happen any more.
func (s State) Ended() bool { return s.Status == Canceled }

// Running says that a paid period is under way.
func (s State) Running() bool { return s.Status == Active || s.Status == PastDue || s.Status == Held }

// NextDue is the instant at which the subscription acts by itself, if it will: its next boundary, or the day of a planned
// command before it. One that is billed by the monthly run meets a boundary only to carry out what was deferred to the
// end of its month.
func (s State) NextDue() (time.Time, bool) {
	due, is := s.boundary()
	if len(s.Planned) > 0 && (!is || s.Planned[0].On.Before(due)) {
		return s.Planned[0].On, true
	}
	return due, is
}

// UnbilledFrom is from when on the period under way is still to be billed in arrears.
func (s State) UnbilledFrom() time.Time {
	if s.BilledUntil != nil {
		return *s.BilledUntil
	}
	return s.Period.Start
}

func (s State) boundary() (time.Time, bool) {
	switch {
	case s.Ended(), s.Status == Paused && !s.InPeriod() && s.EndsAt == nil:
		return time.Time{}, false
	case s.Status == Paused && !s.InPeriod():
		return *s.EndsAt, true
	case s.Status == Scheduled:
		return s.StartAt, true
	case s.Status == Trialing:
		return *s.TrialEnd, true
	case s.BilledBy == catalog.ByInvoiceRun && s.AtPeriodEnd == nil:
		return time.Time{}, false
	}
	return s.Period.End, true
}
