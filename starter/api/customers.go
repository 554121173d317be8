package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

type newCustomer struct{ Body service.NewCustomer }

type customerList struct {
	Paging

	Entity string `query:"entity" doc:"Of this legal entity only."`
}

type newMethod struct {
	ByID

	Body service.NewPaymentMethod
}

type oldMethod struct {
	ByID

	Method string `path:"method" doc:"The id of the payment method."`
}

type newEmail struct {
	ByID

	Body struct {
		Email string `json:"email" doc:"Where invoices and receipts are sent." example:"erika@example.com"`
	}
}

type newAccount struct {
	ByID

	Body service.Account
}

func (a *API) addCustomers(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "create-customer", Method: http.MethodPost, Path: "/v1/customers", Tags: []string{"customers"},
		Summary: "Create a customer", DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict},
		Description: "Repeating it with the same content answers the same.",
	}, func(ctx context.Context, in *newCustomer) (service.Customer, error) {
		return a.service.CreateCustomer(ctx, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "list-customers", Method: http.MethodGet, Path: "/v1/customers", Tags: []string{"customers"}, Summary: "List customers by id",
	}, func(ctx context.Context, in *customerList) (service.Page[store.Customer], error) {
		return a.service.Customers(ctx, in.Entity, in.After, in.Limit)
	})
	add(a, h, huma.Operation{
		OperationID: "get-customer", Method: http.MethodGet, Path: "/v1/customers/{id}", Tags: []string{"customers"},
		Summary: "Show a customer", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Customer, error) {
		return a.service.Customer(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "set-payment-method", Method: http.MethodPut, Path: "/v1/customers/{id}/payment-method", Tags: []string{"customers"},
		Summary: "Set the payment method that is charged first, or one that stands in for it",
		Errors:  []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		Description: "What was in the place is replaced. Unpaid invoices that are being collected are tried at once. A bank account gets a " +
			"mandate, which the customer has given to whoever sends this request. One that waits to be verified, or to be approved at the " +
			"customer's bank, takes its place when it is; list-payment-methods shows where the customer does that.",
	}, func(ctx context.Context, in *newMethod) (service.Customer, error) {
		return a.service.SetMethod(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "remove-payment-method", Method: http.MethodDelete, Path: "/v1/customers/{id}/payment-methods/{method}", Tags: []string{"customers"},
		Summary: "Stop charging a payment method", Errors: []int{http.StatusNotFound}, DefaultStatus: http.StatusOK,
	}, func(ctx context.Context, in *oldMethod) (service.Customer, error) {
		return a.service.RemovePaymentMethod(ctx, in.ID, in.Method)
	})
	add(a, h, huma.Operation{
		OperationID: "set-account", Method: http.MethodPut, Path: "/v1/customers/{id}/account", Tags: []string{"customers"},
		Summary: "Say who is above a customer, and who gets and pays the invoices",
		Errors:  []int{http.StatusNotFound, http.StatusUnprocessableEntity},
		Description: "It replaces all three: what is left out is nobody, and self. Invoices that were issued stay with whom they were; credit for " +
			"what they charged goes to the one in whose name they are.",
	}, func(ctx context.Context, in *newAccount) (service.Customer, error) {
		return a.service.SetAccount(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "set-email", Method: http.MethodPut, Path: "/v1/customers/{id}/email", Tags: []string{"customers"},
		Summary: "Set the address that mail goes to", Errors: []int{http.StatusNotFound},
		Description: "Mail that had been stopped because the address was dead, or did not want it, goes out again.",
	}, func(ctx context.Context, in *newEmail) (service.Customer, error) {
		return a.service.SetEmail(ctx, in.ID, in.Body.Email)
	})
}
