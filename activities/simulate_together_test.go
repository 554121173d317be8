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

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/simulation"
	"github.com/perennial-billing/perennial/billing/subscription"
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
			charge := line.Charge
			if line.Plan == "" {
				charge = string(line.Kind)
			}
			charges[line.Plan+"/"+charge] += line.Amount.Minor
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

// A subscription goes from a customer with a coupon for all of theirs to one who has another: all that they have hangs together,
// also a subscription that ended before the months compared. Each takes of its owner's coupon, and the control makes every invoice.
func TestCouponsOfSeveralOwnersAreSimulated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	b.customer("bob", "EUR", "")
	b.redeemed("ada", quotedCoupon("carried"), day0)
	b.redeemed("bob", quotedCoupon("carried"), day0)
	ended := b.subscribe(agreement("sub_a", "ada", "seats", 1, "EUR")).State
	b.carryOut(ended, subscription.Command{ID: "end", Kind: subscription.Cancel, CreditUnused: true, At: day0.AddDate(0, 0, 7)})
	moving := b.subscribe(agreement("sub_b", "ada", "seats", 2, "EUR")).State
	b.subscribe(agreement("sub_c", "bob", "seats", 1, "EUR"))
	moving = b.carryOut(moving, subscription.Command{ID: "move", Kind: subscription.Transfer, Customer: "bob", At: day0.AddDate(0, 0, 14)}).State
	b.turn(b.turn(moving).State)
	year := store.HistoryRange{EntityID: "acme", From: day0, To: day0.AddDate(1, 0, 0)}
	r := b.simulated(otherCatalogue, year)
	require.Equal(t, 3, r.Subscriptions)
	require.Equal(t, len(b.invoices()), r.Control.Invoices)
	april := b.simulated(otherCatalogue, store.HistoryRange{EntityID: "acme", From: moving.Period.End.AddDate(0, 1, -3), To: year.To})
	require.Equal(t, 1, april.Control.Invoices)
	require.Equal(t, 2, april.Subscriptions, "the one that ended is looked at for its coupon only")
	year.Customers = []string{"ada"}
	require.Len(t, b.simulated(otherCatalogue, year).Customers, 1)
}

// Subscriptions whose months share an invoice, and a coupon; an item billed at once, and usage that became known after the end.
func TestSharedMonthsAreSimulated(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellDesks()
	b.customer("ada", "EUR", "")
	b.redeemed("ada", quotedCoupon("monthly"), day0.AddDate(0, 0, -30))
	var states []subscription.State
	for _, id := range []string{"sub_a", "sub_b"} {
		states = append(states, b.inGroup(id, "ada", "desk", 0, "office", "").State)
	}
	item := invoicing.Item{ID: "set-up", Kind: invoicing.OneOff, Description: "Set-up", Quantity: decimal.NewFromInt(1), Unit: decimal.NewFromInt(20), TaxCategory: "saas_b2b"}
	charged := b.carryOut(states[0], subscription.Command{ID: "charge", Kind: subscription.Charge, Item: &item, At: day0.AddDate(0, 0, -3)})
	require.NotNil(t, charged.Invoice)
	ended := b.carryOut(states[1], subscription.Command{ID: "end", Kind: subscription.Cancel, At: day0.AddDate(0, 0, -2)})
	b.month()
	b.calls("ada", "late", 700, day0.AddDate(0, 0, -5))
	require.NotNil(t, b.late(ended.State, "late", day0.AddDate(0, 0, 5)).Invoice)
	in := store.HistoryRange{EntityID: "acme", From: day0.AddDate(0, 0, -31), To: day0.AddDate(0, 2, 0)}
	r := b.simulated(strings.Replace(desk, `"flat_amount":"31"`, `"flat_amount":"8"`, 1), in)
	require.Equal(t, 4, r.Control.Invoices, "two parts of one, the item, and the late usage")
	in.From = day0.AddDate(0, 0, 4) // the late usage alone, after what was charged before it
	require.Equal(t, 1, b.simulated(desk, in).Control.Invoices)
}

// Two subscriptions share 17.35 a month: 10 of it are taken off the first one's seat, the rest off the others. A seat of 12.37
// takes more, and leaves less to the other subscription; when the first one changes, nothing is left of what they share.
func TestWhatOneTakesOfACouponOthersHaveLess(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	b.redeemed("ada", quotedCoupon("monthly"), day0)
	first := b.subscribe(agreement("sub_a", "ada", "seats", 1, "EUR")).State
	b.subscribe(agreement("sub_b", "ada", "seats", 3, "EUR"))
	b.carryOut(first, changeTo("more", day0.AddDate(0, 0, 14), "seats", 3))
	in := store.HistoryRange{EntityID: "acme", From: day0, To: day0.AddDate(0, 0, 15)}
	r := b.simulated(otherCatalogue, in)
	// sub_a: 12.37 less all of it, then half of 3 × 12.37 = 18.56. sub_b: 37.11 less the 4.98 that are left.
	require.Equal(t, int64(1856+3711-498), r.Totals[0].New.Minor)
}
