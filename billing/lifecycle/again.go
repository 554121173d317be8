package lifecycle

import (
	"context"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// reactivate takes back a cancellation, or begins a canceled subscription again with a new period, whose day is the anchor.
func (a Account) reactivate(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if !state.Ended() {
		return Outcome{State: state.KeepGoing(c)}, nil
	}
	terms := state.Terms
	if c.Terms != nil {
		terms = *c.Terms
	}
	plan, _, err := a.offered(ctx, state, terms, c.At, c.At)
	if err != nil {
		return Outcome{}, err
	}
	return a.beginCycle(ctx, a.reanchor(state.BeginAgain(c), plan, c.At), c.At)
}
