package activities

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// AsOfHeader carries the billing instant of a request, for whoever keeps books beside ours. Stripe ignores it.
const AsOfHeader = "Perennial-As-Of"

// provider is Stripe, asked on behalf of one customer at one billing instant.
type provider struct {
	*Payments
	at       time.Time
	customer store.Customer
}

// params begins every request. An empty key is for requests that change nothing.
func (p provider) params(ctx context.Context, key string) stripe.Params {
	params := stripe.Params{Context: ctx, Headers: http.Header{AsOfHeader: []string{p.at.UTC().Format(time.RFC3339)}}}
	if key != "" {
		params.IdempotencyKey = &key
	}
	return params
}

// confirm makes the attempt. The same key gives the same answer however often it is asked, so a repetition after a
// crash cannot charge twice. Only an error of the provider's own leaves the outcome open; then the intent is read.
func (p provider) confirm(ctx context.Context, invoice store.Invoice, attempt store.Payment, intent string, method store.PaymentMethod) (outcome, error) {
	params := &stripe.PaymentIntentConfirmParams{PaymentMethod: method.ProviderID, Mandate: method.Mandate}
	if attempt.Pages == "" {
		params.OffSession = stripe.Bool(true)
	} else { // the customer is there, and comes back to our page from the bank's
		params.ReturnURL = stripe.String(attempt.Pages + invoice.PageKey + "/return")
	}
	return p.confirmWith(ctx, invoice, attempt, intent, params)
}

func (p provider) confirmWith(
	ctx context.Context, invoice store.Invoice, attempt store.Payment, intent string, params *stripe.PaymentIntentConfirmParams,
) (outcome, error) {
	params.Params, params.Expand = p.params(ctx, attempt.IdempotencyKey), []*string{stripe.String("latest_charge.balance_transaction")}
	confirmed, err := p.Stripe.PaymentIntents.Confirm(intent, params)
	if err == nil {
		return outcomeOf(confirmed, invoice.Currency)
	}
	if declined, ok := declineOf(err, invoice.Currency); ok {
		return declined, nil
	}
	var refused *stripe.Error
	if errors.As(err, &refused) && (refused.HTTPStatusCode >= 500 || refused.Code == stripe.ErrorCodePaymentIntentUnexpectedState) {
		return p.afterFailure(ctx, invoice, attempt, intent, err)
	}
	return outcome{}, later(err)
}

// afterFailure finds out what an attempt did that the provider answered with an error of its own. That answer stays
// bound to the attempt's key, so an attempt that did nothing goes on under a new one.
func (p provider) afterFailure(ctx context.Context, invoice store.Invoice, attempt store.Payment, intent string, cause error) (outcome, error) {
	found, err := p.find(ctx, intent, invoice.Currency)
	if err != nil {
		return outcome{}, err
	}
	old, err := p.isSettled(ctx, invoice.ID, found.charge)
	if err != nil {
		return outcome{}, err
	}
	customers := (attempt.Pages != "" || attempt.Transfer) && found.status == store.PaymentRequiresAction
	if found.status != store.PaymentPending && found.charge != "" && !old || customers {
		return found, nil
	}
	key := fmt.Sprintf("charge:%s:%d:after-%s", invoice.ID, attempt.Attempt, shortHash(attempt.IdempotencyKey))
	if err := p.Store.ReplacePaymentKey(ctx, attempt.ID, key); err != nil {
		return outcome{}, err
	}
	return outcome{}, fmt.Errorf("the provider failed and did nothing; the attempt goes on under a new key: %w", cause)
}

// isSettled says that a charge belongs to an attempt whose outcome is recorded.
func (p provider) isSettled(ctx context.Context, invoiceID, charge string) (bool, error) {
	payments, err := p.Store.Payments(ctx, invoiceID)
	settled := slices.ContainsFunc(payments, func(payment store.Payment) bool {
		return payment.SettledAt != nil && payment.ProviderCharge != nil && *payment.ProviderCharge == charge
	})
	return settled, err
}

// find reads a payment intent. An intent that nobody has confirmed yet is pending.
func (p provider) find(ctx context.Context, intent string, currency money.Currency) (outcome, error) {
	read, err := p.read(ctx, intent)
	if err != nil {
		return outcome{}, err
	}
	return outcomeOf(read, currency)
}

func (p provider) read(ctx context.Context, intent string) (*stripe.PaymentIntent, error) {
	read, err := p.Stripe.PaymentIntents.Get(intent, &stripe.PaymentIntentParams{
		Params: p.params(ctx, ""), Expand: []*string{stripe.String("latest_charge.balance_transaction")},
	})
	if err != nil {
		return nil, fmt.Errorf("read payment intent %s: %w", intent, later(err))
	}
	return read, nil
}

// outcomeOf reads an intent's state as the outcome of its latest attempt.
func outcomeOf(intent *stripe.PaymentIntent, currency money.Currency) (outcome, error) {
	result := outcome{status: store.PaymentPending, fee: money.Zero(currency)}
	if intent.LatestCharge != nil {
		result.charge = intent.LatestCharge.ID
		details := intent.LatestCharge.PaymentMethodDetails
		result.transfer = details != nil && details.Type == paymethod.KindTransfer
		result.takeRisk(intent.LatestCharge)
	}
	switch intent.Status {
	case stripe.PaymentIntentStatusSucceeded:
		result.status = store.PaymentSucceeded
		return result, result.takeFee(intent.LatestCharge, currency)
	case stripe.PaymentIntentStatusProcessing:
		result.status = store.PaymentProcessing
	case stripe.PaymentIntentStatusRequiresAction:
		result.status, result.charge = store.PaymentRequiresAction, "" // the latest charge is that of an earlier attempt
	case stripe.PaymentIntentStatusRequiresPaymentMethod, stripe.PaymentIntentStatusCanceled:
		if intent.LastPaymentError != nil {
			result.status, result.declineCode = store.PaymentFailed, declineCode(intent.LastPaymentError)
		}
	}
	return result, nil
}

// takeFee reads what the provider keeps. A fee in another currency than the payment's is not the payment's business.
func (o *outcome) takeFee(charge *stripe.Charge, currency money.Currency) error {
	if charge == nil || charge.BalanceTransaction == nil || !strings.EqualFold(string(charge.BalanceTransaction.Currency), string(currency)) {
		return nil
	}
	fee, err := stripeunit.Amount(charge.BalanceTransaction.Fee, currency)
	o.fee = fee
	return err
}

// declineOf recognises a decline: the card was asked and said no, or what is to be charged cannot be.
func declineOf(err error, currency money.Currency) (outcome, bool) {
	if method, ok := errors.AsType[methodRefusal](err); ok {
		return outcome{status: store.PaymentFailed, declineCode: method.code, fee: money.Zero(currency)}, true
	}
	var refused *stripe.Error
	if !errors.As(err, &refused) || !declined(err) {
		return outcome{}, false
	}
	return outcome{status: store.PaymentFailed, declineCode: declineCode(refused), charge: refused.ChargeID, fee: money.Zero(currency)}, true
}

// declined says that the provider's error is about the payment or its method, and not about our request.
func declined(err error) bool {
	var refused *stripe.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code {
	case stripe.ErrorCodeAmountTooSmall, stripe.ErrorCodeAmountTooLarge, stripe.ErrorCodePaymentIntentMandateInvalid,
		stripe.ErrorCodePaymentIntentIncompatiblePaymentMethod, stripe.ErrorCodePaymentMethodUnexpectedState:
		return true
	}
	return refused.HTTPStatusCode == http.StatusPaymentRequired
}

func declineCode(err *stripe.Error) string {
	if err.DeclineCode != "" {
		return string(err.DeclineCode)
	}
	if err.Code == stripe.ErrorCodePaymentMethodUnexpectedState {
		return errDetached
	}
	return string(err.Code)
}

// later makes an error say when to try again, if the provider did.
func later(err error) error {
	var refused *stripe.Error
	if !errors.As(err, &refused) || refused.LastResponse == nil {
		return err
	}
	seconds, parseErr := strconv.Atoi(refused.LastResponse.Header.Get("Retry-After"))
	if parseErr != nil || seconds <= 0 {
		return err
	}
	return temporal.NewApplicationErrorWithOptions(refused.Msg, "provider_busy",
		temporal.ApplicationErrorOptions{Cause: err, NextRetryDelay: time.Duration(seconds) * time.Second})
}
