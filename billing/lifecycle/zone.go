package lifecycle

import (
	"context"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// CheckZone refuses to go on in the account's zone, after a change of it, what cannot: the period under way keeps its end,
// and the one after it must find its boundary there. The error is a *subscription.Refusal with the code zone_too_far.
func (a Account) CheckZone(ctx context.Context, state subscription.State) error {
	_, ends := state.EndsAtBoundary()
	if ends || !state.InPeriod() || state.BilledBy == catalog.ByInvoiceRun {
		return nil
	}
	plan, err := a.Records.Plan(ctx, state.Terms)
	if err != nil {
		return err
	}
	next, err := a.Records.Plan(ctx, state.TermsAtBoundary())
	if err != nil || !next.Schedule().Equal(plan.Schedule()) {
		return err // another schedule begins its boundaries anew
	}
	if _, _, _, err = a.nextPeriod(state, plan, state.Period.End); err != nil {
		return refuse("zone_too_far", "%s: end the subscription and start another in %s", err, a.Zone.Name())
	}
	return nil
}
