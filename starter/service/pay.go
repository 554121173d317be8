package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v79"
	"go.temporal.io/api/serviceerror"

	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Payable is what our page about paying an invoice has to know.
type Payable struct {
	Invoice store.Invoice
	// Method is the card network of the method that would be charged, such as visa; HasMethod says that there is one.
	Method    string
	HasMethod bool
	// Ways are other kinds of payment method with which customers of the country pay such an amount, by name.
	Ways []string
	// Last is the latest attempt; nil before the first.
	Last *store.Payment
}

// UnderWay says that a payment is being made without the customer.
func (p Payable) UnderWay() bool {
	return p.Last != nil && (p.Last.Status == store.PaymentPending || p.Last.Status == store.PaymentProcessing)
}

// PayPage reads what can be paid behind a link.
func (s *Service) PayPage(ctx context.Context, key string) (Payable, error) {
	invoice, err := s.InvoiceByPageKey(ctx, key)
	if err != nil {
		return Payable{}, err
	}
	shown := Payable{Invoice: invoice}
	methods, err := s.store.PaymentMethods(ctx, invoice.CustomerID)
	if err != nil {
		return Payable{}, err
	}
	if at := slices.IndexFunc(methods, func(m store.PaymentMethod) bool { return m.Status == store.MethodUsable }); at >= 0 {
		shown.HasMethod, shown.Method = true, cmp.Or(methods[at].Network, methods[at].Kind)
	}
	if shown.Ways, err = s.otherWays(ctx, invoice); err != nil {
		return Payable{}, err
	}
	shown.Last, err = s.lastPayment(ctx, invoice.ID)
	return shown, err
}

// mostWays keeps the page readable.
const mostWays = 8

func (s *Service) otherWays(ctx context.Context, invoice store.Invoice) ([]string, error) {
	customer, err := s.store.Customer(ctx, invoice.CustomerID)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, kind := range paymethod.Offer(customer.Country, invoice.Currency, paymethod.Once) {
		if kind.CheckAmount(invoice.Owed()) == nil && len(names) < mostWays {
			names = append(names, kind.Name)
		}
	}
	return names, nil
}

func (s *Service) lastPayment(ctx context.Context, invoiceID string) (*store.Payment, error) {
	payments, err := s.store.Payments(ctx, invoiceID)
	if err != nil || len(payments) == 0 {
		return nil, err
	}
	return &payments[len(payments)-1], nil
}

// PayNow has the invoice behind a link paid with the method on file, by its customer who is there, and returns the address
// of the bank's page if the bank wants to see them; else it is done. Asking again, in another tab or after going back,
// goes on with the same attempt. An invoice that is paid needs nothing, and is no error.
func (s *Service) PayNow(ctx context.Context, key string) (bank string, err error) {
	invoice, err := s.InvoiceByPageKey(ctx, key)
	if err != nil || invoice.Status == "paid" {
		return "", err
	}
	if err := s.beingCollected(ctx, invoice); err != nil {
		return "", err
	}
	customer, err := s.store.Customer(ctx, invoice.CustomerID)
	if err != nil {
		return "", err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return "", err
	}
	status, err := s.clientOf(customer).PayNow(ctx, invoice.ID, message.PayNow{At: at, Pages: s.payPages()})
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return "", refused("collection_not_running", "invoice %s is not being collected at the moment: ask again", invoice.ID)
	}
	if err != nil {
		return "", answered(err)
	}
	if status != message.RequiresAction {
		return "", nil
	}
	return s.bankPage(ctx, invoice.ID)
}

// bankPage reads where the customer has to go. Only the provider keeps the address, which is a secret of the customer's.
func (s *Service) bankPage(ctx context.Context, invoiceID string) (string, error) {
	invoice, err := s.store.Invoice(ctx, invoiceID)
	if err != nil || invoice.ProviderIntent == nil || s.stripe == nil {
		return "", err
	}
	intent, err := s.stripe.PaymentIntents.Get(*invoice.ProviderIntent, &stripe.PaymentIntentParams{Params: stripe.Params{Context: ctx}})
	if err != nil {
		return "", fmt.Errorf("read payment intent %s: %w", *invoice.ProviderIntent, err)
	}
	switch next := intent.NextAction; {
	case next == nil:
		return "", nil // it was over before we looked
	case next.RedirectToURL != nil:
		return next.RedirectToURL.URL, nil
	case next.VerifyWithMicrodeposits != nil:
		return next.VerifyWithMicrodeposits.HostedVerificationURL, nil
	}
	return "", nil
}

// PayAnotherWay returns the address of a page of the provider's on which the invoice behind a link is paid with any method,
// which becomes the customer's: the one on file does not work. One that is open already is used again.
func (s *Service) PayAnotherWay(ctx context.Context, key string) (string, error) {
	invoice, err := s.InvoiceByPageKey(ctx, key)
	if err != nil || invoice.Status == "paid" {
		return "", err
	}
	open, err := s.store.Checkouts(ctx, store.CheckoutFilter{InvoiceID: invoice.ID, Status: store.CheckoutOpen, Limit: 1})
	if err != nil {
		return "", err
	}
	if len(open) > 0 {
		if found, err := s.open(ctx, open[0]); err != nil || found.URL != "" {
			return found.URL, err
		}
	}
	made, err := s.CreateCheckout(ctx, NewCheckout{Invoice: invoice.ID, SaveMethod: true})
	return made.URL, err
}

// How long a customer who comes back from a bank's page waits for the answer before they see that it is still to come.
const (
	returnPatience = 8 * time.Second
	returnLook     = 50 * time.Millisecond
)

// CustomerReturned says that a customer came back to our page: the invoice's collection finds out how it went, which may be
// before any webhook. It waits for that, but not for long.
func (s *Service) CustomerReturned(ctx context.Context, key string) error {
	invoice, err := s.InvoiceByPageKey(ctx, key)
	if err != nil || invoice.Status != "open" {
		return err
	}
	last, err := s.lastPayment(ctx, invoice.ID)
	if err != nil || last == nil || last.SettledAt != nil {
		return err
	}
	customer, err := s.store.Customer(ctx, invoice.CustomerID)
	if err != nil {
		return err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return err
	}
	if err := s.clientOf(customer).PaymentNews(ctx, invoice.ID, message.PaymentNews{At: at, Reason: "customer_returned"}); err != nil {
		return err
	}
	return s.awaitOutcome(ctx, *last)
}

// awaitOutcome waits until an attempt is no longer the customer's turn.
func (s *Service) awaitOutcome(ctx context.Context, attempt store.Payment) error {
	patience, cancel := context.WithTimeout(ctx, returnPatience)
	defer cancel()
	looks := time.NewTicker(returnLook)
	defer looks.Stop()
	for {
		select {
		case <-patience.Done():
			return nil // they see that it is under way
		case <-looks.C:
		}
		now, err := s.store.Payment(ctx, attempt.ID)
		if err != nil || now.Status != attempt.Status {
			return err
		}
	}
}

// CheckoutReturned says that a customer came back from the provider's page to ours, and returns how the checkout stands.
func (s *Service) CheckoutReturned(ctx context.Context, id string) (store.Checkout, error) {
	row, err := s.checkout(ctx, id)
	if err != nil || row.Status != store.CheckoutOpen || row.ProviderSession == nil {
		return row, err
	}
	customer, err := s.store.Customer(ctx, row.CustomerID)
	if err != nil {
		return row, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return row, err
	}
	if err := s.client.CheckoutNews(ctx, row.ID, message.PaymentNews{At: at, Reason: "customer_returned"}); err != nil {
		return row, err
	}
	patience, cancel := context.WithTimeout(ctx, returnPatience/2)
	defer cancel()
	looks := time.NewTicker(returnLook)
	defer looks.Stop()
	for row.Status == store.CheckoutOpen {
		select {
		case <-patience.Done():
			return row, nil
		case <-looks.C:
		}
		if row, err = s.store.Checkout(ctx, id); err != nil {
			return row, err
		}
	}
	return row, nil
}
