package lifecycle

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// settleSeats makes the statements of the seats that were paid for the period under way and end with an invoice: with the
// period, with the subscription or a pause, or because the invoice charges others in their place. Who joined is charged on
// this invoice. What members who are not active have earned is plan credit, which lowers it if it charges anything.
func (a Account) settleSeats(ctx context.Context, facts *invoicing.Facts, state subscription.State) error {
	fair, err := a.Records.FairBilling(ctx)
	if fair == nil || err != nil {
		return err
	}
	lines, err := a.endingSeats(ctx, *facts, state)
	if len(lines) == 0 || err != nil {
		return err
	}
	through := a.settledThrough(*facts, state)
	members, err := a.Records.Members(ctx, fair.Policy, a.firstDay(lines), through)
	if err != nil {
		return err
	}
	entries := 0
	for _, line := range lines {
		statement, err := a.settleLine(fair.Policy, line, members, through)
		if err != nil {
			return fmt.Errorf("seats of invoice %s, line %d: %w", line.InvoiceID, line.Position, err)
		}
		statement.Key, statement.At = facts.Key, facts.IssuedAt
		if err := a.Records.KeepStatement(ctx, statement); err != nil {
			return err
		}
		facts.Items = append(facts.Items, a.joined(line, statement.Entries, entries)...)
		entries += len(statement.Entries)
	}
	return nil
}

// seatLine is a line that charged seats in advance, and what of it is settled.
type seatLine struct {
	invoicing.BilledLine

	charge catalog.Charge
	paid   fairbilling.Paid
}

// endingSeats lists the lines of the period under way that charged seats in advance and that an invoice ends.
func (a Account) endingSeats(ctx context.Context, facts invoicing.Facts, state subscription.State) ([]seatLine, error) {
	running, err := a.Records.UnsettledLines(ctx, state.Period.End)
	if err != nil {
		return nil, err
	}
	from := state.UnbilledFrom().Truncate(time.Microsecond) // records may keep no finer instants
	var ending []seatLine
	for _, line := range running {
		charge, err := line.Plan.Charge(line.Line.ChargeID)
		if err != nil {
			return nil, err
		}
		goesOn := facts.Revises != nil && facts.Revises.Keeps(line)
		if !paysSeatsAhead(charge) || goesOn || line.Line.Period.Start.Before(from) {
			continue
		}
		paid, err := a.paidSeats(facts, line.Line)
		if err != nil {
			return nil, err
		}
		if paid.Seats > 0 && a.Zone.Days(paid.Period) > 0 {
			ending = append(ending, seatLine{BilledLine: line, charge: charge, paid: paid})
		}
	}
	return ending, nil
}

// paidSeats is what a line charged for seats. Of a line that the invoice takes back it is the part that has been used.
func (a Account) paidSeats(facts invoicing.Facts, line invoicing.Line) (fairbilling.Paid, error) {
	paid := fairbilling.Paid{Period: line.Period, Zone: a.Zone, Seats: line.Quantity.IntPart()}
	var err error
	if paid.Amount, err = line.Worth(); err != nil || facts.Revises == nil {
		return paid, err
	}
	paid.Period.End = facts.Revises.At
	if of := int64(a.Zone.Days(line.Period)); of > 0 {
		paid.Amount, err = paid.Amount.MulRatio(int64(a.Zone.Days(paid.Period)), of)
	}
	return paid, err
}

// settledThrough is the first day that an invoice does not settle: its own, or the one on which a pause began. What happens
// in a pause that lasts until the period ends is nobody's activity.
func (a Account) settledThrough(facts invoicing.Facts, state subscription.State) calendar.Date {
	if state.PausedAt != nil && state.PausedAt.Before(facts.IssuedAt) {
		return a.Zone.DateOf(*state.PausedAt)
	}
	return a.Zone.DateOf(facts.IssuedAt)
}

func (a Account) firstDay(lines []seatLine) calendar.Date {
	first := a.Zone.DateOf(lines[0].paid.Period.Start)
	for _, line := range lines {
		if day := a.Zone.DateOf(line.paid.Period.Start); day.Compare(first) < 0 {
			first = day
		}
	}
	return first
}

func (a Account) settleLine(policy fairbilling.Policy, line seatLine, members []fairbilling.Member, through calendar.Date) (SeatStatement, error) {
	settled, err := policy.Settle(line.paid, members, through)
	return SeatStatement{
		Statement: settled, Line: invoicing.LineRef{InvoiceID: line.InvoiceID, Position: line.Position},
		ChargeID: line.charge.ID, Period: line.paid.Period, Through: through,
	}, err
}

// settledSeat begins the ids of the items that settle seats. No other item may have such an id.
const settledSeat = "member:"

// SettlesSeat says that an item, by its id, charges a member who joined, and is not one that was added by a command.
func SettlesSeat(itemID string) bool { return strings.HasPrefix(itemID, settledSeat) }

// joined are the charges for members who came in the period, numbered by their entries after those of other statements.
func (a Account) joined(line seatLine, entries []fairbilling.Entry, before int) []invoicing.Item {
	var items []invoicing.Item
	for n, e := range entries {
		if e.Kind != fairbilling.Charged || e.Amount.IsZero() {
			continue
		}
		items = append(items, invoicing.Item{
			ID: fmt.Sprintf("%s%s-%s-%03d", settledSeat, line.charge.ID, e.On, before+n+1), Kind: invoicing.Adjustment, TaxCategory: line.charge.TaxCategory,
			Description: fmt.Sprintf("%s for %s from %s: %d of %d days", line.charge.Name, e.Member, e.On, e.Days, e.Of),
			Quantity:    decimal.NewFromInt(1), Unit: e.Amount.Decimal(),
			Period: calendar.Period{Start: a.Zone.StartOfDay(e.On), End: line.paid.Period.End},
		})
	}
	return items
}
