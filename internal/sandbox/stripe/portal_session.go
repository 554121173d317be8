package stripe

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

// portalSession is Stripe's billing portal session: a link for a customer to change how they pay.
type portalSession struct {
	ID            string      `json:"id"`
	Object        string      `json:"object"`
	Configuration string      `json:"configuration"`
	Created       int64       `json:"created"`
	Customer      string      `json:"customer"`
	Flow          *portalFlow `json:"flow"`
	Livemode      bool        `json:"livemode"`
	Locale        *string     `json:"locale"`
	OnBehalfOf    *string     `json:"on_behalf_of"`
	ReturnURL     *string     `json:"return_url"`
	URL           string      `json:"url"`
}

type portalFlow struct {
	AfterCompletion           afterCompletion `json:"after_completion"`
	SubscriptionCancel        *string         `json:"subscription_cancel"`
	SubscriptionUpdate        *string         `json:"subscription_update"`
	SubscriptionUpdateConfirm *string         `json:"subscription_update_confirm"`
	Type                      string          `json:"type"`
}

type afterCompletion struct {
	HostedConfirmation *hostedConfirmation `json:"hosted_confirmation"`
	Redirect           *returnTarget       `json:"redirect"`
	Type               string              `json:"type"`
}

type hostedConfirmation struct {
	CustomMessage *string `json:"custom_message"`
}

type returnTarget struct {
	ReturnURL string `json:"return_url"`
}

func (s *portalSession) identity() (string, int64) { return s.ID, s.Created }

func (s *portalSession) indexed() map[string]string { return map[string]string{"customer": s.Customer} }

var portalSessions = collection[*portalSession]{name: "billing_portal.session", prefix: "bps_"}

// portalPath is where a customer changes the way they pay, and portalLife how long the link works.
const (
	portalLife = time.Hour
	portalPath = "/_sandbox/portal/"
)

func portalSessionEndpoints() []endpoint {
	return []endpoint{post("/v1/billing_portal/sessions", spec{
		"configuration": filledText(), "customer": required(text()), "flow_data": hash(spec{
			"after_completion": hash(spec{
				"hosted_confirmation": hash(spec{"custom_message": text()}), "redirect": hash(spec{"return_url": required(text())}),
				"type": required(enum("hosted_confirmation", "portal_homepage", "redirect")),
			}),
			"type": required(enum("payment_method_update")),
		}),
		"locale": enum(strings.Fields(sessionLocales + " en-AU en-CA en-IE en-IN en-NZ en-SG")...), "return_url": filledText(),
	}, createPortalSession)}
}

func createPortalSession(r *call) (any, error) {
	if _, err := r.liveCustomer(r.args.text("customer"), "customer"); err != nil {
		return nil, err
	}
	c, err := r.portalConfiguration(r.args.text("configuration"))
	if err != nil {
		return nil, err
	}
	s := &portalSession{
		ID: newID(r, portalSessions), Object: "billing_portal.session", Configuration: c.ID, Created: r.now(), Customer: r.args.text("customer"),
		Locale: optional(r.args.text("locale")), ReturnURL: optional(r.args.textOr("return_url", deref(c.DefaultReturnURL))),
	}
	s.URL = r.baseURL + portalPath + s.ID + "?secret=" + secret(s.ID)
	if flow := r.args.hash("flow_data"); flow.in != nil {
		if !c.Features.PaymentMethodUpdate.Enabled {
			return nil, refused("", "flow_data[type]", "This flow cannot be used: payment method updates are not enabled in the portal configuration %s.", c.ID)
		}
		after := flow.hash("after_completion")
		s.Flow = &portalFlow{Type: flow.text("type"), AfterCompletion: afterCompletion{Type: after.textOr("type", "portal_homepage")}}
		if target := after.hash("redirect").text("return_url"); target != "" {
			s.Flow.AfterCompletion.Redirect = &returnTarget{ReturnURL: target}
		}
		if confirmation := after.hash("hosted_confirmation"); confirmation.in != nil {
			s.Flow.AfterCompletion.HostedConfirmation = &hostedConfirmation{CustomMessage: optional(confirmation.text("custom_message"))}
		}
	}
	portalSessions.put(r.tx, s)
	r.emit("billing_portal.session.created", s, nil)
	return s, nil
}

func (s *Server) portalRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+portalPath+"{id}", s.showPortal)
	mux.HandleFunc("POST "+portalPath+"{id}", s.updateByPortal)
}

func portalTime(tx *bolt.Tx, id string) time.Time {
	s, found := portalSessions.get(tx, id)
	if !found {
		return time.Time{}
	}
	return time.Unix(s.Created, 0).UTC()
}

// portalOf finds the session of a link that was not tampered with.
func portalOf(tx *bolt.Tx, r *http.Request) *portalSession {
	id := r.PathValue("id")
	if s, found := portalSessions.get(tx, id); found && r.URL.Query().Get("secret") == secret(id) {
		return s
	}
	return nil
}

func (s *Server) showPortal(w http.ResponseWriter, r *http.Request) {
	s.portalPage(w, r, http.StatusOK, "")
}

func (s *Server) portalPage(w http.ResponseWriter, r *http.Request, status int, problem string) {
	content := checkoutContent{Button: "Save", Problem: problem, Title: "Your payment method", Methods: offered(portalKinds())}
	found := false
	_ = s.view(func(tx *bolt.Tx) error { // reading our own records cannot fail
		session := portalOf(tx, r)
		if found = session != nil; !found {
			return nil
		}
		content.Cancel = deref(session.ReturnURL)
		paymentMethods.where(tx, "customer", session.Customer, func(m *paymentMethod) bool {
			details := detailsOf(m, nil)
			content.Lines = append(content.Lines, m.Type+" "+details.last4())
			return true
		})
		return nil
	})
	if !found {
		showPage(w, http.StatusNotFound, pageContent{Title: "No such portal"})
		return
	}
	showCheckoutPage(w, status, content)
}

// portalKinds are what can be saved as the default.
func portalKinds() []string {
	var names []string
	for _, k := range methodKinds() {
		if k.family == cardFamily || k.family == debitFamily {
			names = append(names, k.name)
		}
	}
	return names
}

// updateByPortal saves what the customer chose and makes it the default.
func (s *Server) updateByPortal(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	var session *portalSession
	var next *nextAction
	err := s.page(r, portalTime, func(c *call) (err error) {
		if session = portalOf(c.tx, r); session == nil {
			return nil
		}
		if c.asOf.Sub(time.Unix(session.Created, 0)) > portalLife {
			return refused("", "", "This link has expired. Ask for a new one.")
		}
		next, err = c.saveByPortal(session, r.PostFormValue("payment_method"))
		return err
	})
	var problem *apiError
	switch {
	case errors.As(err, &problem):
		s.portalPage(w, r, http.StatusPaymentRequired, problem.Message)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case session == nil:
		showPage(w, http.StatusNotFound, pageContent{Title: "No such portal"})
	case next != nil && next.page() != "":
		http.Redirect(w, r, next.page(), http.StatusSeeOther)
	case session.target() != "":
		http.Redirect(w, r, session.target(), http.StatusSeeOther)
	default:
		s.portalPage(w, r, http.StatusOK, "")
	}
}

// target is where the customer goes after the update.
func (s *portalSession) target() string {
	if s.Flow != nil && s.Flow.AfterCompletion.Redirect != nil {
		return s.Flow.AfterCompletion.Redirect.ReturnURL
	}
	return deref(s.ReturnURL)
}

// saveByPortal sets the method up; it becomes the default as soon as it may be charged.
func (r *call) saveByPortal(s *portalSession, picked string) (*nextAction, error) {
	chosen, err := r.choose(portalKinds(), picked)
	if err != nil {
		return nil, err
	}
	params := map[string]*form.Value{
		"confirm": textValue("true"), "customer": textValue(s.Customer), "payment_method": textValue(chosen), "return_url": textValue(cmp.Or(s.target(), s.URL)),
		"mandate_data": hashValue(map[string]*form.Value{"customer_acceptance": hashValue(map[string]*form.Value{"type": textValue("online")})}),
	}
	made, err := within[*setupIntent](r, "", params, createSetup)
	if err != nil {
		return nil, err
	}
	bucketOf(r.tx, portalSetupsBucket).put([]byte(made.ID), []byte(s.Customer)) // a bank may ask the customer first
	if made.Status == statusSucceeded {
		r.followPortal(made)
	}
	return made.NextAction, nil
}

const portalSetupsBucket = "portal_setups"

// followPortal makes a method saved at the portal the customer's default.
func (r *call) followPortal(s *setupIntent) {
	owner, found := customers.get(r.tx, string(bucketOf(r.tx, portalSetupsBucket).get([]byte(s.ID))))
	if !found {
		return
	}
	before := snapshot(owner)
	owner.InvoiceSettings.DefaultPaymentMethod = s.PaymentMethod
	customers.put(r.tx, owner)
	r.emitUpdate("customer.updated", before, owner)
}
