package activities

import (
	"context"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// soonest is how many boundaries a preview of a charge goes over in search of the next invoice.
const soonest = 3

// nextInvoice lets happen what is due until there is an invoice, which a charge is on. Where nothing falls due by itself, in
// a pause or under the monthly run, it shows the charge as an invoice of its own.
func (p *previewing) nextInvoice(ctx context.Context, c subscription.Command) error {
	for range soonest {
		due, is := p.state.NextDue()
		if !is {
			break
		}
		if err := p.turn(ctx, due); err != nil || len(p.invoices) > 0 {
			return err
		}
	}
	a, err := openAccount(ctx, p.tx, p.state.ID)
	if err != nil {
		return err
	}
	outcome, err := a.lifecycle().BillWaiting(ctx, p.state, c)
	return p.take(ctx, outcome, err)
}
