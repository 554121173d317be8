package catalog

import (
	"errors"
	"fmt"

	"github.com/perennial-billing/perennial/billing/calendar"
)

const longestTrial = 730

// Schedule is the rule by which the plan's billing periods follow each other.
func (p Plan) Schedule() calendar.Schedule {
	return calendar.Schedule{Interval: p.Interval, Alignment: p.Alignment}
}

// FreeTrial is the plan's trial, however it was written; the zero value is none.
func (p Plan) FreeTrial() calendar.Trial {
	if p.TrialDays > 0 {
		return calendar.Trial{Interval: calendar.Interval{Unit: calendar.Day, Count: p.TrialDays}}
	}
	return p.Trial
}

// HasTrial says whether a subscription begins with a free trial.
func (p Plan) HasTrial() bool { return p.FreeTrial() != calendar.Trial{} }

// Stub is how the partial period before the first boundary of an aligned subscription is charged: as the plan says, and
// if it says nothing, prorated by a plan that prorates and whole by one that does not.
func (p Plan) Stub() calendar.Stub {
	switch {
	case p.Alignment.Stub != "":
		return p.Alignment.Stub
	case p.Proration == GrainNone:
		return calendar.StubWhole
	}
	return calendar.StubProrated
}

// validateSchedule checks when periods begin and end, with the trial before them.
func (p Plan) validateSchedule() error {
	if err := p.Schedule().Validate(); err != nil {
		return err
	}
	if p.TrialDays < 0 || p.TrialDays > longestTrial {
		return fmt.Errorf("trial_days must be between 0 and %d, got %d", longestTrial, p.TrialDays)
	}
	if err := p.Trial.Validate(); err != nil {
		return err
	}
	monthly := calendar.Interval{Unit: calendar.Month, Count: 1}
	switch {
	case p.TrialDays > 0 && p.Trial != calendar.Trial{}:
		return errors.New("trial_days and trial exclude each other: remove one")
	case p.Alignment.Stub == calendar.StubProrated && p.Proration == GrainNone:
		return fmt.Errorf("alignment.stub prorated needs a plan that prorates, not proration %s: choose whole or free, or another proration", p.Proration)
	case p.BilledBy != ByInvoiceRun:
		return nil
	case p.Interval != monthly:
		return fmt.Errorf("interval must be 1 month for billed_by invoice_run, got %s", p.Interval)
	case p.Alignment != calendar.Alignment{}:
		return errors.New("alignment must be left out for billed_by invoice_run: a run bills calendar months")
	case p.TrialDays > 0:
		return fmt.Errorf("trial_days must be 0 for billed_by invoice_run, got %d", p.TrialDays)
	case p.HasTrial():
		return fmt.Errorf("trial must be left out for billed_by invoice_run, got %s", p.Trial)
	}
	return nil
}
