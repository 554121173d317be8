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

// method returns Stripe's id of a payment method, attaching it to the customer the first time.
func (p provider) method(ctx context.Context, id string) (string, error) {
	method, err := p.Store.PaymentMethodByID(ctx, id)
	if err != nil {
		return "", err
	}
	if method.ProviderID != nil {
		return *method.ProviderID, nil
	}
	customer, err := p.providerCustomer(ctx)
	if err != nil {
		return "", err
	}
	params := &stripe.PaymentMethodAttachParams{Params: p.params(ctx, "attach:"+method.ID), Customer: &customer}
	attached, err := p.Stripe.PaymentMethods.Attach(method.ProviderToken, params)
	if burnt(err) {
		params.IdempotencyKey = nil // attaching what is attached to this customer changes nothing
		attached, err = p.Stripe.PaymentMethods.Attach(method.ProviderToken, params)
	}
	if err != nil {
		return "", fmt.Errorf("attach payment method %s: %w", method.ID, later(err))
	}
	network := ""
	if attached.Card != nil {
		network = string(attached.Card.Brand)
	}
	if err := p.Store.SaveMethodDetail(ctx, methodDetail(method.ID, attached)); err != nil {
		return "", err
	}
	return attached.ID, p.Store.SetProviderMethod(ctx, method.ID, attached.ID, network)
}

// intent returns the payment intent of an invoice. There is one for its whole life: Stripe lets an intent succeed once,
// and that is the last line of defence against charging an invoice twice.
func (p provider) intent(ctx context.Context, invoice store.Invoice) (string, error) {
	amount, err := stripeunit.Of(invoice.Owed())
	if err != nil {
		return "", err
	}
	if invoice.ProviderIntent != nil {
		return *invoice.ProviderIntent, p.reduce(ctx, invoice, amount)
	}
	customer, err := p.providerCustomer(ctx)
	if err != nil {
		return "", err
	}
	params := &stripe.PaymentIntentParams{
		Params: p.params(ctx, "intent:"+invoice.ID), Amount: &amount, Currency: stripe.String(string(invoice.Currency)), Customer: &customer,
		Description:             stripe.String("Invoice " + invoice.Number),
		AutomaticPaymentMethods: &stripe.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true), AllowRedirects: stripe.String("never")},
		Metadata:                map[string]string{"invoice": invoice.ID, "customer": invoice.CustomerID, "subscription": invoice.SubscriptionID},
	}
	created, err := p.Stripe.PaymentIntents.New(params)
	if burnt(err) {
		created, err = p.intentAgain(ctx, invoice.ID, params)
	}
	if err != nil {
		return "", fmt.Errorf("create payment intent: %w", later(err))
	}
	return p.Store.SetInvoiceIntent(ctx, invoice.ID, created.ID)
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
		if found.PaymentIntent().Metadata["invoice"] == invoiceID {
			return found.PaymentIntent(), nil
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	params.IdempotencyKey = nil
	return p.Stripe.PaymentIntents.New(params)
}
