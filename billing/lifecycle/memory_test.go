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
	"github.com/perennial-billing/perennial/billing/lifecycle/memory"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
)

// life is a subscription with its records in memory, moved through time as its owner does: what is due comes first.
type life struct {
	memory.Records
	seated

	t        require.TestingT
	zone     calendar.Zone
	plans    []catalog.Plan
	state    subscription.State
	now      time.Time
	invoices []invoicing.Invoice
	issued   []invoicing.Facts
	owners   []string // of the invoices
	used     []use
	owner    string
	commands int
	items    []invoicing.Item
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
	l.Plans = l.Plan
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

func (l *life) ClaimUsage(_ context.Context, claim lifecycle.UsageClaim) ([]invoicing.Usage, error) {
	total := invoicing.Usage{Meter: claim.Meter}
	l.used = slices.Clone(l.used)
	for i, u := range l.used {
		if u.billed || u.meter != claim.Meter || u.at.Before(claim.From) || !u.at.Before(claim.To) {
			continue
		}
		l.used[i].billed = true
		total.Quantity = total.Quantity.Add(u.quantity)
		if u.at.Before(claim.LateBefore) {
			total.Late = total.Late.Add(u.quantity)
		}
	}
	if total.Quantity.IsZero() {
		return nil, nil
	}
	return []invoicing.Usage{total}, nil
}

func (l *life) Issue(_ context.Context, facts invoicing.Facts, _ int) (*lifecycle.Issued, error) {
	facts.Balance, facts.Items = money.Zero("USD"), append(slices.Clone(l.items), facts.Items...)
	inv, err := invoicing.Build(facts)
	if err != nil {
		return nil, err
	}
	for _, earlier := range l.invoices {
		require.NotEqual(l.t, earlier.Key, inv.Key, "an invoice's key is its identity")
	}
	l.Keep(memory.Invoice{Invoice: inv, IssuedAt: facts.IssuedAt})
	l.invoices, l.issued = append(slices.Clone(l.invoices), inv), append(slices.Clone(l.issued), facts)
	l.owners, l.items = append(slices.Clone(l.owners), l.owner), nil
	return &lifecycle.Issued{InvoiceID: inv.Key, Number: inv.Key, Total: inv.Total, AmountDue: inv.AmountDue}, nil
}

func (l *life) AddItem(_ context.Context, item invoicing.Item, _ time.Time) error {
	l.items = append(slices.Clone(l.items), item)
	return nil
}

func (l *life) CancelItem(_ context.Context, id string, _ time.Time) error {
	l.items = slices.DeleteFunc(slices.Clone(l.items), func(i invoicing.Item) bool { return i.ID == id })
	return nil
}

func (l *life) AddCycle(context.Context, lifecycle.Cycle, time.Time) error { return nil }

func (l *life) HasCycle(context.Context, int) (bool, error) { return false, nil }

func (l *life) Transfer(_ context.Context, customerID string) (lifecycle.Account, error) {
	if customerID == "cus_unknown" {
		return lifecycle.Account{}, &subscription.Refusal{Code: "customer_unknown", Message: customerID}
	}
	l.owner = customerID
	return l.account(), nil
}
