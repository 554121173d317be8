package lifecycle

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
)

// charge has an item wait for the next invoice, or bills it at once, together with all that waits, on an invoice of its own.
func (a Account) charge(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if err := a.mayCharge(*c.Item, c.At); err != nil {
		return Outcome{}, err
	}
	if err := a.Records.AddItem(ctx, *c.Item, c.At); err != nil {
		return Outcome{}, err
	}
	if c.BillNext {
		return Outcome{State: state.Noted(c)}, nil
	}
	return a.BillWaiting(ctx, state, c)
}

// BillWaiting bills the items that wait on an invoice of their own, for a command.
func (a Account) BillWaiting(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	issued, err := a.billWaiting(ctx, state, "items-"+c.ID, invoicing.ForItems, c.At)
	return Outcome{State: state.Noted(c), Invoice: issued}, err
}

// mayCharge refuses an item of which no invoice could be made: it would hold up all that comes with it.
func (a Account) mayCharge(item invoicing.Item, at time.Time) error {
	if SettlesSeat(item.ID) {
		return refuse("charge_id_reserved", "item %q: ids that begin with %q are those of members' seats: give it another id", item.ID, settledSeat)
	}
	if err := item.CheckAmount(a.Currency); err != nil {
		return refuse("amount_too_large", "item %q: %s", item.ID, err)
	}
	if _, err := tax.Determine(a.Seller, a.Buyer, item.TaxCategory, a.Zone.DateOf(at)); err != nil {
		return refuse("tax_undetermined", "item %q cannot be taxed: %s", item.ID, err)
	}
	return nil
}

// billWaiting bills the items that wait, without anything else. When none waits there is no invoice.
func (a Account) billWaiting(
	ctx context.Context, state subscription.State, key string, reason invoicing.Reason, at time.Time,
) (*Issued, error) {
	facts := a.facts(state.ID, key, reason, at)
	facts.Within = state.Period
	return a.issueIfAny(ctx, facts, state.Cycle)
}

// billLast bills the items that wait when a subscription ends of which nothing else is to be billed, so that none is lost.
// What the monthly run bills, it bills with the last month.
func (a Account) billLast(ctx context.Context, state subscription.State, at time.Time) (*Issued, error) {
	if state.BilledBy == catalog.ByInvoiceRun && state.Cycle >= 0 {
		return nil, nil
	}
	return a.billWaiting(ctx, state, fmt.Sprintf("final-%d", state.Cycle), invoicing.ForEnd, at)
}
