package simulation

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
)

// Seating is how the seats of a subscription followed its members.
type Seating struct {
	lifecycle.FairBilling
	// Statements are on record, oldest first: of a statement only who was seated and when is a fact for another catalogue.
	Statements []Statement
}

// Statement says when members were active in a period that was paid in advance, as far as it was known when it was settled.
type Statement struct {
	SettledAt time.Time
	Period    calendar.Period
	Entries   []fairbilling.Entry
}

// FairBilling is what was agreed to.
func (r *replay) FairBilling(context.Context) (*lifecycle.FairBilling, error) {
	if r.Seating == nil {
		return nil, nil
	}
	return &r.Seating.FairBilling, nil
}

// ActiveSeats is how many seats there were in fact.
func (r *replay) ActiveSeats(context.Context, fairbilling.Policy, calendar.Date) (int64, error) {
	return r.seats, nil
}

// Members are those of the statements that were made then: of the one for the longest time, because each tells of its own.
func (r *replay) Members(_ context.Context, _ fairbilling.Policy, _, to calendar.Date) ([]fairbilling.Member, error) {
	var longest Statement
	for _, s := range r.Seating.Statements {
		if kept(s.SettledAt).Equal(kept(r.at)) && (len(longest.Entries) == 0 || s.Period.Start.Before(longest.Period.Start)) {
			longest = s
		}
	}
	return seated(longest.Entries, r.Zone.DateOf(longest.Period.Start), to), nil
}

// seated are the members of a statement, active from when they were seated until they ceased to be, or until a day. Who came
// and went on the first day had left on it.
func seated(entries []fairbilling.Entry, first, to calendar.Date) []fairbilling.Member {
	var members []fairbilling.Member
	for _, e := range entries {
		i := slices.IndexFunc(members, func(m fairbilling.Member) bool { return m.ID == e.Member })
		if i < 0 {
			i, members = len(members), append(members, fairbilling.Member{ID: e.Member, Since: e.On})
		}
		m := &members[i]
		switch e.Kind {
		case fairbilling.Started, fairbilling.Charged, fairbilling.TookOver:
			m.Active = append(m.Active, fairbilling.Span{From: e.On, To: to})
		case fairbilling.Credited, fairbilling.Kept:
			if e.On == first {
				m.Until = first
				continue
			}
			m.Active[len(m.Active)-1].To = e.On
		}
	}
	return members
}

// UnsettledLines lists what the replay charged in advance for time that ends at an instant.
func (r *replay) UnsettledLines(ctx context.Context, end time.Time) ([]invoicing.BilledLine, error) {
	running, err := r.RunningLines(ctx, end.Add(-1))
	return slices.DeleteFunc(running, func(b invoicing.BilledLine) bool {
		return !b.Line.Period.End.Equal(end) || r.settled[invoicing.LineRef{InvoiceID: b.InvoiceID, Position: b.Position}]
	}), err
}

// KeepStatement adds the credits to the plan credit.
func (r *replay) KeepStatement(_ context.Context, s lifecycle.SeatStatement) error {
	r.settled[s.Line] = true
	var err error
	r.planCredit, err = r.planCredit.Add(s.Credits)
	return err
}

// ExpirePlanCredit ends what is left of it.
func (r *replay) ExpirePlanCredit(context.Context, time.Time, string) error {
	r.planCredit = money.Zero(r.Currency)
	return nil
}
