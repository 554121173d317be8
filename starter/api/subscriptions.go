package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

type newSubscription struct{ Body service.NewSubscription }

type subscriptionList struct {
	Paging

	Entity   string `query:"entity" doc:"Of this legal entity only."`
	Customer string `query:"customer" doc:"Of this customer only."`
}

// Commanded is what all commands to a subscription share.
type Commanded struct {
	ByID

	Key string `header:"Idempotency-Key" doc:"Makes repeating the request safe. Without it every request is a new command." example:"8e03978e"`
}

type change struct {
	Commanded

	Body service.Change
}

type cancellation struct {
	Commanded

	Body *service.Cancel
}

type pause struct {
	Commanded

	Body *service.Asked
}

func (p *pause) asked() service.Asked {
	var asked service.Asked
	if p.Body != nil {
		asked = *p.Body
	}
	asked.CommandID = p.Key
	return asked
}

func (a *API) addSubscriptions(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "subscribe", Method: http.MethodPost, Path: "/v1/subscriptions", Tags: []string{"subscriptions"},
		Summary: "Start a subscription and answer with its first invoice", DefaultStatus: http.StatusCreated,
		Errors:      []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		Description: "Repeating it with the same content answers the same.",
	}, func(ctx context.Context, in *newSubscription) (service.Subscription, error) {
		return a.service.Subscribe(ctx, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "list-subscriptions", Method: http.MethodGet, Path: "/v1/subscriptions", Tags: []string{"subscriptions"},
		Summary: "List subscriptions by id",
	}, func(ctx context.Context, in *subscriptionList) (service.Page[store.Subscription], error) {
		return a.service.Subscriptions(ctx, in.Entity, in.Customer, in.After, in.Limit)
	})
	add(a, h, huma.Operation{
		OperationID: "get-subscription", Method: http.MethodGet, Path: "/v1/subscriptions/{id}", Tags: []string{"subscriptions"},
		Summary: "Show a subscription", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (store.Subscription, error) {
		return a.service.Subscription(ctx, in.ID)
	})
	a.addCommands(h)
}

func (a *API) addCommands(h huma.API) {
	add(a, h, command("change", "Change plan or seats, now or at the period's end"),
		func(ctx context.Context, in *change) (service.CommandResult, error) {
			in.Body.CommandID = in.Key
			return a.service.Change(ctx, in.ID, in.Body)
		})
	add(a, h, command("cancel", "Cancel, now or at the period's end"),
		func(ctx context.Context, in *cancellation) (service.CommandResult, error) {
			var body service.Cancel
			if in.Body != nil {
				body = *in.Body
			}
			body.CommandID = in.Key
			return a.service.Cancel(ctx, in.ID, body)
		})
	add(a, h, command("pause", "Stop billing until it is resumed"),
		func(ctx context.Context, in *pause) (service.CommandResult, error) {
			return a.service.Pause(ctx, in.ID, in.asked())
		})
	add(a, h, command("resume", "Begin a new billing period after a pause"),
		func(ctx context.Context, in *pause) (service.CommandResult, error) {
			return a.service.Resume(ctx, in.ID, in.asked())
		})
}

func command(name, summary string) huma.Operation {
	return huma.Operation{
		OperationID: name + "-subscription", Method: http.MethodPost, Path: "/v1/subscriptions/{id}/" + name, Tags: []string{"subscriptions"},
		Summary: summary,
		Errors:  []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}
}
