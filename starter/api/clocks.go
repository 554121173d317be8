package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/starter/service"
)

type newClock struct {
	Body struct {
		ID string    `json:"id" example:"year"`
		At time.Time `json:"at,omitzero" doc:"Where it stands, the present or later; the present when absent."`
	}
}

type clockMove struct {
	ByID

	Body struct {
		To time.Time `json:"to" doc:"The instant to go to."`
	}
}

type clockCustomer struct {
	ByID

	Body struct {
		Customer string `json:"customer" example:"cus_42"`
	}
}

func (a *API) addTestClocks(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "create-test-clock", Method: http.MethodPost, Path: "/v1/test-clocks", Tags: []string{"test clocks"},
		Summary: "Create a test clock", DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict},
		Description: "Customers on a test clock have a time of their own, which passes only when the clock is advanced. It needs the development server.",
	}, func(ctx context.Context, in *newClock) (service.Clock, error) {
		return a.service.CreateClock(ctx, in.Body.ID, in.Body.At)
	})
	add(a, h, huma.Operation{
		OperationID: "get-test-clock", Method: http.MethodGet, Path: "/v1/test-clocks/{id}", Tags: []string{"test clocks"},
		Summary: "Show a test clock and what is due on it next", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Clock, error) {
		return a.service.Clock(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "attach-test-clock", Method: http.MethodPost, Path: "/v1/test-clocks/{id}/customers", Tags: []string{"test clocks"},
		Summary: "Give a customer who has nothing yet the time of a test clock", DefaultStatus: http.StatusOK,
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, func(ctx context.Context, in *clockCustomer) (service.Clock, error) {
		return a.service.AttachClock(ctx, in.ID, in.Body.Customer)
	})
	add(a, h, huma.Operation{
		OperationID: "advance-test-clock", Method: http.MethodPost, Path: "/v1/test-clocks/{id}/advance", Tags: []string{"test clocks"},
		Summary: "Let time pass for everybody on a test clock", DefaultStatus: http.StatusOK,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
		Description: "Renewals, collections, invoice runs and tax returns that fall due on the way really happen, in order. It answers when the clock is " +
			"there, or after a minute with 503: repeat the request then to let it go on.",
	}, func(ctx context.Context, in *clockMove) (service.Clock, error) {
		return a.service.AdvanceClock(ctx, in.ID, in.Body.To, nil)
	})
}
