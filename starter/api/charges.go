package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/workflows/message"
)

type chargeList struct {
	ByID
	Paging
}

type chargeByID struct {
	Commanded

	Charge string `path:"charge" doc:"The charge's id." example:"set-up"`
}

func (a *API) addCharges(h huma.API) {
	charge := func(in *requiredOrder[service.Charge]) service.Order {
		in.Body.CommandID = in.Key
		return in.Body
	}
	create := command("charge", "Put a one-off charge or an adjustment on the next invoice, or on one of its own")
	create.OperationID, create.Path = "add-charge", "/v1/subscriptions/{id}/charges"
	create.Description = "Repeating it under the charge's id answers the same."
	add(a, h, create, func(ctx context.Context, in *requiredOrder[service.Charge]) (service.CommandResult, error) {
		return a.service.CarryOut(ctx, in.ID, charge(in))
	})
	add(a, h, preview("charge"), func(ctx context.Context, in *requiredOrder[service.Charge]) (message.Preview, error) {
		return a.service.Preview(ctx, in.ID, charge(in))
	})
	add(a, h, huma.Operation{
		OperationID: "list-charges", Method: http.MethodGet, Path: "/v1/subscriptions/{id}/charges", Tags: []string{"subscriptions"},
		Summary: "List one-off charges and adjustments: waiting, on an invoice, or canceled", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *chargeList) (service.Page[store.Item], error) {
		return a.service.Charges(ctx, in.ID, in.After, in.Limit)
	})
	remove := command("cancel-charge", "Cancel a charge that no invoice has billed")
	remove.OperationID, remove.Method, remove.Path = "cancel-charge", http.MethodDelete, "/v1/subscriptions/{id}/charges/{charge}"
	add(a, h, remove, func(ctx context.Context, in *chargeByID) (service.CommandResult, error) {
		return a.service.CarryOut(ctx, in.ID, service.CancelCharge{Asked: service.Asked{CommandID: in.Key}, ID: in.Charge})
	})
}
