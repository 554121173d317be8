package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

type newCheckout struct{ Body service.NewCheckout }

type checkoutList struct {
	Paging

	Customer string `query:"customer" doc:"Of this customer only."`
	Invoice  string `query:"invoice" doc:"Of this invoice only."`
	Status   string `query:"status" doc:"open, complete or expired."`
}

type newPortal struct {
	ByID

	Body *service.NewPortal
}

func (a *API) addCheckouts(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "create-checkout", Method: http.MethodPost, Path: "/v1/checkouts", Tags: []string{"checkouts"},
		Summary: "Make a page on which a customer pays an invoice, saves a payment method or starts a subscription", DefaultStatus: http.StatusCreated,
		Errors: []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		Description: "Repeating it with the same id answers how the checkout stands. While the page of an invoice is open, the invoice is not charged " +
			"in another way; another attempt, or another page, closes it first. A subscription that is started so is recorded at once and ends, " +
			"with reason checkout_expired and its invoice credited, if the page closes and nobody paid.",
	}, func(ctx context.Context, in *newCheckout) (service.Checkout, error) {
		return a.service.CreateCheckout(ctx, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "list-checkouts", Method: http.MethodGet, Path: "/v1/checkouts", Tags: []string{"checkouts"}, Summary: "List checkouts, first to last",
	}, func(ctx context.Context, in *checkoutList) (service.Page[store.Checkout], error) {
		return a.service.Checkouts(ctx, service.CheckoutQuery{
			Customer: in.Customer, Invoice: in.Invoice, Status: in.Status, After: in.After, Limit: in.Limit,
		})
	})
	add(a, h, huma.Operation{
		OperationID: "get-checkout", Method: http.MethodGet, Path: "/v1/checkouts/{id}", Tags: []string{"checkouts"},
		Summary: "Show a checkout, with the address of its page while that is open", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Checkout, error) {
		return a.service.Checkout(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "expire-checkout", Method: http.MethodPost, Path: "/v1/checkouts/{id}/expire", Tags: []string{"checkouts"},
		Summary: "Close the page of a checkout", Errors: []int{http.StatusNotFound, http.StatusServiceUnavailable},
		Description: "One that has ended stays as it ended, which is the answer: the customer may have been faster.",
	}, func(ctx context.Context, in *ByID) (service.Checkout, error) {
		return a.service.ExpireCheckout(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "create-portal-session", Method: http.MethodPost, Path: "/v1/customers/{id}/portal-session", Tags: []string{"customers"},
		Summary: "Make a link to the provider's portal, where the customer manages payment methods", DefaultStatus: http.StatusCreated,
		Errors:      []int{http.StatusNotFound, http.StatusUnprocessableEntity},
		Description: "The method that the customer chooses there becomes the one that is charged first.",
	}, func(ctx context.Context, in *newPortal) (service.Portal, error) {
		var body service.NewPortal
		if in.Body != nil {
			body = *in.Body
		}
		return a.service.Portal(ctx, in.ID, body)
	})
}
