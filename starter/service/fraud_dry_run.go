package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// RuleTest asks what a rule would have done.
type RuleTest struct {
	Entity     string `json:"entity" example:"acme"`
	Kind       string `json:"kind" doc:"request_3ds, allow, block or review." example:"block"`
	Expression string `json:"expression" doc:"The condition, in CEL." example:"payment.first && payment.amount > 50000"`
	SinceDays  int    `json:"since_days,omitempty" doc:"How many days back, 1 to 730; 90 when absent." example:"90"`
}

const (
	usualLookBack   = 90
	longestLookBack = 730

	testedAtOnce = 1000
	// longestWindow is how far back velocity looks from a payment.
	longestWindow = 30 * 24 * time.Hour
)

// TestRule says what an expression would have done to the payments of the past, with the facts as they were, and records
// that it was tried.
func (s *Service) TestRule(ctx context.Context, in RuleTest) (store.DryRun, error) {
	if in.SinceDays == 0 {
		in.SinceDays = usualLookBack
	}
	if in.SinceDays < 1 || in.SinceDays > longestLookBack {
		return store.DryRun{}, invalid("since_days", "%d is out of range: use 1 to %d", in.SinceDays, longestLookBack)
	}
	rule, err := s.compile(ctx, in.Entity, "tested", in.Kind, in.Expression)
	if err != nil {
		return store.DryRun{}, err
	}
	until := s.wallNow().Add(time.Second)
	// Payments on a test clock are dated ahead of the present.
	if clock, err := s.store.LatestClock(ctx, in.Entity); err == nil && clock.Now.After(until) {
		until = clock.Now.Add(time.Second)
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.DryRun{}, err
	}
	ran := store.DryRun{
		EntityID: in.Entity, Kind: rule.Kind, Expression: in.Expression, Since: until.AddDate(0, 0, -in.SinceDays), Until: until,
	}
	if err := s.tryOn(ctx, rule, &ran); err != nil {
		return ran, err
	}
	ran.ID, err = s.store.AddDryRun(ctx, ran)
	return ran, err
}

// dryRun tries a rule on payments, earliest first. What they need beside their facts is read in large parts and kept.
type dryRun struct {
	*Service

	rule  *fraud.Rule
	ran   *store.DryRun
	rates map[rateOf]tax.FX

	// tally has counted what was attempted before the payment under test; read is what it has still to count, and behind says
	// where to read on.
	tally  fraud.Tally
	read   []fraud.Tried
	behind store.HistoryFilter
	all    bool
}

type rateOf struct {
	currency money.Currency
	day      calendar.Date
}

func (s *Service) tryOn(ctx context.Context, rule *fraud.Rule, ran *store.DryRun) error {
	run := dryRun{Service: s, rule: rule, ran: ran, rates: map[rateOf]tax.FX{}}
	history := store.HistoryFilter{EntityID: ran.EntityID, Since: ran.Since, Until: ran.Until, Limit: testedAtOnce}
	run.behind = history
	run.behind.Since = ran.Since.Add(-longestWindow)
	for {
		found, err := s.store.Attempts(ctx, history)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := run.try(ctx, found); err != nil {
			return err
		}
		last := found[len(found)-1].Payment
		history.AfterTime, history.AfterID = last.AskedAt, last.ID
	}
}

// try tries the rule on a part of the payments.
func (r *dryRun) try(ctx context.Context, found []store.Attempted) error {
	for i := range found {
		if err := r.complete(ctx, &found[i]); err != nil {
			return fmt.Errorf("payment %s: %w", found[i].Payment.ID, err)
		}
	}
	listed := make([]fraud.Listed, len(found))
	if r.rule.AsksLists() {
		var err error
		if listed, err = r.store.Listed(ctx, found); err != nil {
			return err
		}
	}
	for i, attempt := range found {
		r.count(attempt, fraud.Screen([]*fraud.Rule{r.rule}, attempt.Facts, listed[i]))
	}
	return nil
}

// complete adds the facts that are not read with the payment.
func (r *dryRun) complete(ctx context.Context, attempt *store.Attempted) (err error) {
	of := rateOf{attempt.Payment.Currency, calendar.Zone{}.DateOf(attempt.Payment.AskedAt)}
	rates, known := r.rates[of]
	if !known {
		if rates, err = r.store.ReferenceRates(ctx, *attempt); err != nil {
			return err
		}
		r.rates[of] = rates
	}
	*attempt = attempt.WithReference(rates)
	if err := r.tallyUntil(ctx, attempt.Payment.AskedAt); err != nil {
		return err
	}
	velocity, found := r.tally.Before(attempt.Payment.ID)
	if !found {
		return errors.New("is not in the history that was read with it")
	}
	attempt.Facts.Velocity = velocity
	return nil
}

// tallyUntil counts what was attempted until an instant, all of that instant included.
func (r *dryRun) tallyUntil(ctx context.Context, at time.Time) (err error) {
	for {
		for len(r.read) > 0 && !r.read[0].At.After(at) {
			r.tally.Add(r.read[0])
			r.read = r.read[1:]
		}
		if len(r.read) > 0 || r.all {
			return nil
		}
		if r.read, err = r.store.Tried(ctx, r.behind); err != nil {
			return err
		}
		if r.all = len(r.read) == 0; !r.all {
			last := r.read[len(r.read)-1]
			r.behind.AfterTime, r.behind.AfterID = last.At, last.PaymentID
		}
	}
}

// count adds a payment, and what was decided about it, to the result.
func (r *dryRun) count(attempt store.Attempted, decision fraud.Decision) {
	r.ran.Payments++
	r.ran.Unknown += int64(len(decision.Unknown))
	if decision.Action == fraud.NoAction {
		return
	}
	r.ran.Matched++
	if attempt.Payment.Status == store.PaymentSucceeded {
		r.ran.Succeeded++
	}
	if attempt.Disputed {
		r.ran.Disputed++
	}
	if attempt.Warned {
		r.ran.Warned++
	}
}
