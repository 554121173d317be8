package lifecycle_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

func byQuantity(id, amount string) catalog.Charge {
	c := metered(id, amount)
	c.Kind, c.Per, c.Timing, c.Meter = catalog.Recurring, catalog.PerQuantity, catalog.Advance, ""
	return c
}

// held is a quantity of one add-on, none if it is 0.
func held(t require.TestingT, id string, quantity int64) subscription.AddOns {
	made, err := subscription.AddOns{}.Changed(subscription.HeldAddOn{ID: id, Quantity: quantity})
	require.NoError(t, err)
	return made
}

// roomy is a plan for 30 dollars with storage: blocks in advance, their care in arrears, a fee however many there are, and traffic.
func roomy(grain catalog.Grain) catalog.Plan {
	care := byQuantity("care", "6")
	care.Timing = catalog.Arrears
	fee := flat("", "3", "").Charges[0]
	fee.ID = "fee"
	plan := flat("a", "30", grain)
	plan.AddOns = []catalog.AddOn{{
		ID: "storage", Name: "Storage", Charges: []catalog.Charge{byQuantity("block", "12"), care, fee, metered("traffic", "1")},
	}}
	return plan
}

func storage(t require.TestingT, quantity int64) subscription.Command {
	terms := on("a").With(held(t, "storage", quantity))
	return subscription.Command{Kind: subscription.ChangeTerms, Terms: &terms}
}

// An add-on comes, grows and goes; what it charges for follows, and nothing else of the plan does.
func TestAnAddOnThroughAPeriod(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		grain catalog.Grain
		want  []string
	}{
		{catalog.GrainDay, []string{
			"change: proration_charge a/block USD 16.00 20/30; proration_charge a/fee USD 2.00 20/30;",
			"change: proration_credit a/block USD -8.00 10/20; proration_charge a/block USD 12.00 10/30;",
			"change: proration_credit a/fee USD -0.50 5/20; proration_credit a/block USD -6.00 5/10;",
			"cycle: recurring a/care USD 4.00 10/30; recurring a/care USD 3.00 5/30; usage a/traffic USD 7.00; recurring a/base USD 30.00;",
		}},
		// What a plan that does not prorate had at the beginning of a period is billed whole, and nothing else.
		{catalog.GrainNone, []string{"cycle: usage a/traffic USD 7.00; recurring a/base USD 30.00;"}},
	} {
		l := begin(t, "America/New_York", "2027-04-01", on("a"), roomy(test.grain))
		l.use("2027-04-05", "traffic", 100)
		require.Empty(t, l.do("2027-04-11", storage(t, 2)))
		l.use("2027-04-12", "traffic", 7)
		require.Empty(t, l.do("2027-04-21", storage(t, 3)))
		require.Empty(t, l.do("2027-04-26", storage(t, 0)))
		l.use("2027-04-27", "traffic", 100)
		l.until(l.local("2027-05-02"))
		require.Equal(t, test.want, l.shown(1), test.grain)
		require.Empty(t, l.do("2027-05-11", storage(t, 1)))
		l.until(l.local("2027-06-02"))
		for _, line := range l.invoices[len(l.invoices)-1].Lines {
			require.NotEqual(t, "traffic", line.ChargeID, "what was used while the add-on was not there is not charged later")
		}
		l.requireFair(t)
	}
}

// Traffic that becomes known late is charged if the add-on was there when it happened.
func TestLateUsageOfAnAddOn(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), roomy(catalog.GrainDay))
	require.Empty(t, l.do("2027-04-11", storage(t, 1)))
	l.until(l.local("2027-05-01"))
	l.use("2027-04-05", "traffic", 100)
	l.use("2027-04-15", "traffic", 5)
	l.use("2027-05-02", "traffic", 2)
	from := len(l.invoices)
	l.until(l.local("2027-06-01"))
	require.Equal(t, []string{
		"cycle: recurring a/care USD 6.00; usage a/traffic USD 7.00; recurring a/base USD 30.00; recurring a/block USD 12.00; recurring a/fee USD 3.00;",
	}, l.shown(from))
	require.Equal(t, "5", l.invoices[from].Lines[1].Explanation.Late)
}

func TestAddOnsAtTheEndOfThePeriod(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a").With(held(t, "storage", 1)), roomy(catalog.GrainDay))
	require.Empty(t, l.do("2027-04-11", atPeriodEnd(storage(t, 0))))
	l.until(l.local("2027-05-01"))
	require.Equal(t, []string{"cycle: recurring a/care USD 6.00; recurring a/base USD 30.00;"}, l.shown(1))
}

func TestAddOnsThatAreNotSold(t *testing.T) {
	t.Parallel()
	const sold = `
catalog:
  - {id: plain, version: 1, name: Plain, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      &fee {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 1}}}]}
  - {id: more, version: 1, name: More, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [*fee], add_ons: [
      {id: once, name: Once, charges: [{<<: *fee, id: once}]},
      {id: strange, name: Strange, charges: [{<<: *fee, id: strange, tax_category: rainbows}]},
      {id: many, name: Many, charges: [{<<: *fee, id: many, per: quantity, prices: {USD: {model: per_unit, unit_amount: 100000000000}}}]}]}
customers: [{id: ada, zone: America/New_York, country: US, currency: USD}]
until: 2027-12-31
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: more, add_ons: [{id: once}]}}
`
	for entry, code := range map[string]string{
		"subscribe: {id: b, plan: plain, add_ons: [{id: once}]}":                 "add_ons_not_sold",
		"subscribe: {id: b, plan: more, add_ons: [{id: never}]}":                 "add_on_unknown",
		"subscribe: {id: b, plan: more, add_ons: [{id: once, quantity: 0}]}":     "add_on_quantity",
		"subscribe: {id: b, plan: more, add_ons: [{id: once}, {id: once}]}":      "add_on_twice",
		"subscribe: {id: b, plan: more, add_ons: [{id: 'no one'}]}":              "add_on_invalid",
		"subscribe: {id: b, plan: more, add_ons: [{id: strange}]}":               "tax_undetermined",
		"change: {add_ons: [{id: once, quantity: 2}]}":                           "add_on_once",
		"change: {add_ons: [{id: many, quantity: 20000000}]}":                    "add_on_too_many",
		"change: {add_ons: [{id: many, quantity: 9000000}]}":                     "amount_too_large",
		"change: {add_ons: [{id: strange}]}":                                     "tax_undetermined",
		"change: {add_ons: [{id: once}]}":                                        "nothing_to_change",
		"change: {add_ons: [{id: many, quantity: 0}]}":                           "nothing_to_change",
		"change: {add_ons: [{id: many}, {id: many, quantity: 0}]}":               "add_on_twice",
		"change: {plan: plain}":                                                  "add_ons_not_sold",
		"change: {plan: plain, add_ons: [{id: once, quantity: 0}, {id: other}]}": "add_ons_not_sold",
	} {
		result := playScenario(t, sold+"  - {at: 2027-01-11, "+entry+"}\n")
		require.Len(t, result.Refused, 1, entry)
		require.Equal(t, code, result.Refused[0].Code, entry)
		require.Len(t, result.Subscriptions, 1, entry)
		require.Equal(t, "once", result.Subscriptions[0].AddOns[0].ID, entry)
	}
	moved := playScenario(t, sold+"  - {at: 2027-01-11, change: {plan: plain, add_ons: [{id: once, quantity: 0}]}}\n")
	require.Empty(t, moved.Refused)
	require.Empty(t, moved.Subscriptions[0].AddOns)
}

// Whatever quantities an add-on has from day to day, a period costs what each was worth for its time, give or take half a
// minor unit per line, and traffic is charged exactly once, if the add-on was there.
func TestAddOnsCostTheirQuantitiesDayByDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := begin(rt, anyZone.Draw(rt, "zone"), "2027-03-01", on("a"), roomy(catalog.GrainDay))
		due, traffic, quantity, since := decimal.Zero, int64(0), int64(0), 0
		paid := func(day int) {
			perMonth := 30 + 18*quantity
			if quantity > 0 {
				perMonth += 3
			}
			due = due.Add(decimal.NewFromInt(perMonth * int64(day-since)).Div(decimal.NewFromInt(31)))
			since = day
		}
		day := 0
		for day < 26 && rapid.Bool().Draw(rt, "more") {
			day += rapid.IntRange(1, 4).Draw(rt, "days")
			at := l.zone.AddDays(l.local("2027-03-01 15:00"), day)
			l.until(at)
			next := rapid.Int64Range(0, 3).Draw(rt, "quantity")
			asked := storage(rt, next)
			asked.BillNext = rapid.Bool().Draw(rt, "bill next")
			if l.give(at, asked) == "" {
				paid(day)
				quantity = next
			}
			used := rapid.Int64Range(0, 5).Draw(rt, "used")
			l.used = append(l.used, use{meter: "traffic", at: at.Add(time.Hour), quantity: decimal.NewFromInt(used)})
			if quantity > 0 {
				traffic += used
			}
		}
		paid(day + 1)
		require.Empty(rt, l.give(l.zone.AddDays(l.local("2027-03-01 15:00"), day+1), credit))
		net, charged, lines := decimal.Zero, decimal.Zero, 0
		for _, inv := range l.invoices {
			for _, line := range inv.Lines {
				if line.Kind == invoicing.UsageLine {
					charged = charged.Add(line.Quantity)
					continue
				}
				net, lines = net.Add(line.Amount.Decimal()), lines+1
			}
		}
		bound := decimal.New(int64(lines), -2).Div(decimal.NewFromInt(2)).Add(decimal.New(1, -9))
		require.True(rt, net.Sub(due).Abs().LessThanOrEqual(bound), "charged %s for %s on %d lines", net, due, lines)
		require.Equal(rt, decimal.NewFromInt(traffic).String(), charged.String())
		l.requireFair(rt)
	})
}
