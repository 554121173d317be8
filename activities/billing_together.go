package activities

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/internal/store"
)

// together bills subscriptions of one customer that share an invoice, in one transaction that has them all to itself.
type together struct {
	lifecycle.Together[account]

	first *account
}

// of is the account of a subscription for the rules of its life. It has an invoice of its own if it has nothing in common with
// the first any more.
func (t *together) of(a account) lifecycle.Account {
	if t.first == nil {
		t.first = &a
	}
	if !a.row.Sharing().With(t.first.row.Sharing()) {
		return a.lifecycle()
	}
	return t.Of(a.row.ID, a.lifecycle(), a)
}

// Share completes facts with what is the subscription's own. Who has members that are counted needs an invoice of its own: what
// they earned is credited there. What takes back what was charged in another name cannot be on an
// invoice in the name that is right by now.
func (a account) Share(ctx context.Context, facts invoicing.Facts) (invoicing.Facts, error) {
	fair, err := a.FairBilling(ctx)
	if err != nil {
		return facts, err
	}
	if fair != nil {
		return facts, lifecycle.ErrAlone
	}
	if facts.Items, err = a.tx.ClaimItems(ctx, a.row.ID); err != nil {
		return facts, err
	}
	if err := facts.CheckBills(); err != nil {
		return facts, err
	}
	if charged, is := facts.TakesBack(); is {
		earlier, err := a.tx.Invoice(ctx, charged)
		if err != nil {
			return facts, err
		}
		if earlier.CustomerID != a.Addressee.ID {
			return facts, lifecycle.ErrAlone
		}
	}
	if _, err := a.tx.LockWallet(ctx, a.customer.ID, facts.Currency); err != nil {
		return facts, err
	}
	facts.Discounts, err = a.discounts(ctx, facts, partsDiscounts)
	return facts, err
}

// issueTogether makes one invoice of several parts. They are of one owner, and so in one name, and paid by one payer.
func issueTogether(ctx context.Context, head invoicing.Facts, parts []*lifecycle.Part[account]) (*lifecycle.Issued, error) {
	first := parts[0].Records
	unpaid, err := first.completeHead(ctx, &head, parts)
	if err != nil {
		return nil, err
	}
	built, err := invoicing.Consolidate(head, lifecycle.Parts(parts))
	if err != nil {
		return nil, err
	}
	row, lines, err := first.rows(built, head, 0)
	if err != nil {
		return nil, err
	}
	row.SubscriptionID, row.Parts = "", nil
	for _, part := range parts {
		row.Parts = append(row.Parts, store.InvoicePart{
			SubscriptionID: part.SubscriptionID, OwnerID: part.Records.customer.ID, Key: part.Facts.Key,
		})
	}
	issued, err := first.keep(ctx, built, head, row, lines, unpaid)
	for _, part := range parts {
		if err == nil {
			err = part.Records.tx.BillItems(ctx, part.SubscriptionID, row.ID, part.Facts.Items)
		}
	}
	return issued, err
}

// completeHead adds what the addressee has, the owner's discounts, and what is owed for the subscriptions.
func (a account) completeHead(ctx context.Context, head *invoicing.Facts, parts []*lifecycle.Part[account]) ([]store.Invoice, error) {
	var err error
	if head.Balance, err = a.tx.LockWallet(ctx, a.Addressee.ID, head.Currency); err != nil {
		return nil, err
	}
	if head.CarriedIn, err = a.tx.Carried(ctx, a.Addressee.ID, head.Currency); err != nil {
		return nil, err
	}
	if head.Discounts, err = a.discounts(ctx, parts[0].Facts, ownersDiscounts); err != nil {
		return nil, err
	}
	until, billed := head.IssuedAt, make([]string, len(parts))
	for i, part := range parts {
		billed[i] = part.SubscriptionID
		if usable := part.Facts.UsableUntil(); usable.Before(until) {
			until = usable
		}
	}
	if err := a.prepaid(ctx, head, until, billed...); err != nil {
		return nil, err
	}
	var unpaid []store.Invoice
	for _, part := range parts {
		of := part.Facts
		more, err := part.Records.debts(ctx, &of)
		if err != nil {
			return nil, err
		}
		unpaid = append(unpaid, more...)
	}
	slices.SortFunc(unpaid, func(a, b store.Invoice) int {
		return cmp.Or(a.IssuedAt.Compare(b.IssuedAt), strings.Compare(a.ID, b.ID))
	})
	unpaid = slices.CompactFunc(unpaid, func(a, b store.Invoice) bool { return a.ID == b.ID })
	for _, debt := range unpaid {
		head.Debts = append(head.Debts, invoicing.Debt{InvoiceID: debt.ID, Owed: debt.Owed()})
	}
	return unpaid, nil
}
