package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/starter/service"
)

type priceQuestion struct {
	ByID

	Version  int    `query:"version" doc:"The newest when absent."`
	Currency string `query:"currency" doc:"What the customer wants to pay in; one is proposed when absent." example:"JPY"`
	Country  string `query:"country" doc:"To propose its currency." example:"JP"`
	Customer string `query:"customer" doc:"Who asks: the day and, without a country, the currency are this customer's."`
}

type planMigration struct {
	ByID

	Body service.Migration
}

func (a *API) addPlans(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "migrate-plan", Method: http.MethodPost, Path: "/v1/plans/{id}/migrations", Tags: []string{"plans"},
		Summary:     "Move subscriptions to another version of a plan, a page at a time",
		Errors:      []int{http.StatusConflict, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		Description: "Each subscription is moved once and its customer told once, however often the request is repeated. Pass next as after to go on.",
	}, func(ctx context.Context, in *planMigration) (service.Page[service.MigratedSubscription], error) {
		in.Body.Plan = in.ID
		return a.service.Migrate(ctx, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "get-plan-price", Method: http.MethodGet, Path: "/v1/plans/{id}/price", Tags: []string{"plans"},
		Summary: "Show what a plan costs in a currency or country", Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
		Description: "Without tax. A price that the catalogue does not have is converted and comes with a quote: " +
			"a subscription that is created with it before it ends has this price for its life.",
	}, func(ctx context.Context, in *priceQuestion) (service.PlanPrice, error) {
		return a.service.Price(ctx, service.PriceQuestion{
			Plan: in.ID, PlanVersion: in.Version, Currency: in.Currency, Country: in.Country, Customer: in.Customer,
		})
	})
}
