package subscription

import (
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// StartTrial begins a free trial that ends, unless canceled, with the first paid period.
func (s State) StartTrial(anchor calendar.Date, end time.Time) State {
	end = end.UTC()
	s.Status, s.Anchor, s.TrialEnd = Trialing, anchor, &end
	s.Period = calendar.Period{Start: s.StartAt, End: end}
	s.LastAt = later(s.LastAt, s.StartAt)
	return s
}

// EndsAtBoundary says whether the subscription ends at its next boundary instead of beginning another cycle, and why:
// the reason of the cancellation, or "term_ended".
func (s State) EndsAtBoundary() (reason string, ends bool) {
	switch {
	case s.cancelsAtBoundary():
		return s.AtPeriodEnd.Reason, true
	case s.inLastCycle(), s.Status == Paused && !s.InPeriod() && s.EndsAt != nil:
		return "term_ended", true
	}
	return "", false
}

func (s State) cancelsAtBoundary() bool { return s.AtPeriodEnd != nil && s.AtPeriodEnd.Cancel }

// inLastCycle says that the fixed term, if there is one, ends with the period.
func (s State) inLastCycle() bool {
	if s.EndsAt != nil {
		return s.InPeriod() && !s.Period.End.Before(*s.EndsAt)
	}
	return s.EndsAfter > 0 && s.Cycle+1 >= s.EndsAfter
}

// TermsAtBoundary are the terms of the cycle that the next boundary begins.
func (s State) TermsAtBoundary() Terms {
	if s.AtPeriodEnd != nil && s.AtPeriodEnd.Terms != nil {
		return *s.AtPeriodEnd.Terms
	}
	return s.Terms
}

// AnchorsAtBoundary says that the next boundary begins a new series of boundaries, though the interval may stay.
func (s State) AnchorsAtBoundary() bool { return s.AtPeriodEnd != nil && s.AtPeriodEnd.NewAnchor }

// BeginPart enters a billing period that is only a part of a whole cycle.
func (s State) BeginPart(period, full calendar.Period) State {
	s = s.BeginCycle(period)
	s.Full = calendar.Period{Start: full.Start.UTC(), End: full.End.UTC()}
	return s
}

// PausesAtBoundary says that a pause begins at the next boundary instead of another cycle.
func (s State) PausesAtBoundary() bool { return s.AtPeriodEnd != nil && s.AtPeriodEnd.Pause != "" }

// PassesBoundary says that the next period begins in a pause that keeps the period, and is not charged.
func (s State) PassesBoundary() bool {
	return s.Status == Paused && s.InPeriod() && (s.AtPeriodEnd == nil || !s.AtPeriodEnd.Resume)
}

// CustomerAtBoundary owns the cycle that the next boundary begins.
func (s State) CustomerAtBoundary() string {
	if s.AtPeriodEnd != nil && s.AtPeriodEnd.Customer != "" {
		return s.AtPeriodEnd.Customer
	}
	return s.CustomerID
}

// BeginCycle enters the next billing period under the terms agreed for it, and ends a pause.
func (s State) BeginCycle(period calendar.Period) State {
	s = s.enter(period)
	s.Uncharged = false
	return s.resumed()
}

func (s State) enter(period calendar.Period) State {
	if customer := s.CustomerAtBoundary(); customer != s.CustomerID {
		s = s.ownedBy(customer, s.LastAt)
	}
	next := s.TermsAtBoundary()
	s.Since, s.Terms = s.sinceInCycle(next.PlanID), next
	s.AtPeriodEnd, s.Extended, s.BilledUntil, s.Pending = nil, 0, nil, nil
	s.Cycle++
	s.Period, s.Full = calendar.Period{Start: period.Start.UTC(), End: period.End.UTC()}, calendar.Period{}
	s.LastAt = later(s.LastAt, s.Period.Start)
	return s
}

// Reanchor makes the next cycle the first of a new series of boundaries, counted from the anchor.
func (s State) Reanchor(anchor calendar.Date) State { return s.ReanchorAt(anchor, 0) }

// ReanchorAt makes the next cycle the nth of a new series of boundaries: -1 for the stub before the anchor.
func (s State) ReanchorAt(anchor calendar.Date, n int) State {
	s.Anchor, s.AnchorCycle = anchor, s.Cycle+1-n
	return s
}

// Unpaid is why a subscription ends whose invoices could not be collected.
const Unpaid = "unpaid"

// End closes the subscription, until it begins again if it may.
func (s State) End(at time.Time, reason string) State {
	at = at.UTC()
	s.Status, s.EndedAt, s.EndReason = Canceled, &at, reason
	s.AtPeriodEnd, s.Planned, s.HeldFor, s.LastAt = nil, nil, "", later(s.LastAt, at)
	s.PauseMode, s.PausedAt, s.Uncharged, s.Extended, s.Pending = "", nil, false, 0, nil
	return s
}

// PaymentFailed notes an invoice that dunning now collects. Only an active subscription becomes past due: a paused or
// canceled one stays what it is, and a paused one is past due when it is resumed.
func (s State) PaymentFailed(invoiceID string) State {
	if !slices.Contains(s.Unpaid, invoiceID) {
		s.Unpaid = append(slices.Clone(s.Unpaid), invoiceID)
	}
	if s.Status == Active {
		s.Status = PastDue
	}
	return s
}

// CollectionEnded notes that an invoice is no longer being collected, whether it was paid or given up. The subscription
// stays past due while other invoices are collected.
func (s State) CollectionEnded(invoiceID string) State {
	s.Unpaid = slices.DeleteFunc(slices.Clone(s.Unpaid), func(id string) bool { return id == invoiceID })
	if len(s.Unpaid) == 0 {
		s.Unpaid = nil
	}
	if s.Status == PastDue {
		s.Status = s.paying()
	}
	return s
}

func (s State) paying() Status {
	switch {
	case s.HeldFor != "":
		return Held
	case len(s.Unpaid) > 0:
		return PastDue
	}
	return Active
}

// Hold keeps a subscription that has just begun from being active until somebody has decided about its payment.
func (s State) Hold(paymentID string) State {
	if s.Status == Active || s.Status == PastDue {
		s.HeldFor = paymentID
		s.Status = s.paying()
	}
	return s
}

// ReleaseNow ends a hold. It moves nothing in time: what was held began when it began.
func (s State) ReleaseNow() State {
	s.HeldFor = ""
	s.Status = s.paying()
	return s
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
