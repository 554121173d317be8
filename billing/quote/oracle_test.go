package quote_test

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// oracle works out what a subscription costs, from what docs/changes.md says and nothing else: it knows which terms are in force
// for whom, and counts shares of periods with the standard library. It knows no invoices, lines or credits.
type oracle struct {
	zone     *time.Location
	currency money.Currency
	net      map[string]int64 // by customer, plan and charge

	owner string
	terms held
	// The period under way, whether nothing was paid for it in advance, by how many days pauses have extended it, and which
	// boundaries follow.
	start, end time.Time
	uncharged  bool
	extended   int
	anchor     time.Time
	next       int
	// Since when the terms are served, if they are, and what has been used under each plan.
	since  time.Time
	serves bool
	used   map[string]consumed
	served []stretch
}

// stretch is time in which somebody was served.
type stretch struct {
	owner    string
	from, to time.Time
}

func (o *oracle) day(t time.Time) time.Time {
	y, m, d := t.In(o.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// count measures time by a plan's kind of proration.
func (o *oracle) count(grain catalog.Grain, from, to time.Time) int64 {
	a, b := o.day(from), o.day(to)
	switch grain {
	case catalog.GrainSecond:
		return int64(to.Sub(from) / time.Second)
	case catalog.GrainMonth30:
		return int64(360*(b.Year()-a.Year()) + 30*int(b.Month()-a.Month()) + min(b.Day(), 30) - min(a.Day(), 30))
	}
	return int64(b.Sub(a) / (24 * time.Hour))
}

// boundary is the nth one after the anchor: never counted from the one before.
func (o *oracle) boundary(n int) time.Time {
	interval := o.terms.plan.Interval
	day := o.anchor.AddDate(0, 0, 7*n*interval.Count)
	if interval.Unit == calendar.Month {
		first := time.Date(o.anchor.Year(), o.anchor.Month()+time.Month(n*interval.Count), 1, 0, 0, 0, 0, time.UTC)
		last := first.AddDate(0, 1, -1).Day()
		day = first.AddDate(0, 0, min(o.anchor.Day(), last)-1)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, o.zone)
}

// begin starts a new series of periods.
func (o *oracle) begin(at time.Time) {
	o.anchor, o.next = o.day(at), 0
	o.enter(at)
}

func (o *oracle) enter(at time.Time) {
	o.next++
	o.start, o.end = at, o.boundary(o.next)
	o.used, o.extended, o.uncharged = map[string]consumed{}, 0, false
}

// part is a share of the time that is paid for in the period.
func (o *oracle) part(from, to time.Time) *big.Rat {
	grain := o.terms.plan.Proration
	return big.NewRat(o.count(grain, from, to), o.count(grain, o.start.In(o.zone).AddDate(0, 0, o.extended), o.end))
}

func (o *oracle) add(charge catalog.Charge, amount int64) {
	key := fmt.Sprintf("%s %s.%d %s", o.owner, o.terms.plan.ID, o.terms.plan.Version, charge.ID)
	if o.net[key] += amount; o.net[key] == 0 {
		delete(o.net, key)
	}
}

// each goes through what recurs of the terms in advance, or in arrears, with its price for a whole period.
func (o *oracle) each(timing catalog.Timing, do func(catalog.Charge, *big.Rat)) {
	charges := slices.Clone(o.terms.plan.Charges)
	if o.terms.extras > 0 {
		charges = append(charges, o.terms.plan.AddOns[0].Charges...)
	}
	for _, c := range charges {
		if c.Kind != catalog.Recurring || c.Timing != timing {
			continue
		}
		quantity := map[catalog.Per]int64{catalog.PerSubscription: 1, catalog.PerSeat: o.terms.seats, catalog.PerQuantity: o.terms.extras}[c.Per]
		do(c, priceOf(c.Prices[o.currency], consumed{quantity: quantity}))
	}
}

// ahead charges the rest of the period in advance, or takes it back.
func (o *oracle) ahead(at time.Time, sign int64) {
	rest := o.part(at, o.end)
	o.each(catalog.Advance, func(c catalog.Charge, price *big.Rat) { o.add(c, sign*minor(product(price, rest), o.currency)) })
}

// serve has terms in force from an instant on.
func (o *oracle) serve(at time.Time) { o.since, o.serves = at, true }

// stop charges what is paid in arrears for the time that the terms have been served.
func (o *oracle) stop(at time.Time) {
	if !o.serves {
		return
	}
	o.serves = false
	o.served = append(o.served, stretch{o.owner, o.since, at})
	if _, is := o.used[o.terms.plan.ID]; !is && at.After(o.since) {
		o.used[o.terms.plan.ID] = consumed{} // nothing, for which there may be a flat amount
	}
	before, now := o.part(o.start, o.since), o.part(o.start, at)
	o.each(catalog.Arrears, func(c catalog.Charge, price *big.Rat) {
		o.add(c, minor(product(price, now), o.currency)-minor(product(price, before), o.currency))
	})
}

// settle charges what was used in the period, each plan by itself.
func (o *oracle) settle(plans []catalog.Plan) {
	for _, plan := range plans {
		u, served := o.used[plan.ID]
		if !served {
			continue
		}
		terms := o.terms
		o.terms = held{plan: plan}
		for _, c := range plan.Charges {
			if c.Meter == "calls" {
				o.add(c, minor(priceOf(c.Prices[o.currency], u), o.currency))
			}
		}
		o.terms = terms
	}
	o.used = map[string]consumed{}
}
