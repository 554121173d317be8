package invoicing_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
)

func usd(minor int64) money.Amount { return money.New(minor, "USD") }

func percentOff(id, off string) discount.InForce {
	return discount.InForce{ID: id, Coupon: discount.Coupon{ID: id, Name: id, PercentOff: number(off), Duration: discount.Forever}}
}

func amountOff(id string, left money.Amount) discount.InForce {
	return discount.InForce{ID: id, Coupon: discount.Coupon{
		ID: id, Name: id, AmountOff: map[money.Currency]decimal.Decimal{left.Currency: left.Decimal()}, Duration: discount.Forever,
	}, Left: left}
}

func grant(id string, basis wallet.Basis, left money.Amount) wallet.Held {
	g := wallet.Grant{ID: id, Basis: basis, Amount: left, Cost: money.Zero(left.Currency), From: time.Unix(0, 0)}
	if basis == wallet.Paid {
		g.Cost = left
	}
	return wallet.Held{Grant: g, Left: left, CostLeft: g.Cost}
}

func item(id string, kind invoicing.LineKind, quantity, unit string) invoicing.Item {
	return invoicing.Item{ID: id, Kind: kind, Description: id, Quantity: number(quantity), Unit: number(unit), TaxCategory: "saas_b2c"}
}

// Everything on one invoice, in the documented order: discounts, tax, the customer's credit, prepaid credit.
//
//	10 seats × 12                    120.00
//	usage 1,000 × 0.05                50.00
//	set-up                            30.00
//	20 % off 200.00                  −40.00   (24, 10 and 6)
//	goodwill                         −10.00   (not discounted)
//	                                 150.00
//	VAT 20 %                          30.00
//	credit notes                     −25.00
//	present, then paid in advance    −50.00 −80.00
//	                                  25.00
func TestOrderOfCredits(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/London")
	january, february := month(t, z, "2027-01"), month(t, z, "2027-02")
	hybrid := plan(t, "hybrid", catalog.GrainDay, seats("12"), used("calls", perUnit("0.05")))
	f := taxedIn("GB", untaxed(z, january.End))
	f.Opens = &invoicing.Opening{Period: february, Terms: terms(hybrid, 10)}
	f.Closes = &invoicing.Closing{Period: january, Full: january, Segments: []invoicing.Segment{segment(january, terms(hybrid, 10), "calls", "1000")}}
	f.Items = []invoicing.Item{item("set-up", invoicing.OneOff, "1", "30"), item("goodwill", invoicing.Adjustment, "2", "-5")}
	f.Discounts = []discount.InForce{percentOff("twenty", "20")}
	f.Balance = usd(2500)
	f.Prepaid = []wallet.Held{grant("paid", wallet.Paid, usd(8000)), grant("gift", wallet.Promotional, usd(5000))}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	requireAddsUp(t, inv, f)
	require.Equal(t, []string{
		"usage hybrid/calls 1000 USD 40.00", "recurring hybrid/seats 10 USD 96.00",
		"adjustment /goodwill 2 USD -10.00", "one_off /set-up 1 USD 24.00",
	}, shown(inv))
	require.Equal(t, []money.Amount{usd(15000), usd(3000), usd(18000)}, []money.Amount{inv.Subtotal, inv.Tax, inv.Total})
	require.Equal(t, []money.Amount{usd(2500), usd(13000), usd(2500)}, []money.Amount{inv.CreditApplied, inv.PrepaidApplied, inv.AmountDue})
	require.Equal(t, []wallet.Payment{
		{GrantID: "gift", Basis: wallet.Promotional, Amount: usd(5000), Cost: usd(0)}, {GrantID: "paid", Basis: wallet.Paid, Amount: usd(8000), Cost: usd(8000)},
	}, inv.Prepaid)
	require.Equal(t, []discount.Total{{DiscountID: "twenty", CouponID: "twenty", Name: "twenty", Taken: usd(4000), GivenBack: usd(0)}}, inv.Discounts)
	require.Equal(t, []discount.Taken{{
		DiscountID: "twenty", CouponID: "twenty", Name: "twenty", PercentOff: number("20"), Of: usd(12000), Amount: usd(2400),
	}}, inv.Lines[1].Explanation.Discounts)
	require.Equal(t, usd(9600), inv.Deferred)
}

// What was charged with a discount is credited net of it: a coupon never becomes money. The amount that goes back with the
// credit is there for what takes its place: (30 + 60) / 2 - 10 = 35.
func TestCreditOfDiscountedLineGivesBackWhatWasPaid(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	april := month(t, z, "2027-04")
	small, large := plan(t, "small", catalog.GrainDay, base("30")), plan(t, "large", catalog.GrainDay, base("60"))
	a := newAccount(t, small, large)
	f := untaxed(z, april.Start)
	f.Opens, f.Discounts = &invoicing.Opening{Period: april, Terms: terms(small, 0)}, []discount.InForce{amountOff("ten", usd(1000))}
	require.Equal(t, usd(2000), a.issue(f).Total)
	to := terms(large, 0)
	change := a.revision(f, april, at(t, z, "2027-04-16"), &to)
	change.Discounts = []discount.InForce{amountOff("ten", usd(0))}
	inv := a.issue(change)
	require.Equal(t, []string{"proration_credit small/base 1 USD -10.00 15/30", "proration_charge large/base 1 USD 25.00 15/30"}, shown(inv))
	require.Equal(t, usd(-500), inv.Lines[0].Discount)
	require.Equal(t, []discount.Total{{DiscountID: "ten", CouponID: "ten", Name: "ten", Taken: usd(500), GivenBack: usd(500)}}, inv.Discounts)
}

// Changes that are billed together follow each other on one invoice. What the first charged with a discount, the second gives
// back net of it: the customer pays 90 % of 5/30 of 60
// and of 10/30 of 90.
func TestCreditOfTheSameInvoiceIsNetOfItsDiscount(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	april := month(t, z, "2027-04")
	mid, large := plan(t, "mid", catalog.GrainDay, base("60")), plan(t, "large", catalog.GrainDay, base("90"))
	f := untaxed(z, april.End)
	f.Reason, f.Discounts = invoicing.ForChange, []discount.InForce{percentOff("ten", "10")}
	first, second := terms(mid, 0), terms(large, 0)
	f.Earlier = []invoicing.Revision{{At: at(t, z, "2027-04-16"), Period: april, NewTerms: &first}}
	f.Revises = &invoicing.Revision{At: at(t, z, "2027-04-21"), Period: april, NewTerms: &second}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, []string{
		"proration_charge mid/base 1 USD 27.00 15/30", "proration_credit mid/base 1 USD -18.00 10/15", "proration_charge large/base 1 USD 27.00 10/30",
	}, shown(inv))
	require.Equal(t, usd(3600), inv.Total, "90 % of 5/30 of 60 and 10/30 of 90")
	require.Equal(t, usd(-200), inv.Lines[1].Discount)

	whole, err := invoicing.Consolidate(untaxed(z, april.End), []invoicing.Part{{SubscriptionID: "a", Facts: f}, {SubscriptionID: "b", Facts: f}})
	require.NoError(t, err)
	require.Equal(t, usd(7200), whole.Total)
	require.Equal(t, []int{1, 4}, []int{whole.Lines[1].Credits.Position, whole.Lines[4].Credits.Position})
}

func TestPlanCreditLowersChargesAndIsNoMoney(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	april := month(t, z, "2027-04")
	f := taxedIn("GB", untaxed(z, april.Start))
	f.Opens = &invoicing.Opening{Period: april, Terms: terms(plan(t, "team", catalog.GrainDay, seats("8")), 2)}
	f.Discounts, f.PlanCredit = []discount.InForce{percentOff("half", "50")}, usd(533)
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, []money.Amount{usd(267), usd(53), usd(320)}, []money.Amount{inv.Subtotal, inv.Tax, inv.AmountDue})
	f.PlanCredit = usd(100_000)
	inv, err = invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, []money.Amount{usd(0), usd(0), usd(0)}, []money.Amount{inv.Subtotal, inv.CreditGranted, inv.AmountDue})
	require.Equal(t, usd(800), inv.Discounts[1].Taken)
	require.Equal(t, invoicing.PlanCreditID, inv.Discounts[1].DiscountID)
}

func TestItemsAlone(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	f := untaxed(z, at(t, z, "2027-04-16"))
	f.Items = []invoicing.Item{item("b", invoicing.Adjustment, "1", "-30"), item("a", invoicing.OneOff, "1.5", "3.333")}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	requireAddsUp(t, inv, f)
	require.Equal(t, []string{"one_off /a 1.5 USD 5.00", "adjustment /b 1 USD -30.00"}, shown(inv))
	require.Equal(t, usd(2500), inv.CreditGranted)
	require.Equal(t, inv.Subtotal, inv.Earned)
	for want, wrong := range map[string]invoicing.Item{
		`item "": id is required`:                                   item("", invoicing.OneOff, "1", "1"),
		`kind: "recurring" must be one of one_off, adjustment`:      item("x", invoicing.Recurring, "1", "1"),
		`quantity: must be above 0, got -1`:                         item("x", invoicing.OneOff, "-1", "1"),
		`unit_amount: of a one-off charge must not be below 0, got`: item("x", invoicing.OneOff, "1", "-1"),
		`unit_amount: of an adjustment must not be 0`:               item("x", invoicing.Adjustment, "1", "0"),
		`unit_amount: at most 12 digits may follow the point`:       item("x", invoicing.OneOff, "1", "0.1234567890123"),
	} {
		f.Items = []invoicing.Item{wrong}
		_, err := invoicing.Build(f)
		require.ErrorContains(t, err, want)
	}
	f.Items = []invoicing.Item{item("x", invoicing.OneOff, "1", "1"), item("x", invoicing.OneOff, "1", "2")}
	_, err = invoicing.Build(f)
	require.ErrorContains(t, err, `invoice:sub_1:test: item "x" is there twice`)
}

func TestConsolidate(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/London")
	april, may := month(t, z, "2027-04"), month(t, z, "2027-05")
	team, api := plan(t, "team", catalog.GrainDay, seats("10.01")), plan(t, "api", catalog.GrainDay, used("calls", perUnit("0.01")))
	head := taxedIn("GB", untaxed(z, april.End))
	head.Key, head.Balance = "invoice:cus_1:2027-05", usd(100)
	head.Items, head.Discounts = []invoicing.Item{item("set-up", invoicing.OneOff, "1", "5.01")}, []discount.InForce{percentOff("ten", "10")}
	parts := []invoicing.Part{
		{SubscriptionID: "sub_b", Facts: invoicing.Facts{
			Opens: &invoicing.Opening{Period: may, Terms: terms(team, 1)}, Discounts: []discount.InForce{percentOff("half", "50")},
		}},
		{SubscriptionID: "sub_a", Facts: invoicing.Facts{Closes: &invoicing.Closing{
			Period: april, Full: april, Segments: []invoicing.Segment{segment(april, terms(api, 0), "calls", "1001")},
		}}},
		{SubscriptionID: "sub_c"},
	}
	inv, err := invoicing.Consolidate(head, parts)
	require.NoError(t, err)
	requireAddsUp(t, inv, head)
	require.Equal(t, []string{"sub_a", "sub_b", ""}, []string{inv.Lines[0].SubscriptionID, inv.Lines[1].SubscriptionID, inv.Lines[2].SubscriptionID})
	// 10 % of 10.01 + 5.00 + 5.01 is 2.00, and 20 % VAT of 18.02 is 3.60: less than if each were rounded by itself.
	require.Equal(t, []string{"usage api/calls 1001 USD 9.01", "recurring team/seats 1 USD 4.50", "one_off /set-up 1 USD 4.51"}, shown(inv))
	require.Equal(t, []money.Amount{usd(1802), usd(360), usd(2062)}, []money.Amount{inv.Subtotal, inv.Tax, inv.AmountDue})
	require.Equal(t, calendar.Period{Start: april.Start, End: may.End}, inv.Period)
	again, err := invoicing.Consolidate(head, []invoicing.Part{parts[2], parts[1], parts[0]})
	require.NoError(t, err)
	require.Equal(t, inv, again)
	_, err = invoicing.Consolidate(head, append(parts, parts[0]))
	require.ErrorContains(t, err, `invoice:cus_1:2027-05: subscription "sub_b" is there twice`)
	head.Items = nil
	_, err = invoicing.Consolidate(head, parts[2:])
	require.ErrorIs(t, err, invoicing.ErrNothingToBill)
}

// drawCredits adds whatever lowers an invoice.
func (l *life) drawCredits(rt *rapid.T, f *invoicing.Facts) {
	amount := func(label string) money.Amount {
		return money.New(rapid.Int64Range(0, 200_000).Draw(rt, label), l.market.currency)
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "discounts") {
		d := amountOff(fmt.Sprintf("amount-%d", i), amount("off"))
		if rapid.Bool().Draw(rt, "percent") {
			d = percentOff(fmt.Sprintf("percent-%d", i), rapid.SampledFrom([]string{"100", "33.3333", "7.5"}).Draw(rt, "percent off"))
		}
		f.Discounts = append(f.Discounts, d)
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "grants") {
		f.Prepaid = append(f.Prepaid, grant(fmt.Sprintf("g%d", i), wallet.Paid, amount("grant")))
	}
	for i := range rapid.IntRange(0, 3).Draw(rt, "items") {
		unit := decimal.New(rapid.Int64Range(-50_000, -1).Draw(rt, "gives"), -3).String()
		f.Items = append(f.Items, item(fmt.Sprintf("i%d", i), invoicing.Adjustment, "1.5", unit))
		if rapid.Bool().Draw(rt, "charges") {
			f.Items[i] = item(fmt.Sprintf("i%d", i), invoicing.OneOff, "2", unit[1:])
		}
	}
	f.PlanCredit = amount("plan credit")
}

// A customer with a coupon who changes the plan and changes back at the same instant has neither won nor lost anything, and
// no line ever gives back more than was paid for it.
func TestThereAndBackWithACouponCostsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		z := zone(rt, anyZone.Draw(rt, "zone"))
		period := month(rt, z, anyMonth.Draw(rt, "month"))
		small, large := plan(rt, "small", catalog.GrainDay, base("30")), plan(rt, "large", catalog.GrainDay, base("77.77"))
		a, left := newAccount(rt, small, large), usd(rapid.Int64Range(0, 10_000).Draw(rt, "off"))
		percent := rapid.Bool().Draw(rt, "percent")
		bill := func(f invoicing.Facts) int64 {
			f.Discounts = []discount.InForce{amountOff("coupon", left)}
			if percent {
				f.Discounts = []discount.InForce{percentOff("coupon", "25")}
			}
			inv, err := invoicing.Build(f)
			if err != nil {
				require.ErrorIs(rt, err, invoicing.ErrNothingToBill)
				return 0
			}
			a.keep(inv, f.IssuedAt)
			for _, total := range inv.Discounts {
				left.Minor += total.GivenBack.Minor - total.Taken.Minor
				require.True(rt, percent || left.Minor >= 0)
			}
			return inv.Subtotal.Minor
		}
		f := untaxed(z, period.Start)
		f.Opens = &invoicing.Opening{Period: period, Terms: terms(small, 0)}
		bill(f)
		now := z.StartOfDay(z.DateOf(period.Start).AddDays(rapid.IntRange(1, 27).Draw(rt, "day")))
		away, home := terms(large, 0), terms(small, 0)
		net := bill(a.revision(f, period, now, &away)) + bill(a.revision(f, period, now, &home))
		require.LessOrEqual(rt, max(net, -net), int64(1), "but for the cent by which the first line's part was rounded")
	})
}
