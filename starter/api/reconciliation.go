package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

type payoutList struct {
	Paging

	Entity string `query:"entity" doc:"With money of this legal entity only."`
	Status string `query:"status" doc:"pending, in_transit, paid, failed or canceled."`
}

type differenceList struct {
	Paging

	Entity string `query:"entity" doc:"Of this legal entity only."`
	Status string `query:"status" doc:"open, healed (by a reconciliation), gone (a later one found the books to agree) or settled (by a person)."`
}

type suspenseList struct {
	Entity string `query:"entity" doc:"Of this legal entity only."`
}

type settlement struct {
	ByID

	Body service.Settlement
}

type explanation struct {
	ByID

	Body service.MovementExplanation
}

func (a *API) addReconciliation(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "list-payouts", Method: http.MethodGet, Path: "/v1/payouts", Tags: []string{"reconciliation"},
		Summary: "List what the provider sends to the bank account, first to last",
	}, func(ctx context.Context, in *payoutList) (service.Page[store.Payout], error) {
		return a.service.Payouts(ctx, service.PayoutQuery{Entity: in.Entity, Status: in.Status, After: in.After, Limit: in.Limit})
	})
	add(a, h, huma.Operation{
		OperationID: "get-payout", Method: http.MethodGet, Path: "/v1/payouts/{id}", Tags: []string{"reconciliation"},
		Summary: "Show a payout and whose money it is", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Payout, error) {
		return a.service.Payout(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "list-differences", Method: http.MethodGet, Path: "/v1/differences", Tags: []string{"reconciliation"},
		Summary: "List where our books and the provider's differ, or did",
	}, func(ctx context.Context, in *differenceList) (service.Page[store.Difference], error) {
		return a.service.Differences(ctx, service.DifferenceQuery{Entity: in.Entity, Status: in.Status, After: in.After, Limit: in.Limit})
	})
	add(a, h, huma.Operation{
		OperationID: "settle-difference", Method: http.MethodPost, Path: "/v1/differences/{id}/settlement", Tags: []string{"reconciliation"},
		Summary:     "Say that an open difference has been dealt with",
		Description: "No money moves and nothing is booked. If the difference changes, it is open again.",
		Errors:      []int{http.StatusNotFound, http.StatusUnprocessableEntity},
	}, func(ctx context.Context, in *settlement) (store.Difference, error) {
		return a.service.SettleDifference(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "list-suspense", Method: http.MethodGet, Path: "/v1/suspense", Tags: []string{"reconciliation"},
		Summary: "List money that moved at the provider and that nothing explains",
	}, func(ctx context.Context, in *suspenseList) ([]store.Movement, error) {
		return a.service.Suspense(ctx, in.Entity)
	})
	add(a, h, huma.Operation{
		OperationID: "explain-movement", Method: http.MethodPost, Path: "/v1/suspense/{id}/explanation", Tags: []string{"reconciliation"},
		Summary: "Book money out of suspense",
		Errors:  []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
	}, func(ctx context.Context, in *explanation) (store.Movement, error) {
		return a.service.ExplainMovement(ctx, in.ID, in.Body)
	})
}
