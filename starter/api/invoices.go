package api

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

type invoiceList struct {
	Paging

	Entity       string `query:"entity" doc:"Of this legal entity only."`
	Customer     string `query:"customer" doc:"In the name of this customer, or paid by this customer, only."`
	Subscription string `query:"subscription" doc:"Of this subscription only."`
	Status       string `query:"status" doc:"open, paid, void or uncollectible."`
}

type runPath struct {
	Entity string `path:"entity" example:"acme"`
	Period string `path:"period" example:"2027-01"`
}

type returnList struct {
	Entity string `query:"entity" doc:"Of this legal entity only."`
}

func (a *API) addInvoices(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "list-invoices", Method: http.MethodGet, Path: "/v1/invoices", Tags: []string{"invoices"}, Summary: "List invoices by date of issue",
	}, func(ctx context.Context, in *invoiceList) (service.Page[store.Invoice], error) {
		return a.service.Invoices(ctx, service.InvoiceQuery{
			Entity: in.Entity, Customer: in.Customer, Subscription: in.Subscription, Status: in.Status, After: in.After, Limit: in.Limit,
		})
	})
	add(a, h, huma.Operation{
		OperationID: "get-invoice", Method: http.MethodGet, Path: "/v1/invoices/{id}", Tags: []string{"invoices"},
		Summary: "Show an invoice with its lines, how each was computed, and its payments", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Invoice, error) {
		return a.service.Invoice(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "get-invoice-run", Method: http.MethodGet, Path: "/v1/invoice-runs/{entity}/{period}", Tags: []string{"runs and returns"},
		Summary: "Show how far the run of a month is", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *runPath) (service.InvoiceRun, error) {
		return a.service.InvoiceRun(ctx, in.Entity, in.Period)
	})
	add(a, h, huma.Operation{
		OperationID: "list-tax-returns", Method: http.MethodGet, Path: "/v1/tax-returns", Tags: []string{"runs and returns"}, Summary: "List tax returns",
	}, func(ctx context.Context, in *returnList) ([]store.TaxReturn, error) {
		return a.service.TaxReturns(ctx, in.Entity)
	})
}

// showInvoice is the page behind the link in the customer's mail.
func (a *API) showInvoice(w http.ResponseWriter, r *http.Request) {
	invoice, err := a.service.InvoiceByPageKey(r.Context(), r.PathValue("key"))
	var shown document.Invoice
	if err == nil {
		shown, err = document.Load(r.Context(), a.service.Store(), invoice.ID)
	}
	var page bytes.Buffer
	if err == nil {
		err = shown.HTML(&page)
	}
	var e *service.Error
	switch {
	case errors.As(err, &e) && e.Kind == service.NotFound:
		http.Error(w, "There is no such invoice.", http.StatusNotFound)
	case err != nil:
		a.log.Error("invoice page failed", "invoice", invoice.ID, "error", err)
		http.Error(w, "The invoice cannot be shown at the moment.", http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
		w.Header().Set("Cache-Control", "private, no-store")
		_, _ = w.Write(page.Bytes())
	}
}
