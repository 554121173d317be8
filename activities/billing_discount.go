package activities

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/internal/store"
)

// Which of the owner's discounts an invoice has: an invoice for several subscriptions has the owner's own on all of it, and
// those of each subscription on its part.
const (
	ownersDiscounts = 1 << iota
	partsDiscounts
	allDiscounts = ownersDiscounts | partsDiscounts
)

// discounts are those in force for an invoice of the subscription. The owner's wallet must be locked: it keeps two
// invoices from taking the same rest of a discount.
func (a account) discounts(ctx context.Context, facts invoicing.Facts, which int) ([]discount.InForce, error) {
	has, err := a.tx.Discounts(ctx, a.customer.ID, facts.Currency)
	if err != nil {
		return nil, err
	}
	var inForce []discount.InForce
	for _, d := range has {
		switch d.SubscriptionID {
		case "":
			if which&ownersDiscounts == 0 {
				continue
			}
		case a.row.ID:
			if which&partsDiscounts == 0 {
				continue
			}
		default:
			continue
		}
		serves, is, err := d.Serves(facts.Period().Start, facts.IssuedAt, facts.Currency, d.Uses)
		if err != nil {
			return nil, fmt.Errorf("discount %q: %w", d.ID, err)
		}
		if is {
			inForce = append(inForce, serves)
		}
	}
	return inForce, nil
}

// noteDiscounts records what each discount took off an invoice, less what went back with credits.
func (a account) noteDiscounts(ctx context.Context, invoiceID string, built invoicing.Invoice) error {
	for _, total := range built.Discounts {
		if total.DiscountID == invoicing.PlanCreditID {
			continue
		}
		used, err := total.Taken.Sub(total.GivenBack)
		if err != nil {
			return err
		}
		use := discount.Use{Period: built.Period.Start, Amount: used}
		if err := a.tx.AddDiscountUse(ctx, a.customer.ID, total.DiscountID, invoiceID, use); err != nil {
			return err
		}
	}
	return nil
}

// explanationOf is the record of a line's arithmetic.
func explanationOf(row store.InvoiceLine) (invoicing.Explanation, error) {
	var explained invoicing.Explanation
	if err := json.Unmarshal(row.Explanation, &explained); err != nil {
		return explained, fmt.Errorf("explanation of line %d: %w", row.Position, err)
	}
	return explained, nil
}
