package service

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// InvoiceRun is the run of a month with its counts.
type InvoiceRun struct {
	store.Run
	store.RunCounts
}

// monthIsOver is how long after a month's end in UTC it is over everywhere on earth (UTC-12).
const monthIsOver = 12 * time.Hour

// StartInvoiceRun starts the run of an entity's month ("2027-01"), or joins the one that exists. With wait it answers
// when everybody has an invoice or a reason.
func (s *Service) StartInvoiceRun(ctx context.Context, entityID, month string, wait bool) (InvoiceRun, error) {
	at, err := s.runInstant(ctx, entityID, month)
	if err != nil {
		return InvoiceRun{}, err
	}
	return s.invoiceRun(ctx, entityID, month, at, wait)
}

// runInstant checks that a month can be billed, and dates its run.
func (s *Service) runInstant(ctx context.Context, entityID, month string) (time.Time, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return time.Time{}, inRequest("entity", err)
	}
	period, err := calendar.MonthPeriod(calendar.Zone{}, month)
	if err != nil {
		return time.Time{}, invalid("period", "%s", err)
	}
	now, err := s.runTime(ctx, entityID)
	if err != nil {
		return time.Time{}, err
	}
	if now.Sub(period.End) > farthestStart { // no subscription can begin earlier, and a run once written down stays
		return time.Time{}, invalid("period", "%s is more than ten years ago: nobody can be due in it", month)
	}
	if over := period.End.Add(monthIsOver); now.Before(over) {
		return time.Time{}, refused("month_not_over", "%s is not over everywhere before %s; the present of %s is %s",
			month, over.Format(time.RFC3339), entityID, now.Format(time.RFC3339))
	}
	return now, nil
}

// runTime is the billing time of those whom an entity's monthly run bills.
func (s *Service) runTime(ctx context.Context, entityID string) (time.Time, error) {
	clocks, err := s.store.RunClocks(ctx, entityID)
	if err != nil || len(clocks) != 1 || clocks[0] == "" {
		return s.wallNow(), err
	}
	clock, err := s.store.Clock(ctx, clocks[0])
	return clock.Now.UTC(), err
}

func (s *Service) invoiceRun(ctx context.Context, entityID, month string, at time.Time, wait bool) (InvoiceRun, error) {
	running, err := s.client.StartInvoiceRun(ctx, entityID, month, at)
	if err != nil {
		return InvoiceRun{}, answered(err)
	}
	if wait {
		if err := running.Get(ctx, nil); err != nil {
			return InvoiceRun{}, answered(err)
		}
	}
	row, err := s.InvoiceRun(ctx, entityID, month)
	if isNotFound(err) { // it has just been started and has written nothing yet
		return InvoiceRun{Run: store.Run{
			ID: message.InvoiceRunID(entityID, month), EntityID: entityID, Period: month, AsOf: at, Status: "running", StartedAt: at,
		}}, nil
	}
	return row, err
}

// InvoiceRun reads how far the run of a month is.
func (s *Service) InvoiceRun(ctx context.Context, entityID, month string) (InvoiceRun, error) {
	if _, err := calendar.MonthPeriod(calendar.Zone{}, month); err != nil {
		return InvoiceRun{}, invalid("period", "%s", err)
	}
	if checkID(entityID) != nil {
		return InvoiceRun{}, notFound("legal entity %.60q: not found", entityID)
	}
	row, err := s.store.Run(ctx, message.InvoiceRunID(entityID, month))
	if err != nil {
		return InvoiceRun{}, named(err)
	}
	counts, err := s.store.RunCounts(ctx, row.ID)
	return InvoiceRun{Run: row, RunCounts: counts}, err
}

// RunMembers lists all whom a run was to bill, by subscription, each with its invoice or the reason for none. While the
// run is under way, members have neither.
func (s *Service) RunMembers(ctx context.Context, run InvoiceRun) ([]store.Member, error) {
	members := []store.Member{}
	for shard := range run.Shards {
		more, err := s.store.Members(ctx, run.ID, shard)
		if err != nil {
			return nil, err
		}
		members = append(members, more...)
	}
	return members, nil
}
