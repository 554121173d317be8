package activities

import (
	"context"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// soonest is how many boundaries a preview goes over in search of the next invoice.
const soonest = 3

// nextInvoice lets happen what is due until there is an invoice, which a charge or the difference of a change is on. Where
// nothing falls due by itself, in a pause or under the monthly run, it shows a charge as an invoice of its own.
func (p *previewing) nextInvoice(ctx context.Context, c subscription.Command) error {
	before := len(p.invoices)
	for range soonest {
		due, is := p.state.NextDue()
		if !is {
			break
		}
		if err := p.turn(ctx, due); err != nil || len(p.invoices) > before {
			return err
		}
	}
	if c.Kind != subscription.Charge {
		return nil
	}
	a, err := openAccount(ctx, p.tx, p.state.ID)
	if err != nil {
		return err
	}
	outcome, err := a.lifecycle().BillWaiting(ctx, p.state, c)
	return p.take(ctx, outcome, err)
}
