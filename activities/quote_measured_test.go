package activities_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/internal/store"
)

// measuredPlans charge the same meters by different models: by number, amount and dimension values of events, by each of
// them, and by their quantity alone.
const measuredPlans = `,
 {"id":"events","version":1,"name":"Events","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"transfers","name":"transfers","kind":"usage","meter":"transfers","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"percentage","percent":"1.5","event_amount":"0.25","free_units":"100","free_events":1}}},
  {"id":"priced","name":"priced","kind":"usage","meter":"priced","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"dynamic","multiplier":"1.2"}}},
  {"id":"machines","name":"machines","kind":"usage","meter":"machines","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"matrix","dimensions":["region","size"],"default_unit_amount":"0.01","cells":[
    {"values":{"region":"eu","size":"large"},"unit_amount":"0.03"},{"values":{"region":"us","size":"small"},"unit_amount":"0.02"}]}}}]},
 {"id":"each","version":1,"name":"Each","interval":{"unit":"month","count":1},"proration":"second","billed_by":"renewal","charges":[
  {"id":"transfers","name":"transfers","kind":"usage","meter":"transfers","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"percentage","percent":"2","event_amount":"0.1","event_minimum":"20","event_maximum":"45","free_rule":"events","free_units":"2500","free_events":2}}},
  {"id":"priced","name":"priced","kind":"usage","meter":"priced","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"graduated_percentage","tiers":[{"up_to":"2000","percent":"1"},{"percent":"0.5"}]}}},
  {"id":"machines","name":"machines","kind":"usage","meter":"machines","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"matrix","dimensions":["size"],"default_unit_amount":"0.005","cells":[{"values":{"size":"large"},"unit_amount":"0.04"}]}}}]},
 {"id":"sums","version":1,"name":"Sums","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"transfers","name":"transfers","kind":"usage","meter":"transfers","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.01"}}},
  {"id":"priced","name":"priced","kind":"usage","meter":"priced","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"package","unit_amount":"2","package_size":"500"}}},
  {"id":"machines","name":"machines","kind":"usage","meter":"machines","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.02"}}}]},
 {"id":"each-run","version":1,"name":"Each by the run","interval":{"unit":"month","count":1},"proration":"day","billed_by":"invoice_run","charges":[
  {"id":"transfers","name":"transfers","kind":"usage","meter":"transfers","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"percentage","percent":"10","event_maximum":"8"}}},
  {"id":"priced","name":"priced","kind":"usage","meter":"priced","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"dynamic"}}},
  {"id":"machines","name":"machines","kind":"usage","meter":"machines","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"matrix","dimensions":["size"],"default_unit_amount":"0.5","cells":[{"values":{"size":"large"},"unit_amount":"2"}]}}}]}`

// usageEntry is a usage event as an entry of a scenario: one event, which it says if neither amount nor values do.
func (e event) usageEntry(customer string) map[string]any {
	fields := map[string]any{"customer": customer, "meter": cmp.Or(e.meter, "calls"), "quantity": e.quantity, "happened_at": e.happened}
	switch {
	case e.amount != nil:
		fields["amount"] = e.amount
	case e.values != nil:
		fields["values"] = e.values
	case e.meter != "":
		fields["detail"] = map[string]any{"event_count": 1}
	}
	return fields
}

// usageEvent is the same as it is stored.
func (e event) usageEvent(id string) store.UsageEvent {
	return store.UsageEvent{
		ID: id, Meter: cmp.Or(e.meter, "calls"), Quantity: decimal.NewFromInt(e.quantity), At: e.happened, Amount: e.amount, Values: e.values,
	}
}

// measuredTimeline is a random one with many events of all three meters: late ones, some in one quarter of an hour, some
// without values or with values that have no price of their own.
func measuredTimeline(seed uint64) timeline {
	line := randomTimeline(seed, "events", "events", "each", "each", "sums")
	line.sold = measuredPlans
	rng := rand.New(rand.NewPCG(seed, 30))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	begin, end := line.entries[0].at, line.until.AddDate(0, -3, 0)
	for range 40 {
		at := begin.Add(time.Duration(rng.Int64N(int64(end.Sub(begin))))).Truncate(time.Second)
		line.entries = append(line.entries, event{
			at: at, action: "usage", quantity: int64(rng.IntN(3000)), happened: at.Add(-time.Duration(rng.IntN(40*24*3600)) * time.Second),
		})
	}
	slices.SortStableFunc(line.entries, func(a, b event) int { return a.at.Compare(b.at) })
	var latest time.Time
	for i := range line.entries {
		e := &line.entries[i]
		if e.action != "usage" {
			continue
		}
		if rng.IntN(4) == 0 && !latest.IsZero() && latest.Before(e.at) {
			e.happened = latest.Add(time.Second) // often in a quarter of an hour that was billed
		}
		latest = e.happened
		switch e.meter = pick("transfers", "priced", "machines"); e.meter {
		case "priced":
			e.amount = new(decimal.New(rng.Int64N(500_000), -5))
		case "machines":
			if rng.IntN(4) > 0 {
				e.values = map[string]string{"size": pick("large", "small", "huge")}
			}
			if e.values != nil && rng.IntN(3) > 0 {
				e.values["region"] = pick("eu", "us", "mars")
			}
		}
	}
	return line
}

// sellMeasured adds the plans that measure events to the catalogue.
func (b *bundle) sellMeasured() {
	b.t.Helper()
	plans, err := catalog.Parse(strings.NewReader("[" + strings.TrimPrefix(measuredPlans, ",") + "]"))
	require.NoError(b.t, err)
	for _, plan := range plans {
		require.NoError(b.t, b.AddPlan(b.ctx, "acme", plan, day0))
	}
}

// TestEventsAreBilledAsQuoted plays random time lines whose usage is charged by every model that looks at events, by
// different ones one after the other, and requires that quote, invoices and books agree.
func TestEventsAreBilledAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellMeasured()
	whats := map[string]int{}
	for seed := range uint64(40) {
		line := measuredTimeline(3000 + seed)
		quoted, happened := line.both(b, nil)
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d: %s", seed, line.scenario(t))
		for _, invoice := range quoted.Invoices {
			for _, l := range invoice.Lines {
				for _, step := range l.Explanation.Steps {
					whats[string(step.What)]++
				}
				if l.Explanation.Late != "" {
					whats["late"]++
				}
			}
		}
	}
	for _, what := range []string{"event_fee", "event_minimum", "event_maximum", "events_amount", "default", "free", "late"} {
		require.Greater(t, whats[what], 10, what)
	}
	b.salesBooked()
}

// The monthly run bills events too, and what comes late with the next month: each event once, in its place.
func TestMonthsOfEventsAreBilledAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellMeasured()
	on := func(month time.Month, day int) time.Time { return time.Date(2027, month, day, 8, 0, 0, 0, time.UTC) }
	used := func(at, happened time.Time, meter string, quantity int64) event {
		return event{at: at, action: "usage", meter: meter, quantity: quantity, happened: happened}
	}
	large := used(on(time.February, 6), on(time.February, 6), "machines", 3)
	large.values = map[string]string{"size": "large"}
	priced := used(on(time.February, 7), on(time.February, 7), "priced", 1)
	priced.amount = new(decimal.RequireFromString("1.234567"))
	line := timeline{
		customer: "events", zone: "Europe/Berlin", until: on(time.May, 1), sold: measuredPlans,
		entries: []event{
			{at: day0, action: "subscribe", subscription: "sub_events", plan: "each-run"},
			used(on(time.February, 3), on(time.February, 3), "transfers", 50),
			used(on(time.February, 4), on(time.February, 3), "transfers", 100),
			large,
			used(on(time.February, 6), on(time.February, 6), "machines", 4),
			priced,
			used(on(time.March, 3), on(time.February, 3).Add(time.Minute), "transfers", 200), // its quarter of an hour was billed
			used(on(time.March, 4), on(time.March, 4), "transfers", 10),
		},
	}
	quoted, happened := line.both(b, []string{"2027-01", "2027-02", "2027-03"})
	require.Equal(t, quotedDocuments(quoted), happened.documents())
	require.Equal(t, []string{
		"usage 13.00, usage 1.23, usage 8.00", // 5 and at most 8; 3 × 2 and 4 × 0.50
		"usage 9.00",                          // at most 8, which came late, and 1
	}, shown(quoted))
	b.sound()
}

// A subscription in another currency than the customer's cannot be charged by amounts that are in the customer's.
func TestAmountsAreInTheCustomersCurrency(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	plans, err := catalog.Parse(strings.NewReader(strings.ReplaceAll("["+strings.TrimPrefix(measuredPlans, ",")+"]", `"EUR"`, `"USD"`)))
	require.NoError(t, err)
	for _, plan := range plans {
		require.NoError(t, b.AddPlan(b.ctx, "acme", plan, day0))
	}
	(timeline{customer: "in_euro", zone: "Europe/London", until: day0}).happen(b, nil)
	for plan, code := range map[string]string{"events": "amounts_in_other_currency", "sums": ""} {
		in := agreement("sub_"+plan, "in_euro", plan, 0, "USD")
		opened, err := b.billing.OpenSubscription(b.ctx, in)
		require.NoError(t, err)
		if code == "" {
			require.Nil(t, opened.Refusal)
			continue
		}
		require.NotNil(t, opened.Refusal)
		require.Equal(t, code, opened.Refusal.Code)
		require.Contains(t, opened.Refusal.Message, "which are in the customer's currency, EUR, not in USD")
	}
}
