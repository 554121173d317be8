package service

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// mostMethods is how many payment methods a customer may have.
const mostMethods = 10

// NewPaymentMethod asks for a payment method of a customer.
type NewPaymentMethod struct {
	PaymentMethod string `json:"payment_method" doc:"The payment provider's token, or customer_balance to be asked for bank transfers." example:"pm_card_visa"`
	Position      int    `json:"position,omitempty" doc:"Its place: 1, the default, is charged, and the next ones stand in for it." minimum:"1"`
	ReturnURL     string `json:"return_url,omitempty" doc:"Where the page of a bank sends the customer back to; for iDEAL and Bancontact."`
}

// SetPaymentMethod makes the provider's token the customer's payment method in a place (from 1; 0 is the first): see
// SetMethod.
func (s *Service) SetPaymentMethod(ctx context.Context, customerID, token string, position int) (Customer, error) {
	return s.SetMethod(ctx, customerID, NewPaymentMethod{PaymentMethod: token, Position: position})
}

// SetMethod has the provider save a payment method, with a mandate where it is debited, and makes it the customer's in a place
// instead of the one that was there. Every collection under way is told and tries it at once. The first method is charged;
// the next ones stand in for those that a bank declines for good. One that waits for its customer, to be verified or
// approved, takes its place when it is; until then the one that is there stays. Setting the method that is set already
// changes nothing. A token that the provider does not take, or that cannot pay in the customer's currency, is Refused.
func (s *Service) SetMethod(ctx context.Context, customerID string, in NewPaymentMethod) (Customer, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Customer{}, err
	}
	if err := s.checkMethod(ctx, customer, &in); err != nil {
		return Customer{}, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Customer{}, err
	}
	known, err := s.store.ShownMethods(ctx, customerID)
	if err != nil {
		return Customer{}, err
	}
	for _, m := range known {
		if m.Position != in.Position && m.Status == store.MethodUsable && m.ProviderID != nil && *m.ProviderID == in.PaymentMethod {
			return Customer{}, invalid("payment_method", "%.60q is in place %d already: remove %s first", in.PaymentMethod, m.Position, m.ID)
		}
	}
	isSet := func(m store.PaymentMethod) bool {
		return m.Position == in.Position && m.ProviderToken == in.PaymentMethod && m.Status != store.MethodBlocked && m.Status != store.MethodDetached
	}
	if i := slices.IndexFunc(known, isSet); i < 0 || known[i].Status == store.MethodPending {
		wanted := newMethod(customerID, in.PaymentMethod, in.Position, at)
		if i >= 0 {
			wanted = known[i] // somebody began and was interrupted
		} else if err := s.store.AddMethod(ctx, wanted); err != nil {
			return Customer{}, err
		}
		step := message.PaymentMethodInput{MethodID: wanted.ID, Step: message.SetUpStep, At: at, ReturnURL: in.ReturnURL}
		if err := s.take(ctx, step, "payment_method"); err != nil {
			return Customer{}, err
		}
	}
	if err := s.tellCollections(ctx, customer, at); err != nil {
		return Customer{}, err
	}
	return s.Customer(ctx, customerID)
}

// checkMethod completes a request and says what is wrong with it without asking the provider.
func (s *Service) checkMethod(ctx context.Context, customer store.Customer, in *NewPaymentMethod) error {
	if err := checkToken(in.PaymentMethod); err != nil {
		return invalid("payment_method", "%s", err)
	}
	if in.ReturnURL != "" {
		if parsed, err := url.Parse(in.ReturnURL); err != nil || parsed.Host == "" || len(in.ReturnURL) > 2000 {
			return invalid("return_url", "%.60q is no address: write it as https://shop.example.com/account", in.ReturnURL)
		}
	}
	methods, err := s.store.PaymentMethods(ctx, customer.ID)
	if err != nil {
		return err
	}
	in.Position = max(in.Position, 1)
	if err := checkPosition(methods, in.Position); err != nil {
		return err
	}
	return s.checkOwner(ctx, customer.ID, in.PaymentMethod)
}

// checkOwner refuses a method that we know to be another customer's.
func (s *Service) checkOwner(ctx context.Context, customerID, token string) error {
	foreign, err := s.store.MethodOfAnother(ctx, customerID, token)
	if err == nil && foreign {
		return invalid("payment_method", "%.60q is another customer's: give one of customer %s", token, customerID)
	}
	return err
}

// take has the workflow of a payment method take a step. What was refused is an error that names the field.
func (s *Service) take(ctx context.Context, step message.PaymentMethodInput, field string) error {
	state, err := s.client.PaymentMethod(ctx, step)
	if err != nil {
		return answered(err)
	}
	if state.Refusal == "" {
		return nil
	}
	if state.Reason == "return_url_missing" {
		field = "return_url"
	}
	return &Error{
		Kind: Refused, Code: orCode(state), Message: field + ": " + state.Refusal, Fields: []Field{{Name: field, Message: state.Refusal}},
	}
}

func orCode(state message.PaymentMethodState) string {
	if state.Status == store.MethodDropped || state.Status == store.MethodBlocked {
		return state.Reason
	}
	return "verification_failed"
}

func checkPosition(methods []store.PaymentMethod, position int) error {
	if position > mostMethods {
		return invalid("position", "%d is too far back: a customer has at most %d payment methods", position, mostMethods)
	}
	last := 0
	for _, m := range methods {
		last = max(last, m.Position)
	}
	if position > last+1 {
		return invalid("position", "%d would leave a gap: the next free place is %d", position, last+1)
	}
	return nil
}

// RemovePaymentMethod stops charging one of the customer's methods, or setting it up. Removing one that was removed is
// NotFound.
func (s *Service) RemovePaymentMethod(ctx context.Context, customerID, methodID string) (Customer, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Customer{}, err
	}
	if checkID(methodID) != nil {
		return Customer{}, notFound("payment method %.60q: not found", methodID)
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Customer{}, err
	}
	retired, err := s.store.RetirePaymentMethod(ctx, customerID, methodID, at)
	if err != nil {
		return Customer{}, err
	}
	if !retired {
		return Customer{}, notFound("payment method %s of customer %s: not found", methodID, customerID)
	}
	return s.Customer(ctx, customerID)
}

// tellCollections is repeated with the request: a collection that has seen the method already finds nothing new.
func (s *Service) tellCollections(ctx context.Context, customer store.Customer, at time.Time) error {
	open, err := s.store.OpenDunning(ctx, customer.ID)
	if err != nil {
		return err
	}
	for _, dunning := range open {
		news := message.PaymentNews{At: at, Reason: "payment_method_changed"}
		if err := s.clientOf(customer).PaymentNews(ctx, dunning.InvoiceID, news); err != nil {
			return err
		}
	}
	return nil
}

func newMethod(customerID, token string, position int, at time.Time) store.PaymentMethod {
	return store.PaymentMethod{ID: "method_" + uuid.NewString(), CustomerID: customerID, ProviderToken: token, Position: position, ChangedAt: at}
}
