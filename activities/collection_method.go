package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Which payment method an invoice is charged with, and when a debit may be made.

// chooseMethod says which of the customer's methods the next attempt uses; one without an id when there is none. A method
// that cannot pay in the invoice's currency, or so little, is passed over.
func chooseMethod(ctx context.Context, tx store.Tx, invoice store.Invoice, attempts []dunning.Attempt) (chosen dunning.Method, fallback bool, err error) {
	rows, err := tx.PaymentMethods(ctx, invoice.PayerID)
	if err != nil {
		return chosen, false, err
	}
	methods := make([]dunning.Method, len(rows))
	for i, row := range rows {
		methods[i] = dunning.Method{ID: row.ID, Kind: row.Kind, Network: row.Network, Unusable: row.Status != store.MethodUsable || !canPay(row, invoice)}
		if row.DetailsChangedAt != nil {
			methods[i].UpdatedAt = *row.DetailsChangedAt
		}
		if row.Kind == paymethod.KindTransfer {
			if methods[i].UpdatedAt, err = arrivedLate(ctx, tx, invoice, row.ID, attempts); err != nil {
				return chosen, false, err
			}
		}
	}
	chosen, fallback = dunning.Choose(methods, attempts)
	return chosen, fallback, nil
}

// nameMethod says on an invoice that is to be collected from a customer which method the first attempt will charge, for
// operators to read.
func (a account) nameMethod(ctx context.Context, customerID string, invoice *message.Billed) error {
	if invoice == nil || !invoice.AmountDue.IsPositive() {
		return nil
	}
	payer, err := a.payerOf(ctx, customerID)
	if err != nil {
		return err
	}
	row := store.Invoice{PayerID: payer.ID, Currency: a.row.Currency, AmountDue: invoice.AmountDue.Minor}
	method, _, err := chooseMethod(ctx, a.tx, row, nil)
	invoice.Method = cmp.Or(method.Network, method.Kind)
	return err
}

// arrivedLate is when money arrived that pays nothing yet, if that was after the latest transfer for an invoice was given up:
// then it is asked for again, and pays. The zero time otherwise.
func arrivedLate(ctx context.Context, tx store.Tx, invoice store.Invoice, methodID string, attempts []dunning.Attempt) (time.Time, error) {
	var ended time.Time
	for _, attempt := range attempts {
		if attempt.PaymentMethodID == methodID {
			ended = attempt.KnownAt
		}
	}
	deposits, err := tx.Deposits(ctx, "", invoice.PayerID)
	for _, deposit := range deposits {
		if deposit.Currency == invoice.Currency && deposit.Amount > 0 && deposit.FundedAt.After(ended) {
			return deposit.FundedAt, err
		}
	}
	return time.Time{}, err
}

// canPay judges by what is known of the kind. Above its usual maximum the provider decides, who knows the account's own.
func canPay(row store.PaymentMethod, invoice store.Invoice) bool {
	kind, known := paymethod.Lookup(row.Kind)
	least := kind.Minimum[invoice.Currency]
	return !known || kind.Takes(invoice.Currency) && invoice.Owed().Minor >= least
}

// notIntroduced is the error that what a method is must be asked of the provider before it is charged: a debit may have to
// be announced.
type notIntroduced struct{ methodID string }

func (e notIntroduced) Error() string {
	return "payment method " + e.methodID + " has not been introduced to the provider"
}

// chargedMethod is the method of the next attempt; one without an id when none may be tried.
func chargedMethod(ctx context.Context, tx store.Tx, invoice store.Invoice, payments []store.Payment, introduced bool) (dunning.Method, error) {
	attempts := tried(payments)
	method, _, err := chooseMethod(ctx, tx, invoice, attempts)
	if err != nil || method.Forbidden(attempts) != "" {
		return dunning.Method{}, err
	}
	if method.ID != "" && method.Kind == "" && !introduced {
		return method, notIntroduced{methodID: method.ID}
	}
	return method, nil
}

// beginAfterIntroducing asks the provider what a method is, and then begins. What the provider declines, the attempt will.
func (p *Payments) beginAfterIntroducing(ctx context.Context, in message.Charge, methodID string) (store.Payment, store.Invoice, error) {
	method, err := p.Store.PaymentMethodByID(ctx, methodID)
	if err != nil {
		return store.Payment{}, store.Invoice{}, err
	}
	customer, err := p.Store.Customer(ctx, method.CustomerID)
	if err != nil {
		return store.Payment{}, store.Invoice{}, err
	}
	_, err = provider{Payments: p, at: in.At, customer: customer}.introduce(ctx, method)
	if _, declined := declineOf(err, customer.Currency); err != nil && !declined {
		return store.Payment{}, store.Invoice{}, err
	}
	return p.begin(ctx, in, true)
}

// whyNoMethod is the code of an attempt without a method: the customer has none, or none that may be tried.
func (p *Payments) whyNoMethod(ctx context.Context, customerID string) (string, error) {
	methods, err := p.Store.PaymentMethods(ctx, customerID)
	if len(methods) > 0 {
		return errUnusable, err
	}
	return errNoMethod, err
}

// ruleOut blocks the bank account of a payment after an answer that forbids debiting it any more, for later invoices too.
func ruleOut(ctx context.Context, tx store.Tx, payment store.Payment, code string) error {
	if payment.MethodID == nil || !dunning.ClassifyReturn(code).RulesOut() {
		return nil
	}
	return tx.BlockMethod(ctx, *payment.MethodID, code, paymethod.DebitKinds())
}

// announced stands in for the status of an attempt that is not made yet, because its customer must know of it first.
const announced = "announced"

// announce tells the customer of a debit, once, where the method's kind asks for it, and says when the debit may be made.
// The caller holds the invoice.
func announce(ctx context.Context, tx store.Tx, invoice store.Invoice, method dunning.Method, at time.Time) (time.Time, error) {
	kind, _ := paymethod.Lookup(method.Kind)
	if kind.Notice == nil || kind.Notice.Days == 0 {
		return at, nil
	}
	told, err := tx.DebitNotice(ctx, invoice.ID, method.ID)
	if !errors.Is(err, store.ErrNotFound) {
		return told.DebitOn, err
	}
	zone, err := calendar.LoadZone(invoice.Zone)
	if err != nil {
		return at, fmt.Errorf("announce the debit of invoice %s: %w", invoice.ID, err)
	}
	notice := store.DebitNotice{
		InvoiceID: invoice.ID, MethodID: method.ID, Amount: invoice.Owed().Minor, Currency: invoice.Currency, ToldAt: at,
		DebitOn: kind.DebitOn(at, zone),
	}
	return notice.DebitOn, tx.AddDebitNotice(ctx, notice, invoice.PayerID)
}

// afterNotice moves a step that charges behind the notice of its debit, which is given now.
func afterNotice(
	ctx context.Context, tx store.Tx, invoice store.Invoice, attempts []dunning.Attempt, step message.DunningStep, asOf time.Time,
) (message.DunningStep, error) {
	method, _, err := chooseMethod(ctx, tx, invoice, attempts)
	if err != nil || method.Forbidden(attempts) != "" {
		return step, err
	}
	step.Method = cmp.Or(method.Network, method.Kind)
	on, err := announce(ctx, tx, invoice, method, asOf)
	if on.After(step.At) {
		step.At, step.Reason = on, "debit_announced"
	}
	return step, err
}

// lookAgain is how long to wait before asking the provider again about a payment that is under way.
const lookAgain = 24 * time.Hour

// knownBy is when to ask about a payment that is under way: a bank debit is not known for days.
func knownBy(ctx context.Context, tx store.Tx, invoice store.Invoice, payment store.Payment, asOf time.Time) (time.Time, error) {
	again := asOf.Add(lookAgain)
	if payment.MethodID == nil || payment.Status != store.PaymentProcessing {
		return again, nil
	}
	row, err := tx.PaymentMethodByID(ctx, *payment.MethodID)
	if err != nil || !paymethod.IsDebit(row.Kind) {
		return again, err
	}
	zone, err := calendar.LoadZone(invoice.Zone)
	if err != nil {
		return again, fmt.Errorf("when invoice %s is paid: %w", invoice.ID, err)
	}
	kind, _ := paymethod.Lookup(row.Kind)
	if known := kind.KnownBy(payment.AskedAt, zone); known.After(asOf) {
		return known, nil
	}
	return again, nil
}
