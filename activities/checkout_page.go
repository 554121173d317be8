package activities

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// checkoutKey is the business identity of a checkout, and the provider's idempotency key for its page.
func checkoutKey(id string) string { return "checkout:" + id }

// makePage makes the page, exactly once, and records it. A checkout that ended meanwhile has its page closed at once.
func (p provider) makePage(ctx context.Context, b beginning) (store.Checkout, error) {
	customer, err := p.providerCustomer(ctx)
	if err != nil {
		return b.row, err
	}
	params, err := p.pageParams(ctx, b, customer)
	if err != nil {
		return b.row, err
	}
	session, err := p.Stripe.CheckoutSessions.New(params)
	if burnt(err) {
		session, err = p.pageAgain(ctx, b.row.ID, customer, params)
	}
	if refused, ok := errors.AsType[*stripe.Error](err); ok && refused.HTTPStatusCode == http.StatusBadRequest {
		return b.row, p.pageRefused(ctx, b, refused)
	}
	if err != nil {
		return b.row, fmt.Errorf("create checkout session: %w", later(err))
	}
	if _, err := p.Store.SetCheckoutSession(ctx, b.row.ID, session.ID, time.Unix(session.ExpiresAt, 0).UTC()); err != nil {
		return b.row, err
	}
	row, err := p.Store.Checkout(ctx, b.row.ID)
	if err == nil && row.Status != store.CheckoutOpen {
		_, err = p.expireSession(ctx, session.ID)
	}
	return row, err
}

// pageParams describe the page. Which payment methods it offers is the provider's choice for the currency and the customer,
// unless the seller leaves it to the table of markets.
func (p provider) pageParams(ctx context.Context, b beginning, customer string) (*stripe.CheckoutSessionParams, error) {
	metadata := map[string]string{"checkout": b.row.ID, "customer": b.row.CustomerID}
	params := &stripe.CheckoutSessionParams{
		Params: p.params(ctx, checkoutKey(b.row.ID)), Mode: stripe.String(b.row.Purpose), Customer: &customer, ClientReferenceID: &b.row.ID,
		SuccessURL: &b.row.SuccessURL, CancelURL: &b.row.CancelURL, Locale: stripe.String(pageLocale(p.customer.Locale)), Metadata: metadata,
	}
	if b.row.Purpose == store.CheckoutSetup {
		params.Currency = stripe.String(strings.ToLower(string(p.customer.Currency)))
		params.SetupIntentData = &stripe.CheckoutSessionSetupIntentDataParams{Metadata: metadata}
		return params, p.offer(ctx, params, money.Zero(p.customer.Currency), paymethod.Recurring)
	}
	amount, err := stripeunit.Of(b.invoice.Owed())
	if err != nil {
		return nil, err
	}
	about(b.invoice, metadata)
	currency := strings.ToLower(string(b.invoice.Currency))
	// One line over what is owed: an invoice's own lines are net of tax and may be credits, which a page cannot show, and
	// credit or earlier payments may have paid a part. The customer reads them on the invoice.
	params.LineItems = []*stripe.CheckoutSessionLineItemParams{{
		Quantity: stripe.Int64(1), PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
			Currency: &currency, UnitAmount: &amount,
			ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripe.String("Invoice " + b.invoice.Number)},
		},
	}}
	params.PaymentIntentData = &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: metadata, Description: stripe.String("Invoice " + b.invoice.Number)}
	if b.screened == fraud.Action(fraud.Request3DS) {
		params.PaymentMethodOptions = &stripe.CheckoutSessionPaymentMethodOptionsParams{
			Card: &stripe.CheckoutSessionPaymentMethodOptionsCardParams{RequestThreeDSecure: stripe.String("any")},
		}
	}
	use := paymethod.Once
	if b.row.SaveMethod {
		use = paymethod.Recurring
		params.PaymentIntentData.SetupFutureUsage = stripe.String(string(stripe.PaymentIntentSetupFutureUsageOffSession))
	}
	return params, p.offer(ctx, params, b.invoice.Owed(), use)
}

// pageAgain finds the page that a burnt key may have made after all, or makes one without it.
func (p provider) pageAgain(ctx context.Context, checkoutID, customer string, params *stripe.CheckoutSessionParams) (*stripe.CheckoutSession, error) {
	made, err := p.sessionMade(ctx, checkoutID, customer)
	if made != nil || err != nil {
		return made, err
	}
	params.IdempotencyKey = nil
	return p.Stripe.CheckoutSessions.New(params)
}

// sessionMade looks for the provider's session of a checkout; nil when there is none.
func (p provider) sessionMade(ctx context.Context, checkoutID, customer string) (*stripe.CheckoutSession, error) {
	list := p.Stripe.CheckoutSessions.List(&stripe.CheckoutSessionListParams{
		ListParams: stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}, Customer: &customer,
	})
	for list.Next() {
		if list.CheckoutSession().ClientReferenceID == checkoutID {
			return list.CheckoutSession(), nil
		}
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("look for the session of checkout %s: %w", checkoutID, later(err))
	}
	return nil, nil
}

// pageRefused ends a checkout that the provider will make no page for, such as one over too small an amount.
func (p provider) pageRefused(ctx context.Context, b beginning, cause *stripe.Error) error {
	refused := outcome{status: store.PaymentFailed, declineCode: declineCode(cause)}
	return p.endUnopened(ctx, b, refused, refuse("checkout_refused", "the provider makes no page for it: %s", cause.Msg))
}

// endUnopened ends a checkout that comes to no page, with its attempt, and answers why.
func (p provider) endUnopened(ctx context.Context, b beginning, result outcome, why error) error {
	if b.attempt.ID != "" {
		if _, err := p.settle(ctx, b.attempt, result, p.at); err != nil {
			return err
		}
	}
	err := p.Store.Tx(ctx, func(tx store.Tx) error { return tx.EndCheckout(ctx, b.row.ID, store.CheckoutExpired, nil, p.at) })
	if err != nil {
		return err
	}
	return why
}

// pageLocales are the languages of the provider's page.
// Source: https://docs.stripe.com/api/checkout/sessions/create, "locale".
var pageLocales = strings.Fields(`bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR
	ro ru sk sl sv th tr vi zh zh-HK zh-TW`)

// pageLocale is the page's language for a customer's: the same, or that of the same language elsewhere, or the browser's.
func pageLocale(locale string) string {
	if slices.Contains(pageLocales, locale) {
		return locale
	}
	language, _, _ := strings.Cut(locale, "-")
	if language == "no" || language == "nn" {
		language = "nb"
	}
	if slices.Contains(pageLocales, language) {
		return language
	}
	return "auto"
}
