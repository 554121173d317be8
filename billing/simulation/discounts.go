package simulation

import (
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// discounts are those in force for an invoice of the replay. What they had taken off before is on record, but for the
// invoices that are made again: there they took off what they do now. Together with what other subscriptions took off on
// record that can be more than there was; then nothing is left.
func (r *replay) discounts(facts invoicing.Facts) ([]discount.InForce, error) {
	var inForce []discount.InForce
	for _, d := range r.Discounts {
		if d.CustomerID != r.customer || r.cameLater(d, facts) {
			continue
		}
		uses := append([]discount.Use(nil), r.taken[d.ID]...)
		for _, taken := range d.Taken {
			if !r.again[taken.InvoiceID] && taken.Amount.Currency == facts.Currency && r.precedes(taken, facts) {
				uses = append(uses, taken.Use)
			}
		}
		serves, is, err := d.Serves(facts.Period().Start, facts.IssuedAt, facts.Currency, uses)
		if err != nil {
			return nil, fmt.Errorf("discount %q: %w", d.ID, err)
		}
		if serves.Left.IsNegative() {
			serves.Left = money.Zero(facts.Currency)
		}
		if is {
			inForce = append(inForce, serves)
		}
	}
	return inForce, nil
}

// cameLater says that a discount was redeemed in the instant of an invoice, but after it: nothing else tells their order
// than that the invoice does not know of it.
func (r *replay) cameLater(d Discount, facts invoicing.Facts) bool {
	return r.issued.Serial > 0 && kept(d.AppliedAt).Equal(kept(facts.IssuedAt)) &&
		!slices.ContainsFunc(d.Taken, func(t Taken) bool { return t.InvoiceID == r.issued.ID })
}

// precedes says that something was taken off an invoice issued before the one under way.
func (r *replay) precedes(taken Taken, facts invoicing.Facts) bool {
	if r.issued.Serial > 0 {
		return taken.Serial < r.issued.Serial
	}
	return taken.IssuedAt.Before(facts.IssuedAt)
}

// noteDiscounts remembers what each discount took off an invoice, less what went back with credits. Of the past it is on
// record.
func (r *replay) noteDiscounts(built invoicing.Invoice) error {
	if r.past {
		return nil
	}
	for _, total := range built.Discounts {
		if total.DiscountID == invoicing.PlanCreditID {
			continue
		}
		used, err := total.Taken.Sub(total.GivenBack)
		if err != nil {
			return err
		}
		r.taken[total.DiscountID] = append(r.taken[total.DiscountID], discount.Use{Period: built.Period.Start, Amount: used})
	}
	return nil
}
