package service_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

const someCoupons = `[
 {"id":"launch","name":"Launch","percent_off":"25","duration":"once","max_redemptions":3,"max_per_customer":1},
 {"id":"first","name":"First","percent_off":"50","duration":"forever","first_time_only":true},
 {"id":"alone","name":"Alone","amount_off":{"USD":"1"},"duration":"forever","exclusive":true}]`

// offered makes a seller with coupons and a code, and a customer without subscription.
func offered(t *testing.T) string {
	t.Helper()
	id := entitledSeller(t)
	_, err := running.Service.AddCoupons(t.Context(), id, strings.NewReader(someCoupons))
	require.NoError(t, err)
	_, err = running.Service.AddCode(t.Context(), id, discount.Code{Text: "go-27", CouponID: "launch"})
	require.NoError(t, err)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	return id
}

func entitledSeller(t *testing.T) string {
	t.Helper()
	id := running.Seller(t)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, entitledPlans)))
	require.NoError(t, err)
	return id
}

func requireCode(t *testing.T, want string, err error) {
	t.Helper()
	var refused *service.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, want, refused.Code)
}

// A coupon with a code, from its redemption to the invoice.
func TestACouponReachesTheInvoice(t *testing.T) {
	t.Parallel()
	id := offered(t)
	given, err := running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Code: "Go-27"})
	require.NoError(t, err)
	require.Equal(t, "launch", given.Coupon)
	again, err := running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Code: "GO-27"})
	require.NoError(t, err)
	require.Equal(t, given, again, "repeating redeems nothing more")
	_, err = running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Code: "GO-27", ID: "second"})
	requireCode(t, "coupon_used", err)
	subscribed, err := running.Service.Subscribe(t.Context(), service.NewSubscription{ID: id + "-paid", Customer: id + "-c", Plan: id + "-paid", Seats: 5})
	require.NoError(t, err)
	require.NotNil(t, subscribed.Invoice)
	require.EqualValues(t, 3000, subscribed.Invoice.Total.Minor, "5 × 8.00 less a quarter")
	listed, err := running.Service.Discounts(t.Context(), id+"-c")
	require.NoError(t, err)
	require.Len(t, listed.Data, 1)
	require.NoError(t, running.Service.RemoveDiscount(t.Context(), id+"-c", "launch"))
	requireCode(t, "not_found", running.Service.RemoveDiscount(t.Context(), id+"-c", "nothing"))
	_, err = running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Coupon: "first"})
	requireCode(t, "coupon_for_first_time_customers", err)
}

func TestRedemptionsRefused(t *testing.T) {
	t.Parallel()
	id := offered(t)
	_, err := running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Code: "no-such-code"})
	requireCode(t, "code_unknown", err)
	_, err = running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Coupon: "no-such-coupon"})
	requireCode(t, "invalid_fields", err)
	_, err = running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Coupon: "first"})
	require.NoError(t, err)
	_, err = running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Coupon: "alone"})
	requireCode(t, "coupon_not_combinable", err)
	_, err = running.Service.AddCoupons(t.Context(), id, strings.NewReader(strings.Replace(someCoupons, `"25"`, `"30"`, 1)))
	requireCode(t, "coupon_exists", err)
	_, err = running.Service.AddCode(t.Context(), id, discount.Code{Text: "GO-27", CouponID: "first"})
	requireCode(t, "code_exists", err)
	_, err = running.Service.AddCode(t.Context(), id, discount.Code{Text: "GO-28", CouponID: "none"})
	requireCode(t, "invalid_fields", err)
}

// productPlans are two plans of one product.
const productPlans = `[
 {"id":"$-m","version":1,"product":"$-suite","name":"Suite","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
  "charges":[{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"flat","flat_amount":"10"}}}]},
 {"id":"$-y","version":1,"product":"$-suite","name":"Suite by the year","interval":{"unit":"year","count":1},"proration":"day","billed_by":"renewal",
  "charges":[{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"flat","flat_amount":"100"}}}]}]`

// A coupon for a product is redeemed by who has a plan of it, and is on the next invoice of any other of its plans.
func TestACouponForAProduct(t *testing.T) {
	t.Parallel()
	id := offered(t)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, productPlans)))
	require.NoError(t, err)
	_, err = running.Service.AddCoupons(t.Context(), id, strings.NewReader(startertest.Fill(id,
		`[{"id":"suite","name":"Suite","percent_off":"10","duration":"forever","applies_to":{"products":["$-suite"]}}]`)))
	require.NoError(t, err)
	redeem := func(subscription string) error {
		_, err := running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Coupon: "suite", Subscription: subscription})
		return err
	}
	subscribe := func(name, plan string, seats int64) int64 {
		started := running.Subscribe(t, service.NewSubscription{ID: id + name, Customer: id + "-c", Plan: id + plan, Seats: seats})
		return started.Invoice.Total.Minor
	}
	requireCode(t, "coupon_not_for_product", redeem(""))
	subscribe("-paid", "-paid", 1)
	err = redeem("")
	requireCode(t, "coupon_not_for_product", err)
	require.EqualError(t, err, startertest.Fill(id, "coupon suite is for products $-suite, not $-paid"))
	require.EqualValues(t, 1000, subscribe("-m", "-m", 0))
	requireCode(t, "coupon_not_for_product", redeem(id+"-paid"))
	require.NoError(t, redeem(""))
	require.EqualValues(t, 9000, subscribe("-y", "-y", 0))
	require.EqualValues(t, 800, subscribe("-paid2", "-paid", 1))

	_, err = running.Service.AddPlans(t.Context(), id, strings.NewReader(strings.NewReplacer(`"version":1`, `"version":2`, "-suite", "-other").
		Replace(startertest.Fill(id, productPlans))))
	requireCode(t, "plan_of_another_product", err)
	require.ErrorContains(t, err, startertest.Fill(id, `product "$-other" is another than "$-suite", which version 1 has`))
}

// Ten customers want one of three at the same time.
func TestACouponCannotBeOversold(t *testing.T) {
	t.Parallel()
	id := offered(t)
	for i := range 10 {
		running.Customer(t, startertest.NewCustomer(id, fmt.Sprintf("%s-c%d", id, i)))
	}
	var redeemed atomic.Int64
	group, ctx := errgroup.WithContext(t.Context())
	for i := range 10 {
		group.Go(func() error {
			_, err := running.Service.Redeem(ctx, fmt.Sprintf("%s-c%d", id, i), service.Redemption{Code: "GO-27"})
			if err == nil {
				redeemed.Add(1)
				return nil
			}
			requireCode(t, "coupon_exhausted", err)
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.EqualValues(t, 3, redeemed.Load())
}

func TestACodeCannotBeOversoldInAnotherCase(t *testing.T) {
	t.Parallel()
	id := offered(t)
	for i := range 3 {
		running.Customer(t, startertest.NewCustomer(id, fmt.Sprintf("%s-c%d", id, i)))
	}
	_, err := running.Service.AddCode(t.Context(), id, discount.Code{Text: "ONE-27", CouponID: "launch", MaxRedemptions: 1})
	require.NoError(t, err)
	given, err := running.Service.Redeem(t.Context(), id+"-c0", service.Redemption{Code: "one-27"})
	require.NoError(t, err)
	require.Equal(t, "ONE-27", given.Code)
	for i, typed := range []string{"one-27", "One-27", "ONE-27"} {
		_, err := running.Service.Redeem(t.Context(), fmt.Sprintf("%s-c%d", id, 1+i%2), service.Redemption{Code: typed})
		requireCode(t, "code_exhausted", err)
	}
}
