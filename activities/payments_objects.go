package activities

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// What must exist at Stripe before a charge: the customer, the method attached to it, the payment intent.

// burnt says that an idempotency key will give no other answer. Stripe keeps what it answered under a key for a day, a
// failure of its own too, and refuses a key that comes with other parameters than the first time.
// Source: https://docs.stripe.com/api/idempotent_requests.
func burnt(err error) bool {
	var refused *stripe.Error
	if !errors.As(err, &refused) {
		return false
	}
	reused := refused.Type == stripe.ErrorTypeIdempotency && refused.HTTPStatusCode == http.StatusBadRequest
	return refused.HTTPStatusCode >= http.StatusInternalServerError || reused
}

// providerCustomer returns Stripe's id of the customer, who is introduced to Stripe the first time.
func (p provider) providerCustomer(ctx context.Context) (string, error) {
	if p.customer.ProviderCustomerID != nil {
		return *p.customer.ProviderCustomerID, nil
	}
	params := &stripe.CustomerParams{
		Params: p.params(ctx, "customer:"+p.customer.ID), Name: &p.customer.Name, Email: &p.customer.Email,
		Metadata: map[string]string{"customer": p.customer.ID},
	}
	created, err := p.Stripe.Customers.New(params)
	if burnt(err) {
		created, err = p.customerAgain(ctx, params)
	}
	if err != nil {
		return "", fmt.Errorf("create customer %s: %w", p.customer.ID, later(err))
	}
	return p.Store.SetProviderCustomer(ctx, p.customer.ID, created.ID)
}

// customerAgain finds the customer that a burnt key may have created after all, or creates one without it. A customer
// more at Stripe, should two of these meet, is harmless: only one is recorded and used.
func (p provider) customerAgain(ctx context.Context, params *stripe.CustomerParams) (*stripe.Customer, error) {
	found := p.Stripe.Customers.List(&stripe.CustomerListParams{ListParams: stripe.ListParams{Context: ctx}, Email: &p.customer.Email})
	for found.Next() {
		if found.Customer().Metadata["customer"] == p.customer.ID {
			return found.Customer(), nil
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	params.IdempotencyKey = nil
	return p.Stripe.Customers.New(params)
}

// method returns a payment method that can be charged. It is introduced to Stripe the first time.
func (p provider) method(ctx context.Context, id string) (store.PaymentMethod, error) {
	method, err := p.Store.PaymentMethodByID(ctx, id)
	if err == nil && method.Kind == "" {
		method, err = p.introduce(ctx, method)
	}
	if err != nil {
		return method, err
	}
	switch {
	case method.Status == store.MethodUsable && method.ProviderID != nil:
		return method, nil
	case method.Status == store.MethodVerifying:
		return method, methodRefusal{code: errUnverified, message: "its customer has not approved it yet"}
	case method.Status == store.MethodDetached:
		return method, methodRefusal{code: errDetached, message: "it was detached at the provider"}
	}
	return method, methodRefusal{code: errUnusable, message: "it is " + method.Status + ": " + method.StatusReason}
}

// introduce sets a method up that was given without asking the provider, and records what it is.
func (p provider) introduce(ctx context.Context, method store.PaymentMethod) (store.PaymentMethod, error) {
	seen, err := p.setUp(ctx, method, "")
	if refused, ok := refusedMethod(err); ok && !refused.declined && refused.code != errRefused {
		return method, refused
	}
	if err != nil {
		return method, err
	}
	if _, err := p.record(ctx, seen, p.at); err != nil {
		return method, err
	}
	return p.Store.PaymentMethodByID(ctx, method.ID)
}

// intent returns the payment intent of an invoice. There is one at a time: Stripe lets an intent succeed once, and that is
// the last line of defence against charging an invoice twice. One that was cancelled, before the customer was given
// another opportunity to pay, is followed by the one of the next attempt.
func (p provider) intent(ctx context.Context, invoice store.Invoice, attempt int) (string, error) {
	amount, err := stripeunit.Of(invoice.Owed())
	if err != nil {
		return "", err
	}
	if invoice.ProviderIntent != nil {
		return *invoice.ProviderIntent, p.reduce(ctx, invoice, amount)
	}
	params, err := p.intentParams(ctx, invoice, attempt, amount)
	if err != nil {
		return "", err
	}
	return p.newIntent(ctx, invoice.ID, params)
}

// intentParams describe the payment intent of an invoice, over an amount in Stripe's units.
func (p provider) intentParams(ctx context.Context, invoice store.Invoice, attempt int, amount int64) (*stripe.PaymentIntentParams, error) {
	customer, err := p.providerCustomer(ctx)
	return &stripe.PaymentIntentParams{
		Params: p.params(ctx, fmt.Sprintf("intent:%s:%d", invoice.ID, attempt)),
		Amount: &amount, Currency: stripe.String(string(invoice.Currency)), Customer: &customer,
		Description:             stripe.String("Invoice " + invoice.Number),
		AutomaticPaymentMethods: &stripe.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true), AllowRedirects: stripe.String("never")},
		Metadata:                about(invoice, map[string]string{"customer": invoice.PayerID}),
	}, err
}

// about adds to what the provider keeps with an object which invoice it is for; an invoice for several subscriptions is none's.
func about(invoice store.Invoice, metadata map[string]string) map[string]string {
	metadata["invoice"] = invoice.ID
	if invoice.SubscriptionID != "" {
		metadata["subscription"] = invoice.SubscriptionID
	}
	return metadata
}

// newIntent makes the payment intent of an invoice, once, and records it.
func (p provider) newIntent(ctx context.Context, invoiceID string, params *stripe.PaymentIntentParams) (string, error) {
	created, err := p.Stripe.PaymentIntents.New(params)
	if burnt(err) {
		created, err = p.intentAgain(ctx, invoiceID, params)
	}
	if err != nil {
		return "", fmt.Errorf("create payment intent: %w", later(err))
	}
	return p.Store.SetInvoiceIntent(ctx, invoiceID, created.ID)
}

// reduce brings the intent down to what is owed, in Stripe's units, after credit has paid a part of the invoice.
func (p provider) reduce(ctx context.Context, invoice store.Invoice, owed int64) error {
	if invoice.AmountCredited == 0 {
		return nil
	}
	params := &stripe.PaymentIntentParams{Params: p.params(ctx, fmt.Sprintf("intent:%s:owed-%d", invoice.ID, owed)), Amount: &owed}
	_, err := p.Stripe.PaymentIntents.Update(*invoice.ProviderIntent, params)
	if burnt(err) {
		params.IdempotencyKey = nil // to set an amount again changes nothing
		_, err = p.Stripe.PaymentIntents.Update(*invoice.ProviderIntent, params)
	}
	if err != nil {
		return fmt.Errorf("reduce payment intent to what is owed: %w", later(err))
	}
	return nil
}

// intentAgain finds the intent that a burnt key may have created after all, or creates one without it. An intent that
// is not recorded is never confirmed.
func (p provider) intentAgain(ctx context.Context, invoiceID string, params *stripe.PaymentIntentParams) (*stripe.PaymentIntent, error) {
	found := p.Stripe.PaymentIntents.List(&stripe.PaymentIntentListParams{ListParams: stripe.ListParams{Context: ctx}, Customer: params.Customer})
	for found.Next() {
		made := found.PaymentIntent()
		if made.Metadata["invoice"] == invoiceID && made.Metadata["checkout"] == "" && made.Status != stripe.PaymentIntentStatusCanceled {
			return made, nil
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	params.IdempotencyKey = nil
	return p.Stripe.PaymentIntents.New(params)
}
