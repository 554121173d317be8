package dunning

import (
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Outcome of an attempt.
type Outcome string

// The outcomes. Unknown covers a payment that is still processing and one whose answer never came.
const (
	Succeeded Outcome = "succeeded"
	Declined  Outcome = "declined"
	Unknown   Outcome = "unknown"
)

var (
	// ErrSettled: an attempt succeeded, so there is nothing left to collect.
	ErrSettled = errors.New("the invoice is already paid")
	// ErrOutcomeUnknown: ask the provider what became of the attempt before deciding on another.
	ErrOutcomeUnknown = errors.New("the outcome of the last attempt is unknown: ask the provider first")
)

// Attempt is one recorded try to collect. Numbers run 1, 2, 3 … with rising times.
type Attempt struct {
	Number          int       `json:"number"`
	At              time.Time `json:"at"`
	Outcome         Outcome   `json:"outcome"`
	DeclineCode     string    `json:"decline_code,omitempty"`
	PaymentMethodID string    `json:"payment_method_id"`
	// Kind is the method's, as package paymethod names it; empty: a card.
	Kind string `json:"kind,omitempty"`
	// KnownAt is when the outcome became known; zero: at once. Of a bank debit it is days after At.
	KnownAt time.Time `json:"known_at,omitzero"`
}

// Method is the payment method that a retry would use now. An empty ID means that the customer has none. UpdatedAt
// is when its details last changed under the same ID (card updater, new expiry date); zero means never. It lifts a
// hard decline recorded before it, but not what a bank said of a debit: that needs a new mandate, which is another method.
type Method struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind,omitempty"` // as package paymethod names it; empty: a card
	Network   string    `json:"network"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// Unusable says that it must not be charged at all: its account is blocked or not verified, it was detached.
	Unusable bool `json:"unusable,omitempty"`
}

// Case is everything known about one unpaid invoice. OtherTries are tries of the same card for other invoices; they
// count against the networks' caps.
type Case struct {
	Attempts []Attempt `json:"attempts"`
	Method   Method    `json:"method"`
	// Fallback says that Method is not the customer's first: see Choose.
	Fallback   bool          `json:"fallback,omitempty"`
	OtherTries []time.Time   `json:"other_tries,omitempty"`
	Zone       calendar.Zone `json:"-"`
}

// Kind of a Step.
type Kind string

const (
	// Retry: try the current method at Step.At.
	Retry Kind = "retry"
	// WaitForCustomer: nothing can be tried now. Ask again when the method changes, and at Step.At, when it ends.
	WaitForCustomer Kind = "wait_for_customer"
	// GiveUp: apply the policy's End now.
	GiveUp Kind = "give_up"
)

// Reasons of a Step.
const (
	ReasonMethodChanged = "payment_method_changed"
	ReasonNextMethod    = "next_payment_method" // the one before was ruled out
	ReasonScheduled     = "scheduled_retry"
	ReasonTechnical     = "technical_retry"
	ReasonNetworkCap    = "network_cap" // a retry moved by a cap, or impossible before the end because of one
	ReasonNoMethod      = "no_payment_method"
	ReasonUnusable      = "payment_method_unusable" // blocked, not verified or detached
	ReasonRepresentment = "representment"           // of a bank debit that was returned for want of money
	ReasonReturned      = "debit_returned"          // for a reason for which it must not be made again
	ReasonHardDecline   = "hard_decline"
	ReasonNeedsCustomer = "needs_customer"
	ReasonExhausted     = "retries_exhausted"
	ReasonEnded         = "policy_ended"
)

// Step is what to do next. Attempt is the number a retry will have, zero otherwise.
type Step struct {
	Kind    Kind      `json:"kind"`
	At      time.Time `json:"at"`
	Attempt int       `json:"attempt,omitempty"`
	Reason  string    `json:"reason"`
}

// Next decides the step after the recorded attempts, as of now. A Retry's At is never before asOf and always after
// the last attempt. Asked again at a WaitForCustomer's At, it answers GiveUp. Errors: an invalid policy, attempts
// that do not follow each other, ErrSettled, ErrOutcomeUnknown.
func Next(policy Policy, c Case, asOf time.Time) (Step, error) {
	if err := policy.Validate(); err != nil {
		return Step{}, err
	}
	if err := c.check(); err != nil {
		return Step{}, err
	}
	asOf = asOf.UTC()
	if last := c.last().At; asOf.Before(last) {
		return Step{}, fmt.Errorf("dunning is asked as of %s, before its last attempt at %s", asOf.Format(time.RFC3339), last.Format(time.RFC3339))
	}
	return ladder{Policy: policy, Case: c, asOf: asOf}.next(), nil
}

func (c Case) last() Attempt { return c.Attempts[len(c.Attempts)-1] }

func (c Case) check() error {
	if len(c.Attempts) == 0 {
		return errors.New("dunning needs the first failed attempt: none is recorded")
	}
	for i, a := range c.Attempts {
		switch {
		case a.Number != i+1:
			return fmt.Errorf("dunning attempt %d is recorded in place %d: numbers must run from 1 without a gap", a.Number, i+1)
		case i > 0 && !a.At.After(c.Attempts[i-1].At):
			return fmt.Errorf("dunning attempt %d is not later than attempt %d", a.Number, i)
		case a.Outcome == Succeeded:
			return fmt.Errorf("dunning attempt %d: %w", a.Number, ErrSettled)
		case a.Outcome == Unknown:
			return fmt.Errorf("dunning attempt %d: %w", a.Number, ErrOutcomeUnknown)
		case a.Outcome != Declined:
			return fmt.Errorf("dunning attempt %d: outcome %q must be one of %s, %s, %s", a.Number, a.Outcome, Succeeded, Declined, Unknown)
		}
	}
	return nil
}
