package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

type paymentList struct {
	Paging

	Entity   string `query:"entity" doc:"Of this legal entity only."`
	Customer string `query:"customer" doc:"Of this customer only."`
	Invoice  string `query:"invoice" doc:"Of this invoice only."`
	Status   string `query:"status" doc:"pending, processing, requires_action, succeeded or failed."`
}

type disputeList struct {
	Paging

	Entity   string `query:"entity" doc:"Of this legal entity only."`
	Customer string `query:"customer" doc:"Of this customer only."`
	Payment  string `query:"payment" doc:"Of this payment only."`
	Status   string `query:"status" doc:"needs_response, under_review, won, lost; of inquiries warning_needs_response, warning_under_review, warning_closed."`
}

type newRefund struct {
	ByID

	Body service.NewRefund
}

type adoption struct {
	ByID

	Body service.Adoption
}

func (a *API) addPayments(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "list-payments", Method: http.MethodGet, Path: "/v1/payments", Tags: []string{"payments"},
		Summary: "List attempts to collect invoices, first to last",
	}, func(ctx context.Context, in *paymentList) (service.Page[store.ListedPayment], error) {
		return a.service.Payments(ctx, service.PaymentQuery{
			Entity: in.Entity, Customer: in.Customer, Invoice: in.Invoice, Status: in.Status, After: in.After, Limit: in.Limit,
		})
	})
	add(a, h, huma.Operation{
		OperationID: "get-payment", Method: http.MethodGet, Path: "/v1/payments/{id}", Tags: []string{"payments"},
		Summary: "Show a payment with its refunds", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Payment, error) {
		return a.service.Payment(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "retry-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/retry", Tags: []string{"payments"},
		Summary: "Make a failed payment again, now",
		Description: "Makes the attempt that follows a failed one, instead of when the collection's schedule says, and answers with it; it can fail, " +
			"too. Repeating it answers with the same attempt: nobody is charged again.",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *ByID) (service.Payment, error) {
		return a.service.RetryPayment(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "refund-payment", Method: http.MethodPost, Path: "/v1/payments/{id}/refunds", Tags: []string{"payments"},
		Summary: "Send money back through the payment it came from", DefaultStatus: http.StatusCreated,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		Description: "Pays the customer's credit out, which corrections of invoices have made. Out of goodwill no credit is needed: revenue is " +
			"smaller, no invoice is corrected, and the tax stays as it is. Repeating it with the same content answers how the refund stands; " +
			"its status can be failed, and one that succeeded can still fail days later, which gives the credit back.",
	}, func(ctx context.Context, in *newRefund) (store.Refund, error) {
		return a.service.RefundPayment(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "adopt-refund", Method: http.MethodPost, Path: "/v1/provider-refunds/{id}/adoption", Tags: []string{"payments"},
		Summary: "Take over a refund that was made on the provider's pages",
		Description: "Records and books a refund of one of our payments that was made without us; the id is the provider's. No money moves. " +
			"Repeating it changes nothing.",
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *adoption) (store.Refund, error) {
		return a.service.AdoptRefund(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "list-disputes", Method: http.MethodGet, Path: "/v1/disputes", Tags: []string{"payments"},
		Summary: "List payments that banks take back, first to last",
	}, func(ctx context.Context, in *disputeList) (service.Page[store.Dispute], error) {
		return a.service.Disputes(ctx, service.DisputeQuery{
			Entity: in.Entity, Customer: in.Customer, Payment: in.Payment, Status: in.Status, After: in.After, Limit: in.Limit,
		})
	})
	add(a, h, huma.Operation{
		OperationID: "get-dispute", Method: http.MethodGet, Path: "/v1/disputes/{id}", Tags: []string{"payments"},
		Summary: "Show a dispute", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Dispute, error) {
		return a.service.Dispute(ctx, in.ID)
	})
}
