package lifecycle_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
)

// life is a subscription with its records in memory, moved through time as its owner does: what is due comes first.
type life struct {
	seated

	t        require.TestingT
	zone     calendar.Zone
	plans    []catalog.Plan
	state    subscription.State
	now      time.Time
	segments []lifecycle.Segment
	invoices []invoicing.Invoice
	issued   []invoicing.Facts
	owners   []string // of the invoices
	used     []use
	owner    string
	commands int
}

type use struct {
	meter    string
	at       time.Time
	quantity decimal.Decimal
	billed   bool
}

func begin(t require.TestingT, zone, start string, terms subscription.Terms, plans ...catalog.Plan) *life {
	z, err := calendar.LoadZone(zone)
	require.NoError(t, err)
	l := &life{t: t, zone: z, plans: plans, owner: "cus_1"}
	plan, err := l.Plan(context.Background(), terms)
	require.NoError(t, err)
	at := l.local(start)
	l.state = subscription.New("sub_1", l.owner, terms, plan.BilledBy, at, 0)
	l.until(at)
	return l
}

// local is an instant of the zone, written "2027-01-16" or "2027-01-16 15:04".
func (l *life) local(text string) time.Time {
	date, clock := text, "00:00"
	if len(text) > 10 {
		date, clock = text[:10], text[11:]
	}
	day, err := calendar.ParseDate(date)
	require.NoError(l.t, err)
	hours, err := time.Parse("15:04", clock)
	require.NoError(l.t, err)
	return l.zone.Instant(day, hours.Hour(), hours.Minute(), 0)
}

// until lets happen what is due by an instant.
func (l *life) until(at time.Time) {
	for due, is := l.state.NextDue(); is && !due.After(at); due, is = l.state.NextDue() {
		l.now = due
		l.turn(due)
	}
	l.now = at
}

func (l *life) turn(due time.Time) {
	before := *l
	outcome, err := l.account().Turn(context.Background(), l.state, due)
	if refused, ok := asRefusal(err); ok {
		*l = before
		l.state = lifecycle.Missed(l.state, due, refused)
		return
	}
	require.NoError(l.t, err)
	l.state = outcome.State
}

func asRefusal(err error) (*subscription.Refusal, bool) {
	refused, ok := err.(*subscription.Refusal) //nolint:errorlint // it is never wrapped
	return refused, ok
}

// do gives a command on a local date and returns the code of its refusal, "" if it was carried out.
func (l *life) do(when string, c subscription.Command) string {
	at := l.local(when)
	l.until(at)
	return l.give(at, c)
}

func (l *life) give(at time.Time, c subscription.Command) string {
	l.commands++
	c.ID, c.At, c.Actor = fmt.Sprintf("c%d", l.commands), at, "customer"
	before := *l
	outcome, err := l.account().CarryOut(context.Background(), l.state, c)
	if refused, ok := asRefusal(err); ok {
		*l = before
		return refused.Code
	}
	require.NoError(l.t, err)
	l.now, l.state = at, outcome.State
	return ""
}

func (l *life) account() lifecycle.Account {
	return lifecycle.Account{
		Records: l, Currency: "USD", Zone: l.zone, Seller: tax.Seller{Country: "US"}, Buyer: tax.Buyer{Country: "US", PostalCode: "94103"},
	}
}

func (l *life) use(when, meter string, quantity int64) {
	l.used = append(slices.Clone(l.used), use{meter: meter, at: l.local(when), quantity: decimal.NewFromInt(quantity)})
}

// shown writes the lines of the invoices from a position on, an invoice a text: "cycle: recurring pro/base USD 30.00; …".
func (l *life) shown(from int) []string {
	var texts []string
	for _, inv := range l.invoices[from:] {
		text := string(inv.Reason) + ":"
		for _, line := range inv.Lines {
			text += fmt.Sprintf(" %s %s/%s %s", line.Kind, line.PlanID, line.ChargeID, line.Amount)
			if line.Explanation.Of != 0 {
				text += fmt.Sprintf(" %d/%d", line.Explanation.Part, line.Explanation.Of)
			}
			text += ";"
		}
		texts = append(texts, text)
	}
	return texts
}

func (l *life) Plan(_ context.Context, terms subscription.Terms) (catalog.Plan, error) {
	at := slices.IndexFunc(l.plans, func(p catalog.Plan) bool { return p.ID == terms.PlanID && p.Version == terms.PlanVersion })
	if at < 0 {
		return catalog.Plan{}, &subscription.Refusal{Code: "plan_unknown", Message: terms.PlanID}
	}
	return l.plans[at], nil
}

func (l *life) Agree(context.Context, lifecycle.Deal) error { return nil }

func (l *life) Offer(ctx context.Context, terms subscription.Terms, _ time.Time) (catalog.Plan, error) {
	plan, err := l.Plan(ctx, terms)
	if err != nil {
		return plan, err
	}
	return plan, lifecycle.CheckSellable(plan, terms, "USD")
}

func (l *life) Segments(_ context.Context, from, to time.Time) ([]lifecycle.Segment, error) {
	return slices.DeleteFunc(slices.Clone(l.segments), func(s lifecycle.Segment) bool {
		return !s.From.Before(to) || !s.To.IsZero() && (!s.To.After(from) || !s.To.After(s.From))
	}), nil
}

func (l *life) Enforce(ctx context.Context, terms subscription.Terms, at time.Time) error {
	if err := l.CloseSegment(ctx, at); err != nil {
		return err
	}
	l.segments = append(l.segments, lifecycle.Segment{From: at, Terms: terms})
	return nil
}

func (l *life) CloseSegment(_ context.Context, at time.Time) error {
	l.segments = slices.Clone(l.segments)
	if last := len(l.segments) - 1; last >= 0 && l.segments[last].To.IsZero() {
		l.segments[last].To = at
	}
	return nil
}

func (l *life) ClaimUsage(_ context.Context, meter string, from, to, lateBefore time.Time) ([]invoicing.Usage, error) {
	total := invoicing.Usage{Meter: meter}
	l.used = slices.Clone(l.used)
	for i, u := range l.used {
		if u.billed || u.meter != meter || u.at.Before(from) || !u.at.Before(to) {
			continue
		}
		l.used[i].billed = true
		total.Quantity = total.Quantity.Add(u.quantity)
		if u.at.Before(lateBefore) {
			total.Late = total.Late.Add(u.quantity)
		}
	}
	if total.Quantity.IsZero() {
		return nil, nil
	}
	return []invoicing.Usage{total}, nil
}

func (l *life) RunningLines(ctx context.Context, at time.Time) ([]invoicing.BilledLine, error) {
	credited := map[invoicing.LineRef]bool{}
	for _, inv := range l.invoices {
		for _, line := range inv.Lines {
			if line.Credits != nil {
				credited[*line.Credits] = true
			}
		}
	}
	var running []invoicing.BilledLine
	for i, inv := range l.invoices {
		for j, line := range inv.Lines {
			ref := invoicing.LineRef{InvoiceID: inv.Key, Position: j + 1}
			charge := line.Kind == invoicing.Recurring || line.Kind == invoicing.ProrationCharge
			if !charge || credited[ref] || !line.Period.End.After(at) || !line.Period.End.After(l.issued[i].IssuedAt) {
				continue
			}
			plan, err := l.Plan(ctx, subscription.Terms{PlanID: line.PlanID, PlanVersion: line.PlanVersion})
			if err != nil {
				return nil, err
			}
			running = append(running, invoicing.BilledLine{InvoiceID: ref.InvoiceID, Position: ref.Position, Line: line, Plan: plan})
		}
	}
	return running, nil
}

func (l *life) ChargedAhead(_ context.Context, inside calendar.Period) ([]invoicing.PlanAmount, error) {
	var charged []invoicing.PlanAmount
	counts := map[invoicing.LineRef]bool{}
	for i, inv := range l.invoices {
		for j, line := range inv.Lines {
			within := !line.Period.Start.Before(inside.Start) && !line.Period.End.After(inside.End)
			ahead := within && line.Kind.PaysAhead() && line.Period.End.After(l.issued[i].IssuedAt)
			counts[invoicing.LineRef{InvoiceID: inv.Key, Position: j + 1}] = ahead
			if ahead || line.Credits != nil && counts[*line.Credits] {
				charged = append(charged, invoicing.PlanAmount{PlanID: line.PlanID, PlanVersion: line.PlanVersion, Amount: line.Amount})
			}
		}
	}
	return charged, nil
}

func (l *life) Issue(_ context.Context, facts invoicing.Facts, _ int) (*lifecycle.Issued, error) {
	facts.Balance = money.Zero("USD")
	inv, err := invoicing.Build(facts)
	if err != nil {
		return nil, err
	}
	for _, earlier := range l.invoices {
		require.NotEqual(l.t, earlier.Key, inv.Key, "an invoice's key is its identity")
	}
	l.invoices, l.issued = append(slices.Clone(l.invoices), inv), append(slices.Clone(l.issued), facts)
	l.owners = append(slices.Clone(l.owners), l.owner)
	return &lifecycle.Issued{InvoiceID: inv.Key, Number: inv.Key, Total: inv.Total, AmountDue: inv.AmountDue}, nil
}

func (l *life) AddCycle(context.Context, lifecycle.Cycle, time.Time) error { return nil }

func (l *life) Transfer(_ context.Context, customerID string) (lifecycle.Account, error) {
	if customerID == "cus_unknown" {
		return lifecycle.Account{}, &subscription.Refusal{Code: "customer_unknown", Message: customerID}
	}
	l.owner = customerID
	return l.account(), nil
}
