package activities_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// billLate asks subscriptions that have ended to bill usage that became known with an entry, as the daily look does.
func (h *history) billLate(i int, e event) {
	h.t.Helper()
	for at, state := range h.states {
		if !state.Ended() || !e.happened.Truncate(15*time.Minute).Before(*state.EndedAt) {
			continue
		}
		turned := h.carryOut(state, subscription.Command{ID: fmt.Sprintf("timeline[%d]", i), Kind: subscription.BillLate, At: e.at})
		require.Nil(h.t, turned.Refusal)
		h.states[at] = turned.State
		if turned.Invoice != nil {
			h.lateInvoices++
		}
	}
}

// late bills what became known.
func (b *bundle) late(state subscription.State, id string, at time.Time) message.Turned {
	b.t.Helper()
	turned := b.carryOut(state, subscription.Command{ID: id, Kind: subscription.BillLate, At: at, Actor: "operator"})
	require.Nil(b.t, turned.Refusal)
	return turned
}

func (b *bundle) calls(customer, id string, quantity int64, at time.Time) {
	b.t.Helper()
	_, err := b.AddUsage(b.ctx, customer, []store.UsageEvent{event{quantity: quantity, happened: at}.usageEvent(id)})
	require.NoError(b.t, err)
}

func (b *bundle) hasLateUsage(subscriptionID string) bool {
	b.t.Helper()
	found, err := b.EndedWithLateUsage(b.ctx, "", 1000)
	require.NoError(b.t, err)
	return slices.Contains(found, subscriptionID)
}

// TestLateUsageIsBilledAsQuoted has random subscriptions of plans with limits end, and usage become known after it.
func TestLateUsageIsBilledAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellLimited()
	lateInvoices := 0
	for seed := range uint64(40) {
		line := randomTimeline(7000+seed, "metered", "roomy", "seats-ramp", "bounded", "behind", "seats-spend", "spend", "first-of-month")
		line.sold = limitedPlans
		rng := rand.New(rand.NewPCG(seed, 70))
		end := line.entries[len(line.entries)-1].at
		for _, e := range line.entries {
			if e.action == "subscribe" {
				line.entries = append(line.entries, event{at: end, action: "cancel", subscription: e.subscription, when: quote.Now})
			}
		}
		for n := range 6 {
			line.entries = append(line.entries, event{
				at: end.Add(time.Duration(n+1) * time.Hour), action: "usage", quantity: rng.Int64N(3000),
				happened: end.Add(-time.Duration(rng.Int64N(40*24*3600)) * time.Second),
			})
		}
		quoted, happened := line.both(b, nil)
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d", seed)
		lateInvoices += happened.lateInvoices
	}
	require.Greater(t, lateInvoices, 80)
	b.salesBooked()
}

// What becomes known after the end is billed once, on an invoice of its own, and tiers go on where the last invoice left them.
func TestUsageKnownAfterTheEndIsBilledOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plans(`[{"id":"tiers","version":1,"name":"Tiers","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
		{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"31"}}},
		{"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":
		{"model":"graduated","tiers":[{"up_to":"1000","unit_amount":"0.01"},{"unit_amount":"0.005"}]}}}]}]`)
	b.customer("tail", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub_tail", "tail", "tiers", 0, "EUR")).State
	day := func(n int) time.Time { return day0.AddDate(0, 0, n) }
	b.calls("tail", "first", 900, day(5))
	ended := b.carryOut(state, subscription.Command{ID: "end", Kind: subscription.Cancel, At: day(20), Actor: "customer"})
	require.Equal(t, []string{"recurring fee", "usage calls"}, b.lines(ended.Invoice))
	require.False(t, b.hasLateUsage("sub_tail"))

	nothing := b.late(ended.State, "nothing", day(21))
	require.Nil(t, nothing.Invoice)
	b.calls("tail", "after", 50, day(22))
	require.False(t, b.hasLateUsage("sub_tail"), "what is used after the end is nobody's to pay")
	b.calls("tail", "late", 300, day(10))
	require.True(t, b.hasLateUsage("sub_tail"))
	billed := b.late(nothing.State, "late-1", day(25))
	require.EqualValues(t, 200, billed.Invoice.Total.Minor, "100 at 0.01 and 200 at 0.005")
	require.Equal(t, []string{"usage calls"}, b.lines(billed.Invoice))
	require.Equal(t, "final", b.invoice(billed.Invoice.InvoiceID).Reason)
	require.Equal(t, billed.Invoice.InvoiceID, b.late(nothing.State, "late-1", day(25)).Invoice.InvoiceID)
	require.False(t, b.hasLateUsage("sub_tail"))

	b.calls("tail", "later", 400, day(11))
	require.EqualValues(t, 200, b.late(billed.State, "late-2", day(26)).Invoice.Total.Minor, "what was billed late counts for the tiers")
	b.sound()
}

// More usage can make all of it cheaper: then the invoice is a credit note, which pays what is owed.
func TestLateUsageCanGiveBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.plans(`[{"id":"volume","version":1,"name":"Volume","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
		{"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":
		{"model":"volume","tiers":[{"up_to":"1000","unit_amount":"0.01"},{"unit_amount":"0.005"}]}}}]}]`)
	b.customer("much", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub_much", "much", "volume", 0, "EUR")).State
	b.calls("much", "first", 900, day0.Add(time.Hour))
	ended := b.carryOut(state, subscription.Command{ID: "end", Kind: subscription.Cancel, At: day0.Add(5 * time.Hour), Actor: "customer"})
	require.EqualValues(t, 900, ended.Invoice.Total.Minor)
	b.calls("much", "late", 200, day0.Add(2*time.Hour))
	back := b.late(ended.State, "late", day0.Add(6*time.Hour))
	require.EqualValues(t, -350, back.Invoice.Total.Minor, "1100 cost 5.50")
	require.Equal(t, []string{ended.Invoice.InvoiceID}, back.Invoice.Pays)
	owed := b.invoice(ended.Invoice.InvoiceID).Owed()
	require.EqualValues(t, 550, owed.Minor)
	b.sound()
}

// A subscription that goes on has a next invoice.
func TestLateUsageOfWhoGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("goes", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub_goes", "goes", "metered", 0, "EUR")).State
	refused := b.carryOut(state, subscription.Command{ID: "late", Kind: subscription.BillLate, At: day0.Add(time.Hour), Actor: "operator"})
	require.Equal(t, "not_ended", refused.Refusal.Code)
}

// The monthly run bills the last month with all that is known when it runs, and only what becomes known then is late.
func TestLateUsageAfterTheMonthlyRun(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.customer("monthly", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub_monthly", "monthly", "api", 0, "EUR")).State
	b.calls("monthly", "first", 100, day0.Add(time.Hour))
	ended := b.carryOut(state, subscription.Command{ID: "end", Kind: subscription.Cancel, At: day0.Add(5 * time.Hour), Actor: "customer"})
	b.calls("monthly", "known", 100, day0.Add(2*time.Hour))
	require.False(t, b.hasLateUsage("sub_monthly"), "the run bills it")
	early := b.late(ended.State, "early", day0.Add(6*time.Hour))
	require.Nil(t, early.Invoice)

	h := &history{bundle: b, states: []subscription.State{early.State}, months: []string{"2027-01"}}
	h.advance(h.monthEnd("2027-01"))
	runs := h.of("sub_monthly")
	require.Len(t, runs, 1)
	require.EqualValues(t, 400, runs[0].Total)
	b.calls("monthly", "late", 50, day0.Add(3*time.Hour))
	require.True(t, b.hasLateUsage("sub_monthly"))
	billed := b.late(early.State, "late", day0.AddDate(0, 0, 2))
	require.EqualValues(t, 100, billed.Invoice.Total.Minor)
	require.Equal(t, runs[0].PeriodStart, b.invoice(billed.Invoice.InvoiceID).PeriodStart)
	require.False(t, b.hasLateUsage("sub_monthly"))
	b.sound()
}

func (b *bundle) plans(text string) {
	b.t.Helper()
	plans, err := catalog.Parse(strings.NewReader(text))
	require.NoError(b.t, err)
	for _, plan := range plans {
		require.NoError(b.t, b.AddPlan(b.ctx, "acme", plan, day0))
	}
}
