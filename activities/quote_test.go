package activities_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// TestWhatIsQuotedHappens plays random time lines both as a quote and with the activities on a real Postgres, and requires
// the same invoices and refusals.
func TestWhatIsQuotedHappens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.AddTaxRegistration(b.ctx, "acme", tax.Registration{Scheme: tax.SchemeUKVAT, Country: "GB", Number: "GB123456789", From: calendar.Date{Year: 2020, Month: time.January, Day: 1}}))
	var invoices, credits, refusals int
	for seed := range uint64(60) {
		line := randomTimeline(seed)
		scenario, err := quote.Parse(strings.NewReader(line.scenario(t)))
		require.NoError(t, err, "seed %d", seed)
		quoted, err := quote.Run(t.Context(), scenario)
		require.NoError(t, err, "seed %d", seed)
		happened := line.happen(b)
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d: %s", seed, line.scenario(t))
		invoices += len(quoted.Invoices)
		credits += len(slices.DeleteFunc(quoted.Invoices, func(i quote.Invoice) bool { return i.Kind != quote.ACreditNote }))
		refusals += len(quoted.Refused)
	}
	require.Greater(t, invoices, 300, "the time lines must be worth playing")
	require.Greater(t, credits, 20)
	require.Greater(t, refusals, 40)
}

// timeline is a customer's random story.
type timeline struct {
	customer, zone string
	entries        []event
	until          time.Time
}

// event is an entry of the time line, as JSON and as what the real thing is told.
type event struct {
	at           time.Time
	action       string
	subscription string
	when         quote.When
	seats        int64
	plan         string
	quantity     int64
	happened     time.Time
}

func randomTimeline(seed uint64) timeline {
	rng := rand.New(rand.NewPCG(seed, 4))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	line := timeline{
		customer: fmt.Sprintf("quoted%d", seed),
		zone:     pick("Europe/London", "Asia/Kolkata", "Pacific/Apia", "America/New_York", "Australia/Lord_Howe"),
	}
	at := day0.Add(time.Duration(rng.IntN(40*24*3600)) * time.Second)
	for n := range 1 + rng.IntN(2) {
		plan, seats := randomTerms(rng)
		line.entries = append(line.entries, event{at: at, action: "subscribe", subscription: fmt.Sprintf("%s_%d", line.customer, n), plan: plan, seats: seats})
	}
	subscriptions := len(line.entries)
	for range 15 {
		at = at.Add(time.Duration(rng.IntN(20*24*3600)) * time.Second)
		e := event{at: at, subscription: line.entries[rng.IntN(subscriptions)].subscription, when: quote.Now, happened: at}
		switch e.action = pick("usage", "usage", "change", "change", "change", "pause", "resume", "resume", "paid", "cancel"); e.action {
		case "usage":
			e.quantity, e.happened = int64(rng.IntN(5000)), at.Add(-time.Duration(rng.IntN(40*24*3600))*time.Second)
		case "change":
			e.plan, e.seats = randomTerms(rng)
			e.when = quote.When(pick("now", "now", "period_end"))
		case "cancel":
			e.when = quote.When(pick("now", "period_end", "period_end"))
		}
		line.entries = append(line.entries, e)
	}
	line.until = at.AddDate(0, 3, 0)
	return line
}

func randomTerms(rng *rand.Rand) (plan string, seats int64) {
	plan = []string{"seats", "seats", "seats-yearly", "trial", "metered"}[rng.IntN(5)]
	if strings.HasPrefix(plan, "seats") {
		seats = int64(1 + rng.IntN(9))
	}
	return plan, seats
}

// scenario is the time line for the quote.
func (l timeline) scenario(t *testing.T) string {
	t.Helper()
	entries := make([]map[string]any, 0, len(l.entries))
	for _, e := range l.entries {
		fields := map[string]any{"subscription": e.subscription}
		switch e.action {
		case "subscribe":
			fields = map[string]any{"id": e.subscription, "plan": e.plan, "plan_version": 1, "seats": e.seats}
		case "usage":
			fields = map[string]any{"meter": "calls", "quantity": e.quantity, "happened_at": e.happened}
		case "change":
			fields["plan"], fields["plan_version"], fields["seats"], fields["when"] = e.plan, 1, e.seats, e.when
		case "cancel":
			fields["when"], fields["credit_unused"] = e.when, true
		}
		entries = append(entries, map[string]any{"at": e.at, e.action: fields})
	}
	text, err := json.Marshal(map[string]any{
		"catalog": json.RawMessage(catalogue), "timeline": entries, "until": l.until, "settings": map[string]any{"collection": "manual"},
		"seller": map[string]any{"country": "US", "registrations": []any{
			map[string]any{"scheme": "uk_vat", "country": "GB", "number": "GB123456789", "from": "2020-01-01"},
		}},
		"customers": []any{map[string]any{"id": l.customer, "zone": l.zone, "country": "GB", "postal_code": "W1A 1AA", "currency": "EUR"}},
	})
	require.NoError(t, err)
	return string(text)
}

// history is what came of a time line in the real thing.
type history struct {
	*bundle
	states  []subscription.State
	refused []string
}

func (l timeline) happen(b *bundle) *history {
	b.t.Helper()
	require.NoError(b.t, b.AddCustomer(b.ctx, store.Customer{
		ID: l.customer, EntityID: "acme", Name: l.customer, Email: l.customer + "@example.com", Country: "GB", PostalCode: "W1A 1AA",
		Zone: l.zone, Currency: "EUR", Locale: "en-GB", CreatedAt: day0,
	}))
	h := &history{bundle: b}
	for i, e := range l.entries {
		h.advance(e.at)
		h.play(l.customer, i, e)
	}
	h.advance(l.until)
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
		if next < 0 {
			return
		}
		h.states[next] = h.turn(h.states[next]).State
	}
}

func (h *history) play(customer string, i int, e event) {
	h.t.Helper()
	switch e.action {
	case "subscribe":
		in := agreement(e.subscription, customer, e.plan, e.seats, "EUR")
		in.StartAt = e.at
		opened, err := h.billing.OpenSubscription(h.ctx, in)
		require.NoError(h.t, err)
		require.Nil(h.t, opened.Refusal)
		h.states = append(h.states, opened.State)
	case "usage":
		_, err := h.AddUsage(h.ctx, customer, []store.UsageEvent{
			{ID: fmt.Sprintf("%s_%d", customer, i), Meter: "calls", Quantity: decimal.NewFromInt(e.quantity), At: e.happened},
		})
		require.NoError(h.t, err)
	case "paid":
		h.payLatest(i, e)
	default:
		h.command(i, e)
	}
}

func (h *history) command(i int, e event) {
	h.t.Helper()
	c := subscription.Command{ID: fmt.Sprintf("timeline[%d]", i), Kind: subscription.Kind(e.action), At: e.at, AtPeriodEnd: e.when == quote.PeriodEnd}
	switch e.action {
	case "change":
		c.Terms = &subscription.Terms{PlanID: e.plan, PlanVersion: 1, Seats: e.seats}
	case "cancel":
		c.CreditUnused = true
	}
	at := h.find(e.subscription)
	turned := h.carryOut(h.states[at], c)
	if turned.Refusal != nil {
		h.refused = append(h.refused, fmt.Sprintf("timeline[%d] %s", i, turned.Refusal.Code))
		return
	}
	h.states[at] = turned.State
}

func (h *history) find(subscriptionID string) int {
	return slices.IndexFunc(h.states, func(s subscription.State) bool { return s.ID == subscriptionID })
}

// payLatest records the payment of a subscription's latest invoice.
func (h *history) payLatest(i int, e event) {
	h.t.Helper()
	issued := h.of(e.subscription)
	refuse := func(code string) { h.refused = append(h.refused, fmt.Sprintf("timeline[%d] %s", i, code)) }
	if len(issued) == 0 {
		refuse("invoice_unknown")
		return
	}
	latest := issued[len(issued)-1]
	if !latest.Owed().IsPositive() {
		refuse("nothing_owed")
		return
	}
	require.NoError(h.t, h.Tx(h.ctx, func(tx store.Tx) error {
		return tx.SetInvoiceStatus(h.ctx, latest.ID, "paid", latest.AmountPaid+latest.Owed().Minor, &e.at)
	}))
}

func (h *history) of(subscriptionID string) []store.Invoice {
	issued, err := h.Invoices(h.ctx, store.InvoiceFilter{SubscriptionID: subscriptionID, Limit: 1000})
	require.NoError(h.t, err)
	return issued
}
