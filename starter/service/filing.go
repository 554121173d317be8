package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Filing names a return: an entity's, under a scheme, for a quarter.
type Filing struct {
	Entity string
	Scheme string
	Period string
}

// TaxReturn is a return with what it waits for, such as an exchange rate.
type TaxReturn struct {
	store.TaxReturn
	WaitingFor string `json:"waiting_for,omitempty"`
}

// StartTaxFiling starts the filing of a return, or joins the one that exists, and answers when the return is computed
// or waits for something that is missing.
func (s *Service) StartTaxFiling(ctx context.Context, f Filing) (TaxReturn, error) {
	at, err := s.filingInstant(ctx, f)
	if err != nil {
		return TaxReturn{}, err
	}
	return s.startFiling(ctx, f, at)
}

func (s *Service) startFiling(ctx context.Context, f Filing, at time.Time) (TaxReturn, error) {
	_, err := s.client.StartTaxFiling(ctx, message.TaxFilingInput{EntityID: f.Entity, Scheme: f.Scheme, Period: f.Period, AsOf: at})
	if err != nil {
		return TaxReturn{}, answered(err)
	}
	return s.awaitComputed(ctx, f)
}

// filingInstant checks that a return can be made, and dates its filing.
func (s *Service) filingInstant(ctx context.Context, f Filing) (time.Time, error) {
	quarter, err := s.checkFiling(ctx, f)
	if err != nil {
		return time.Time{}, err
	}
	seller, err := s.store.Seller(ctx, f.Entity)
	if err != nil {
		return time.Time{}, err
	}
	if !slices.ContainsFunc(seller.Registrations, func(r tax.Registration) bool { return string(r.Scheme) == f.Scheme }) {
		return time.Time{}, refused("not_registered", "%s has no %s registration: it has no such returns to file", f.Entity, f.Scheme)
	}
	now, err := s.filingTime(ctx, f.Entity)
	if err != nil {
		return time.Time{}, err
	}
	if over := (calendar.Zone{}).StartOfDay(quarter.Next().Start()).Add(monthIsOver); now.Before(over) {
		return time.Time{}, refused("quarter_not_over", "%s is not over everywhere before %s; the present of %s is %s",
			f.Period, over.Format(time.RFC3339), f.Entity, now.Format(time.RFC3339))
	}
	return now, nil
}

func (s *Service) checkFiling(ctx context.Context, f Filing) (tax.Quarter, error) {
	if err := s.entityExists(ctx, f.Entity); err != nil {
		return tax.Quarter{}, inRequest("entity", err)
	}
	var p problems
	quarter, err := tax.ParseQuarter(f.Period)
	p.check("period", err)
	if err == nil {
		_, _, err = tax.Due(tax.Scheme(f.Scheme), quarter)
		p.check("scheme", err)
	}
	return quarter, p.err()
}

// filingTime is the furthest present of an entity's customers.
func (s *Service) filingTime(ctx context.Context, entityID string) (time.Time, error) {
	now := s.wallNow()
	clock, err := s.store.LatestClock(ctx, entityID)
	if errors.Is(err, store.ErrNotFound) {
		return now, nil
	}
	if clock.Now.After(now) {
		now = clock.Now.UTC()
	}
	return now, err
}

// lookAgain is the pause between two looks at a filing that is being computed.
const lookAgain = 50 * time.Millisecond

func (s *Service) awaitComputed(ctx context.Context, f Filing) (TaxReturn, error) {
	for {
		state, err := s.client.TaxFilingState(ctx, f.Entity, f.Scheme, f.Period)
		if err != nil {
			return TaxReturn{}, answered(err)
		}
		if state.Missing != "" || state.Status != "" && state.Status != store.ReturnFrozen {
			row, err := s.store.TaxReturn(ctx, f.returnID())
			return TaxReturn{TaxReturn: row, WaitingFor: state.Missing}, err
		}
		select {
		case <-ctx.Done():
			return TaxReturn{}, answered(ctx.Err())
		case <-time.After(lookAgain):
		}
	}
}

func (f Filing) returnID() string {
	return message.TaxFilingInput{EntityID: f.Entity, Scheme: f.Scheme, Period: f.Period}.ReturnID()
}

// TaxReturn reads a return and, while it is not computed, what it waits for.
func (s *Service) TaxReturn(ctx context.Context, f Filing) (TaxReturn, error) {
	if _, err := s.checkFiling(ctx, f); err != nil {
		return TaxReturn{}, err
	}
	row, err := s.store.TaxReturn(ctx, f.returnID())
	if err != nil {
		return TaxReturn{}, named(err)
	}
	if row.Status != store.ReturnFrozen {
		return TaxReturn{TaxReturn: row}, nil
	}
	state, err := s.client.TaxFilingState(ctx, f.Entity, f.Scheme, f.Period)
	return TaxReturn{TaxReturn: row, WaitingFor: state.Missing}, answered(err)
}

// TaxReturns lists an entity's returns (all when empty).
func (s *Service) TaxReturns(ctx context.Context, entityID string) ([]store.TaxReturn, error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": entityID}); err != nil {
		return nil, err
	}
	rows, err := s.store.TaxReturns(ctx, entityID)
	if rows == nil {
		rows = []store.TaxReturn{}
	}
	return rows, err
}

// ApproveTaxFiling approves a computed return in the name of a person (an id, not a name) and answers when it is filed
// and paid. The same person's repeated approval answers the same.
func (s *Service) ApproveTaxFiling(ctx context.Context, f Filing, by string) (TaxReturn, error) {
	if err := checkID(by); err != nil {
		return TaxReturn{}, invalid("by", "%s", err)
	}
	before, err := s.TaxReturn(ctx, f)
	if err != nil {
		return TaxReturn{}, err
	}
	switch {
	case before.Status == store.ReturnPaid && before.ApprovedBy == by:
		return before, nil
	case before.ApprovedBy != "":
		return TaxReturn{}, refused("already_approved", "return %s was approved by %s", before.ID, before.ApprovedBy)
	case before.WaitingFor != "":
		return TaxReturn{}, refused("not_computed", "return %s is not computed yet: %s", before.ID, before.WaitingFor)
	}
	at, err := s.filingTime(ctx, f.Entity)
	if err != nil {
		return TaxReturn{}, err
	}
	if _, err = s.client.ApproveTaxFiling(ctx, f.Entity, f.Scheme, f.Period, message.Approval{By: by, At: at}); err != nil {
		return TaxReturn{}, answered(err)
	}
	return s.TaxReturn(ctx, f)
}
