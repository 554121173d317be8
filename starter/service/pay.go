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
	// Ways are the kinds of payment method that can be given here, and are charged from then on; Once are those with which
	// customers of the country pay such an amount and that cannot. By name; the provider's page offers what the seller has of them.
	Ways, Once []string
	// ByTransfer says that the customer can pay by bank transfer. Where to, Transfer says while one is waited for.
	ByTransfer bool
	Transfer   *Transfer
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
	methods, err := s.store.PaymentMethods(ctx, invoice.PayerID)
	if err != nil {
		return Payable{}, err
	}
	charged := func(m store.PaymentMethod) bool {
		return m.Status == store.MethodUsable && m.Kind != paymethod.KindTransfer
	}
	if at := slices.IndexFunc(methods, charged); at >= 0 {
		shown.HasMethod, shown.Method = true, cmp.Or(methods[at].Network, methods[at].Kind)
	}
	if err := s.otherWays(ctx, &shown); err != nil {
		return Payable{}, err
	}
	if shown.Last, err = s.lastPayment(ctx, invoice.ID); err != nil {
		return Payable{}, err
	}
	shown.Transfer, err = s.transferOf(ctx, invoice, shown.Last)
	return shown, err
}

// mostWays keeps the page readable.
const mostWays = 8

// otherWays says how an invoice can be paid but with the method on file.
func (s *Service) otherWays(ctx context.Context, shown *Payable) error {
	customer, err := s.store.Customer(ctx, shown.Invoice.PayerID)
	if err != nil {
		return err
	}
	entity, err := s.store.Entity(ctx, customer.EntityID)
	if err != nil {
		return err
	}
	choice := paymethod.Choice{Mode: paymethod.ByTable}
	if entity.MethodChoice != nil {
		choice.Without = entity.MethodChoice.Without
	}
	kept := choice.Kinds(customer.Country, shown.Invoice.Owed(), paymethod.Recurring)
	for _, kind := range kept {
		shown.Ways = append(shown.Ways, kindName(kind))
	}
	for _, kind := range choice.Kinds(customer.Country, shown.Invoice.Owed(), paymethod.Once) {
		switch {
		case kind == paymethod.KindTransfer:
		case !slices.Contains(kept, kind):
			shown.Once = append(shown.Once, kindName(kind))
		}
	}
	_, hasRoute := paymethod.RouteOf(shown.Invoice.Currency, customer.Country)
	shown.ByTransfer = hasRoute && !slices.Contains(choice.Without, paymethod.KindTransfer)
	shown.Ways, shown.Once = shown.Ways[:min(len(shown.Ways), mostWays)], shown.Once[:min(len(shown.Once), mostWays)]
	return nil
}

func kindName(kind string) string {
	known, _ := paymethod.Lookup(kind)
	return known.Name
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
	if err != nil {
		return "", err
	}
	status, err := s.collectNow(ctx, invoice, message.PayNow{})
	if err != nil || status != message.RequiresAction {
		return "", err
	}
	return s.bankPage(ctx, invoice.ID)
}

// collectNow has the next attempt to collect an invoice made at once.
func (s *Service) collectNow(ctx context.Context, invoice store.Invoice, how message.PayNow) (message.PaymentStatus, error) {
	if invoice.Status == "paid" {
		return message.Paid, nil
	}
	if err := s.beingCollected(ctx, invoice); err != nil {
		return "", err
	}
	customer, err := s.store.Customer(ctx, invoice.PayerID)
	if err != nil {
		return "", err
	}
	if how.At, err = s.now(ctx, customer); err != nil {
		return "", err
	}
	how.Pages = s.payPages()
	status, err := s.clientOf(customer).PayNow(ctx, invoice.ID, how)
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return "", refused("collection_not_running", "invoice %s is not being collected at the moment: ask again", invoice.ID)
	}
	if err != nil {
		return "", answered(err)
	}
	return status, nil
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

// PayAnotherWay returns the address of a page of the provider's on which the invoice behind a link is paid with a method that
// becomes the customer's: the one on file does not work. One that is open already is used again.
func (s *Service) PayAnotherWay(ctx context.Context, key string) (string, error) {
	return s.payOnPage(ctx, key, true)
}

// PayOnce returns the address of a page of the provider's on which the invoice behind a link is paid in any way, also in one
// that cannot be charged again, and the customer's methods stay as they are.
func (s *Service) PayOnce(ctx context.Context, key string) (string, error) {
	return s.payOnPage(ctx, key, false)
}

func (s *Service) payOnPage(ctx context.Context, key string, save bool) (string, error) {
	invoice, err := s.InvoiceByPageKey(ctx, key)
	if err != nil || invoice.Status == "paid" {
		return "", err
	}
	open, err := s.store.Checkouts(ctx, store.CheckoutFilter{InvoiceID: invoice.ID, Status: store.CheckoutOpen, Limit: 1})
	if err != nil {
		return "", err
	}
	if len(open) > 0 && open[0].SaveMethod == save {
		if found, err := s.open(ctx, open[0]); err != nil || found.URL != "" {
			return found.URL, err
		}
	}
	made, err := s.CreateCheckout(ctx, NewCheckout{Invoice: invoice.ID, SaveMethod: save})
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
	customer, err := s.store.Customer(ctx, invoice.PayerID)
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
