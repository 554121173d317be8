package quote_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// No sequence of changes makes or loses money. Whatever a customer does, all invoices less all credit notes come, for each
// customer, each version of a plan and each of its charges, to the minor unit to what the terms in force cost by an oracle that
// knows neither invoices nor credits:
//
//   - every stretch of time in which a subscription is served is billed once, and none twice: else a charge's sum would differ
//   - after a cancellation with credit what is not used is given back, after one without it stays
//   - no line gives back more than it charged, and none is credited twice
//   - what customers were asked to pay is what the invoices come to, less the credit and plus the rest that they have left
//
// The catalogues have all charge models but no limits, in advance and in arrears, add-ons, two intervals, and proration by day, month
// of 30 days and second; the time lines changes now, later and on a date, pauses of all modes, cancellations of all kinds,
// reactivations, transfers, one-off charges and adjustments, and usage, also late.
func TestNoMoneyIsLostOrMade(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c := beginConservation(rt)
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			c.pass(25)
			c.act()
		}
		c.finish()
		until := c.s.now.Add(24 * time.Hour)
		result := c.s.play(c.s.plain, until)
		told := fmt.Sprintf("%s in %s\nplays %v", c.s.currency, c.s.zone, c.s.scenario(c.s.plain, until))
		for _, refused := range result.Refused { // who asks for what they have gets nothing else
			require.Equal(rt, "nothing_to_change", refused.Code, told)
		}
		require.Equal(rt, c.o.net, conserved(result), told)
		requireCreditsWithinCharges(rt, result)
		requireDueAddsUp(rt, result)
	})
}

// conservation plays a time line as a story and for the oracle.
type conservation struct {
	s *story
	o *oracle
	// extends says that periods may be extended: of plans that are prorated by days and paid in advance only.
	extends  bool
	paused   string
	pausedAt time.Time
	ended    bool
	// later is what happens at the end of the period under way, on what is planned for a date.
	later func()
	on    time.Time
	do    func()
	moved time.Time
}

func beginConservation(rt *rapid.T) *conservation {
	c := &conservation{extends: rapid.IntRange(0, 3).Draw(rt, "extends") == 0}
	var plans []catalog.Plan
	for _, id := range []string{"a", "b", "c"} {
		plans = append(plans, c.drawPlan(rt, id))
	}
	c.s = beginStory(rt, plans)
	c.s.now = c.s.now.Truncate(quarter)
	c.s.began = c.s.now
	c.s.plain[0]["at"] = c.s.now.Format(time.RFC3339)
	zone, err := time.LoadLocation(c.s.zone)
	require.NoError(rt, err)
	c.o = &oracle{zone: zone, currency: c.s.currency, net: map[string]int64{}, owner: "ada", terms: c.s.terms}
	c.takeUp(c.s.now)
	return c
}

// quarter is how finely usage is known to belong to terms: commands come at its beginning, usage within.
const quarter = 15 * time.Minute

// drawPlan adds usage by any model, and usage that always costs the same, to a random plan.
func (c *conservation) drawPlan(rt *rapid.T, id string) catalog.Plan {
	shop := shop{schedule: catalog.Plan{Interval: calendar.Interval{Unit: calendar.Month, Count: 1}}, modes: []money.Mode{""}}
	shop.grains = []catalog.Grain{catalog.GrainDay, catalog.GrainMonth30, catalog.GrainSecond}
	if c.extends {
		shop.grains = []catalog.Grain{catalog.GrainDay}
	}
	if id == "c" {
		shop.schedule.Interval = calendar.Interval{Unit: calendar.Week, Count: 2}
	}
	p := shop.plan(rt, id)
	for i := range p.Charges {
		if c.extends {
			p.Charges[i].Timing, p.AddOns[0].Charges[0].Timing = catalog.Advance, catalog.Advance
		}
	}
	model := rapid.SampledFrom(usageModels).Draw(rt, "model")
	same := map[money.Currency]catalog.Price{}
	for _, currency := range anyCurrencies {
		same[currency] = catalog.Price{Model: catalog.PerUnit, UnitAmount: money.New(3, currency).Decimal()}
	}
	p.Charges = append(p.Charges, metered("calls", shop.prices(rt, model, catalog.Usage)), metered("mb", same))
	require.NoError(rt, p.Validate())
	return p
}

func metered(meter string, prices map[money.Currency]catalog.Price) catalog.Charge {
	return catalog.Charge{ID: meter, Name: meter, Kind: catalog.Usage, Timing: catalog.Arrears, Meter: meter, TaxCategory: "saas_b2c", Prices: prices}
}

// pass lets some time go by, and what falls due in it happen.
func (c *conservation) pass(days int64) {
	to := c.s.now.Add(time.Duration(c.s.number("quarters", 1, days*24*4)) * quarter)
	for {
		end, turns := c.o.end, !c.ended && (c.paused == "" || c.paused == "keep")
		if c.do != nil && !c.on.After(to) && (!turns || c.on.Before(end)) {
			do := c.do
			c.do, c.s.now = nil, c.on
			do()
			continue
		}
		if !turns || end.After(to) {
			break
		}
		c.turn(end)
	}
	c.s.now = to
}

// turn is a boundary.
func (c *conservation) turn(at time.Time) {
	c.o.stop(at)
	c.o.settle(c.s.plans)
	before, later := c.o.terms.plan.Interval, c.later
	if c.later = nil; later != nil {
		later()
	}
	switch {
	case c.ended || c.paused == "credit":
		return
	case c.o.terms.plan.Interval != before:
		c.o.begin(at)
	default:
		c.o.enter(at)
	}
	if c.paused == "keep" {
		c.o.uncharged = true
		return
	}
	c.o.ahead(at, 1)
	c.o.serve(at)
}

// takeUp begins with a period of its own.
func (c *conservation) takeUp(at time.Time) {
	c.o.begin(at)
	c.o.ahead(at, 1)
	c.o.serve(at)
}
