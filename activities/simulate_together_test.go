package activities_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/simulation"
	"github.com/perennial-billing/perennial/internal/store"
)

// TestSharedCouponsAreSimulatedAsQuoted plays random time lines of customers with several subscriptions, half of them in a billing
// group, who have coupons of all kinds for all of them. In every month, billed again with their own catalogue they must come to
// the very invoices that were issued; all months together with another one, charge by charge, to what a quote says of the same
// time line under that.
func TestSharedCouponsAreSimulatedAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	other := strings.Replace(otherCatalogue, "{id: seats-yearly, ", "{id: seats-yearly, product: seats, ", 1)
	quoted := map[string]quote.Result{}
	for seed := range uint64(40) {
		line := withSharedCoupons(seed)
		quoted[line.customer] = quoteWith(t, line, other)
		line.happen(b, nil)
	}
	var shared, discounted int
	for customer, result := range quoted {
		in := store.HistoryRange{EntityID: "acme", Customers: []string{customer}, From: day0, To: day0.AddDate(3, 0, 0)}
		r := b.simulated(other, in)
		require.Equal(t, chargesOf(result), newCharges(r), customer)
		for _, invoice := range result.Invoices {
			if len(invoice.Subscriptions) > 1 {
				shared++
			}
			discounted += len(invoice.Discounts)
		}
	}
	require.Greater(t, shared, 30, "the time lines must be worth playing")
	require.Greater(t, discounted, 300)
	for month := range 14 {
		b.simulated(other, monthOf(time.January+time.Month(month)))
	}
	b.splitElsewhere(b.simulated(other, store.HistoryRange{EntityID: "acme", From: day0.AddDate(0, 0, -30), To: monthOf(time.December).To}).Control.Invoices)
}

// withSharedCoupons is a random time line with more subscriptions, some of which begin together, and some of the coupons at any
// time.
func withSharedCoupons(seed uint64) timeline {
	rng := rand.New(rand.NewPCG(seed, 7))
	line := randomTimeline(seed+7000, "seats", "seats-yearly", "trial", "metered")
	line.entries = slices.DeleteFunc(line.entries, func(e event) bool {
		return e.action == "redeem" || e.action == "cancel" && e.at.Second()%3 > 0 || e.action == "pause" && e.at.Second()%2 > 0
	})
	if seed%2 == 0 {
		line.group = "office"
	}
	first := line.entries[0].at
	for n := 6; n < 9; n++ {
		e := event{at: first, action: "subscribe", subscription: fmt.Sprintf("%s_%d", line.customer, n), plan: "seats", seats: 1 + rng.Int64N(4)}
		if n == 6 {
			e.at, e.plan, e.seats = first.Add(time.Duration(rng.Int64N(60*24))*time.Hour), "metered", 0
		}
		line.entries = append(line.entries, e)
	}
	for _, coupon := range quotedCoupons() {
		if rng.IntN(2) == 0 {
			at := first.Add(time.Duration(rng.Int64N(120*24)) * time.Hour).Add(-time.Second)
			line.entries = append(line.entries, event{at: at, action: "redeem", plan: coupon.ID})
		}
	}
	slices.SortStableFunc(line.entries, func(a, b event) int { return a.at.Compare(b.at) })
	return line
}

// chargesOf is what a quote bills by plan and charge, in minor units, without tax.
func chargesOf(r quote.Result) map[string]int64 {
	charges := map[string]int64{}
	for _, invoice := range r.Invoices {
		for _, line := range invoice.Lines {
			charges[line.Plan+"/"+line.Charge] += line.Amount.Minor
		}
	}
	return charges
}

func newCharges(r simulation.Result) map[string]int64 {
	charges := map[string]int64{}
	for _, c := range r.Charges {
		charges[c.Plan+"/"+c.Charge] = c.New.Minor
	}
	return charges
}
