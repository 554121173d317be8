package service

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// PaymentMethod is a customer's payment method.
type PaymentMethod struct {
	store.PaymentMethod
	// ActionURL is where the customer approves or verifies it. It is asked of the provider each time and kept nowhere.
	ActionURL string `json:"action_url,omitempty" doc:"Where the customer approves or verifies it, while it waits for that."`
}

// PaymentMethods lists a customer's payment methods in the order in which they are charged, with those being set up.
func (s *Service) PaymentMethods(ctx context.Context, customerID string) (Page[PaymentMethod], error) {
	if _, err := s.customer(ctx, customerID); err != nil {
		return Page[PaymentMethod]{}, err
	}
	rows, err := s.store.ShownMethods(ctx, customerID)
	if err != nil {
		return Page[PaymentMethod]{}, err
	}
	shown := Page[PaymentMethod]{Data: make([]PaymentMethod, len(rows))}
	for i, row := range rows {
		shown.Data[i].PaymentMethod = row
		if row.Status == store.MethodVerifying && row.SetupIntent != nil && s.stripe != nil {
			if shown.Data[i].ActionURL, err = s.actionURL(ctx, *row.SetupIntent); err != nil {
				return Page[PaymentMethod]{}, err
			}
		}
	}
	return shown, nil
}

func (s *Service) actionURL(ctx context.Context, setupIntent string) (string, error) {
	intent, err := s.stripe.SetupIntents.Get(setupIntent, &stripe.SetupIntentParams{Params: stripe.Params{Context: ctx}})
	if err != nil {
		return "", fmt.Errorf("ask how setup intent %s stands: %w", setupIntent, err)
	}
	switch next := intent.NextAction; {
	case next == nil:
	case next.RedirectToURL != nil:
		return next.RedirectToURL.URL, nil
	case next.VerifyWithMicrodeposits != nil:
		return next.VerifyWithMicrodeposits.HostedVerificationURL, nil
	}
	return "", nil
}

// Verification is what a customer found on the bank account that is to be verified: two amounts, or a code.
type Verification struct {
	Amounts []int64 `json:"amounts,omitempty" doc:"The two small amounts, in minor units." example:"[32,45]"`
	Code    string  `json:"code,omitempty" doc:"The six-letter code of a single deposit." example:"SM11AA"`
}

var descriptorPattern = regexp.MustCompile(`^[A-Z0-9]{6}$`)

// VerifyPaymentMethod proves that a bank account is the customer's. A wrong answer is Refused, and says how many are left;
// after too many the method is dropped and has to be set anew.
func (s *Service) VerifyPaymentMethod(ctx context.Context, methodID string, in Verification) (PaymentMethod, error) {
	row, err := s.paymentMethod(ctx, methodID)
	if err != nil {
		return PaymentMethod{}, err
	}
	if err := in.check(); err != nil {
		return PaymentMethod{}, err
	}
	if row.Status == store.MethodUsable {
		return PaymentMethod{PaymentMethod: row}, nil
	}
	if row.Status != store.MethodVerifying {
		return PaymentMethod{}, refused("not_verifying", "payment method %s is %s and does not wait for verification", row.ID, row.Status)
	}
	customer, err := s.store.Customer(ctx, row.CustomerID)
	if err != nil {
		return PaymentMethod{}, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return PaymentMethod{}, err
	}
	field := "amounts"
	if in.Code != "" {
		field = "code"
	}
	step := message.PaymentMethodInput{MethodID: row.ID, Step: message.VerifyStep, At: at, Amounts: in.Amounts, Code: in.Code}
	if err := s.take(ctx, step, field); err != nil {
		return PaymentMethod{}, err
	}
	if err := s.tellCollections(ctx, customer, at); err != nil {
		return PaymentMethod{}, err
	}
	row, err = s.store.PaymentMethodByID(ctx, row.ID)
	return PaymentMethod{PaymentMethod: row}, err
}

func (v Verification) check() error {
	switch {
	case (len(v.Amounts) == 0) == (v.Code == ""):
		return invalid("amounts", "give either the two amounts or the code that arrived on the account")
	case v.Code != "" && !descriptorPattern.MatchString(v.Code):
		return invalid("code", "%.60q is not a code such as SM11AA", v.Code)
	case v.Code == "" && len(v.Amounts) != 2:
		return invalid("amounts", "there are %d: give the two that arrived on the account", len(v.Amounts))
	}
	for _, amount := range v.Amounts {
		if amount < 1 || amount > 99 {
			return invalid("amounts", "%d is not one of them: they are from 1 to 99 minor units", amount)
		}
	}
	return nil
}

func (s *Service) paymentMethod(ctx context.Context, id string) (store.PaymentMethod, error) {
	if checkID(id) != nil {
		return store.PaymentMethod{}, notFound("payment method %.60q: not found", id)
	}
	row, err := s.store.PaymentMethodByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return row, notFound("payment method %s: not found", id)
	}
	return row, err
}

// OfferQuery asks which kinds of payment method suit a customer.
type OfferQuery struct {
	Country, Currency, Use string
}

// OfferedMethods lists the kinds of payment method that suit a country, a currency and a use, the best first.
func (s *Service) OfferedMethods(q OfferQuery) (Page[paymethod.Method], error) {
	var p problems
	country := strings.ToUpper(q.Country)
	p.check("country", checkCountry(country, calendar.Zone{}.DateOf(s.wallNow())))
	currency, err := money.ParseCurrency(q.Currency)
	p.check("currency", err)
	use, err := paymethod.ParseUse(q.Use)
	p.check("use", err)
	if err := p.err(); err != nil {
		return Page[paymethod.Method]{}, err
	}
	return page(paymethod.Offer(country, currency, use), mostOffered, func(m paymethod.Method) string { return m.Kind }), nil
}

// mostOffered is more than there are kinds.
const mostOffered = 1000
