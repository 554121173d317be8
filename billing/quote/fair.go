package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// fair is what fair billing remembers of a subscription.
type fair struct {
	lifecycle.FairBilling

	members    []fairbilling.Member
	statements []lifecycle.SeatStatement
	// expired is what was left of the plan credit when it ended last.
	expired money.Amount
}

// seatMembers begins fair billing, if it is asked for.
func (a *Subscribe) seatMembers(ctx context.Context, b *book, agreement lifecycle.Agreement) (lifecycle.Agreement, error) {
	if a.FairBilling == nil {
		return agreement, nil
	}
	asked := fairbilling.Agreement{Policy: fairbilling.DefaultPolicy()}
	if a.FairBilling.WindowDays != 0 {
		asked.WindowDays = a.FairBilling.WindowDays
	}
	if a.FairBilling.MinimumSeats != nil {
		asked.MinimumSeats = *a.FairBilling.MinimumSeats
	}
	for _, m := range a.FairBilling.Members {
		asked.Members = append(asked.Members, fairbilling.Arrival{ID: m.ID, LastActive: m.LastActive})
	}
	plan, err := b.Plan(ctx, agreement.Terms)
	if err != nil {
		return agreement, err
	}
	seated, err := agreement.SeatMembers(asked, plan, b.zone)
	if refused, is := errors.AsType[*subscription.Refusal](err); is {
		return agreement, refused
	}
	if err != nil {
		return agreement, fmt.Errorf("subscribe.fair_billing.%w", err)
	}
	b.fair = &fair{FairBilling: seated.FairBilling, members: seated.Members, expired: money.Zero(b.currency)}
	return seated.Agreement, nil
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
	if err := fairbilling.CheckMemberID(a.Member); err != nil {
		return fmt.Errorf("activity.member: %w", err)
	}
	day := a.On
	if today := b.zone.DateOf(s.at); day.IsZero() {
		day = today
	} else if day.Compare(today) > 0 {
		return fmt.Errorf("activity.on: %s is after the entry's own day, %s: it cannot be known yet", day, today)
	}
	return b.note(a, day)
}

// note keeps what a member did on a day.
func (b *book) note(a *Activity, day calendar.Date) error {
	members := slices.Clone(b.fair.members)
	i := b.fair.member(a.Member)
	switch {
	case i < 0 && a.Event == Left:
		return refuse("member_unknown", "subscription %s has no member %q", b.state.ID, a.Member)
	case i < 0:
		members = append(members, fairbilling.Member{ID: a.Member, Since: day})
	default:
		var err error
		if members[i], err = b.fair.noted(members[i], a.Event, day); err != nil {
			return err
		}
	}
	change(b.w, &b.fair.members, members)
	return nil
}

func (f *fair) noted(m fairbilling.Member, event ActivityEvent, day calendar.Date) (fairbilling.Member, error) {
	if event == Left {
		return m.Leave(day, f.settledThrough())
	}
	return m.Act(day)
}

// settledThrough is the first day that no statement has settled; no day before the first.
func (f *fair) settledThrough() calendar.Date {
	var through calendar.Date
	for _, s := range f.statements {
		if s.Through.Compare(through) > 0 {
			through = s.Through
		}
	}
	return through
}

// FairBilling is what the subscription agreed to, if it did.
func (b *book) FairBilling(context.Context) (*lifecycle.FairBilling, error) {
	if b.fair == nil {
		return nil, nil
	}
	return &b.fair.FairBilling, nil
}

// ActiveSeats counts the members who are active on a day.
func (b *book) ActiveSeats(_ context.Context, policy fairbilling.Policy, on calendar.Date) (int64, error) {
	return policy.Seats(b.fair.members, on), nil
}

// Members are all there are: those who are not active in a stretch of time do no harm.
func (b *book) Members(context.Context, fairbilling.Policy, calendar.Date, calendar.Date) ([]fairbilling.Member, error) {
	return b.fair.members, nil
}

// UnsettledLines lists what was charged in advance for time that ends at an instant.
func (b *book) UnsettledLines(ctx context.Context, end time.Time) ([]invoicing.BilledLine, error) {
	running, err := b.RunningLines(ctx, end.Add(-1))
	return slices.DeleteFunc(running, func(billed invoicing.BilledLine) bool {
		ref := invoicing.LineRef{InvoiceID: billed.InvoiceID, Position: billed.Position}
		return !billed.Line.Period.End.Equal(end) ||
			slices.ContainsFunc(b.fair.statements, func(s lifecycle.SeatStatement) bool { return s.Line == ref })
	}), err
}

// KeepStatement shows a statement in the result, and adds its credits to the plan credit.
func (b *book) KeepStatement(_ context.Context, s lifecycle.SeatStatement) error {
	change(b.w, &b.fair.statements, append(slices.Clone(b.fair.statements), s))
	credit, err := b.planCredit.Add(s.Credits)
	change(b.w, &b.planCredit, credit)
	return err
}

// ExpirePlanCredit ends what is left of the plan credit.
func (b *book) ExpirePlanCredit(context.Context, time.Time, string) error {
	change(b.w, &b.fair.expired, b.planCredit)
	change(b.w, &b.planCredit, money.Zero(b.currency))
	return nil
}

// planCreditShown is the plan credit or, in the end, what of it has expired.
func (b *book) planCreditShown() Amount {
	if b.state.Ended() {
		return amountOf(b.fair.expired)
	}
	return amountOf(b.planCredit)
}

func (b *book) statementsShown() []SeatStatement {
	all := make([]SeatStatement, len(b.fair.statements))
	for i, s := range b.fair.statements {
		shown := SeatStatement{
			Subscription: b.state.ID, Charge: s.ChargeID, Period: periodOf(s.Period, b.zone), Entries: []SeatEntry{},
			Charges: amountOf(s.Charges), Credits: amountOf(s.Credits),
		}
		for _, e := range s.Entries {
			shown.Entries = append(shown.Entries, SeatEntry{
				Member: e.Member, Kind: e.Kind, On: e.On, Days: e.Days, Of: e.Of, Amount: amountOf(e.Amount),
			})
		}
		all[i] = shown
	}
	return all
}
