package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// OpenRefund writes a refund down before the provider is asked, and takes its amount from what it pays out: the
// customer's credit or, out of goodwill, our revenue. A repetition finds what is written. What cannot be refunded is an
// error that is not retried, with a code, and writes nothing.
func (p *Payments) OpenRefund(ctx context.Context, in message.RefundInput) (message.Refunded, error) {
	var row store.Refund
	err := p.Store.Tx(ctx, func(tx store.Tx) error {
		payment, err := tx.LockPayment(ctx, in.PaymentID)
		if errors.Is(err, store.ErrNotFound) {
			return refuse("payment_not_found", "payment %s does not exist", in.PaymentID)
		}
		if err != nil {
			return err
		}
		if row, err = tx.Refund(ctx, in.RefundID); err == nil {
			return sameRefund(row, in)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		row = newRefund(in)
		return openRefund(ctx, tx, payment, row)
	})
	if store.Violates(err, "refund_pkey") { // of another payment, at the same moment: the next try finds it
		return message.Refunded{}, fmt.Errorf("refund %s is being written: %w", in.RefundID, err)
	}
	return refunded(row), err
}

func newRefund(in message.RefundInput) store.Refund {
	row := store.Refund{
		ID: in.RefundID, PaymentID: in.PaymentID, Status: store.RefundPending, Amount: in.Amount.Minor, Currency: in.Amount.Currency,
		Goodwill: in.Goodwill, Reason: in.Reason, IdempotencyKey: "refund:" + in.RefundID, AskedAt: in.At,
	}
	if in.ProviderRefund != "" {
		row.ProviderRefund = &in.ProviderRefund
	}
	return row
}

func sameRefund(row store.Refund, in message.RefundInput) error {
	if row.PaymentID != in.PaymentID || row.Amount != in.Amount.Minor || row.Currency != in.Amount.Currency || row.Goodwill != in.Goodwill {
		return refuse("refund_id_reused", "refund %s is of %s of payment %s: choose another id for another refund",
			row.ID, money.New(row.Amount, row.Currency), row.PaymentID)
	}
	return nil
}

// openRefund holds the payment and the credit, so that nothing else can spend them meanwhile.
func openRefund(ctx context.Context, tx store.Tx, payment store.Payment, row store.Refund) error {
	if err := checkRefund(ctx, tx, payment, row); err != nil {
		return err
	}
	invoice, err := tx.Invoice(ctx, payment.InvoiceID)
	if err != nil {
		return err
	}
	if row.Goodwill && invoice.Reason == string(invoicing.ForPrepaid) {
		return refuse("prepaid_is_returned", "payment %s is for prepaid credit: return the grant first, and refund the credit that it becomes", payment.ID)
	}
	amount := money.New(row.Amount, row.Currency)
	if !row.Goodwill {
		credit, err := tx.LockWallet(ctx, invoice.CustomerID, row.Currency)
		if err != nil {
			return err
		}
		if credit.Minor < row.Amount {
			return refuse("credit_too_small", "customer %s has %s of credit to pay out, less than %s: correct an invoice first, or refund out of goodwill with a reason",
				invoice.CustomerID, credit, amount)
		}
		if err := tx.MoveWallet(ctx, "refund:"+row.ID, invoice.CustomerID, amount.Neg(), row.AskedAt); err != nil {
			return err
		}
	}
	if err := tx.AddRefund(ctx, row); err != nil {
		return err
	}
	return tx.Post(ctx, ledger.RefundRequested(booked(row, invoice), row.AskedAt))
}

func booked(row store.Refund, invoice store.Invoice) ledger.Refund {
	return ledger.Refund{ID: row.ID, EntityID: invoice.EntityID, Amount: money.New(row.Amount, row.Currency), Goodwill: row.Goodwill}
}

// checkRefund says what is wrong in words, before a constraint would.
func checkRefund(ctx context.Context, tx store.Tx, payment store.Payment, row store.Refund) error {
	if payment.Status != store.PaymentSucceeded || payment.ProviderCharge == nil {
		return refuse("payment_not_refundable", "payment %s is %s: only one that succeeded can be refunded", payment.ID, payment.Status)
	}
	if row.Currency != payment.Currency {
		return refuse("refund_currency", "payment %s was made in %s and is refunded in it, not in %s", payment.ID, payment.Currency, row.Currency)
	}
	earlier, err := tx.Refunds(ctx, payment.ID)
	if err != nil {
		return err
	}
	left := payment.Amount
	for _, r := range earlier {
		if r.Status != store.RefundFailed {
			left -= r.Amount
		}
	}
	amount := money.New(row.Amount, row.Currency)
	switch {
	case row.Amount < 1:
		return refuse("refund_amount", "%s cannot be refunded: the amount must be above zero", amount)
	case row.Amount > left:
		return refuse("refund_too_large", "%s of payment %s can still be refunded, not %s", money.New(left, row.Currency), payment.ID, amount)
	case row.Goodwill && row.Reason == "":
		return refuse("goodwill_needs_reason", "a refund out of goodwill corrects no invoice: say why with a reason")
	}
	if _, err := stripeunit.Of(amount); err != nil {
		return refuse("refund_amount", "%v", err)
	}
	return nil
}

// refuse is an error that no repetition changes.
func refuse(code, format string, args ...any) error {
	return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), code, nil)
}

func refunded(r store.Refund) message.Refunded {
	return message.Refunded{RefundID: r.ID, Status: r.Status, Failure: r.Failure, Amount: money.New(r.Amount, r.Currency)}
}
