package invoicing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Part is what one subscription brings to an invoice for several: what it opens, closes and revises, and its own items and
// discounts. Everything else of its facts is the invoice's.
type Part struct {
	SubscriptionID string
	Facts          Facts
}

// Consolidate makes one invoice for several subscriptions of a customer. The head has what concerns the customer: when the
// invoice is issued and in which currency, seller and buyer, balance and grants, and the items and discounts that are not of
// one subscription. Its discounts are applied to what those of the subscriptions leave of the lines.
//
// Each subscription has the lines it would have on an invoice of its own, in the order of the subscriptions' ids, and then
// come the head's items. Tax is computed on the sum of each group, as always once per invoice. The order of the parts does
// not matter. Errors are those of Build, and two parts of one subscription.
func Consolidate(head Facts, parts []Part) (Invoice, error) {
	head = head.inOrder()
	sorted := slices.SortedFunc(slices.Values(parts), func(a, b Part) int { return strings.Compare(a.SubscriptionID, b.SubscriptionID) })
	var lines []Line
	period := calendar.Period{Start: head.IssuedAt, End: head.IssuedAt}
	for i, part := range sorted {
		if i > 0 && sorted[i-1].SubscriptionID == part.SubscriptionID {
			return Invoice{}, fmt.Errorf("%s: subscription %q is there twice", head.Key, part.SubscriptionID)
		}
		facts := part.under(head)
		more, err := facts.discountedLines()
		if err != nil {
			return Invoice{}, fmt.Errorf("%s: subscription %q: %w", head.Key, part.SubscriptionID, err)
		}
		before := len(lines)
		for _, line := range more {
			line.SubscriptionID = part.SubscriptionID
			if line.Credits != nil && line.Credits.InvoiceID == head.Key {
				line.Credits = &LineRef{InvoiceID: head.Key, Position: before + line.Credits.Position}
			}
			lines = append(lines, line)
		}
		period = around(period, facts.Period())
	}
	items, err := head.itemLines()
	if err != nil {
		return Invoice{}, fmt.Errorf("%s: %w", head.Key, err)
	}
	lines = append(lines, items...)
	if err := head.applyDiscounts(lines); err != nil {
		return Invoice{}, fmt.Errorf("%s: %w", head.Key, err)
	}
	return head.invoice(lines, period)
}

// CheckBills is ErrNothingToBill when the facts make no line. Other errors are those of Build about lines.
func (f Facts) CheckBills() error {
	lines, err := f.inOrder().lines()
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", f.Key, err)
	case len(lines) == 0:
		return ErrNothingToBill
	}
	return nil
}

// under gives a part what all parts of an invoice share.
func (p Part) under(head Facts) Facts {
	f := p.Facts.inOrder()
	f.Key, f.Reason, f.IssuedAt, f.Currency, f.Zone = head.Key, head.Reason, head.IssuedAt, head.Currency, head.Zone
	return f
}

// around is the shortest period that contains both.
func around(a, b calendar.Period) calendar.Period {
	if b.Start.Before(a.Start) {
		a.Start = b.Start
	}
	if b.End.After(a.End) {
		a.End = b.End
	}
	return a
}
