package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/starter/service"
)

type newUsage struct{ Body service.UsageBatch }

type usageQuery struct {
	Customer string    `query:"customer" required:"true"`
	From     time.Time `query:"from" required:"true" doc:"The first instant."`
	To       time.Time `query:"to" required:"true" doc:"The first instant after."`
}

func (a *API) addUsage(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "add-usage", Method: http.MethodPost, Path: "/v1/usage", Tags: []string{"usage"}, Summary: "Store metered events",
		Description: "All events are stored, or none if one is wrong. An event that was stored before is not counted again.",
	}, func(ctx context.Context, in *newUsage) (service.UsageResult, error) {
		return a.service.AddUsage(ctx, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "get-usage", Method: http.MethodGet, Path: "/v1/usage", Tags: []string{"usage"}, Summary: "Sum a customer's usage per meter",
	}, func(ctx context.Context, in *usageQuery) (service.Usage, error) {
		return a.service.Usage(ctx, in.Customer, in.From, in.To)
	})
}
