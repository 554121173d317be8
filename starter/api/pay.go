package api

import (
	"bytes"
	"context"
	_ "embed" // for the page's template
	"errors"
	"html/template"
	"net/http"
	"strings"

	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

//go:embed pay.html
var payHTML string

var payTemplate = template.Must(template.New("pay").Parse(payHTML))

// payContent is what a page for paying shows. Good and Problem say how it went, PayNow and PayOther are buttons.
type payContent struct {
	Title, Problem, Good, Text string
	Facts                      []payFact
	Path, PayNow, PayOther     string
	Ways                       string // what PayOther leads to, where the seller has it
	PayTransfer, PayOnce       string
	OnceWays                   string // what PayOnce leads to
	Accounts                   [][]payFact
	Invoice, Seller            string
	Refresh                    bool // look again in a moment
}

type payFact struct {
	Label, Value string
	Strong       bool
}

// addPay adds the pages on which customers pay, and to which the provider's pages send them back. Their addresses hold the
// invoice's page key: who has one of them may pay. To look at one changes nothing, because mail programs look at links.
func (a *API) addPay() {
	a.mux.HandleFunc("GET /pay/{key}", a.showPay)
	a.mux.HandleFunc("POST /pay/{key}", a.goOn(a.service.PayNow))
	a.mux.HandleFunc("POST /pay/{key}/checkout", a.goOn(a.service.PayAnotherWay))
	a.mux.HandleFunc("POST /pay/{key}/once", a.goOn(a.service.PayOnce))
	a.mux.HandleFunc("POST /pay/{key}/transfer", a.goOn(a.service.PayByTransfer))
	a.mux.HandleFunc("GET /pay/{key}/return", a.returnToPay)
	a.mux.HandleFunc("GET /checkout/{id}", a.showCheckout)
}

func (a *API) showPay(w http.ResponseWriter, r *http.Request) {
	a.payPage(w, r, http.StatusOK, "")
}

// payPage shows what is owed and how paying it stands, with a problem in front if there is one.
func (a *API) payPage(w http.ResponseWriter, r *http.Request, status int, problem string) {
	payable, err := a.service.PayPage(r.Context(), r.PathValue("key"))
	var shown document.Invoice
	if err == nil {
		shown, err = document.Load(r.Context(), a.service.Store(), payable.Invoice.ID)
	}
	if err != nil {
		a.payFailed(w, r, err)
		return
	}
	content := payContentOf(shown, payable)
	if problem != "" {
		content.Problem = problem
	}
	a.writePay(w, status, content)
}

func payContentOf(inv document.Invoice, payable service.Payable) payContent {
	content := payContent{
		Title: "Pay invoice " + inv.Number, Seller: inv.Seller.Name, Path: "/pay/" + inv.PageKey, Invoice: "/invoices/" + inv.PageKey,
		Facts: []payFact{{Label: "Invoice", Value: inv.Number}, {Label: "Issued", Value: inv.WriteDate(inv.Issued)}},
	}
	owed := payFact{Label: "To be paid", Value: inv.WriteAmount(inv.Owed), Strong: true}
	switch {
	case inv.Status == "paid":
		content.Title = "Invoice " + inv.Number + " is paid"
		content.Good = "Thank you. There is nothing left to pay."
		content.Facts = append(content.Facts, payFact{Label: "Paid", Value: inv.WriteAmount(inv.Paid)}, payFact{Label: "On", Value: inv.WriteDate(inv.PaidOn)})
		return content
	case inv.Status != "open":
		content.Title, content.Text = "Invoice "+inv.Number, "This invoice cannot be paid here any more. Please write to us."
		return content
	case payable.UnderWay():
		content.Text, content.Refresh = "Your payment is under way. We will tell you by mail when we have received it.", true
		content.Facts = append(content.Facts, owed)
		return content
	}
	content.Facts = append(content.Facts, owed)
	if payable.HasMethod {
		content.PayNow = "Pay with the payment method on file"
		if name := document.MethodName(payable.Method); name != "" {
			content.PayNow = "Pay with the " + name + " on file"
		}
	}
	content.PayOther, content.Ways = "Pay in another way", strings.Join(payable.Ways, ", ")
	if len(payable.Once) > 0 {
		content.PayOnce, content.OnceWays = "Pay this invoice only", strings.Join(payable.Once, ", ")
	}
	content.addTransfer(inv, payable)
	if last := payable.Last; last != nil && last.Status == store.PaymentFailed && last.Pages != "" {
		content.Problem = failureWords(last.DeclineCode)
	}
	return content
}

// addTransfer shows where to send the money, or the button that asks for it.
func (c *payContent) addTransfer(inv document.Invoice, payable service.Payable) {
	transfer := payable.Transfer
	if transfer == nil {
		if payable.ByTransfer {
			c.PayTransfer = "Pay by bank transfer"
		}
		return
	}
	c.Text = "We are waiting for your bank transfer. Please give the reference, so that it pays this invoice."
	if transfer.Remaining != inv.Owed {
		c.Text = "We have received a part of your bank transfer. Please send the rest, with the reference."
		c.Facts = append(c.Facts, payFact{Label: "Still to be sent", Value: inv.WriteAmount(transfer.Remaining), Strong: true})
	}
	c.Facts = append(c.Facts, payFact{Label: "Reference", Value: transfer.Reference, Strong: true})
	for _, account := range transfer.Accounts {
		facts := make([]payFact, len(account.Details))
		for i, detail := range account.Details {
			facts[i] = payFact{Label: detail.Label, Value: detail.Value}
		}
		c.Accounts = append(c.Accounts, facts)
	}
}

// failureWords says how an attempt went that the customer made here, as far as whoever holds the card should know.
func failureWords(code string) string {
	switch code {
	case "payment_intent_authentication_failure":
		return "Your bank could not confirm that it was you. Nothing was charged."
	case "authentication_abandoned":
		return "The payment was not confirmed in time. Nothing was charged."
	case "transfer_not_received":
		return "Your bank transfer has not arrived in full. What you sent is yours, and pays when you ask for a transfer again."
	}
	return "Your bank declined the payment. Nothing was charged."
}

// goOn does what a button asks for and sends the customer to the provider's page, or back to ours.
func (a *API) goOn(do func(ctx context.Context, key string) (next string, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), longestRequest)
		defer cancel()
		next, err := do(ctx, r.PathValue("key"))
		var refused *service.Error
		switch {
		case errors.As(err, &refused) && refused.Kind != service.NotFound:
			a.payPage(w, r, http.StatusConflict, refusalWords(refused))
		case err != nil:
			a.payFailed(w, r, err)
		case next == "":
			redirect(w, r, "/pay/"+r.PathValue("key"))
		default:
			redirect(w, r, next)
		}
	}
}

func refusalWords(refused *service.Error) string {
	switch refused.Code {
	case "payment_under_way", "collection_not_running", "unfinished":
		return "Your payment is under way. Please look again in a moment."
	case "invoice_not_open":
		return "There is nothing left to pay."
	}
	return "This cannot be done at the moment. Please try again later."
}

// returnToPay takes in a customer who comes from a bank's page, or the provider's. What the address says of the outcome is not
// believed; and it holds a secret, which the redirect takes out of the browser's address bar.
func (a *API) returnToPay(w http.ResponseWriter, r *http.Request) {
	if err := a.service.CustomerReturned(r.Context(), r.PathValue("key")); err != nil {
		a.payFailed(w, r, err)
		return
	}
	redirect(w, r, "/pay/"+r.PathValue("key"))
}

// showCheckout takes in a customer who comes from the provider's page and has no invoice to go back to.
func (a *API) showCheckout(w http.ResponseWriter, r *http.Request) {
	row, err := a.service.CheckoutReturned(r.Context(), r.PathValue("id"))
	if err != nil {
		a.payFailed(w, r, err)
		return
	}
	content := payContent{Title: "Thank you", Good: "We have what we need. You can close this page."}
	switch row.Status {
	case store.CheckoutOpen:
		content = payContent{Title: "Not finished", Text: "Go back to the page you came from to finish, or close this one."}
	case store.CheckoutExpired:
		content = payContent{Title: "This page has expired", Text: "Nothing was saved and nothing was charged."}
	}
	a.writePay(w, http.StatusOK, content)
}

func (a *API) payFailed(w http.ResponseWriter, r *http.Request, err error) {
	var refused *service.Error
	if errors.As(err, &refused) && refused.Kind == service.NotFound {
		a.writePay(w, http.StatusNotFound, payContent{Title: "There is no such page", Text: "The link is wrong, or incomplete."})
		return
	}
	if r.Context().Err() == nil {
		a.log.Error("page for paying failed", "error", err)
	}
	a.writePay(w, http.StatusInternalServerError, payContent{
		Title: "Something went wrong on our side", Text: "Please try again in a moment. You will not be charged twice.",
	})
}

func (a *API) writePay(w http.ResponseWriter, status int, content payContent) {
	var page bytes.Buffer
	if err := payTemplate.Execute(&page, content); err != nil {
		a.log.Error("page for paying failed", "error", err)
		http.Error(w, "The page cannot be shown at the moment.", http.StatusInternalServerError)
		return
	}
	guard(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the reader has left
}

func redirect(w http.ResponseWriter, r *http.Request, to string) {
	guard(w)
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // our own page, or the address that the provider gave us
}

// guard keeps the page's address, which is a key, from other sites and from caches.
func guard(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
}
