package lifecycle

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Accrue issues an invoice of what a subscription costs in arrears until an instant and no invoice has billed: as if its period
// ended there, limits of its plan in proportion. Whoever asks takes back what was written. Nil is nothing.
func (a Account) Accrue(ctx context.Context, state subscription.State, at time.Time) (*Issued, error) {
	facts := a.facts(state.ID, "accrued", invoicing.ForEnd, at)
	var err error
	if state.BilledBy == catalog.ByInvoiceRun {
		month := a.month(at)
		facts.Closes, err = a.closingPart(ctx, state, month, calendar.Period{Start: month.Start, End: at})
	} else {
		until, unbilled := state.Unbilled(at)
		if !unbilled {
			return nil, nil
		}
		facts.Closes, err = a.closing(ctx, state, until)
	}
	if err != nil {
		return nil, err
	}
	return a.issueIfAny(ctx, facts, state.Cycle)
}
