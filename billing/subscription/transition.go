package subscription

import (
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// StartTrial begins a free trial that ends, unless canceled, with the first paid period.
func (s State) StartTrial(anchor calendar.Date, end time.Time) State {
	s.Status, s.Anchor, s.TrialEnd, s.LastAt = Trialing, anchor, &end, s.StartAt
	s.Period = calendar.Period{Start: s.StartAt, End: end}
	return s
}

// EndsAtBoundary says whether the subscription ends at its next boundary instead of beginning another cycle, and why.
func (s State) EndsAtBoundary() (reason string, ends bool) {
	switch {
	case s.AtPeriodEnd != nil && s.AtPeriodEnd.Cancel:
		return s.AtPeriodEnd.Reason, true
	case s.EndsAfter > 0 && s.Cycle+1 >= s.EndsAfter:
		return "term_ended", true
	}
	return "", false
}

// TermsAtBoundary are the terms of the cycle that the next boundary begins.
func (s State) TermsAtBoundary() Terms {
	if s.AtPeriodEnd != nil && s.AtPeriodEnd.Terms != nil {
		return *s.AtPeriodEnd.Terms
	}
	return s.Terms
}

// BeginCycle enters the next billing period under the terms agreed for it.
func (s State) BeginCycle(period calendar.Period) State {
	s.Terms = s.TermsAtBoundary()
	s.AtPeriodEnd = nil
	s.Cycle++
	s.Period = period
	s.LastAt = period.Start
	s.Status = s.paying()
	return s
}

// Reanchor makes the next cycle the first of a new series of boundaries.
func (s State) Reanchor(anchor calendar.Date) State {
	s.Anchor, s.AnchorCycle = anchor, s.Cycle+1
	return s
}

// End closes the subscription for good.
func (s State) End(at time.Time, reason string) State {
	s.Status, s.EndedAt, s.EndReason, s.LastAt = Canceled, &at, reason, at
	s.AtPeriodEnd = nil
	return s
}

// PaymentFailed notes an invoice that dunning now collects.
func (s State) PaymentFailed(invoiceID string) State {
	if !slices.Contains(s.Unpaid, invoiceID) {
		s.Unpaid = append(slices.Clone(s.Unpaid), invoiceID)
	}
	if s.Status == Active {
		s.Status = PastDue
	}
	return s
}

// CollectionEnded notes that an invoice is no longer being collected, whether it was paid or given up.
func (s State) CollectionEnded(invoiceID string) State {
	s.Unpaid = slices.DeleteFunc(slices.Clone(s.Unpaid), func(id string) bool { return id == invoiceID })
	if s.Status == PastDue {
		s.Status = s.paying()
	}
	return s
}

func (s State) paying() Status {
	if len(s.Unpaid) > 0 {
		return PastDue
	}
	return Active
}
