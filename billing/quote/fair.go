package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// fair is what fair billing remembers of a subscription.
type fair struct {
	policy     fairbilling.Policy
	members    []fairbilling.Member
	statements []SeatStatement
}

// seatMembers begins fair billing, if it is asked for. The seats are those of the members who are active at the start.
func (a *Subscribe) seatMembers(b *book, agreement *lifecycle.Agreement) error {
	if a.FairBilling == nil {
		return nil
	}
	first := b.owner.zone.DateOf(agreement.StartAt)
	f := &fair{policy: fairbilling.DefaultPolicy()}
	if a.FairBilling.WindowDays != 0 {
		f.policy.WindowDays = a.FairBilling.WindowDays
	}
	if a.FairBilling.MinimumSeats != nil {
		f.policy.MinimumSeats = *a.FairBilling.MinimumSeats
	}
	if err := f.policy.Validate(); err != nil {
		return fmt.Errorf("subscribe.fair_billing.%w", err)
	}
	for i, m := range a.FairBilling.Members {
		if m.ID == "" || f.member(m.ID) >= 0 {
			return fmt.Errorf("subscribe.fair_billing.members[%d].id: %q must name the member, and no other", i, m.ID)
		}
		since := m.LastActive
		if since.IsZero() {
			since = first
		}
		f.members = append(f.members, fairbilling.Member{ID: m.ID, Since: since})
	}
	if agreement.Terms.Seats == 0 {
		agreement.Terms.Seats = f.policy.Seats(f.members, first)
	}
	b.fair = f
	return nil
}

func (f *fair) member(id string) int {
	return slices.IndexFunc(f.members, func(m fairbilling.Member) bool { return m.ID == id })
}

func (a *Activity) whose(w *world) (*customer, error) {
	return w.customerOf("activity.subscription", a.Subscription)
}

func (a *Activity) do(_ context.Context, w *world, s step) error {
	b, err := w.book("activity.subscription", a.Subscription)
	if err != nil {
		return err
	}
	if b.fair == nil {
		return refuse("no_fair_billing", "subscription %s has no fair billing: add fair_billing to its subscribe entry", b.state.ID)
	}
	if a.Member == "" {
		return errors.New("activity.member: must not be empty")
	}
	members, day := slices.Clone(b.fair.members), s.who.zone.DateOf(s.at)
	i := b.fair.member(a.Member)
	switch {
	case i < 0 && a.Event == Left:
		return refuse("member_unknown", "subscription %s has no member %q", b.state.ID, a.Member)
	case i < 0:
		members = append(members, fairbilling.Member{ID: a.Member, Since: day})
	case !members[i].Until.IsZero():
		return refuse("member_left", "member %q has left subscription %s: who comes back gets another id", a.Member, b.state.ID)
	case a.Event == Left:
		members[i].Until = day
	default:
		members[i].Actions = append(slices.Clone(members[i].Actions), day)
	}
	change(w, &b.fair.members, members)
	return nil
}

// reseat has the next period charge the seats of the members who are active when it begins.
func (b *book) reseat(due time.Time) {
	_, ends := b.state.EndsAtBoundary()
	if b.fair == nil || ends || !b.state.Running() {
		return
	}
	terms := b.state.TermsAtBoundary()
	terms.Seats = b.fair.policy.Seats(b.fair.members, b.owner.zone.DateOf(due))
	change(b.w, &b.state, b.state.Defer(subscription.Command{Kind: subscription.ChangeTerms, At: due, Terms: &terms, Reason: "fair billing"}))
}

// settleSeats charges who joined in the period under way, and keeps the credit for those who are not active any more, when
// an invoice ends that period.
func (b *book) settleSeats(ctx context.Context, facts invoicing.Facts) error {
	if b.fair == nil || !b.state.Running() || !b.endsSeats(facts) {
		return nil
	}
	credited := b.Credited()
	for _, d := range b.invoices {
		for i, line := range d.Lines {
			if credited[invoicing.LineRef{InvoiceID: d.Key, Position: i + 1}] || line.Credits != nil || !line.Period.End.Equal(b.state.Period.End) {
				continue
			}
			if err := b.settleSeatLine(ctx, facts, line); err != nil {
				return fmt.Errorf("seats of invoice %d, line %d: %w", d.number, i+1, err)
			}
		}
	}
	return nil
}

// endsSeats says that the seats paid for the period under way end with an invoice: with the period, or in it.
func (b *book) endsSeats(facts invoicing.Facts) bool {
	if facts.Revises == nil || facts.Revises.NewTerms == nil {
		return facts.Opens != nil || facts.Revises != nil || facts.Reason == invoicing.ForEnd || facts.Reason == invoicing.ForPause
	}
	next, now := facts.Revises.NewTerms, b.state.Terms
	return next.Plan.ID != now.PlanID || next.Plan.Version != now.PlanVersion || next.Seats != now.Seats
}

func (b *book) settleSeatLine(ctx context.Context, facts invoicing.Facts, line invoicing.Line) error {
	charge, err := b.seatCharge(ctx, line)
	if charge == nil || err != nil {
		return err
	}
	paid, err := b.paidSeats(facts, line)
	if err != nil || b.owner.zone.Days(paid.Period) < 1 || paid.Seats < 1 {
		return err
	}
	statement, err := b.fair.policy.Settle(paid, b.fair.members, b.owner.zone.DateOf(facts.IssuedAt))
	if err != nil {
		return err
	}
	b.keep(statement, charge, paid.Period)
	credit, err := b.planCredit.Add(statement.Credits)
	change(b.w, &b.planCredit, credit)
	return err
}

// seatCharge is the charge of a line that charges seats in advance, nil for other lines.
func (b *book) seatCharge(ctx context.Context, line invoicing.Line) (*catalog.Charge, error) {
	if line.Kind != invoicing.Recurring && line.Kind != invoicing.ProrationCharge {
		return nil, nil
	}
	plan, err := b.Plan(ctx, subscription.Terms{PlanID: line.PlanID, PlanVersion: line.PlanVersion})
	if err != nil {
		return nil, err
	}
	charge, err := plan.Charge(line.ChargeID)
	if err != nil || charge.Per != catalog.PerSeat || charge.Timing != catalog.Advance {
		return nil, err
	}
	return &charge, nil
}

// paidSeats is what a line charged for seats. Of a line that the invoice takes back it is the part that has been used.
func (b *book) paidSeats(facts invoicing.Facts, line invoicing.Line) (fairbilling.Paid, error) {
	paid := fairbilling.Paid{Period: line.Period, Zone: b.owner.zone, Seats: line.Quantity.IntPart()}
	var err error
	if paid.Amount, err = line.Worth(); err != nil || facts.Revises == nil {
		return paid, err
	}
	paid.Period.End = facts.Revises.At
	if of := int64(b.owner.zone.Days(line.Period)); of > 0 {
		paid.Amount, err = paid.Amount.MulRatio(int64(b.owner.zone.Days(paid.Period)), of)
	}
	return paid, err
}

// keep shows a statement and puts its charges on the invoice.
func (b *book) keep(statement fairbilling.Statement, charge *catalog.Charge, period calendar.Period) {
	shown := SeatStatement{
		Subscription: b.state.ID, Charge: charge.ID, Period: periodOf(period, b.owner.zone), Entries: []SeatEntry{},
		Charges: amountOf(statement.Charges), Credits: amountOf(statement.Credits),
	}
	items := slices.Clone(b.items)
	for n, e := range statement.Entries {
		shown.Entries = append(shown.Entries, SeatEntry{
			Member: e.Member, Kind: e.Kind, On: e.On, Days: e.Days, Of: e.Of, Amount: amountOf(e.Amount),
		})
		if e.Kind != fairbilling.Charged || e.Amount.IsZero() {
			continue
		}
		items = append(items, invoicing.Item{
			ID: fmt.Sprintf("%s-%s-%03d", charge.ID, e.On, n+1), Kind: invoicing.Adjustment, TaxCategory: charge.TaxCategory,
			Description: fmt.Sprintf("%s for %s from %s: %d of %d days", charge.Name, e.Member, e.On, e.Days, e.Of),
			Quantity:    decimal.NewFromInt(1), Unit: e.Amount.Decimal(),
			Period: calendar.Period{Start: b.owner.zone.StartOfDay(e.On), End: period.End},
		})
	}
	change(b.w, &b.items, items)
	change(b.w, &b.fair.statements, append(slices.Clone(b.fair.statements), shown))
}
