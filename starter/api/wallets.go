package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/starter/service"
)

type newGrant struct {
	ByID

	Body service.NewGrant
}

type grantPath struct {
	ByID

	Grant string `path:"grant"`
}

type newTopUp struct {
	ByID

	Body service.TopUp
}

type walletQuery struct {
	ByID

	Currency string `query:"currency" doc:"The customer's when absent."`
}

func (a *API) addWallets(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "grant-credit", Method: http.MethodPost, Path: "/v1/customers/{id}/grants", Tags: []string{"prepaid credit"},
		Summary: "Give or sell prepaid credit to a customer", DefaultStatus: http.StatusOK, Errors: []int{http.StatusNotFound, http.StatusConflict},
		Description: "Credit that is sold comes with an invoice, which is collected like any other; it can be used when that is paid, or at once. " +
			"Repeating an id grants nothing more.",
	}, func(ctx context.Context, in *newGrant) (service.GrantedCredit, error) {
		return a.service.GrantCredit(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "return-credit", Method: http.MethodDelete, Path: "/v1/customers/{id}/grants/{grant}", Tags: []string{"prepaid credit"},
		Summary: "Take back what is left of a grant", Errors: []int{http.StatusNotFound},
		Description: "What was paid for it becomes the customer's credit, which pays later invoices or can be refunded.",
	}, func(ctx context.Context, in *grantPath) (service.Returned, error) {
		return a.service.ReturnCredit(ctx, in.ID, in.Grant)
	})
	add(a, h, huma.Operation{
		OperationID: "set-top-up", Method: http.MethodPut, Path: "/v1/customers/{id}/wallet/top-up", Tags: []string{"prepaid credit"},
		Summary: "Agree on how a customer's credit is bought by itself", Errors: []int{http.StatusNotFound},
		Description: "At or below a balance, on a schedule, or both. What is bought is invoiced and collected, and can be used when it is paid. " +
			"After a purchase that could not be collected nothing is bought until this is agreed on again.",
	}, func(ctx context.Context, in *newTopUp) (service.TopUp, error) {
		return a.service.SetTopUp(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "show-wallet", Method: http.MethodGet, Path: "/v1/customers/{id}/wallet", Tags: []string{"prepaid credit"},
		Summary: "Show a customer's prepaid credit, and what of it is spoken for by usage that is not invoiced yet", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *walletQuery) (service.Wallet, error) {
		return a.service.Wallet(ctx, in.ID, in.Currency)
	})
}
