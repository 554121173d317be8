package activities

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/internal/store"
)

// debts adds to the facts what the customer still owes for the subscription, which a credit pays first.
func (a account) debts(ctx context.Context, facts *invoicing.Facts) ([]store.Invoice, error) {
	if !facts.MayCredit() {
		return nil, nil
	}
	unpaid, err := a.tx.LockUnpaid(ctx, a.row.ID)
	unpaid = slices.DeleteFunc(unpaid, func(i store.Invoice) bool { return i.CustomerID != a.Addressee.ID }) // of a former owner, or in another's name
	for _, invoice := range unpaid {
		facts.Debts = append(facts.Debts, invoicing.Debt{InvoiceID: invoice.ID, Owed: invoice.Owed()})
	}
	return unpaid, err
}

// payDebts pays earlier invoices from a credit, and returns those of them that are being collected.
func (a account) payDebts(
	ctx context.Context, creditID string, offsets []invoicing.Offset, unpaid []store.Invoice, at time.Time,
) (collected []string, err error) {
	for i, offset := range offsets { // in the order of the debts
		debt := unpaid[i]
		if err := a.tx.OffsetInvoice(ctx, creditID, debt.ID, offset.Amount, at); err != nil {
			return nil, err
		}
		if err := a.tx.MoveWallet(ctx, "credit:"+creditID+":pays:"+debt.ID, a.Addressee.ID, offset.Amount.Neg(), at); err != nil {
			return nil, err
		}
		writtenOff := debt.Status == "uncollectible"
		if err := a.tx.Post(ctx, ledger.CreditOffset(a.row.EntityID, creditID, debt.ID, at, offset.Amount, writtenOff)); err != nil {
			return nil, err
		}
		if !writtenOff {
			collected = append(collected, debt.ID)
		}
	}
	return collected, nil
}
