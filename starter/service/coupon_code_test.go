package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// A code is given as often as there are of it, in whatever case it is typed.
func TestACodeIsCountedHoweverItIsTyped(t *testing.T) {
	t.Parallel()
	id := offered(t)
	_, err := running.Service.AddCode(t.Context(), id, discount.Code{Text: "Two-27", CouponID: "launch", MaxRedemptions: 2})
	require.NoError(t, err)
	for n, typed := range []string{"two-27", " Two-27 "} {
		customer := id + "-" + []string{"d", "e"}[n]
		running.Customer(t, startertest.NewCustomer(id, customer))
		given, err := running.Service.Redeem(t.Context(), customer, service.Redemption{Code: typed})
		require.NoError(t, err)
		require.Equal(t, "TWO-27", given.Code)
	}
	_, err = running.Service.Redeem(t.Context(), id+"-c", service.Redemption{Code: "tWo-27"})
	requireCode(t, "code_exhausted", err)
}
