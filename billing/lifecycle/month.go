package lifecycle

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// BillMonth bills a calendar month ("2027-01") in the customer's zone, in arrears, on an invoice issued at asOf: what the
// monthly run does with a subscription that is billed by it. The error is invoicing.ErrNothingToBill when the subscription
// was not there in the month or the month made no line; in the second case the month is recorded as skipped.
func (a Account) BillMonth(ctx context.Context, state subscription.State, month string, asOf time.Time) (*Issued, error) {
	full, err := calendar.MonthPeriod(a.Zone, month)
	if err != nil {
		return nil, err
	}
	if full.End.After(asOf) {
		return nil, fmt.Errorf("month %s ends at %s in %s, after the run's instant %s", month, full.End, a.Zone.Name(), asOf)
	}
	cycle := a.cycleOf(state, full)
	if cycle >= 0 && state.Status == subscription.Scheduled {
		return nil, fmt.Errorf("subscription was to begin at %s and has not: its workflow is behind", state.StartAt.Format(time.RFC3339))
	}
	if cycle < 0 || state.EndedAt != nil && !state.EndedAt.After(full.Start) {
		return nil, invoicing.ErrNothingToBill
	}
	facts := a.facts(state.ID, fmt.Sprintf("cycle-%d", cycle), invoicing.ForCycle, asOf)
	if facts.Closes, err = a.closingPart(ctx, state, full, full); err != nil {
		return nil, err
	}
	state.Cycle, state.Period = cycle, full
	outcome, err := a.billCycle(ctx, state, facts)
	if err != nil {
		return nil, err
	}
	if outcome.Invoice == nil {
		return nil, invoicing.ErrNothingToBill
	}
	return outcome.Invoice, nil
}
