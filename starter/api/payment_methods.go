package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/starter/service"
)

type methodOffer struct {
	Country  string `query:"country" required:"true" doc:"ISO 3166-1 alpha-2, of the customer." example:"DE"`
	Currency string `query:"currency" required:"true" doc:"ISO 4217." example:"EUR"`
	Use      string `query:"use" doc:"recurring, the default: charged again without the customer; or once."`
}

type verification struct {
	ByID

	Body service.Verification
}

func (a *API) addPaymentMethods(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "list-payment-methods", Method: http.MethodGet, Path: "/v1/customers/{id}/payment-methods", Tags: []string{"customers"},
		Summary: "List a customer's payment methods in the order in which they are charged", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Page[service.PaymentMethod], error) {
		return a.service.PaymentMethods(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "verify-payment-method", Method: http.MethodPost, Path: "/v1/payment-methods/{id}/verify", Tags: []string{"customers"},
		Summary: "Prove that a bank account is the customer's by what arrived on it", DefaultStatus: http.StatusOK,
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		Description: "Give the two amounts or the code. A wrong answer is refused and says how many are left; after too many the method is " +
			"dropped and has to be set anew. Repeating an answer does not use up another.",
	}, func(ctx context.Context, in *verification) (service.PaymentMethod, error) {
		return a.service.VerifyPaymentMethod(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "offer-payment-methods", Method: http.MethodGet, Path: "/v1/payment-methods/offer", Tags: []string{"customers"},
		Summary: "List the kinds of payment method that suit a market, the best first",
	}, func(_ context.Context, in *methodOffer) (service.Page[paymethod.Method], error) {
		return a.service.OfferedMethods(service.OfferQuery{Country: in.Country, Currency: in.Currency, Use: in.Use})
	})
}
