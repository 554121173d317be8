package service

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// MemberStatement is what became of the seats of a period, member by member, and where the plan credit stands.
type MemberStatement struct {
	Subscription string          `json:"subscription"`
	Charges      []ChargeOfSeats `json:"charges"`
	// PlanCredit is what nothing has used yet, Movements all that changed it.
	PlanCredit money.Amount            `json:"plan_credit"`
	Movements  []store.PlanCreditEntry `json:"plan_credit_movements"`
}

// ChargeOfSeats is the statement of seats that one line of an invoice charged in advance.
type ChargeOfSeats struct {
	store.SeatStatement
	// From and Through are the first and the last civil day of the period.
	From    calendar.Date  `json:"from"`
	Through calendar.Date  `json:"through"`
	Members []SeatOfMember `json:"members"`
}

// SeatOfMember is what became of one member's seat. Amounts are without tax.
type SeatOfMember struct {
	Member string `json:"member"`
	// Active are the stretches in which the member was active in the period, To being the first day after.
	Active []ActiveStretch `json:"active"`
	// Paid was charged in advance, Charged afterwards, Credited given as plan credit; all 0 or more.
	Paid     money.Amount      `json:"paid"`
	Charged  money.Amount      `json:"charged"`
	Credited money.Amount      `json:"credited"`
	Entries  []store.SeatEntry `json:"entries"`
}

// ActiveStretch is a stretch of days; To is empty if it went on when the period was settled.
type ActiveStretch struct {
	From string `json:"from"`
	To   string `json:"to,omitempty"`
}

// latestStatements is how long a period can be.
const latestStatements = 200 * 366 * 24 * time.Hour

// MemberStatement is the statement of the period that a day is in, of the latest settled one without a day, for one member if
// one is named.
func (s *Service) MemberStatement(ctx context.Context, subscriptionID, day, memberID string) (MemberStatement, error) {
	w, err := s.workspace(ctx, subscriptionID)
	if err != nil {
		return MemberStatement{}, err
	}
	all, err := s.store.SeatStatements(ctx, w.row.ID, time.Time{}, w.latest.Add(latestStatements))
	if err != nil {
		return MemberStatement{}, err
	}
	chosen, err := w.choose(all, day)
	if err != nil {
		return MemberStatement{}, err
	}
	made := MemberStatement{Subscription: w.row.ID, Charges: []ChargeOfSeats{}}
	for _, statement := range chosen {
		entries, err := s.store.SeatEntries(ctx, []int64{statement.ID}, memberID)
		if err != nil {
			return made, err
		}
		made.Charges = append(made.Charges, w.seats(statement, entries))
	}
	if made.PlanCredit, err = s.store.PlanCredit(ctx, w.row.ID, w.row.Currency); err != nil {
		return made, err
	}
	made.Movements, err = s.store.PlanCreditEntries(ctx, w.row.ID)
	if made.Movements == nil {
		made.Movements = []store.PlanCreditEntry{}
	}
	return made, err
}

// choose finds the statements of the period that a day is in, or of the latest.
func (w workspace) choose(all []store.SeatStatement, day string) ([]store.SeatStatement, error) {
	if len(all) == 0 {
		return nil, notFound("subscription %s has no statement yet: the first one is made when its first paid period ends", w.row.ID)
	}
	var chosen []store.SeatStatement
	if day == "" {
		latest := all[len(all)-1].SettledAt
		for _, s := range all {
			if s.SettledAt.Equal(latest) {
				chosen = append(chosen, s)
			}
		}
		return chosen, nil
	}
	in, err := calendar.ParseDate(day)
	if err != nil {
		return nil, invalid("period", "%s", err)
	}
	for _, s := range all {
		from, after := w.zone.DateOf(s.PeriodStart), w.zone.DateOf(s.PeriodEnd)
		if from.Compare(in) <= 0 && in.Compare(after) < 0 {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, notFound("subscription %s has no statement of a period with %s in it: it is not settled, or its seats were not paid in advance", w.row.ID, in)
	}
	return chosen, nil
}

func (w workspace) seats(s store.SeatStatement, entries []store.SeatEntry) ChargeOfSeats {
	made := ChargeOfSeats{
		SeatStatement: s, From: w.zone.DateOf(s.PeriodStart), Through: w.zone.DateOf(s.PeriodEnd).AddDays(-1), Members: []SeatOfMember{},
	}
	at := map[string]int{}
	for _, e := range entries {
		i, known := at[e.MemberID]
		if !known {
			i = len(made.Members)
			at[e.MemberID] = i
			none := money.Zero(s.Currency)
			made.Members = append(made.Members, SeatOfMember{Member: e.MemberID, Paid: none, Charged: none, Credited: none})
		}
		made.Members[i].add(e)
	}
	return made
}

func (m *SeatOfMember) add(e store.SeatEntry) {
	m.Entries = append(m.Entries, e)
	switch fairbilling.Kind(e.Kind) {
	case fairbilling.Started:
		m.Paid.Minor += e.Amount
	case fairbilling.Charged:
		m.Charged.Minor += e.Amount
	case fairbilling.TookOver:
	case fairbilling.Credited, fairbilling.Kept:
		m.Credited.Minor -= e.Amount
		m.Active[len(m.Active)-1].To = e.Day
		return
	}
	m.Active = append(m.Active, ActiveStretch{From: e.Day})
}
