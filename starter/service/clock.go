package service

import (
	"context"
	"errors"
	"time"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
)

// Clock is a test clock with what is due on it next.
type Clock struct {
	store.Clock
	Due []store.Due `json:"due"`
}

// shownDue is how much of a clock's agenda is shown.
const shownDue = 10

// CreateClock records a test clock that stands at an instant (zero: the present). It cannot begin in the past: nothing
// can make a Temporal workflow believe in a time before its own.
func (s *Service) CreateClock(ctx context.Context, id string, at time.Time) (Clock, error) {
	now := s.wallNow()
	if at.IsZero() {
		at = now
	}
	at = at.UTC().Truncate(time.Second)
	if err := checkID(id); err != nil {
		return Clock{}, invalid("id", "%s", err)
	}
	existing, err := s.store.Clock(ctx, id)
	switch {
	case err == nil && existing.Now.Equal(at):
		return s.Clock(ctx, id)
	case err == nil:
		return Clock{}, conflict("clock_exists", "test clock %s exists and stands at %s: advance it, or choose another id",
			id, existing.Now.UTC().Format(time.RFC3339))
	case !errors.Is(err, store.ErrNotFound):
		return Clock{}, err
	case at.Before(now):
		return Clock{}, invalid("at", "%s has passed: a test clock begins at the present, %s, or later", at.Format(time.RFC3339), now.Format(time.RFC3339))
	case at.Sub(now) > farthestClock:
		return Clock{}, invalid("at", "%s is too far ahead: a test clock stays within 50 years of the present", at.Format(time.RFC3339))
	}
	if err := s.store.AddClock(ctx, store.Clock{ID: id, Now: at}); err != nil {
		return Clock{}, err
	}
	return s.Clock(ctx, id)
}

// farthestClock keeps test clocks where time zones and Temporal's timers make sense.
const farthestClock = 50 * 366 * 24 * time.Hour

// Clock reads a test clock.
func (s *Service) Clock(ctx context.Context, id string) (Clock, error) {
	row, err := s.testClock(ctx, id)
	if err != nil {
		return Clock{}, err
	}
	row.Now = row.Now.UTC()
	due, err := s.store.ClockAgenda(ctx, id, shownDue)
	if due == nil {
		due = []store.Due{}
	}
	return Clock{Clock: row, Due: due}, err
}

func (s *Service) testClock(ctx context.Context, id string) (store.Clock, error) {
	if checkID(id) != nil {
		return store.Clock{}, notFound("test clock %.60q: not found", id)
	}
	row, err := s.store.Clock(ctx, id)
	return row, named(err)
}

// AttachClock gives a customer the time of a test clock. What a customer already has was dated by the time before, so there
// may be no subscription, invoice or payment method being set up yet. Attaching again changes nothing.
func (s *Service) AttachClock(ctx context.Context, id, customerID string) (Clock, error) {
	if _, err := s.testClock(ctx, id); err != nil {
		return Clock{}, err
	}
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Clock{}, inRequest("customer", err)
	}
	if customer.TestClockID != nil && *customer.TestClockID == id {
		return s.Clock(ctx, id)
	}
	attached, err := s.store.AttachClock(ctx, id, customer.ID)
	if err != nil {
		return Clock{}, err
	}
	if !attached {
		return Clock{}, refused("clock_not_attachable",
			"customer %s lives in another time already, with subscriptions, invoices or another test clock: attach a customer who has none", customer.ID)
	}
	return s.Clock(ctx, id)
}

// AdvanceClock moves everything on a test clock to an instant: renewals, collections, and the invoice runs and filings
// that fall due on the way. Progress, unless nil, is told how far it is and what it waits for. When ctx ends first it is
// Unfinished, and repeating it goes on from where it came to.
func (s *Service) AdvanceClock(ctx context.Context, id string, to time.Time, progress func(now time.Time, waitingFor string)) (Clock, error) {
	row, err := s.testClock(ctx, id)
	if err != nil {
		return Clock{}, err
	}
	to = to.UTC().Truncate(time.Second)
	if to.Before(row.Now) {
		return Clock{}, invalid("to", "%s has passed on test clock %s, which stands at %s", to.Format(time.RFC3339), id, row.Now.UTC().Format(time.RFC3339))
	}
	if to.Sub(s.wallNow()) > farthestClock {
		return Clock{}, invalid("to", "%s is too far ahead: a test clock stays within 50 years of the present", to.Format(time.RFC3339))
	}
	clock := s.clock(id)
	clock.Progress, clock.AtShared = progress, s.doShared
	err = s.store.Exclusively(ctx, "test clock "+id, func() error { return clock.Advance(ctx, to) })
	if errors.Is(err, store.ErrBusy) {
		return Clock{}, conflict("clock_moving", "test clock %s is being advanced by another program: wait for it", id)
	}
	if err != nil && ctx.Err() != nil {
		return Clock{}, &Error{Kind: Unfinished, Code: "clock_moving", Message: "test clock " + id + " is not there yet: repeat the request to let it go on"}
	}
	if err != nil {
		return Clock{}, err
	}
	return s.Clock(ctx, id)
}

// doShared does what falls due for a whole entity at an instant: it bills the month, or prepares the return and leaves it
// to be approved.
func (s *Service) doShared(ctx context.Context, due testclock.Shared) error {
	if due.Month != "" {
		_, err := s.invoiceRun(ctx, due.EntityID, due.Month, due.At, true)
		return err
	}
	_, err := s.startFiling(ctx, Filing{Entity: due.EntityID, Scheme: due.Scheme, Period: due.Quarter}, due.At)
	return err
}
