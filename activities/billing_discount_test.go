package activities_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/internal/store"
)

// quotedCoupons are those of the time lines that are quoted and played.
func quotedCoupons() []discount.Coupon {
	off := map[money.Currency]decimal.Decimal{"EUR": decimal.RequireFromString("17.35")}
	return []discount.Coupon{
		{ID: "third", Name: "A third", PercentOff: decimal.RequireFromString("33.3333"), Duration: discount.Periods, Periods: 3},
		{ID: "of-seats", Name: "Seats, however long", PercentOff: decimal.RequireFromString("12.5"), Duration: discount.Forever, AppliesTo: discount.Target{
			Products: []string{"seats"},
		}},
		{ID: "monthly", Name: "Every period", AmountOff: off, Duration: discount.Forever},
		{ID: "carried", Name: "Until it is used up", AmountOff: off, Duration: discount.Periods, Periods: 4, Rest: discount.Carried},
		{ID: "welcome", Name: "The first invoice", PercentOff: decimal.NewFromInt(40), Duration: discount.Once},
		{ID: "gift", Name: "Once, until it is used up", AmountOff: off, Duration: discount.Once, Rest: discount.Carried},
	}
}

func quotedCoupon(id string) discount.Coupon {
	all := quotedCoupons()
	return all[slices.IndexFunc(all, func(c discount.Coupon) bool { return c.ID == id })]
}

// countOfSeats counts the lines of each plan that the coupon for a product takes something off.
func countOfSeats(plans map[string]int, line quote.Line) {
	if slices.ContainsFunc(line.Explanation.Discounts, func(taken discount.Taken) bool { return taken.CouponID == "of-seats" }) {
		plans[line.Plan]++
	}
}

// tryRedeem gives the customer a coupon if the plans of the time line's subscriptions sell what it is for.
func (h *history) tryRedeem(customer string, i int, e event) {
	h.t.Helper()
	coupon := quotedCoupon(e.plan)
	request := discount.Request{At: e.at, CustomerID: customer, Currency: "EUR"}
	for _, state := range h.states {
		version, err := h.Plan(h.ctx, state.Terms.PlanID, state.Terms.PlanVersion)
		require.NoError(h.t, err)
		request.Plans = append(request.Plans, discount.Sold{PlanID: version.Plan.ID, ProductID: version.Plan.ProductID()})
	}
	if refusal, is := errors.AsType[*discount.Refusal](coupon.Check(request)); is {
		h.refused = append(h.refused, fmt.Sprintf("timeline[%d] %s", i, refusal.Code))
		return
	}
	h.redeemed(customer, coupon, e.at)
}

// redeemed gives a customer a coupon.
func (b *bundle) redeemed(customer string, coupon discount.Coupon, at time.Time) {
	b.t.Helper()
	require.NoError(b.t, coupon.Validate())
	require.NoError(b.t, b.AddCoupon(b.ctx, "acme", coupon, day0))
	require.NoError(b.t, b.Tx(b.ctx, func(tx store.Tx) error {
		return tx.AddDiscount(b.ctx, "acme", customer, store.Discount{Discount: discount.Discount{ID: coupon.ID, Coupon: coupon, AppliedAt: at}})
	}))
}

// Seats are 10.00 each: 30 less 20 % for one month, less 5.00 in each month. A change in the second month credits what was
// really paid and takes the part of the 5.00 that goes back off the new seats.
func TestCouponsOnInvoices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.redeemed("ada", discount.Coupon{ID: "launch", Name: "Launch offer", PercentOff: decimal.NewFromInt(20), Duration: discount.Periods, Periods: 1}, day0)
	b.redeemed("ada", discount.Coupon{
		ID: "loyal", Name: "Loyalty", AmountOff: map[money.Currency]decimal.Decimal{"EUR": decimal.NewFromInt(5)}, Duration: discount.Forever,
	}, day0)
	first := b.subscribe(agreement("sub", "ada", "seats", 3, "EUR"))
	require.EqualValues(t, 1900, first.Invoice.Total.Minor, "30 - 6 - 5")
	second := b.turn(first.State)
	require.EqualValues(t, 2500, second.Invoice.Total.Minor, "the percentage was for one month")
	half := second.State.Period.Start.Add(second.State.Period.End.Sub(second.State.Period.Start) / 2)
	changed := b.carryOut(second.State, changeTo("more", half, "seats", 6))
	lines, err := b.InvoiceLines(b.ctx, changed.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Len(t, lines, 2)
	var credited, taken []discount.Taken
	require.NoError(t, json.Unmarshal(explained(t, lines[0], "discounts"), &credited))
	require.NoError(t, json.Unmarshal(explained(t, lines[1], "discounts"), &taken))
	require.Len(t, credited, 1)
	require.Equal(t, credited[0].Amount.Neg(), taken[0].Amount, "what went back to the coupon was taken off again")
	require.Negative(t, lines[0].Amount)
	require.GreaterOrEqual(t, lines[0].Amount, int64(-2500), "never more than was paid")
	third := b.turn(changed.State)
	require.EqualValues(t, 5500, third.Invoice.Total.Minor)
	has, err := b.Discounts(b.ctx, "ada", "EUR")
	require.NoError(t, err)
	require.Len(t, has[0].Uses, 1)
	require.Len(t, has[1].Uses, 4)
	b.sound()
}
