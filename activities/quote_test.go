package activities_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// TestWhatIsQuotedHappens plays random time lines both as a quote and with the activities on a real Postgres, and requires
// the same invoices and refusals.
func TestWhatIsQuotedHappens(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	worth := worth{products: map[string]int{}, phases: map[int]bool{}}
	for seed := range uint64(60) {
		line := randomTimeline(seed, "seats", "roomy", "roomy", "roomy", "seats-ramp", "seats-ramp", "seats-yearly", "trial", "metered").negotiated(t, seed)
		if seed%2 == 1 {
			line.group = "office"
		}
		scenario, err := quote.Parse(strings.NewReader(line.scenario(t)))
		require.NoError(t, err, "seed %d", seed)
		quoted, err := quote.Run(t.Context(), scenario)
		require.NoError(t, err, "seed %d", seed)
		happened := line.happen(b, nil)
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedGrants(quoted), happened.grantsLeft(line.customer), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d: %s", seed, line.scenario(t))
		worth.count(quoted, line.customer)
		worth.newPeriods += happened.newPeriods
	}
	worth.require(t)
	faults, err := b.LedgerFaults(b.ctx)
	require.NoError(t, err)
	for _, fault := range faults { // what these time lines call paid has no posting
		require.Contains(t, fault.Subject, "AccountsReceivable")
	}
	items, err := b.ItemFaults(b.ctx)
	require.NoError(t, err)
	require.Empty(t, items)
	b.salesBooked()
}

// TestMonthsAreBilledAsQuoted plays four months of the monthly run: with late usage, without usage, and with an end.
func TestMonthsAreBilledAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	used := func(month time.Month, day int, quantity int64, happened time.Time) event {
		at := time.Date(2027, month, day, 8, 0, 0, 0, time.UTC)
		if happened.IsZero() {
			happened = at
		}
		return event{at: at, action: "usage", quantity: quantity, happened: happened}
	}
	line := timeline{
		customer: "months", zone: "Europe/Berlin", until: time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC),
		entries: []event{
			{at: day0, action: "subscribe", subscription: "sub_months", plan: "api"},
			used(time.January, 31, 1000, day0.Add(time.Hour)),
			used(time.February, 2, 250, day0.Add(11*time.Hour)), // still January in Berlin
			used(time.February, 3, 4000, time.Time{}),
			used(time.April, 3, 77, time.Time{}),
			{at: time.Date(2027, time.April, 10, 0, 0, 0, 0, time.UTC), action: "cancel", subscription: "sub_months", when: quote.Now},
		},
	}
	line.entries[1].at = day0.Add(2 * time.Hour)
	scenario, err := quote.Parse(strings.NewReader(line.scenario(t)))
	require.NoError(t, err)
	quoted, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	require.Len(t, quoted.Invoices, 3)
	require.Len(t, quoted.Skipped, 1)
	happened := line.happen(b, []string{"2027-01", "2027-02", "2027-03", "2027-04"})
	require.Equal(t, quotedDocuments(quoted), happened.documents())
}

// timeline is a customer's random story.
type timeline struct {
	customer, zone string
	// above, if not empty, are the accounts of the customer's parent and of the parent's, as far as they are not self: in whose
	// name invoices are, and who pays them.
	above []account.Account
	// group, if not empty, is the billing group of all the subscriptions.
	group string
	// sold are more plans than the catalogue, as JSON.
	sold    string
	entries []event
	until   time.Time
}

// event is an entry of the time line, as JSON and as what the real thing is told.
type event struct {
	at           time.Time
	action       string
	subscription string
	when         quote.When
	seats        int64
	addOns       subscription.AddOns
	plan         string
	prices       catalog.Agreed
	billNext     bool
	newPeriod    bool
	quantity     int64
	grant        message.GrantCredit
	topUp        *message.TopUp
	happened     time.Time
	// meter is calls if it is empty; amount and values are those of the event.
	meter  string
	amount *decimal.Decimal
	values map[string]string
	// unit is what one of a charged item costs, in cents.
	unit int64
}

// randomTimeline changes between plans.
func randomTimeline(seed uint64, plans ...string) timeline {
	rng := rand.New(rand.NewPCG(seed, 4))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	line := timeline{
		customer: fmt.Sprintf("quoted%d", seed),
		zone:     pick("Europe/London", "Asia/Kolkata", "Pacific/Apia", "America/New_York", "Australia/Lord_Howe"),
	}
	line.above = line.randomFamily(seed)
	at := day0.Add(time.Duration(rng.IntN(40*24*3600)) * time.Second)
	for n := range 1 + rng.IntN(2) {
		e := event{at: at, action: "subscribe", subscription: fmt.Sprintf("%s_%d", line.customer, n)}
		e.randomTerms(rng, plans)
		line.entries = append(line.entries, e)
	}
	subscriptions := len(line.entries)
	for range 15 {
		at = at.Add(time.Duration(rng.IntN(20*24*3600)) * time.Second)
		e := event{at: at, subscription: line.entries[rng.IntN(subscriptions)].subscription, when: quote.Now, happened: at}
		switch e.action = pick("usage", "usage", "change", "change", "change", "pause", "resume", "resume", "paid", "cancel"); e.action {
		case "usage":
			e.quantity, e.happened = int64(rng.IntN(5000)), at.Add(-time.Duration(rng.IntN(40*24*3600))*time.Second)
		case "change":
			e.randomTerms(rng, plans)
			e.when = quote.When(pick("now", "now", "period_end"))
			e.billNext = e.when == quote.Now && rng.IntN(3) == 0
			e.newPeriod = at.Unix()%4 == 0 // refused at the period's end, with the next invoice and in trials
		case "cancel":
			e.when = quote.When(pick("now", "period_end", "period_end"))
		}
		line.entries = append(line.entries, e)
	}
	line.until = at.AddDate(0, 3, 0)
	line.addCharges(seed)
	for n, coupon := range quotedCoupons()[:4] {
		if seed>>n&1 == 1 {
			line.entries = append(line.entries, event{at: line.entries[0].at.AddDate(0, 0, 23*n), action: "redeem", plan: coupon.ID})
		}
	}
	if seed%3 > 0 {
		line.addGrants(rng)
	}
	slices.SortStableFunc(line.entries, func(a, b event) int { return a.at.Compare(b.at) })
	return line
}

// randomFamily is the customer's account and those above, in some of the time lines.
func (l timeline) randomFamily(seed uint64) []account.Account {
	if seed%3 != 0 {
		return nil
	}
	owners := []account.Owner{account.Self, account.Parent}
	top, middle := l.customer+"_top", l.customer+"_middle"
	return []account.Account{
		{ID: top},
		{ID: middle, ParentID: top, InvoicedTo: owners[seed/3%2], PaidBy: owners[seed/6%2]},
		{ID: l.customer, ParentID: middle, InvoicedTo: owners[seed/12%2], PaidBy: owners[seed/24%2]},
	}
}

func (e *event) randomTerms(rng *rand.Rand, plans []string) {
	e.plan = plans[rng.IntN(len(plans))]
	if strings.HasPrefix(e.plan, "seats") || e.plan == "roomy" {
		e.seats = int64(1 + rng.IntN(9))
	}
	if e.plan != "roomy" {
		return
	}
	e.addOns, _ = subscription.AddOns{}.Changed(
		subscription.HeldAddOn{ID: "storage", Quantity: int64(rng.IntN(4))}, subscription.HeldAddOn{ID: "support", Quantity: int64(rng.IntN(2))})
}

// quantities are those of all add-ons there are, as an entry of a scenario asks for them.
func (e event) quantities() []subscription.HeldAddOn {
	held := e.addOns.Quantities()
	return []subscription.HeldAddOn{{ID: "storage", Quantity: held["storage"]}, {ID: "support", Quantity: held["support"]}}
}

// history is what came of a time line in the real thing.
type history struct {
	*bundle
	states  []subscription.State
	refused []string
	// months are yet to be billed by the monthly run.
	months []string
	// group is the billing group of the subscriptions.
	group string
	// lateInvoices counts those of usage that became known after an end.
	lateInvoices int
	// newPeriods counts those that began with a change because it asked for that.
	newPeriods int
	// previews, if not nil, are taken of all commands.
	previews previews
	// wallet is whose credit is bought by itself, if anybody's.
	wallet *lookedAt
}

// accounts are the customer's and those above, parents first.
func (l timeline) accounts() []account.Account {
	if l.above == nil {
		return []account.Account{{ID: l.customer}}
	}
	return l.above
}

func (l timeline) happen(b *bundle, months []string) *history {
	b.t.Helper()
	return l.in(&history{bundle: b, months: months})
}

// in lets the time line happen as the continuation of a history.
func (l timeline) in(h *history) *history {
	b := h.bundle
	b.t.Helper()
	for _, a := range l.accounts() {
		c := store.Customer{
			ID: a.ID, EntityID: "acme", Name: a.ID, Email: a.ID + "@example.com", Country: "GB", PostalCode: "W1A 1AA", Zone: l.zone,
			Currency: "EUR", Locale: "en-GB", CreatedAt: day0, InvoicedTo: a.InvoicedTo, PaidBy: a.PaidBy,
		}
		if a.ParentID != "" {
			c.ParentID = &a.ParentID
		}
		require.NoError(b.t, b.AddCustomer(b.ctx, c))
	}
	h.group = l.group
	for i, e := range l.entries {
		h.advance(e.at)
		h.play(l.customer, i, e)
		h.look(l.customer, e)
	}
	h.advance(l.until)
	_, err := b.billing.TendWallet(b.ctx, message.WalletAt{CustomerID: l.customer, Currency: "EUR", At: l.until})
	require.NoError(b.t, err)
	return h
}

// advance turns all boundaries that fall due until an instant, in their order.
func (h *history) advance(until time.Time) {
	for {
		next := -1
		var first time.Time
		for i, state := range h.states {
			if due, ok := state.NextDue(); ok && !due.After(until) && (next < 0 || due.Before(first)) {
				next, first = i, due
			}
		}
		if at, looks := h.nextLook(until); looks && (next < 0 || at.Before(first)) {
			h.tend(at)
			continue
		}
		if next < 0 {
			break
		}
		if h.group != "" && h.states[next].RenewsAt(first) {
			h.renewTogether(first)
			h.tend(first)
			continue
		}
		h.states[next] = h.turn(h.states[next]).State
		h.tend(first)
	}
	for len(h.months) > 0 && !h.monthEnd(h.months[0]).After(until) {
		in := message.InvoiceRunInput{EntityID: "acme", Period: h.months[0], AsOf: h.monthEnd(h.months[0])}
		_, err := inActivity(h.bundle, message.PrepareRun, in)
		require.NoError(h.t, err)
		_, err = inActivity(h.bundle, message.BillShard, message.Shard{RunID: message.InvoiceRunID(in.EntityID, in.Period), AsOf: in.AsOf})
		require.NoError(h.t, err)
		h.months = h.months[1:]
	}
}

// monthEnd is when a month is over in Berlin.
func (h *history) monthEnd(month string) time.Time {
	berlin, err := calendar.LoadZone("Europe/Berlin")
	require.NoError(h.t, err)
	period, err := calendar.MonthPeriod(berlin, month)
	require.NoError(h.t, err)
	return period.End
}

func (h *history) play(customer string, i int, e event) {
	h.t.Helper()
	switch e.action {
	case "subscribe":
		in := agreement(e.subscription, customer, e.plan, e.seats, "EUR")
		in.StartAt, in.Terms.AddOns, in.Prices, in.BillingGroup = e.at, e.addOns, e.prices, h.group
		opened, err := h.billing.OpenSubscription(h.ctx, in)
		require.NoError(h.t, err)
		require.Nil(h.t, opened.Refusal)
		h.states = append(h.states, opened.State)
	case "usage":
		_, err := h.AddUsage(h.ctx, customer, []store.UsageEvent{e.usageEvent(fmt.Sprintf("%s_%03d", customer, i))})
		require.NoError(h.t, err)
		h.billLate(i, e)
	case "paid":
		h.payLatest(i, e)
	case "grant":
		h.grant(e.grant)
	case "grant_paid", "return_grant", "top_up":
		h.credit(customer, i, e)
	case "customer":
		h.moved(customer, e.plan)
	case "redeem":
		h.tryRedeem(customer, i, e)
	default:
		h.command(i, e)
	}
}

// command is what the entry asks for.
func (e event) command(i int) subscription.Command {
	c := subscription.Command{ID: fmt.Sprintf("timeline[%d]", i), Kind: subscription.Kind(e.action), At: e.at, Actor: "customer", AtPeriodEnd: e.when == quote.PeriodEnd}
	switch e.action {
	case "charge":
		item := e.item(i)
		c.Item, c.BillNext = &item, e.billNext
	case "change":
		c.Terms, c.BillNext = &subscription.Terms{PlanID: e.plan, PlanVersion: 1, Seats: e.seats, AddOns: e.addOns}, e.billNext
		c.Prices, c.NewPeriod = e.prices, e.newPeriod
	case "cancel":
		c.CreditUnused = true
	}
	return c
}

func (h *history) command(i int, e event) {
	h.t.Helper()
	at := h.find(e.subscription)
	turned := h.previewAndCarryOut(h.states[at], e.command(i))
	if turned.Refusal != nil {
		h.refused = append(h.refused, fmt.Sprintf("timeline[%d] %s", i, turned.Refusal.Code))
		return
	}
	if e.newPeriod {
		h.newPeriods++
	}
	h.states[at] = turned.State
}

func (h *history) find(subscriptionID string) int {
	return slices.IndexFunc(h.states, func(s subscription.State) bool { return s.ID == subscriptionID })
}

func (h *history) of(subscriptionID string) []store.Invoice {
	issued, err := h.Invoices(h.ctx, store.InvoiceFilter{SubscriptionID: subscriptionID, Limit: 1000})
	require.NoError(h.t, err)
	return issued
}
