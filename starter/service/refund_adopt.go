package service

import (
	"context"
	"errors"
	"net/http"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Adoption says what a refund that was made without us pays out.
type Adoption struct {
	Goodwill bool   `json:"goodwill,omitempty" doc:"It paid out no credit of the customer's: it is taken from revenue, and the tax stays as it is."`
	Reason   string `json:"reason,omitempty" doc:"Why, for the record; required with goodwill." example:"refunded on the provider's pages"`
}

// AdoptRefund takes over a refund of one of our payments that was made on the provider's pages: it is recorded and booked
// as one of ours, under the provider's id. No money moves. Repeating it changes nothing.
func (s *Service) AdoptRefund(ctx context.Context, providerRefund string, in Adoption) (store.Refund, error) {
	if checkID(providerRefund) != nil {
		return store.Refund{}, notFound("refund %.60q: not found at the provider", providerRefund)
	}
	read, err := s.stripe.Refunds.Get(providerRefund, &stripe.RefundParams{Params: stripe.Params{Context: ctx}})
	if refusal, ok := errors.AsType[*stripe.Error](err); ok && refusal.HTTPStatusCode == http.StatusNotFound {
		return store.Refund{}, notFound("refund %.60q: not found at the provider", providerRefund)
	}
	if err != nil {
		return store.Refund{}, err
	}
	if row, err := s.store.RefundByProviderID(ctx, read.ID); err == nil {
		return s.sameAdoption(row, in)
	} else if !errors.Is(err, store.ErrNotFound) {
		return store.Refund{}, err
	}
	if id := read.Metadata["refund"]; id != "" {
		return store.Refund{}, refused("refund_is_ours", "refund %s was made for our refund %.60q: reconcile records it", read.ID, id)
	}
	request, err := s.adoption(ctx, read, in)
	if err != nil {
		return store.Refund{}, err
	}
	if _, err := s.client.Refund(ctx, request); err != nil {
		return store.Refund{}, answered(err)
	}
	return s.store.Refund(ctx, request.RefundID)
}

func (s *Service) sameAdoption(row store.Refund, in Adoption) (store.Refund, error) {
	if row.ID != *row.ProviderRefund {
		return store.Refund{}, refused("refund_is_ours", "refund %s is our refund %s already", *row.ProviderRefund, row.ID)
	}
	if row.Goodwill != in.Goodwill {
		return store.Refund{}, conflict("refund_is_adopted", "refund %s was taken over with goodwill %t", row.ID, row.Goodwill)
	}
	return row, nil
}

// adoption is what the refund would have been asked for with.
func (s *Service) adoption(ctx context.Context, read *stripe.Refund, in Adoption) (message.RefundInput, error) {
	if in.Reason != "" {
		if err := checkText(in.Reason, longestReason); err != nil {
			return message.RefundInput{}, invalid("reason", "%s", err)
		}
	} else if in.Goodwill {
		return message.RefundInput{}, invalid("reason", "is required for a refund out of goodwill, which corrects no invoice")
	}
	if read.Charge == nil {
		return message.RefundInput{}, refused("refund_of_no_payment", "refund %s is of no charge", read.ID)
	}
	payment, err := s.store.PaymentByCharge(ctx, read.Charge.ID)
	if errors.Is(err, store.ErrNotFound) {
		return message.RefundInput{}, refused("refund_of_no_payment", "refund %s is of charge %s, which is no payment of ours", read.ID, read.Charge.ID)
	}
	if err != nil {
		return message.RefundInput{}, err
	}
	amount, err := stripeunit.Amount(read.Amount, payment.Currency)
	if err != nil {
		return message.RefundInput{}, err
	}
	listed, err := s.store.ListedPayment(ctx, payment.ID)
	if err != nil {
		return message.RefundInput{}, err
	}
	customer, err := s.store.Customer(ctx, listed.CustomerID)
	if err != nil {
		return message.RefundInput{}, err
	}
	at, err := s.now(ctx, customer)
	return message.RefundInput{
		RefundID: read.ID, PaymentID: payment.ID, Amount: money.New(amount.Minor, payment.Currency), Goodwill: in.Goodwill, Reason: in.Reason,
		At: at, ProviderRefund: read.ID,
	}, err
}
