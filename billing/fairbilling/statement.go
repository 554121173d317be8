package fairbilling

import (
	"fmt"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Kind is what happened to a member's seat.
type Kind string

// Kinds of entry.
const (
	Started  Kind = "started"   // the seat was paid in advance, with the period
	Charged  Kind = "charged"   // the member joined or was active again
	TookOver Kind = "took_over" // the same, on a seat that was paid and empty
	Credited Kind = "credited"  // the member was not active any more, or left
	Kept     Kind = "kept"      // the same, but the seat is one of the fewest that are billed
)

// Entry is one line of the statement.
type Entry struct {
	Member string        `json:"member"`
	Kind   Kind          `json:"kind"`
	On     calendar.Date `json:"on"`
	// Days of Of are left of the paid period on that day, which counts.
	Days int64 `json:"days"`
	Of   int64 `json:"of"`
	// Amount is charged, or credited if below zero. For a seat that started it is what was paid for it in advance.
	Amount money.Amount `json:"amount"`
}

// Statement is what became of the seats of a paid period, in the order in which it happened.
type Statement struct {
	Entries []Entry
	// Charges are the sum of what was charged after the start, Credits of what was credited; both 0 or more.
	Charges money.Amount
	Credits money.Amount
}

// Of is the part of the statement that concerns one member.
func (s Statement) Of(member string) []Entry {
	var entries []Entry
	for _, e := range s.Entries {
		if e.Member == member {
			entries = append(entries, e)
		}
	}
	return entries
}

// Between is the part of the statement from one day to before another: what a month of a year that was paid in advance
// came to.
func (s Statement) Between(from, to calendar.Date) (Statement, error) {
	part := Statement{Charges: money.Zero(s.Charges.Currency), Credits: money.Zero(s.Credits.Currency)}
	for _, e := range s.Entries {
		if e.On.Compare(from) >= 0 && e.On.Compare(to) < 0 {
			if err := part.add(e); err != nil {
				return Statement{}, err
			}
		}
	}
	return part, nil
}

func (s *Statement) add(e Entry) error {
	var err error
	switch e.Kind {
	case Charged:
		s.Charges, err = s.Charges.Add(e.Amount)
	case Credited:
		s.Credits, err = s.Credits.Sub(e.Amount)
	case Started, TookOver, Kept:
	}
	s.Entries = append(s.Entries, e)
	return err
}

// seat is the right to be active until the period ends. Its price for the whole period is a share of an amount.
type seat struct {
	amount money.Amount
	shares int64
}

// settlement plays the period day by day.
type settlement struct {
	policy Policy
	paid   Paid
	days   int64
	// taken are the seats of active members, empty those that are billed and nobody's.
	taken map[string]seat
	empty []seat
	// had is the last seat of each member, so that coming back costs what going gave.
	had       map[string]seat
	statement Statement
}

// newSettlement gives the paid seats to the members who are active when the period starts. What was paid is split into
// seats without losing a unit. Members beyond the paid seats are charged from the start.
func newSettlement(p Policy, paid Paid, members []Member) (*settlement, error) {
	none := money.Zero(paid.Amount.Currency)
	s := &settlement{
		policy: p, paid: paid, days: int64(paid.Zone.Days(paid.Period)), taken: map[string]seat{}, had: map[string]seat{},
		statement: Statement{Charges: none, Credits: none},
	}
	weights := make([]int64, paid.Seats)
	for i := range weights {
		weights[i] = 1
	}
	shares, err := paid.Amount.Allocate(weights)
	if err != nil {
		return nil, err
	}
	for _, share := range shares {
		s.empty = append(s.empty, seat{amount: share, shares: 1})
	}
	first := paid.Zone.DateOf(paid.Period.Start)
	for _, m := range members {
		if !p.ActiveOn(m, first) {
			continue
		}
		if err := s.start(m, first); err != nil {
			return nil, err
		}
	}
	return s, s.leaveAtOnce(members, first)
}

// leaveAtOnce gives back the seats of members who left on the period's first day. They were there when it began and was
// charged; a seat for them alone is left over among the paid ones.
func (s *settlement) leaveAtOnce(members []Member, first calendar.Date) error {
	for _, m := range members {
		stayed := m
		stayed.Until = calendar.Date{}
		if m.Until != first || len(s.empty) == 0 || !s.policy.ActiveOn(stayed, first) {
			continue
		}
		if err := s.start(m, first); err != nil {
			return err
		}
		if err := s.cease(m, first, s.days); err != nil {
			return err
		}
	}
	return nil
}

func (s *settlement) start(m Member, first calendar.Date) error {
	if len(s.empty) == 0 {
		return s.begin(m, first, s.days)
	}
	given := s.empty[0]
	s.empty = s.empty[1:]
	s.sit(m, given)
	return s.statement.add(Entry{Member: m.ID, Kind: Started, On: first, Days: s.days, Of: s.days, Amount: given.amount})
}

func (s *settlement) apply(e event) error {
	left := calendar.Period{Start: s.paid.Zone.StartOfDay(e.day), End: s.paid.Period.End}
	days := int64(s.paid.Zone.Days(left))
	if e.begins {
		return s.begin(e.member, e.day, days)
	}
	return s.cease(e.member, e.day, days)
}

// begin seats a member: on an empty seat that is billed anyway, else on a new one.
func (s *settlement) begin(m Member, day calendar.Date, days int64) error {
	entry := Entry{Member: m.ID, On: day, Days: days, Of: s.days}
	if last := len(s.empty) - 1; last >= 0 {
		s.sit(m, s.empty[last])
		s.empty = s.empty[:last]
		entry.Kind, entry.Amount = TookOver, money.Zero(s.paid.Amount.Currency)
		return s.statement.add(entry)
	}
	fresh, before := s.had[m.ID]
	if !before {
		fresh = seat{amount: s.paid.Amount, shares: s.paid.Seats}
	}
	var err error
	entry.Kind = Charged
	if entry.Amount, err = fresh.price(days, s.days); err != nil {
		return err
	}
	s.sit(m, fresh)
	return s.statement.add(entry)
}

// cease takes a member's seat away, with a credit unless the fewest seats are left.
func (s *settlement) cease(m Member, day calendar.Date, days int64) error {
	left, entry := s.taken[m.ID], Entry{Member: m.ID, On: day, Days: days, Of: s.days}
	billed := int64(len(s.taken) + len(s.empty))
	delete(s.taken, m.ID)
	if billed <= s.policy.MinimumSeats {
		s.empty = append(s.empty, left)
		entry.Kind, entry.Amount = Kept, money.Zero(s.paid.Amount.Currency)
		return s.statement.add(entry)
	}
	credit, err := left.price(days, s.days)
	if err != nil {
		return err
	}
	entry.Kind, entry.Amount = Credited, credit.Neg()
	return s.statement.add(entry)
}

func (s *settlement) sit(m Member, on seat) { s.taken[m.ID], s.had[m.ID] = on, on }

// price is what the seat costs for a part of the period's days.
func (t seat) price(days, of int64) (money.Amount, error) {
	amount, err := t.amount.MulRatio(days, of*t.shares)
	if err != nil {
		return amount, fmt.Errorf("%d of %d days: %w", days, of, err)
	}
	return amount, nil
}
