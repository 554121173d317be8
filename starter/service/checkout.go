package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// checkoutLife is how long a page is open: as long as Stripe keeps one.
const checkoutLife = 24 * time.Hour

// NewCheckout asks for a page of the provider's on which a customer does one of three things: pays an invoice, saves a
// payment method, or starts a subscription.
type NewCheckout struct {
	ID           string           `json:"id,omitempty" doc:"Your id: it makes repeating the request safe." example:"chk_42"`
	Invoice      string           `json:"invoice,omitempty" doc:"Pay this invoice."`
	Customer     string           `json:"customer,omitempty" doc:"Save a payment method of this customer's, with setup."`
	Setup        bool             `json:"setup,omitempty" doc:"Save a payment method and pay nothing."`
	Subscription *NewSubscription `json:"subscription,omitempty" doc:"Start this subscription. It ends if the page does and nobody paid."`
	SaveMethod   bool             `json:"save_method,omitempty" doc:"The method that pays the invoice becomes the customer's. Without an invoice it always does."`
	Position     int              `json:"position,omitempty" doc:"The place of the saved method: 1, the default, is charged first. What was there is replaced."`
	SuccessURL   string           `json:"success_url,omitempty" doc:"Where the customer goes on; our own page when absent." example:"https://shop.example/done"`
	CancelURL    string           `json:"cancel_url,omitempty" doc:"Where the customer goes back; our own page when absent." example:"https://shop.example/cart"`
}

// Checkout is a checkout with the address of its page while that is open.
type Checkout struct {
	store.Checkout

	URL string `json:"url,omitempty" doc:"The page, while it is open. Who has the address can pay."`
}

// WithPages returns a service that knows where customers reach our own pages.
func (s *Service) WithPages(publicURL string) *Service {
	with := *s
	with.publicURL = strings.TrimSuffix(publicURL, "/")
	return &with
}

// CreateCheckout makes a page and answers with its address. Repeating it with the same id answers how the checkout stands;
// something else under a known id is a Conflict.
func (s *Service) CreateCheckout(ctx context.Context, in NewCheckout) (Checkout, error) {
	if err := s.checkCheckout(in); err != nil {
		return Checkout{}, err
	}
	if in.Subscription != nil {
		return s.startWithCheckout(ctx, in)
	}
	wanted, err := s.wantedCheckout(ctx, in)
	if err != nil {
		return Checkout{}, err
	}
	row, known, err := s.knownCheckout(ctx, wanted)
	if err != nil {
		return Checkout{}, err
	}
	if !known {
		if err := s.payable(ctx, wanted); err != nil {
			return Checkout{}, err
		}
		if err := s.store.AddCheckout(ctx, wanted); err != nil && !errors.Is(err, store.ErrExists) {
			return Checkout{}, err
		}
		row = wanted
	}
	return s.open(ctx, row)
}

// checkCheckout says everything that is wrong with a request by itself.
func (s *Service) checkCheckout(in NewCheckout) error {
	var p problems
	if in.ID != "" {
		p.check("id", checkID(in.ID))
	}
	asked := 0
	for _, what := range []bool{in.Invoice != "", in.Setup, in.Subscription != nil} {
		if what {
			asked++
		}
	}
	switch {
	case asked != 1:
		p.add("invoice", "a checkout is for one of three things: an invoice to pay, setup to save a method, or a subscription to start")
	case in.Setup && in.Customer == "":
		p.add("customer", "is required with setup: whose payment method is saved?")
	case !in.Setup && in.Customer != "":
		p.add("customer", "goes with setup: the invoice, or the subscription, says whose it is")
	}
	if in.Position < 0 || in.Position > mostMethods {
		p.add("position", "%d is no place: a customer has at most %d payment methods, counted from 1", in.Position, mostMethods)
	}
	if in.Position > 0 && in.Invoice != "" && !in.SaveMethod {
		p.add("position", "is the place of a method that is saved: ask for that with save_method")
	}
	for name, address := range map[string]string{"success_url": in.SuccessURL, "cancel_url": in.CancelURL} {
		if address != "" {
			p.check(name, checkAddress(address))
		}
	}
	slices.SortFunc(p, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	return p.err()
}

const longestAddress = 2000

// checkAddress wants an absolute address that a browser can go to.
func checkAddress(text string) error {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || len(text) > longestAddress {
		return fmt.Errorf("%.60q is no address: write it as https://shop.example/done", text)
	}
	return nil
}

// wantedCheckout completes a request about an invoice or a method.
func (s *Service) wantedCheckout(ctx context.Context, in NewCheckout) (store.Checkout, error) {
	wanted := newCheckout(in)
	if in.Invoice != "" {
		invoice, err := s.invoiceOfRequest(ctx, in.Invoice)
		if err != nil {
			return wanted, err
		}
		wanted.Purpose, wanted.InvoiceID, wanted.CustomerID, wanted.SaveMethod = store.CheckoutPayment, &invoice.ID, invoice.PayerID, in.SaveMethod
		wanted.SuccessURL = cmp.Or(in.SuccessURL, s.payPage(invoice)+"/return")
		wanted.CancelURL = cmp.Or(in.CancelURL, s.payPage(invoice))
	} else {
		wanted.CustomerID = in.Customer
		s.setCheckoutPages(&wanted)
	}
	return wanted, s.dateCheckout(ctx, &wanted)
}

func newCheckout(in NewCheckout) store.Checkout {
	return store.Checkout{
		ID: cmp.Or(in.ID, "chk_"+uuid.NewString()), Purpose: store.CheckoutSetup, SaveMethod: true, Position: max(in.Position, 1),
		SuccessURL: in.SuccessURL, CancelURL: in.CancelURL, Status: store.CheckoutOpen,
	}
}

// setCheckoutPages completes the addresses of a checkout that has no page of an invoice's to go back to.
func (s *Service) setCheckoutPages(wanted *store.Checkout) {
	ours := s.publicURL + "/checkout/" + wanted.ID
	wanted.SuccessURL, wanted.CancelURL = cmp.Or(wanted.SuccessURL, ours), cmp.Or(wanted.CancelURL, ours)
}

func (s *Service) dateCheckout(ctx context.Context, wanted *store.Checkout) error {
	customer, err := s.customerOf(ctx, wanted.CustomerID)
	if err != nil {
		return err
	}
	wanted.CreatedAt, err = s.now(ctx, customer)
	wanted.ExpiresAt = wanted.CreatedAt.Add(checkoutLife)
	return err
}

func (s *Service) invoiceOfRequest(ctx context.Context, id string) (store.Invoice, error) {
	if checkID(id) != nil {
		return store.Invoice{}, invalid("invoice", "invoice %.60q: not found", id)
	}
	invoice, err := s.store.Invoice(ctx, id)
	return invoice, inRequest("invoice", named(err))
}

// payPage is the address of our page on which an invoice is paid.
func (s *Service) payPage(invoice store.Invoice) string { return s.payPages() + invoice.PageKey }

func (s *Service) payPages() string { return s.publicURL + "/pay/" }

// knownCheckout finds a checkout that was asked for before.
func (s *Service) knownCheckout(ctx context.Context, wanted store.Checkout) (row store.Checkout, known bool, err error) {
	row, err = s.store.Checkout(ctx, wanted.ID)
	if errors.Is(err, store.ErrNotFound) {
		return row, false, nil
	}
	if err == nil && !sameCheckout(row, wanted) {
		err = conflict("checkout_exists", "checkout %s exists and is for something else: choose another id", wanted.ID)
	}
	return row, true, err
}

func sameCheckout(a, b store.Checkout) bool {
	same := func(x, y *string) bool { return (x == nil) == (y == nil) && (x == nil || *x == *y) }
	return a.CustomerID == b.CustomerID && same(a.SubscriptionID, b.SubscriptionID) && (a.SubscriptionID != nil || same(a.InvoiceID, b.InvoiceID)) &&
		a.SaveMethod == b.SaveMethod && a.Position == b.Position && a.SuccessURL == b.SuccessURL && a.CancelURL == b.CancelURL
}

// payable refuses a page for an invoice on which nothing can be paid now, before anything is written.
func (s *Service) payable(ctx context.Context, wanted store.Checkout) error {
	if wanted.InvoiceID == nil {
		return nil
	}
	invoice, err := s.store.Invoice(ctx, *wanted.InvoiceID)
	if err != nil {
		return err
	}
	return s.beingCollected(ctx, invoice)
}

// beingCollected refuses to take a payment of an invoice that is settled, or that is not in dunning: its first attempt may be
// under way.
func (s *Service) beingCollected(ctx context.Context, invoice store.Invoice) error {
	if invoice.Status != "open" {
		return refused("invoice_not_open", "nothing is to be paid on invoice %s, which is %s", invoice.ID, invoice.Status)
	}
	dunning, err := s.store.Dunning(ctx, invoice.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err != nil || dunning.EndedAt != nil {
		return refused("collection_not_running", "invoice %s is being charged for the first time: ask again in a moment", invoice.ID)
	}
	return nil
}

// open has the page made, unless the checkout has ended, and reads its address.
func (s *Service) open(ctx context.Context, row store.Checkout) (Checkout, error) {
	if row.Status == store.CheckoutOpen {
		customer, err := s.store.Customer(ctx, row.CustomerID)
		if err != nil {
			return Checkout{}, err
		}
		at, err := s.now(ctx, customer)
		if err != nil {
			return Checkout{}, err
		}
		if _, err := s.client.OpenCheckout(ctx, checkoutInput(row), at); err != nil {
			return Checkout{}, answered(err)
		}
	}
	return s.Checkout(ctx, row.ID)
}

func checkoutInput(row store.Checkout) message.CheckoutInput {
	in := message.CheckoutInput{CheckoutID: row.ID, ExpiresAt: row.ExpiresAt}
	if row.SubscriptionID != nil {
		in.SubscriptionID = *row.SubscriptionID
	}
	return in
}
