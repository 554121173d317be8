package lifecycle

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// transfer makes another customer the owner. The former one is billed for what was used until then and credited for the
// paid time that is left, the new one is charged for it: two invoices, each with its own customer's tax. Period, anchor
// and zone stay the subscription's. Plan credit was the former one's.
func (a Account) transfer(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if c.AtPeriodEnd {
		return Outcome{State: a.knowPeriod(state, c.At).Defer(c)}, nil
	}
	if _, unbilled := state.Unbilled(c.At); !unbilled || state.BilledBy == catalog.ByInvoiceRun {
		former, err := a.billWaiting(ctx, state, "leave-"+c.ID, invoicing.ForChange, c.At)
		if err != nil {
			return Outcome{}, err
		}
		if err := a.expirePlanCredit(ctx, c.At, creditTransferred); err != nil {
			return Outcome{}, err
		}
		_, err = a.Records.Transfer(ctx, c.Customer)
		return Outcome{State: state.TransferNow(c), Former: former}, err
	}
	former, err := a.settleUp(ctx, state, c.At, "leave-"+c.ID, invoicing.ForChange, true)
	if err != nil {
		return Outcome{}, err
	}
	if err := a.expirePlanCredit(ctx, c.At, creditTransferred); err != nil {
		return Outcome{}, err
	}
	next, err := a.Records.Transfer(ctx, c.Customer)
	if err != nil {
		return Outcome{}, err
	}
	if !state.Running() {
		return Outcome{State: state.TransferInPeriod(c), Former: former}, nil
	}
	if state, err = next.reseat(ctx, state, c.At); err != nil {
		return Outcome{}, err
	}
	outcome := Outcome{State: state.TransferInPeriod(c), Former: former}
	if err := next.Records.Enforce(ctx, state.Terms, c.At); err != nil { // so that no segment belongs to two customers
		return Outcome{}, err
	}
	outcome.Invoice, err = next.chargeRest(ctx, state, c.At, "join-"+c.ID)
	return outcome, err
}

// transferAtBoundary bills the period that ended to the former customer and begins the next one with the new one.
func (a Account) transferAtBoundary(ctx context.Context, state subscription.State, at time.Time) (Outcome, error) {
	former, err := a.settleFormer(ctx, state, at)
	if err != nil {
		return Outcome{}, err
	}
	if err := a.expirePlanCredit(ctx, at, creditTransferred); err != nil {
		return Outcome{}, err
	}
	next, err := a.Records.Transfer(ctx, state.CustomerAtBoundary())
	if err != nil {
		return Outcome{}, err
	}
	outcome, err := next.cross(ctx, state.OwnedAtBoundary(at), at)
	outcome.Former = former
	return outcome, err
}

// settleFormer bills the customer until a boundary: what the period used, or only the items that wait, if the monthly run
// bills the period.
func (a Account) settleFormer(ctx context.Context, state subscription.State, at time.Time) (*Issued, error) {
	key := fmt.Sprintf("leave-after-%d", state.Cycle)
	if state.BilledBy == catalog.ByInvoiceRun {
		return a.billWaiting(ctx, state, key, invoicing.ForChange, at)
	}
	return a.settleUp(ctx, state, at, key, invoicing.ForChange, false)
}
