package fraud

import (
	"fmt"
	"time"
)

// Policy is how a seller treats suspicion.
type Policy struct {
	// ReviewHours is how long a review waits for a person, 1 to 336.
	ReviewHours int `json:"review_hours"`
	// OnDeadline is what happens when nobody decided: DeclineReview or ApproveReview.
	OnDeadline string `json:"on_deadline"`
	// Trials limits free trials; nil: it does not.
	Trials *TrialLimits `json:"trials,omitempty"`
}

// What becomes of a review.
const (
	ApproveReview = "approve"
	DeclineReview = "decline"
)

// TrialLimits are how many free trials may begin within a number of days with the same card or bank account, mailbox, or
// device. 0 is no limit.
type TrialLimits struct {
	PerFingerprint int `json:"per_fingerprint"`
	PerEmail       int `json:"per_email"`
	PerDevice      int `json:"per_device"`
	WithinDays     int `json:"within_days"`
}

const (
	longestReview = 336
	mostTrials    = 1000
	longestWindow = 3650
)

// DefaultPolicy waits three days, which spans a weekend, and then declines: silence must not release what a rule stopped,
// and a payment held before it was made costs the customer nothing. Trials are not limited.
func DefaultPolicy() Policy { return Policy{ReviewHours: 72, OnDeadline: DeclineReview} }

// DefaultTrialLimits is one trial per card or bank account in a year.
func DefaultTrialLimits() TrialLimits { return TrialLimits{PerFingerprint: 1, WithinDays: 365} }

// Validate checks the policy and names the first field that is wrong.
func (p Policy) Validate() error {
	if p.ReviewHours < 1 || p.ReviewHours > longestReview {
		return fmt.Errorf("review_hours: %d is out of range: use 1 to %d", p.ReviewHours, longestReview)
	}
	if p.OnDeadline != ApproveReview && p.OnDeadline != DeclineReview {
		return fmt.Errorf("on_deadline: %.60q is not a decision: use %s or %s", p.OnDeadline, ApproveReview, DeclineReview)
	}
	if p.Trials == nil {
		return nil
	}
	for _, limit := range []struct {
		name  string
		value int
	}{
		{"per_fingerprint", p.Trials.PerFingerprint}, {"per_email", p.Trials.PerEmail}, {"per_device", p.Trials.PerDevice},
	} {
		if limit.value < 0 || limit.value > mostTrials {
			return fmt.Errorf("trials.%s: %d is out of range: use 1 to %d, or 0 for no limit", limit.name, limit.value, mostTrials)
		}
	}
	if p.Trials.WithinDays < 1 || p.Trials.WithinDays > longestWindow {
		return fmt.Errorf("trials.within_days: %d is out of range: use 1 to %d", p.Trials.WithinDays, longestWindow)
	}
	return nil
}

// Deadline is when a review that was opened at an instant has waited long enough.
func (p Policy) Deadline(opened time.Time) time.Time {
	return opened.Add(time.Duration(p.ReviewHours) * time.Hour)
}

// Since is the instant after which trials count that began before at.
func (l TrialLimits) Since(at time.Time) time.Time { return at.AddDate(0, 0, -l.WithinDays) }
