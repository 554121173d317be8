package discount_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/discount"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	code := discount.Code{Text: "SPRING", CouponID: "ten", MaxRedemptions: 2, ExpiresAt: day.AddDate(0, 0, 9)}
	fine := discount.Request{At: day, CustomerID: "cus_1", Currency: "USD", Plans: []discount.Sold{{PlanID: "team", ProductID: "suite"}, {PlanID: "files", ProductID: "storage"}}, FirstTime: true, Code: &code}
	coupon := amount("ten", "10")
	coupon.MaxRedemptions, coupon.MaxPerCustomer, coupon.ExpiresAt, coupon.FirstTimeOnly = 5, 1, day.AddDate(0, 0, 20), true
	coupon.AppliesTo = discount.Target{Products: []string{"suite"}, Plans: []string{"team", "pro"}}
	require.NoError(t, coupon.Validate())
	require.NoError(t, coupon.Check(fine))
	for want, change := range map[string]func(*discount.Coupon, *discount.Request){
		"coupon_expired":                  func(c *discount.Coupon, _ *discount.Request) { c.ExpiresAt = day },
		"coupon_exhausted":                func(_ *discount.Coupon, r *discount.Request) { r.Redeemed = 5 },
		"coupon_used":                     func(_ *discount.Coupon, r *discount.Request) { r.ByCustomer = 1 },
		"coupon_for_first_time_customers": func(_ *discount.Coupon, r *discount.Request) { r.FirstTime = false },
		"coupon_not_in_currency":          func(_ *discount.Coupon, r *discount.Request) { r.Currency = "EUR" },
		"coupon_not_for_plan":             func(c *discount.Coupon, _ *discount.Request) { c.AppliesTo.Plans = []string{"files"} },
		"coupon_not_for_product":          func(_ *discount.Coupon, r *discount.Request) { r.Plans = r.Plans[1:] },
		"coupon_not_combinable": func(c *discount.Coupon, r *discount.Request) {
			c.Exclusive, r.Has = true, []discount.Coupon{percent("p", "5")}
		},
		"code_expired":           func(_ *discount.Coupon, r *discount.Request) { r.At = code.ExpiresAt },
		"code_exhausted":         func(_ *discount.Coupon, r *discount.Request) { r.CodeRedeemed = 2 },
		"code_of_another_coupon": func(c *discount.Coupon, _ *discount.Request) { c.ID = "other" },
		"code_of_another_customer": func(_ *discount.Coupon, r *discount.Request) {
			r.Code = &discount.Code{Text: "VIP", CouponID: "ten", CustomerID: "cus_2"}
		},
	} {
		c, r := coupon, fine
		change(&c, &r)
		var refusal *discount.Refusal
		require.ErrorAs(t, c.Check(r), &refusal, want)
		require.Equal(t, want, refusal.Code)
		require.NotEmpty(t, refusal.Message)
	}
}

// A refusal says what the coupon is for and what the customer has instead.
func TestWhatACouponIsFor(t *testing.T) {
	t.Parallel()
	suite := discount.Target{Products: []string{"suite", "extra"}}
	team, files := discount.Sold{PlanID: "team", ProductID: "suite"}, discount.Sold{PlanID: "files", ProductID: "storage"}
	for _, test := range []struct {
		target discount.Target
		sold   []discount.Sold
		want   string
	}{
		{suite, []discount.Sold{files, team}, ""},
		{suite, []discount.Sold{files, files}, "coupon p is for products suite, extra, not storage"},
		{suite, nil, "coupon p is for products suite, extra, not for a customer without a subscription"},
		{discount.Target{Plans: []string{"files"}}, []discount.Sold{team}, "coupon p is for plans files, not team"},
		{discount.Target{Products: []string{"suite"}, Plans: []string{"files"}}, []discount.Sold{team, files}, "coupon p is for plans files, not team"},
		{discount.Target{Charges: []string{"setup"}}, nil, ""},
	} {
		coupon := percent("p", "5")
		coupon.AppliesTo = test.target
		err := coupon.Check(discount.Request{At: day, Plans: test.sold})
		if test.want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, test.want)
	}
}

func TestParseCode(t *testing.T) {
	t.Parallel()
	for _, test := range [][2]string{{"SPRING-27", "SPRING-27"}, {" spring_27\n", "SPRING_27"}, {"abc", "ABC"}} {
		code, err := discount.ParseCode(test[0])
		require.NoError(t, err)
		require.Equal(t, test[1], code)
	}
	for _, text := range []string{"", "ab", "a b c", "SPRІNG", "ſpring", strings.Repeat("a", 41), "abc\x00", "100%OFF"} {
		_, err := discount.ParseCode(text)
		require.Error(t, err, text)
		require.Less(t, len(err.Error()), 300)
	}
}

func FuzzParseCode(f *testing.F) {
	for _, seed := range []string{"SPRING-27", " spring_27\n", "", "ſpring", "\xff\xff\xff", "a b c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, err := discount.ParseCode(text)
		if err != nil {
			return
		}
		require.Regexp(t, `^[A-Z0-9_-]{3,40}$`, code)
		again, err := discount.ParseCode(code)
		require.NoError(t, err)
		require.Equal(t, code, again)
		lower, err := discount.ParseCode(strings.ToLower(code))
		require.NoError(t, err)
		require.Equal(t, code, lower)
	})
}
