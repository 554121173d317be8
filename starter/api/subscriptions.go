package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/workflows/message"
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

// orderOf is a request for a command; what it says is optional where everything in it is.
type orderOf[T any] struct {
	Commanded

	Body *T
}

type requiredOrder[T any] struct {
	Commanded

	Body T
}

type newBillingGroup struct {
	ByID

	Body service.BillingGroup
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
		OperationID: "set-billing-group", Method: http.MethodPut, Path: "/v1/subscriptions/{id}/billing-group", Tags: []string{"subscriptions"},
		Summary: "Say what a subscription shares its invoices with", Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity},
		Description: "Both are replaced, from the next invoice on. Subscriptions of one customer with the same group and purchase order share the " +
			"invoice of what falls due at one instant.",
	}, func(ctx context.Context, in *newBillingGroup) (service.Subscription, error) {
		return a.service.SetBillingGroup(ctx, in.ID, in.Body)
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
	}, func(ctx context.Context, in *ByID) (service.Subscription, error) {
		return a.service.ShowSubscription(ctx, in.ID)
	})
	a.addCommands(h)
	a.addCharges(h)
}

func (a *API) addCommands(h huma.API) {
	must(a, h, "change", "Change plan or seats, now, at the period's end or on a date", func(in service.Change, key string) service.Order {
		in.CommandID = key
		return in
	})
	may(a, h, "cancel", "Cancel, now, at the period's end or on a date", func(in service.Cancel, key string) service.Order {
		in.CommandID = key
		return in
	})
	may(a, h, "bill-late", "Bill what was used before the end and became known after it; nothing to bill is no invoice",
		func(in service.BillLate, key string) service.Order {
			in.CommandID = key
			return in
		})
	may(a, h, "pause", "Stop billing until it is resumed", func(in service.Pause, key string) service.Order {
		in.CommandID = key
		return in
	})
	may(a, h, "reactivate", "Take back a cancellation, or begin again after one", func(in service.Reactivate, key string) service.Order {
		in.CommandID = key
		return in
	})
	may(a, h, "resume", "End a pause, now or on a date", func(in service.Resume, key string) service.Order {
		in.CommandID = key
		return in
	})
	must(a, h, "transfer", "Make another customer the owner, who pays from then on", func(in service.HandOver, key string) service.Order {
		in.CommandID = key
		return in
	})
	must(a, h, "withdraw", "Take back a command that is planned for a date", func(in service.Withdraw, key string) service.Order {
		in.CommandID = key
		return in
	})
	add(a, h, huma.Operation{
		OperationID: "list-planned-commands", Method: http.MethodGet, Path: "/v1/subscriptions/{id}/planned", Tags: []string{"subscriptions"},
		Summary: "List the commands that wait for their day, and those that were missed on it", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Agenda, error) {
		return a.service.Agenda(ctx, in.ID)
	})
}

// must adds a command whose request says something, and its preview.
func must[T any](a *API, h huma.API, name, summary string, order func(in T, key string) service.Order) {
	add(a, h, command(name, summary), func(ctx context.Context, in *requiredOrder[T]) (service.CommandResult, error) {
		return a.service.CarryOut(ctx, in.ID, order(in.Body, in.Key))
	})
	add(a, h, preview(name), func(ctx context.Context, in *requiredOrder[T]) (message.Preview, error) {
		return a.service.Preview(ctx, in.ID, order(in.Body, in.Key))
	})
}

// may adds a command whose request may be empty, and its preview.
func may[T any](a *API, h huma.API, name, summary string, order func(in T, key string) service.Order) {
	said := func(body *T) T {
		if body == nil {
			return *new(T)
		}
		return *body
	}
	add(a, h, command(name, summary), func(ctx context.Context, in *orderOf[T]) (service.CommandResult, error) {
		return a.service.CarryOut(ctx, in.ID, order(said(in.Body), in.Key))
	})
	add(a, h, preview(name), func(ctx context.Context, in *orderOf[T]) (message.Preview, error) {
		return a.service.Preview(ctx, in.ID, order(said(in.Body), in.Key))
	})
}

func preview(name string) huma.Operation {
	o := command(name, "Show the invoices that the command "+name+" would make, without carrying it out")
	o.OperationID, o.Path = "preview-"+o.OperationID, "/v1/subscriptions/{id}/preview/"+name
	return o
}

func command(name, summary string) huma.Operation {
	return huma.Operation{
		OperationID: name + "-subscription", Method: http.MethodPost, Path: "/v1/subscriptions/{id}/" + name, Tags: []string{"subscriptions"},
		Summary: summary,
		Errors:  []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}
}
