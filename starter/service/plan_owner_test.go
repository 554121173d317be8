package service_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// A plan's id names one seller's plan, in all its versions.
func TestAPlanOfAnotherSellerIsRefused(t *testing.T) {
	t.Parallel()
	id, other := running.Seller(t), running.Seller(t)
	mine := startertest.Fill(id, meteredPlan)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(mine))
	require.NoError(t, err)
	for _, version := range []string{`"version":1`, `"version":2`} {
		_, err = running.Service.AddPlans(t.Context(), other, strings.NewReader(strings.Replace(mine, `"version":1`, version, 1)))
		requireKind(t, err, service.Conflict, "plan_exists")
		require.ErrorContains(t, err, `plan "`+id+`-metered" exists already: another legal entity sells it, so choose another id`)
	}
	_, err = running.Service.AddPlans(t.Context(), id, strings.NewReader(strings.Replace(mine, `"version":1`, `"version":2`, 1)))
	require.NoError(t, err)
}

// Two sellers who take one id at the same time, each with a version of its own, do not both get it.
func TestTwoSellersCannotTakeOnePlan(t *testing.T) {
	t.Parallel()
	id, other := running.Seller(t), running.Seller(t)
	for range 5 {
		plan := strings.Replace(startertest.Fill(running.Seller(t), meteredPlan), `"version":1`, `"version":%`, 1)
		results := make([]error, 2)
		var group errgroup.Group
		for i, seller := range []string{id, other} {
			group.Go(func() error {
				_, results[i] = running.Service.AddPlans(t.Context(), seller, strings.NewReader(strings.Replace(plan, "%", []string{"1", "2"}[i], 1)))
				return nil
			})
		}
		require.NoError(t, group.Wait())
		if results[0] == nil {
			requireKind(t, results[1], service.Conflict, "plan_exists")
		} else {
			requireKind(t, results[0], service.Conflict, "plan_exists")
			require.NoError(t, results[1])
		}
	}
}
