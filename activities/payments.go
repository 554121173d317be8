package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v79/client"

	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Payments collects invoices through Stripe: one payment intent per invoice, confirmed once per attempt.
// Before the provider is asked, the attempt is a row; its outcome is written into the same row. An outcome that is
// unknown is found out before anything is tried again.
type Payments struct {
	Store  *store.Store
	Stripe *client.API
}

// outcome is what the provider says of an attempt.
type outcome struct {
	status      string // of store.Payment
	declineCode string
	charge      string
	fee         money.Amount
	risk        *store.Risk // what the provider's own screening said, if it is known
	review      string      // the review that the provider opened, if any
	transfer    bool        // the customer's money came by bank transfer
}

// Decline codes of our own, for attempts that fail before the provider is asked: the customer has nothing to pay with;
// the amount has digits that the provider cannot charge.
const (
	errNoMethod = "no_payment_method"
	errAmount   = "amount_not_chargeable"
)

// ChargeInvoice makes one attempt to collect an invoice. Repeating it, after a crash or a time-out, is the same attempt.
// If another attempt turns out to be live or to have succeeded, its outcome is the answer and nothing is charged.
func (p *Payments) ChargeInvoice(ctx context.Context, in message.Charge) (message.Charged, error) {
	attempt, invoice, err := p.beginKnowing(ctx, in)
	if err == nil && attempt.Status == store.PaymentRequiresAction && attempt.Attempt != in.Attempt {
		attempt, invoice, err = p.beginInstead(ctx, invoice, attempt, in)
	}
	if err != nil {
		return message.Charged{}, fmt.Errorf("charge invoice %s: %w", in.InvoiceID, err)
	}
	if attempt.Status == announced {
		return message.Charged{Status: message.Announced, Amount: invoice.Owed()}, nil
	}
	if attempt.ID == "" {
		return message.Charged{Status: message.Paid, Amount: money.Zero(invoice.Currency)}, nil
	}
	if attempt.Status == store.PaymentPending {
		if attempt, err = p.attempt(ctx, invoice, attempt, in.At); err != nil {
			return message.Charged{}, fmt.Errorf("charge invoice %s, attempt %d: %w", in.InvoiceID, attempt.Attempt, err)
		}
	}
	return p.answer(ctx, attempt)
}

// beginKnowing begins, after the provider was asked what the method is if that is not known yet.
func (p *Payments) beginKnowing(ctx context.Context, in message.Charge) (store.Payment, store.Invoice, error) {
	attempt, invoice, err := p.begin(ctx, in, false)
	if stranger, ok := errors.AsType[notIntroduced](err); ok {
		return p.beginAfterIntroducing(ctx, in, stranger.methodID)
	}
	return attempt, invoice, err
}

// begin writes the attempt down, or finds the one that answers for it. There is none when credit has paid the invoice, and
// none yet, with the status announced, before a debit of which the customer must know first.
func (p *Payments) begin(ctx context.Context, in message.Charge, introduced bool) (store.Payment, store.Invoice, error) {
	var attempt store.Payment
	var invoice store.Invoice
	err := p.Store.Tx(ctx, func(tx store.Tx) error {
		var err error
		if invoice, err = tx.LockInvoice(ctx, in.InvoiceID); err != nil {
			return err
		}
		payments, err := tx.Payments(ctx, in.InvoiceID)
		if err != nil {
			return err
		}
		for _, earlier := range payments {
			if earlier.Status == store.PaymentFailed && invoice.Status == "paid" {
				continue // whoever comes late, after another who shares the invoice, learns that it is paid by now
			}
			if earlier.Attempt == in.Attempt || earlier.Status != store.PaymentFailed {
				attempt = earlier
				return nil
			}
		}
		if invoice.Status == "paid" {
			return nil
		}
		if !invoice.Owed().IsPositive() || invoice.Status != "open" {
			return fmt.Errorf("nothing is to be collected on invoice %s, which is %s", invoice.ID, invoice.Status)
		}
		attempt = newAttempt(invoice, in.Attempt, askedAt(payments, in.At))
		attempt.Pages = in.Pages
		if bound, err := bindStart(ctx, tx, invoice, &attempt); bound || err != nil {
			return err
		}
		method, err := assign(ctx, tx, invoice, payments, in, introduced, &attempt)
		if err != nil {
			return err
		}
		if in.Pages == "" { // who asks for it needs no notice of it
			if on, err := announce(ctx, tx, invoice, method, in.At); err != nil || on.After(in.At) {
				attempt.Status = announced
				return err
			}
		}
		return tx.AddPayment(ctx, attempt)
	})
	return attempt, invoice, err
}

// assign chooses what an attempt is made with.
func assign(
	ctx context.Context, tx store.Tx, invoice store.Invoice, earlier []store.Payment, in message.Charge, introduced bool, attempt *store.Payment,
) (dunning.Method, error) {
	if attempt.Transfer = in.Transfer; in.Transfer {
		return dunning.Method{}, nil
	}
	method, err := methodOf(ctx, tx, invoice, earlier, in.Pages != "", introduced)
	if err == nil && method.ID != "" {
		attempt.MethodID, attempt.Transfer = &method.ID, method.Kind == paymethod.KindTransfer
	}
	return method, err
}

// askedAt dates an attempt, which must be later than the one before it. One asked for at the same instant, as an operator
// may on a test clock, is a moment later.
func askedAt(earlier []store.Payment, at time.Time) time.Time {
	if len(earlier) == 0 {
		return at
	}
	return notBefore(earlier[len(earlier)-1].AskedAt.Add(time.Millisecond), at)
}

func newAttempt(invoice store.Invoice, number int, at time.Time) store.Payment {
	key := fmt.Sprintf("charge:%s:%d", invoice.ID, number)
	return store.Payment{
		ID: "pay_" + shortHash(key), InvoiceID: invoice.ID, Attempt: number, Status: store.PaymentPending,
		Amount: invoice.Owed().Minor, Currency: invoice.Currency, IdempotencyKey: key, AskedAt: at,
	}
}

// attempt asks the provider and records its answer.
func (p *Payments) attempt(ctx context.Context, invoice store.Invoice, attempt store.Payment, at time.Time) (store.Payment, error) {
	customer, err := p.Store.Customer(ctx, invoice.PayerID)
	if err != nil {
		return attempt, err
	}
	asked := provider{Payments: p, at: at, customer: customer}
	result, err := p.ask(ctx, asked, invoice, attempt)
	if err != nil {
		return attempt, err
	}
	if result, err = asked.assess(ctx, result); err != nil {
		return attempt, err
	}
	return p.settle(ctx, attempt, result, at)
}

func (p *Payments) ask(ctx context.Context, provider provider, invoice store.Invoice, attempt store.Payment) (outcome, error) {
	if attempt.MethodID == nil && !attempt.Transfer {
		code, err := p.whyNoMethod(ctx, invoice.PayerID)
		return outcome{status: store.PaymentFailed, declineCode: code, fee: money.Zero(invoice.Currency)}, err
	}
	if !chargeable(invoice.Owed()) {
		return outcome{status: store.PaymentFailed, declineCode: errAmount, fee: money.Zero(invoice.Currency)}, nil
	}
	if attempt.Transfer {
		return provider.askTransfer(ctx, invoice, attempt)
	}
	// The attempt's own method, even if the customer has changed it meanwhile: a key stands for one request.
	method, err := provider.method(ctx, *attempt.MethodID)
	if declined, ok := declineOf(err, invoice.Currency); ok {
		return declined, nil
	}
	if err != nil {
		return outcome{}, err
	}
	if screened, stopped, err := provider.screen(ctx, invoice, attempt); stopped || err != nil {
		return screened, err
	}
	intent, err := provider.intent(ctx, invoice, attempt.Attempt)
	if declined, ok := declineOf(err, invoice.Currency); ok {
		return declined, nil
	}
	if err != nil {
		return outcome{}, err
	}
	return provider.confirm(ctx, invoice, attempt, intent, method)
}

func chargeable(amount money.Amount) bool {
	_, err := stripeunit.Of(amount)
	return err == nil
}

// settle records the outcome of an attempt with everything that follows from it, in one transaction. An attempt that is
// settled already, by a repetition of the activity that was faster, stays as it is.
func (p *Payments) settle(ctx context.Context, attempt store.Payment, result outcome, at time.Time) (store.Payment, error) {
	attempt.Status, attempt.DeclineCode, attempt.ProviderFee = result.status, result.declineCode, result.fee.Minor
	if result.charge != "" {
		attempt.ProviderCharge = &result.charge
	}
	if result.transfer && result.status == store.PaymentSucceeded {
		attempt.Transfer = true
		if err := p.noteCash(ctx, attempt.InvoiceID, at); err != nil {
			return attempt, err
		}
	}
	if attempt.Status == store.PaymentSucceeded || attempt.Status == store.PaymentFailed {
		attempt.SettledAt = &at
	}
	err := p.Store.Tx(ctx, func(tx store.Tx) error {
		invoice, err := tx.LockInvoice(ctx, attempt.InvoiceID)
		if err != nil {
			return err
		}
		recorded, err := tx.Payment(ctx, attempt.ID)
		if err != nil || recorded.SettledAt != nil {
			attempt = recorded
			return err
		}
		if err := tx.SettlePayment(ctx, attempt); err != nil {
			return err
		}
		if err := recordRisk(ctx, tx, invoice, attempt, result, at); err != nil {
			return err
		}
		switch {
		case attempt.Status == store.PaymentSucceeded:
			return received(ctx, tx, invoice, attempt, at)
		case attempt.Transfer && attempt.Status == store.PaymentRequiresAction:
			return tx.QueueMailOfAttempt(ctx, "transfer", attempt, invoice.PayerID, at)
		}
		return ruleOut(ctx, tx, attempt, attempt.DeclineCode)
	})
	return attempt, err
}

// received books a successful payment and sends the receipt.
func received(ctx context.Context, tx store.Tx, invoice store.Invoice, attempt store.Payment, at time.Time) error {
	amount := money.New(attempt.Amount, attempt.Currency)
	transaction, err := ledger.PaymentReceived(invoice.EntityID, attempt.ID, at, amount, money.New(attempt.ProviderFee, attempt.Currency))
	if err != nil {
		return err
	}
	if err := tx.Post(ctx, transaction); err != nil {
		return err
	}
	if attempt.Transfer {
		if err := tx.Post(ctx, ledger.TransferUsed(invoice.EntityID, attempt.ID, at, amount)); err != nil {
			return err
		}
	}
	if err := tx.SetInvoiceStatus(ctx, invoice.ID, "paid", invoice.AmountPaid+attempt.Amount, &at); err != nil {
		return err
	}
	if err := openSold(ctx, tx, invoice, at); err != nil {
		return err
	}
	return tx.QueueMail(ctx, "receipt", invoice.PayerID, invoice.ID, at)
}
