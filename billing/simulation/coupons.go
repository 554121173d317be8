package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// coupons are what discounts took off the invoices of subscriptions that are billed again together.
type coupons struct {
	// recorded is what they took off invoices on record that are not made again, taken what they take off those that are.
	recorded map[couponKey][]Taken
	taken    map[couponKey][]discount.Use
}

// couponKey is a discount: its id is one among those of its customer.
type couponKey struct{ customer, discount string }

func newCoupons(histories []History) *coupons {
	c := &coupons{recorded: map[couponKey][]Taken{}, taken: map[couponKey][]discount.Use{}}
	again := map[string]bool{}
	for _, h := range histories {
		for _, event := range h.Events {
			if !event.Past {
				again[event.InvoiceID], again[event.FormerID] = true, true
			}
		}
		for _, month := range h.Months {
			if !month.Past {
				again[month.InvoiceID] = true
			}
		}
	}
	for _, h := range histories {
		for _, d := range h.Discounts {
			key := couponKey{d.CustomerID, d.ID}
			if _, known := c.recorded[key]; !known {
				c.recorded[key] = slices.DeleteFunc(slices.Clone(d.Taken), func(t Taken) bool { return again[t.InvoiceID] })
			}
		}
	}
	return c
}

// uses are what a discount took off before the invoice under way of a replay, in a currency.
func (c *coupons) uses(r *replay, key couponKey, facts invoicing.Facts) []discount.Use {
	var uses []discount.Use
	for _, use := range c.taken[key] {
		if use.Amount.Currency == facts.Currency {
			uses = append(uses, use)
		}
	}
	for _, taken := range c.recorded[key] {
		if taken.Amount.Currency == facts.Currency && r.precedes(taken, facts) {
			uses = append(uses, taken.Use)
		}
	}
	return uses
}

// note remembers what each discount took off an invoice of a customer, less what went back with credits. What it did in one
// billing period counts as one use, which comes to the same (see discount.Discount.Serves).
func (c *coupons) note(customer string, built invoicing.Invoice) error {
	for _, total := range built.Discounts {
		if total.DiscountID == invoicing.PlanCreditID {
			continue
		}
		used, err := total.Taken.Sub(total.GivenBack)
		if err != nil {
			return err
		}
		key := couponKey{customer, total.DiscountID}
		if err := addUse(c.taken, key, discount.Use{Period: built.Period.Start, Amount: used}); err != nil {
			return fmt.Errorf("discount %q: %w", total.DiscountID, err)
		}
	}
	return nil
}

// noteDiscounts remembers what each discount took off an invoice. Of the past it is on record.
func (r *replay) noteDiscounts(built invoicing.Invoice) error {
	if r.past {
		return nil
	}
	return r.coupons.note(r.customer, built)
}

func addUse(taken map[couponKey][]discount.Use, key couponKey, use discount.Use) error {
	for i, before := range taken[key] {
		if before.Period.Equal(use.Period) && before.Amount.Currency == use.Amount.Currency {
			var err error
			taken[key][i].Amount, err = before.Amount.Add(use.Amount)
			return err
		}
	}
	taken[key] = append(taken[key], use)
	return nil
}

// ofOwner are the discounts that a customer has for all subscriptions, ofPart those for one of them.
func ofOwner(d Discount) bool { return d.SubscriptionID == "" }
func ofPart(d Discount) bool  { return d.SubscriptionID != "" }
func ofBoth(Discount) bool    { return true }

// discounts are those of some that are in force for an invoice of the replay. What they had taken off before is on record, but
// for the invoices that are made again: there they took off what they do now. Together that can be more than there was; then
// nothing is left.
func (r *replay) discounts(facts invoicing.Facts, of func(Discount) bool) ([]discount.InForce, error) {
	var inForce []discount.InForce
	for _, d := range r.Discounts {
		if !of(d) || d.CustomerID != r.customer || r.cameLater(d, facts) {
			continue
		}
		if r.wentLater(d, facts) {
			d.RemovedAt = time.Time{}
		}
		uses := r.coupons.uses(r, couponKey{d.CustomerID, d.ID}, facts)
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
	return r.issued.Serial > 0 && kept(d.AppliedAt).Equal(kept(facts.IssuedAt)) && !r.knows(d)
}

// wentLater says that a discount was removed in the instant of an invoice, but after it.
func (r *replay) wentLater(d Discount, facts invoicing.Facts) bool {
	return kept(d.RemovedAt).Equal(kept(facts.IssuedAt)) && r.knows(d)
}

// knows says that a discount took something off the invoice on record.
func (r *replay) knows(d Discount) bool {
	return slices.ContainsFunc(d.Taken, func(t Taken) bool { return t.InvoiceID == r.issued.ID })
}

// precedes says that something was taken off an invoice issued before the one under way.
func (r *replay) precedes(taken Taken, facts invoicing.Facts) bool {
	if r.issued.Serial > 0 {
		return taken.Serial < r.issued.Serial
	}
	return taken.IssuedAt.Before(facts.IssuedAt)
}
