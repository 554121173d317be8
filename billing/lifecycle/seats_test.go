package lifecycle_test

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
)

// seated is what the records of a life know of members: nothing, unless a test says otherwise.
type seated struct {
	fair    *lifecycle.FairBilling
	members []fairbilling.Member
	kept    []lifecycle.SeatStatement
	expired []string
}

func (s *seated) FairBilling(context.Context) (*lifecycle.FairBilling, error) { return s.fair, nil }

func (s *seated) ActiveSeats(_ context.Context, policy fairbilling.Policy, on calendar.Date) (int64, error) {
	return policy.Seats(s.members, on), nil
}

func (s *seated) Members(context.Context, fairbilling.Policy, calendar.Date, calendar.Date) ([]fairbilling.Member, error) {
	return s.members, nil
}

func (s *seated) KeepStatement(_ context.Context, statement lifecycle.SeatStatement) error {
	s.kept = append(s.kept, statement)
	return nil
}

func (s *seated) ExpirePlanCredit(_ context.Context, _ time.Time, why string) error {
	s.expired = append(s.expired, why)
	return nil
}

func (l *life) UnsettledLines(ctx context.Context, end time.Time) ([]invoicing.BilledLine, error) {
	running, err := l.RunningLines(ctx, end.Add(-1))
	var ending []invoicing.BilledLine
	for _, line := range running {
		settled := false
		for _, s := range l.kept {
			settled = settled || s.Line == (invoicing.LineRef{InvoiceID: line.InvoiceID, Position: line.Position})
		}
		if line.Line.Period.End.Equal(end) && !settled {
			ending = append(ending, line)
		}
	}
	return ending, err
}
