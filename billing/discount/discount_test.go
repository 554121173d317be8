package discount_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
)

var day = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func usd(minor int64) money.Amount { return money.New(minor, "USD") }

func percent(id, off string) discount.Coupon {
	return discount.Coupon{ID: id, Name: id, PercentOff: decimal.RequireFromString(off), Duration: discount.Forever}
}

func amount(id, off string) discount.Coupon {
	return discount.Coupon{
		ID: id, Name: id, AmountOff: map[money.Currency]decimal.Decimal{"USD": decimal.RequireFromString(off)}, Duration: discount.Forever,
	}
}

// held makes discounts of coupons, applied a day after each other. What is left of an amount is all of it.
func held(coupons ...discount.Coupon) []discount.InForce {
	discounts := make([]discount.InForce, len(coupons))
	for i, c := range coupons {
		left, _ := money.FromDecimal(c.AmountOff["USD"], "USD")
		discounts[i] = discount.InForce{ID: fmt.Sprintf("dis_%d", i+1), AppliedAt: day.AddDate(0, 0, i), Coupon: c, Left: left}
	}
	return discounts
}

func lines(minor ...int64) []discount.Line {
	all := make([]discount.Line, len(minor))
	for i, m := range minor {
		all[i] = discount.Line{
			ProductID: fmt.Sprintf("product-%d", i/2+1), PlanID: fmt.Sprintf("plan-%d", i+1), ChargeID: fmt.Sprintf("charge-%d", i+1), Amount: usd(m),
		}
	}
	return all
}

// off is what all discounts together took off each line.
func off(t require.TestingT, discounts []discount.InForce, lines []discount.Line) []int64 {
	taken, err := discount.Apply("USD", discounts, lines)
	require.NoError(t, err)
	sums := make([]int64, len(lines))
	for i := range taken {
		sum, err := discount.Sum("USD", taken[i])
		require.NoError(t, err)
		sums[i] = sum.Minor
	}
	return sums
}

func TestApply(t *testing.T) {
	t.Parallel()
	only := func(c discount.Coupon, plans, charges []string) discount.Coupon {
		c.AppliesTo = discount.Target{Plans: plans, Charges: charges}
		return c
	}
	product := percent("product", "10")
	product.AppliesTo.Products = []string{"product-1"}
	planOfIt := product
	planOfIt.AppliesTo.Plans = []string{"plan-2", "plan-3"}
	exclusive := percent("exclusive", "50")
	exclusive.Exclusive = true
	for _, test := range []struct {
		name      string
		discounts []discount.InForce
		lines     []discount.Line
		want      []int64
	}{
		{"a percentage of the sum, rounded once: 3.333 of 33.33 is 3.33", held(percent("p", "10")), lines(1111, 1111, 1111), []int64{111, 111, 111}},
		{"the unit left over goes to the first of equals", held(amount("a", "10")), lines(1000, 1000, 1000), []int64{334, 333, 333}},
		{"half a cent goes up", held(percent("p", "50")), lines(1), []int64{1}},
		{"percent first, then an amount of what is left", held(percent("p", "20"), amount("a", "10")), lines(10000), []int64{3000}},
		{"an amount first, then percent of what is left", held(amount("a", "10"), percent("p", "20")), lines(10000), []int64{2800}},
		{"two percentages multiply", held(percent("p", "50"), percent("q", "50")), lines(10000), []int64{7500}},
		{"never more than there is", held(amount("a", "500")), lines(1000, 200), []int64{1000, 200}},
		{"a limit of what a plan costs counts", held(percent("p", "10")), lines(1000, 600, -400), []int64{75, 45, 0}},
		{"nothing to lower", held(amount("a", "5")), lines(-400), []int64{0}},
		{"a plan", held(only(percent("p", "10"), []string{"plan-2"}, nil)), lines(1000, 500), []int64{0, 50}},
		{"a product, whichever of its plans", held(product), lines(1000, 500, 700), []int64{100, 50, 0}},
		{"a plan of a product", held(planOfIt), lines(1000, 500, 700), []int64{0, 50, 0}},
		{"a charge", held(only(amount("a", "7"), nil, []string{"charge-1"})), lines(1000, 500), []int64{700, 0}},
		{"a charge of another plan", held(only(amount("a", "7"), []string{"plan-1"}, []string{"charge-2"})), lines(1000, 500), []int64{0, 0}},
		{"exclusive keeps others away", held(percent("p", "10"), exclusive, amount("a", "1")), lines(1000), []int64{500}},
	} {
		require.Equal(t, test.want, off(t, test.discounts, test.lines), test.name)
		slices.Reverse(test.discounts)
		require.Equal(t, test.want, off(t, test.discounts, test.lines), "%s, whatever the order of the facts", test.name)
	}
}

func TestApplyExplainsItself(t *testing.T) {
	t.Parallel()
	taken, err := discount.Apply("USD", held(percent("twenty", "20"), amount("ten", "10")), lines(10000))
	require.NoError(t, err)
	require.Equal(t, [][]discount.Taken{{
		{DiscountID: "dis_1", CouponID: "twenty", Name: "twenty", PercentOff: decimal.RequireFromString("20"), Of: usd(10000), Amount: usd(2000)},
		{DiscountID: "dis_2", CouponID: "ten", Name: "ten", Of: usd(8000), Amount: usd(1000)},
	}}, taken)
	back, err := discount.GivenBack(taken[0], 1, 4)
	require.NoError(t, err)
	require.Equal(t, []money.Amount{usd(-500), usd(-250)}, []money.Amount{back[0].Amount, back[1].Amount})
	totals, err := discount.Totals("USD", append(taken, back))
	require.NoError(t, err)
	require.Equal(t, []discount.Total{
		{DiscountID: "dis_1", CouponID: "twenty", Name: "twenty", Taken: usd(2000), GivenBack: usd(500)},
		{DiscountID: "dis_2", CouponID: "ten", Name: "ten", Taken: usd(1000), GivenBack: usd(250)},
	}, totals)
}

func TestApplyRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	_, err := discount.Apply("EUR", nil, lines(1))
	require.ErrorIs(t, err, money.ErrCurrencyMismatch)
	yen := held(amount("a", "1"))
	yen[0].Left = money.New(5, "JPY")
	_, err = discount.Apply("USD", yen, lines(100))
	require.ErrorContains(t, err, `discount "dis_1", coupon "a": JPY 5 are left, the invoice is in USD`)
	yen[0].Left = usd(-1)
	_, err = discount.Apply("USD", yen, lines(100))
	require.ErrorContains(t, err, "must not be negative")
}

// Whatever the discounts and lines are: nothing is taken off twice, no line becomes negative, and the parts of each discount
// sum to what it takes off all lines together.
func TestApplyLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var coupons []discount.Coupon
		for i := range rapid.IntRange(0, 4).Draw(rt, "discounts") {
			c := amount(fmt.Sprintf("c%d", i), decimal.New(rapid.Int64Range(1, 100_000).Draw(rt, "off"), -2).String())
			if rapid.Bool().Draw(rt, "percent") {
				c = percent(c.ID, decimal.New(rapid.Int64Range(1, 1_000_000).Draw(rt, "percent off"), -4).String())
			}
			coupons = append(coupons, c)
		}
		discounts := held(coupons...)
		costs := lines(rapid.SliceOfN(rapid.Int64Range(-50_000, 50_000), 0, 6).Draw(rt, "lines")...)
		taken, err := discount.Apply("USD", discounts, costs)
		require.NoError(rt, err)
		open, base := make([]int64, len(costs)), int64(0)
		for i, line := range costs {
			open[i] = line.Amount.Minor
			base += open[i]
		}
		for _, d := range discounts {
			sum := int64(0)
			for i := range costs {
				for _, part := range taken[i] {
					if part.DiscountID != d.ID {
						continue
					}
					require.Equal(rt, open[i], part.Of.Minor)
					open[i], sum = open[i]-part.Amount.Minor, sum+part.Amount.Minor
					require.GreaterOrEqual(rt, open[i], int64(0), "what costs less than nothing is not lowered")
				}
			}
			want := max(min(base, d.Left.Minor), 0)
			if p := d.Coupon.PercentOff; !p.IsZero() {
				want = decimal.NewFromInt(max(base, 0)).Mul(p).Shift(-2).Round(0).IntPart()
			}
			require.Equal(rt, want, sum)
			base -= sum
		}
		shuffled := rapid.Permutation(discounts).Draw(rt, "shuffled")
		again, err := discount.Apply("USD", shuffled, costs)
		require.NoError(rt, err)
		require.Equal(rt, taken, again)
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	require.NoError(t, percent("WELCOME.20", "12.3456").Validate())
	require.NoError(t, amount("ten", "10").Validate())
	for want, change := range map[string]func(*discount.Coupon){
		`coupon: id "" must be`:                     func(c *discount.Coupon) { c.ID = "" },
		`name must have`:                            func(c *discount.Coupon) { c.Name = "" },
		`exactly one of percent_off and amount_off`: func(c *discount.Coupon) { c.PercentOff = decimal.NewFromInt(5) },
		`amount_off: unknown currency "usd"`: func(c *discount.Coupon) {
			c.AmountOff = map[money.Currency]decimal.Decimal{"usd": decimal.NewFromInt(1)}
		},
		`amount_off.USD: must be above 0`: func(c *discount.Coupon) {
			c.AmountOff = map[money.Currency]decimal.Decimal{"USD": decimal.NewFromInt(-1)}
		},
		`amount_off.USD: must be above 0 with at most 2`:      func(c *discount.Coupon) { c.AmountOff = map[money.Currency]decimal.Decimal{"USD": decimal.New(15, -3)} },
		`duration "weekly" must be one of`:                    func(c *discount.Coupon) { c.Duration = "weekly" },
		`periods must be between 1 and 1200, got 0`:           func(c *discount.Coupon) { c.Duration = discount.Periods },
		`periods is only for duration periods`:                func(c *discount.Coupon) { c.Periods = 2 },
		`rest "kept" must be one of lost, carried`:            func(c *discount.Coupon) { c.Rest = "kept" },
		`max_redemptions must be between 0`:                   func(c *discount.Coupon) { c.MaxRedemptions = -1 },
		`applies_to.products[0]: "" is not an id`:             func(c *discount.Coupon) { c.AppliesTo.Products = []string{""} },
		`applies_to.charges[1]: "a b" is not an id`:           func(c *discount.Coupon) { c.AppliesTo.Charges = []string{"a", "a b"} },
		`percent_off must be above 0, at most 100`:            func(c *discount.Coupon) { *c = percent("p", "100.01") },
		`have at most 4 decimals, got 1.00001`:                func(c *discount.Coupon) { *c = percent("p", "1.00001") },
		`percent_off: at most 18 digits may precede`:          func(c *discount.Coupon) { c.AmountOff, c.PercentOff = nil, decimal.New(1, 2_000_000_000) },
		`rest is only for amount_off: a percentage leaves no`: func(c *discount.Coupon) { *c = percent("p", "5"); c.Rest = discount.Lost },
	} {
		c := amount("ten", "10")
		change(&c)
		require.ErrorContains(t, c.Validate(), want)
	}
}
