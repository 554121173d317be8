package activities_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalogfile"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/simulation"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/simulate"
)

// otherCatalogue sells the plans of the time lines at other prices: by tiers, by the second, with a fee on top.
const otherCatalogue = `
- {id: seats, version: 1, name: Seats, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
    {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2c, prices: {EUR: {model: graduated, tiers: [
      {up_to: 3, unit_amount: 12.37}, {unit_amount: 9.99}]}, GBP: {model: per_unit, unit_amount: 9}}}]}
- {id: seats-yearly, version: 1, name: Seats by the year, interval: {unit: year, count: 1}, proration: day, billed_by: renewal, charges: [
    {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2c, prices: {EUR: {model: per_unit, unit_amount: 99.99}}}]}
- {id: trial, version: 1, name: Trial, interval: {unit: month, count: 1}, trial_days: 14, proration: second, billed_by: renewal, charges: [
    {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2c, prices: {EUR: {model: flat, flat_amount: 20}}}]}
- {id: metered, version: 1, name: Metered, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
    {id: base, name: base fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2c, prices: {EUR: {model: flat, flat_amount: 5}}},
    {id: calls, name: calls, kind: usage, meter: calls, timing: arrears, tax_category: saas_b2c, prices: {EUR: {model: package, unit_amount: 1.5, package_size: 100, free_units: 50}}}]}
- {id: api, version: 1, name: API, interval: {unit: month, count: 1}, proration: day, billed_by: invoice_run, charges: [
    {id: calls, name: calls, kind: usage, meter: calls, timing: arrears, tax_category: saas_b2c, prices: {EUR: {model: volume, tiers: [
      {up_to: 1000, unit_amount: 0.03}, {unit_amount: 0.015}]}}}]}
`

// TestSimulatedPricesAreThoseOfAQuote plays random time lines with the activities. In every month, billed again with their
// own catalogue they must come to the very invoices that were issued; with another one, to what a quote says of the same
// time line under that. In the quote coupons have taken off other amounts from the beginning, so it has none; those who have
// some are for the control run.
func TestSimulatedPricesAreThoseOfAQuote(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	quoted := map[string]quote.Result{}
	for seed := range uint64(40) {
		line := randomTimeline(seed, "seats", "seats", "seats-yearly", "trial", "metered").negotiated(t, seed)
		if seed%2 == 0 {
			line.entries = slices.DeleteFunc(line.entries, func(e event) bool { return e.action == "redeem" })
			if seed%4 == 0 {
				line.group = "office"
			}
			quoted[line.customer] = quoteWith(t, line, otherCatalogue)
		}
		line.happen(b, nil)
	}
	b.playMonths(quoted)
	var invoices, changed int
	for month := range 12 {
		in := monthOf(time.January + time.Month(month))
		r := b.simulated(otherCatalogue, in)
		require.Empty(t, r.Gaps)
		invoices += r.Control.Invoices
		for customer, result := range quoted {
			at := slices.IndexFunc(r.Customers, func(c simulation.Customer) bool { return c.ID == customer })
			if at < 0 {
				require.Zero(t, netOf(result, in), "%s in month %d", customer, month+1)
				continue
			}
			require.Equal(t, netOf(result, in), r.Customers[at].New.Minor, "%s in month %d", customer, month+1)
			if !r.Customers[at].Difference.IsZero() {
				changed++
			}
		}
	}
	b.splitElsewhere(invoices)
	require.Greater(t, invoices, 250, "the time lines must be worth playing")
	require.Greater(t, changed, 80)
}

// splitElsewhere bills the same year again in pieces that begin anywhere in billing periods.
func (b *bundle) splitElsewhere(want int) {
	var invoices int
	in := monthOf(time.January)
	for end := monthOf(time.December).To; in.From.Before(end); in.From = in.To {
		in.To = in.From.Add(17*24*time.Hour + 1234*time.Second)
		if in.To.After(end) {
			in.To = end
		}
		invoices += b.simulated(otherCatalogue, in).Control.Invoices
	}
	require.Equal(b.t, want, invoices)
}

// playMonths adds a customer whom the monthly run bills, with late usage.
func (b *bundle) playMonths(quoted map[string]quote.Result) {
	line := timeline{customer: "months", zone: "Europe/Berlin", until: time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC)}
	used := func(month time.Month, day int, quantity int64, happened time.Time) event {
		return event{at: time.Date(2027, month, day, 8, 0, 0, 0, time.UTC), action: "usage", quantity: quantity, happened: happened}
	}
	line.entries = []event{
		{at: day0, action: "subscribe", subscription: "sub_months", plan: "api"},
		used(time.February, 2, 250, day0.Add(9*time.Hour)),
		used(time.February, 3, 4000, time.Date(2027, time.February, 3, 8, 0, 0, 0, time.UTC)),
		used(time.March, 3, 90, time.Date(2027, time.February, 20, 8, 0, 0, 0, time.UTC)),
		used(time.April, 3, 77, time.Date(2027, time.April, 3, 8, 0, 0, 0, time.UTC)),
	}
	line.happen(b, []string{"2027-01", "2027-02", "2027-03", "2027-04"})
	quoted[line.customer] = quoteWith(b.t, line, otherCatalogue)
}

// simulated bills a stretch of time again and requires of the control run that nothing differs.
func (b *bundle) simulated(catalogue string, in store.HistoryRange) simulation.Result {
	b.t.Helper()
	for _, c := range []string{asYAML(b), catalogue} {
		plans, err := simulate.ReadCatalog(strings.NewReader(c))
		require.NoError(b.t, err)
		r, err := simulate.Run(b.ctx, b.Store, simulate.Options{Range: in, Catalog: plans})
		require.NoError(b.t, err)
		require.Zero(b.t, r.Control.Differ, "%+v", r.Control.Differences)
		if c == catalogue {
			return r
		}
		require.Empty(b.t, r.Gaps)
		for _, total := range r.Totals {
			require.Equal(b.t, total.Old, total.New)
			require.Zero(b.t, total.More+total.Less)
		}
		for _, charge := range r.Charges {
			require.True(b.t, charge.Difference.IsZero(), "%+v", charge)
		}
	}
	return simulation.Result{}
}

// asYAML is the catalogue in force, as a file. JSON is YAML.
func asYAML(b *bundle) string {
	plans, err := b.PlanVersions(b.ctx, "acme")
	require.NoError(b.t, err)
	text, err := json.Marshal(plans)
	require.NoError(b.t, err)
	return string(text)
}

func monthOf(month time.Month) store.HistoryRange {
	from := time.Date(2027, month, 1, 0, 0, 0, 0, time.UTC)
	return store.HistoryRange{EntityID: "acme", From: from, To: from.AddDate(0, 1, 0)}
}

// quoteWith plays a time line as a quote with another catalogue.
func quoteWith(t *testing.T, line timeline, catalogue string) quote.Result {
	t.Helper()
	plans, err := simulate.ReadCatalog(strings.NewReader(catalogue))
	require.NoError(t, err)
	scenario, err := quote.Parse(strings.NewReader(line.scenario(t)))
	require.NoError(t, err)
	scenario.Catalog = catalogfile.Of(plans)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	return result
}

// netOf is what a quote bills in a stretch of time, in minor units.
func netOf(r quote.Result, in store.HistoryRange) int64 {
	var net int64
	for _, invoice := range r.Invoices {
		if at := invoice.IssuedAt.Clock(); !at.Before(in.From) && at.Before(in.To) {
			net += invoice.Subtotal.Minor
		}
	}
	return net
}

// What a change gave back, a coupon with an amount takes off again: 30 a month less 17.35; with a year in place of it the
// coupon has the rest of the month's 17.35 besides its own. Another change, in a month to which only the year matters, credits
// what was paid for that.
func TestWhatACouponHadLeftIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	b.redeemed("ada", quotedCoupon("monthly"), day0)
	state := b.subscribe(agreement("sub_ada", "ada", "seats", 3, "EUR")).State
	state = b.carryOut(state, changeTo("year", day0.AddDate(0, 0, 9), "seats-yearly", 3)).State
	b.carryOut(state, changeTo("fewer", day0.AddDate(0, 0, 40), "seats-yearly", 1))
	invoices := b.invoices()
	require.Len(t, invoices, 3)
	for _, invoice := range invoices {
		in := store.HistoryRange{EntityID: "acme", From: invoice.IssuedAt, To: invoice.IssuedAt.Add(time.Hour)}
		require.Equal(t, 1, b.simulated(otherCatalogue, in).Control.Invoices)
	}
}

// Before the billing period under way coupons took off what is on record, whatever the prices: two months of 10 out of 3 × 17.35
// leave 32.05 of a third month's 40, not the 17.35 that two months of 40 would have left.
func TestWhatACouponTookOffBeforeIsAFact(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	b.redeemed("ada", quotedCoupon("carried"), day0)
	state := b.turn(b.turn(b.subscribe(agreement("sub_ada", "ada", "seats", 1, "EUR")).State).State).State
	at := state.Period.Start.AddDate(0, 0, 15)
	b.carryOut(state, subscription.Command{ID: "end", Kind: subscription.Cancel, CreditUnused: true, At: at})
	dearer := strings.Replace(otherCatalogue, "unit_amount: 12.37", "unit_amount: 40", 1)
	r := b.simulated(dearer, store.HistoryRange{EntityID: "acme", From: at, To: at.Add(time.Hour)})
	require.Len(t, r.Totals, 1)
	require.Equal(t, int64(-398), r.Totals[0].New.Minor, "half of 40 - 32.05")
}

// What a plan sells is a fact, too, whatever the tried catalogue says: 12.37 less an eighth, as the coupon for the product has it.
func TestAProductIsAFact(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	b.redeemed("ada", quotedCoupon("of-seats"), day0)
	b.subscribe(agreement("sub_ada", "ada", "seats", 1, "EUR"))
	moved := strings.Replace(otherCatalogue, "{id: seats, ", "{id: seats, product: desks, ", 1)
	require.NotEqual(t, otherCatalogue, moved)
	r := b.simulated(moved, store.HistoryRange{EntityID: "acme", From: day0, To: day0.Add(time.Hour)})
	require.Equal(t, []money.Amount{money.New(875, "EUR"), money.New(1082, "EUR")}, []money.Amount{r.Totals[0].Old, r.Totals[0].New})
}

// live lets a customer of the same name subscribe to three seats and give commands, and three periods more pass.
func (b *bundle) live(id string, commands ...subscription.Command) {
	b.t.Helper()
	b.customer(id, "EUR", "")
	state := b.subscribe(agreement("sub_"+id, id, "seats", 3, "EUR")).State
	for i, c := range commands {
		for due, is := state.NextDue(); is && !due.After(c.At); due, is = state.NextDue() {
			state = b.turn(state).State
		}
		c.ID = fmt.Sprintf("command_%d", i)
		done := b.carryOut(state, c)
		require.Nil(b.t, done.Refusal)
		state = done.State
	}
	for range 3 {
		if _, is := state.NextDue(); is {
			state = b.turn(state).State
		}
	}
}

// Transfers, planned commands, changes billed with the next invoice, every mode of pause and a subscription that begins again
// are billed again as they were.
func TestEverythingThatHappensCanBeSimulated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("heir", "EUR", "")
	after := func(days int) time.Time { return day0.AddDate(0, 0, days) }
	next := func(at, seats int) subscription.Command {
		c := changeTo("", after(at), "seats", int64(seats))
		c.BillNext = true
		return c
	}
	planned := changeTo("", after(2), "seats", 5)
	planned.On = after(14)
	missed := subscription.Command{Kind: subscription.Transfer, Customer: "nobody", At: after(2), On: after(14)}
	deferred := subscription.Command{Kind: subscription.Transfer, Customer: "heir", At: after(5), AtPeriodEnd: true}
	pause := func(at int, mode subscription.PauseMode) subscription.Command {
		return subscription.Command{Kind: subscription.Pause, Mode: mode, At: after(at)}
	}
	resume := func(at int) subscription.Command {
		return subscription.Command{Kind: subscription.Resume, At: after(at)}
	}
	cancel := subscription.Command{Kind: subscription.Cancel, CreditUnused: true, At: after(10)}
	b.live("transfer", subscription.Command{Kind: subscription.Transfer, Customer: "heir", At: after(14)}, changeTo("", after(20), "seats", 1))
	b.live("transfer-later", deferred)
	b.live("planned", planned)
	b.live("missed", missed)
	b.live("next", next(4, 6), next(14, 2))
	b.live("next-now", next(4, 6), changeTo("", after(14), "seats", 2))
	b.live("keep", pause(2, subscription.PauseKeep), resume(43))
	b.live("extend", pause(2, subscription.PauseExtend), resume(9), changeTo("", after(12), "seats", 7))
	b.live("credit", pause(2, subscription.PauseCredit), resume(9), changeTo("", after(12), "seats", 7))
	b.live("again", cancel, subscription.Command{Kind: subscription.Reactivate, At: after(15)})
	var invoices int
	for week := range 20 {
		in := store.HistoryRange{EntityID: "acme", From: after(7 * week), To: after(7*week + 7)}
		invoices += b.simulated(otherCatalogue, in).Control.Invoices
	}
	require.Len(t, b.invoices(), invoices)
	in := store.HistoryRange{EntityID: "acme", Customers: []string{"heir"}, From: after(0), To: after(140)}
	r := b.simulated(otherCatalogue, in)
	require.Len(t, r.Customers, 1, "invoices of the former customers are theirs")
	require.Equal(t, "heir", r.Customers[0].ID)
	in.Customers[0] = "transfer"
	former := b.simulated(otherCatalogue, in)
	require.Equal(t, 2, former.Control.Invoices, "who had the subscription once is found by their invoices")
	// 3 seats of 12.37, less 14 of 28 days: day0 is the last of January, the period's end that of February.
	require.Equal(t, int64(3711-1856), former.Totals[0].New.Minor)
}
