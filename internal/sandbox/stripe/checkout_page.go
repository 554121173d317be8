package stripe

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// checkoutPath is where a customer pays.
const checkoutPath = "/_sandbox/checkout/"

func (s *Server) checkoutRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+checkoutPath+"{id}", s.showCheckout)
	mux.HandleFunc("POST "+checkoutPath+"{id}", s.pay)
	mux.HandleFunc("GET "+checkoutPath+"{id}/return", s.returnToCheckout)
}

func checkoutTemplate() *template.Template {
	return template.Must(template.New("checkout").Parse(`<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>body{font:16px/1.5 system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem}button,input,select{font:inherit;padding:.5rem 1rem}label{display:block;margin:.5rem 0}</style>
</head><body><h1>{{.Title}}</h1>{{with .Problem}}<p role="alert"><strong>{{.}}</strong></p>{{end}}{{range .Lines}}<p>{{.}}</p>{{end}}
<form method="post"><label>Email <input name="email" type="email" value="{{.Email}}"></label><label>Name <input name="name" value="{{.Name}}"></label>
<label>Pay with <select name="payment_method">{{range .Methods}}<option>{{.}}</option>{{end}}</select></label>
<button>{{.Button}}</button></form>{{with .Cancel}}<p><a href="{{.}}">Back</a></p>{{end}}
<p><small>Sandbox: no real card, no real money.</small></p></body></html>`))
}

// checkoutContent is what a page that asks for a method shows.
type checkoutContent struct {
	Button, Cancel, Email, Name, Problem, Title string
	Lines, Methods                              []string
}

func showCheckoutPage(w http.ResponseWriter, status int, content checkoutContent) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(status)
	_ = checkoutTemplate().Execute(w, content) // a reader that went away needs no answer
}

// offered are the test methods of the given kinds.
func offered(kinds []string) []string {
	var names []string
	for _, kind := range kinds {
		switch k, _ := kindOf(kind); {
		case kind == cardKind:
			for _, c := range testCards() {
				names = append(names, "pm_card_"+c.name)
			}
		case k.family == debitFamily:
			for _, b := range testBanks() {
				if b.kind == kind && b.name != "" {
					names = append(names, b.name)
				}
			}
		case k.family != transferFamily && k.family != listedFamily:
			names = append(names, kind)
		}
	}
	return names
}

func contentOf(s *checkoutSession, items []lineItem, problem string) checkoutContent {
	content := checkoutContent{
		Button: "Save", Cancel: deref(s.CancelURL), Email: deref(s.CustomerEmail), Methods: offered(s.PaymentMethodTypes), Problem: problem, Title: "Save a payment method",
	}
	if s.AmountTotal != nil {
		content.Title = "Pay " + display(*s.AmountTotal, *s.Currency)
		content.Button = content.Title
	}
	for _, item := range items {
		content.Lines = append(content.Lines, fmt.Sprintf("%d × %s: %s", item.Quantity, item.Description, display(item.AmountTotal, item.Currency)))
	}
	if s.CustomerDetails != nil {
		content.Email, content.Name = deref(s.CustomerDetails.Email), deref(s.CustomerDetails.Name)
	}
	return content
}

func (s *Server) showCheckout(w http.ResponseWriter, r *http.Request) {
	s.showSession(w, r, http.StatusOK, "")
}

func (s *Server) showSession(w http.ResponseWriter, r *http.Request, status int, problem string) {
	var found *checkoutSession
	var plan sessionPlan
	_ = s.view(func(tx *bolt.Tx) error { // reading our own records cannot fail
		found, _ = checkoutSessions.get(tx, r.PathValue("id"))
		plan = planOf(tx, r.PathValue("id"))
		return nil
	})
	switch {
	case found == nil:
		showPage(w, http.StatusNotFound, pageContent{Title: "No such checkout"})
	case found.Status == sessionOpen:
		showCheckoutPage(w, status, contentOf(found, plan.Items, problem))
	case found.Status == sessionExpired:
		showPage(w, http.StatusGone, pageContent{Title: "This checkout has expired"})
	default:
		found.leave(w, r)
	}
}

// leave sends the customer back to the shop.
func (s *checkoutSession) leave(w http.ResponseWriter, r *http.Request) {
	target := deref(s.SuccessURL)
	if target == "" {
		target = deref(s.ReturnURL)
	}
	target = strings.ReplaceAll(target, "{CHECKOUT_SESSION_ID}", s.ID)
	if back, err := url.Parse(target); target == "" || err != nil || back.Scheme == "" {
		showPage(w, http.StatusOK, pageContent{Title: "Thank you", Lines: []string{"You can close this page."}})
		return
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// pay submits what the customer chose: payment_method names a test method, a kind without accounts such as ideal, or a
// card's number.
func (s *Server) pay(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	chosen := payer{email: r.PostFormValue("email"), method: r.PostFormValue("payment_method"), name: r.PostFormValue("name")}
	var next *nextAction
	err := s.page(r, sessionTime, func(c *call) (err error) {
		found, exists := checkoutSessions.get(c.tx, r.PathValue("id"))
		if !exists || found.Status != sessionOpen {
			return nil
		}
		if chosen.method, err = c.choose(found.PaymentMethodTypes, chosen.method); err != nil {
			return err
		}
		next, err = c.submit(found, chosen)
		return err
	})
	var problem *apiError
	switch {
	case errors.As(err, &problem):
		s.showSession(w, r, http.StatusPaymentRequired, problem.Message)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case next != nil && next.page() != "":
		http.Redirect(w, r, next.page(), http.StatusSeeOther)
	default:
		s.showSession(w, r, http.StatusOK, "")
	}
}

func sessionTime(tx *bolt.Tx, sessionID string) time.Time { return planOf(tx, sessionID).AsOf }

// page is where the customer goes on, if anywhere.
func (n *nextAction) page() string {
	switch {
	case n.RedirectToURL != nil:
		return n.RedirectToURL.URL
	case n.VerifyWithMicrodeposits != nil:
		return n.VerifyWithMicrodeposits.HostedVerificationURL
	default:
		return ""
	}
}

// page runs what a customer does on a page of the sandbox, at the billing time of the request if it has one, else at
// that of the session's creation.
func (s *Server) page(r *http.Request, asked func(*bolt.Tx, string) time.Time, do func(*call) error) error {
	var emitted bool
	var outcome error
	err := s.update(func(tx *bolt.Tx) error {
		asOf := asked(tx, r.PathValue("id"))
		if r.Header.Get(control.AsOfHeader) != "" {
			given, err := control.AsOf(r, s.billingTime())
			if err != nil {
				return err
			}
			asOf = given
		}
		c := &call{asOf: asOf, baseURL: "http://" + r.Host, path: r.URL.Path, tx: tx}
		outcome = do(c)
		emitted = c.emitted
		if keepsEffects(outcome) {
			return nil
		}
		return outcome
	})
	if err != nil {
		return err
	}
	if emitted {
		s.delivery.wake()
	}
	return outcome
}

// keepsEffects says whether an error is an outcome, such as a decline, whose effects are kept.
func keepsEffects(err error) bool {
	var outcome *apiError
	return errors.As(err, &outcome) && outcome.keepsEffects
}

// choose turns what the customer picked into the id of a method, or the name of a test method.
func (r *call) choose(kinds []string, picked string) (string, error) {
	if card, found := cardByNumber(strings.ReplaceAll(picked, " ", "")); found {
		picked = "pm_card_" + card.name
	}
	m := r.testMethod(picked)
	if k, found := kindOf(picked); m == nil && found && k.family != debitFamily && k.family != listedFamily && k.name != cardKind {
		m = r.newPlainMethod(picked, args{})
	}
	if m == nil {
		if saved, found := paymentMethods.get(r.tx, picked); found {
			return saved.ID, nil // checkOwner refuses that of somebody else
		}
		return "", invalid("", "payment_method", "Choose a test method such as pm_card_visa or a test card's number.")
	}
	paymentMethods.put(r.tx, m)
	if slices.Contains(kinds, m.Type) {
		return m.ID, nil
	}
	return "", invalid("", "payment_method", "This checkout does not take payments by %s.", m.Type)
}

// returnToCheckout is where the bank's page sends the customer.
func (s *Server) returnToCheckout(w http.ResponseWriter, r *http.Request) {
	problem := ""
	if r.URL.Query().Get("redirect_status") == "failed" {
		problem = "We are unable to authenticate your payment method. Please choose a different payment method and try again."
	}
	s.showSession(w, r, http.StatusOK, problem)
}
