package stripe

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Paths of the pages that a person, not a client library, visits.
const (
	authenticatePath = "/_sandbox/authenticate/"
	receiptPath      = "/_sandbox/receipts/"
)

func (s *Server) pageRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+authenticatePath+"{id}", s.showAuthentication)
	mux.HandleFunc("POST "+authenticatePath+"{id}", s.authenticate)
	mux.HandleFunc("GET "+receiptPath+"{id}", s.showReceipt)
}

func pageTemplate() *template.Template {
	return template.Must(template.New("page").Parse(`<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>body{font:16px/1.5 system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style>
</head><body><h1>{{.Title}}</h1>{{range .Lines}}<p>{{.}}</p>{{end}}
{{if .Asks}}<form method="post"><button name="outcome" value="succeed">Complete authentication</button>
<button name="outcome" value="fail">Fail authentication</button></form>{{end}}
<p><small>Sandbox: no real card, no real money.</small></p></body></html>`))
}

type pageContent struct {
	Asks  bool
	Lines []string
	Title string
}

func showPage(w http.ResponseWriter, status int, content pageContent) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(status)
	_ = pageTemplate().Execute(w, content) // a reader that went away needs no answer
}

// pendingAuthentication remembers, from the request that asked for it, where the customer returns to and
// the billing time: a browser sends no Perennial-As-Of.
type pendingAuthentication struct {
	AsOf      time.Time `json:"as_of"`
	Passed    bool      `json:"passed"` // a payment with confirmation_method manual waits to be confirmed again
	ReturnURL string    `json:"return_url"`
}

const authenticationsBucket = "authentications"

func (r *call) putAuthentication(intentID, returnURL string) {
	bucketOf(r.tx, authenticationsBucket).put([]byte(intentID), encode(pendingAuthentication{AsOf: r.asOf, ReturnURL: returnURL}))
}

// takeAuthentication says whether the customer has authenticated this payment, and forgets it: it counts once.
func (r *call) takeAuthentication(intentID string) bool {
	var known pendingAuthentication
	if stored := bucketOf(r.tx, authenticationsBucket).get([]byte(intentID)); stored != nil {
		decode(stored, &known)
		bucketOf(r.tx, authenticationsBucket).delete([]byte(intentID))
	}
	return known.Passed
}

// challenged finds the intent whose customer is to authenticate: one of the two is set.
func challenged(tx *bolt.Tx, r *http.Request) (p *paymentIntent, s *setupIntent) {
	id, secret := r.PathValue("id"), r.URL.Query().Get("client_secret")
	if found, ok := paymentIntents.get(tx, id); ok && found.ClientSecret == secret && found.Status == statusRequiresAction {
		return found, nil
	}
	if found, ok := setupIntents.get(tx, id); ok && found.ClientSecret == secret && found.Status == statusRequiresAction {
		return nil, found
	}
	return nil, nil
}

func nothingToAuthenticate(w http.ResponseWriter) {
	showPage(w, http.StatusNotFound, pageContent{Title: "Nothing to authenticate", Lines: []string{"This link is wrong, or it was used already."}})
}

func (s *Server) showAuthentication(w http.ResponseWriter, r *http.Request) {
	content := pageContent{Title: "3-D Secure", Asks: true}
	found := false
	err := s.view(func(tx *bolt.Tx) error {
		p, setup := challenged(tx, r)
		found = p != nil || setup != nil
		if p != nil {
			content.Lines = []string{"Your bank asks you to confirm a payment of " + display(p.Amount, p.Currency) + "."}
		} else {
			content.Lines = []string{"Your bank asks you to confirm that this card may be saved."}
		}
		return nil
	})
	if err != nil || !found {
		nothingToAuthenticate(w)
		return
	}
	showPage(w, http.StatusOK, content)
}

// authenticate plays the customer: outcome is "succeed" or "fail".
func (s *Server) authenticate(w http.ResponseWriter, r *http.Request) {
	outcome := r.PostFormValue("outcome")
	if outcome != "succeed" && outcome != "fail" {
		http.Error(w, "outcome must be succeed or fail", http.StatusBadRequest)
		return
	}
	var pending pendingAuthentication
	var emitted bool
	var secretName, status string
	err := s.update(func(tx *bolt.Tx) error {
		p, setup := challenged(tx, r)
		if p == nil && setup == nil {
			return nil
		}
		decode(bucketOf(tx, authenticationsBucket).get([]byte(r.PathValue("id"))), &pending)
		c := &call{asOf: pending.AsOf, baseURL: "http://" + r.Host, path: r.URL.Path, tx: tx}
		secretName, status = "setup_intent", ""
		if p != nil {
			secretName, status = "payment_intent", c.answerPayment(p, outcome == "succeed")
		} else {
			status = c.answerSetup(setup, outcome == "succeed")
		}
		emitted = c.emitted
		return nil
	})
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	case status == "":
		nothingToAuthenticate(w)
		return
	}
	if emitted {
		s.delivery.wake()
	}
	returnTo(w, r, pending.ReturnURL, secretName, status)
}

// returnTo sends the customer back to the shop the way Stripe does.
func returnTo(w http.ResponseWriter, r *http.Request, target, name, status string) {
	back, err := url.Parse(target)
	if target == "" || err != nil {
		showPage(w, http.StatusOK, pageContent{Title: "Authentication " + status, Lines: []string{"You can close this page."}})
		return
	}
	query := back.Query()
	query.Set(name, r.PathValue("id"))
	query.Set(name+"_client_secret", r.URL.Query().Get("client_secret"))
	query.Set("redirect_status", status)
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

// answerPayment goes on with a payment after the customer's answer.
func (r *call) answerPayment(p *paymentIntent, authenticated bool) (status string) {
	m, _ := paymentMethods.get(r.tx, *p.PaymentMethod)
	if !authenticated {
		// The error is for a caller who waits; the customer only sees the redirect.
		_, _ = r.fail(p, m, authenticationFailure("payment_intent_authentication_failure"))
		return "failed"
	}
	if reason := r.lostMeanwhile(m, p.Customer); reason != nil {
		_, _ = r.fail(p, m, *reason)
		return "failed"
	}
	if p.ConfirmationMethod == "manual" && m.Card != nil {
		bucketOf(r.tx, authenticationsBucket).put([]byte(p.ID), encode(pendingAuthentication{AsOf: r.asOf, Passed: true}))
		p.Status, p.NextAction = statusRequiresConfirmation, nil
		paymentIntents.put(r.tx, p)
		return "succeeded"
	}
	var err error
	switch k, _ := kindOf(m.Type); k.family {
	case debitFamily:
		_, err = r.proven(p, m)
	case redirectFamily:
		_, err = r.attempt(p, m, outcome{})
	default:
		o := r.outcomeOf(m, p, false)
		o.authenticated = true
		_, err = r.attempt(p, m, o)
	}
	if err != nil {
		return "failed"
	}
	return "succeeded"
}

func (r *call) answerSetup(s *setupIntent, authenticated bool) (status string) {
	m, _ := paymentMethods.get(r.tx, *s.PaymentMethod)
	if !authenticated {
		_, _ = r.failSetup(s, m, authenticationFailure("setup_intent_authentication_failure"))
		return "failed"
	}
	if reason := r.lostMeanwhile(m, s.Customer); reason != nil {
		_, _ = r.failSetup(s, m, *reason)
		return "failed"
	}
	if k, _ := kindOf(m.Type); k.family == debitFamily {
		r.prove(s.ID, m)
	}
	test, _ := cardByNumber(r.traits(m.ID).Number)
	if _, err := r.finishSetup(s, m, test); err != nil {
		return "failed"
	}
	return "succeeded"
}

// lostMeanwhile says why a method can no longer be used by whom it was chosen for: the customer may have taken it
// back while the bank was asking.
func (r *call) lostMeanwhile(m *paymentMethod, customerID *string) *lastError {
	err := r.checkOwner(m, customerID)
	if err == nil {
		return nil
	}
	return &lastError{Type: typeInvalid, Code: "payment_method_unexpected_state", Message: err.Error()}
}

func authenticationFailure(code string) lastError {
	return lastError{
		Type: typeInvalid, Code: code,
		Message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
	}
}

func (s *Server) showReceipt(w http.ResponseWriter, r *http.Request) {
	content := pageContent{Title: "Receipt"}
	_ = s.view(func(tx *bolt.Tx) error { // reading our own records cannot fail
		if c, found := charges.get(tx, strings.TrimSpace(r.PathValue("id"))); found && c.Paid {
			content.Lines = []string{
				"Amount paid: " + display(c.Amount, c.Currency), "Date: " + time.Unix(c.Created, 0).UTC().Format("2 January 2006"),
				"Paid with: " + c.PaymentMethodDetails.Type + " " + c.PaymentMethodDetails.last4(),
			}
			if c.AmountRefunded > 0 {
				content.Lines = append(content.Lines, "Refunded: "+display(c.AmountRefunded, c.Currency))
			}
		}
		return nil
	})
	if len(content.Lines) == 0 {
		showPage(w, http.StatusNotFound, pageContent{Title: "No such receipt"})
		return
	}
	showPage(w, http.StatusOK, content)
}
