// Package api is the HTTP API: JSON with OpenAPI 3.1 at /openapi.json, the invoices as pages for people, and the door
// through which the payment provider's webhooks come in.
package api

import (
	"context"
	"crypto/ecdsa"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/service"
)

// Options configure the API.
type Options struct {
	Service *service.Service
	// WebhookSecrets verify Stripe's webhooks, each of them; without one they are refused.
	WebhookSecrets []string
	// MailKeys verify SendGrid's event webhook, each of them; without one it is refused. See MailKeys.
	MailKeys []*ecdsa.PublicKey
	// Log is told of failures; nil: nobody is.
	Log *slog.Logger
}

// API serves requests.
type API struct {
	service  *service.Service
	secrets  []string
	mailKeys []*ecdsa.PublicKey
	log      *slog.Logger
	mux      *http.ServeMux
	// arrived wakes the processing of webhooks.
	arrived chan struct{}
}

// New makes the API.
func New(options Options) *API {
	useProblems()
	a := &API{
		service: options.Service, secrets: options.WebhookSecrets, mailKeys: options.MailKeys, log: logger(options.Log),
		mux: http.NewServeMux(), arrived: make(chan struct{}, 1),
	}
	h := humago.New(a.mux, configuration())
	a.addCustomers(h)
	a.addPaymentMethods(h)
	a.addPlans(h)
	a.addSubscriptions(h)
	a.addCoupons(h)
	a.addEntitlements(h)
	a.addWallets(h)
	a.addMembers(h)
	a.addUsage(h)
	a.addInvoices(h)
	a.addPayments(h)
	a.addReconciliation(h)
	a.addCheckouts(h)
	a.addFraud(h)
	a.addTestClocks(h)
	a.addDocs(h.OpenAPI())
	a.mux.HandleFunc("GET /invoices/{key}", a.showInvoice)
	a.addPay()
	a.mux.HandleFunc("POST /webhooks/stripe", a.receive(a.stripeDoor()))
	a.mux.HandleFunc("POST /webhooks/sendgrid", a.receive(a.sendGridDoor()))
	a.mux.HandleFunc("GET /healthz", a.healthz)
	a.mux.Handle("GET /{$}", http.RedirectHandler("/docs", http.StatusFound))
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if handler, pattern := a.mux.Handler(r); pattern == "" {
		serveUnknown(w, r, handler)
		return
	}
	a.mux.ServeHTTP(w, r)
}

func configuration() huma.Config {
	config := huma.DefaultConfig("Perennial", "1")
	config.Info.Description = "Billing that keeps its promises for years. Amounts are integers in minor units of their currency; " +
		"times are RFC 3339 in UTC; every POST may be repeated safely: by the id in its body, or by its Idempotency-Key."
	config.CreateHooks = nil // no $schema field in every answer
	config.SchemasPath = ""
	config.DocsPath = ""                       // ours, see addDocs: the framework's page is loaded from another host
	config.RejectUnknownQueryParameters = true // a misspelt filter would otherwise look like one that everything passes
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	registry.RegisterTypeAlias(reflect.TypeFor[service.Quantity](), reflect.TypeFor[quantity]())
	registry.RegisterTypeAlias(reflect.TypeFor[decimal.Decimal](), reflect.TypeFor[exactDecimal]())
	registry.RegisterTypeAlias(reflect.TypeFor[subscription.AddOns](), reflect.TypeFor[[]subscription.HeldAddOn]())
	config.Components.Schemas = registry
	return config
}

// schemaName tells the rows of a list from the details of one thing, and from facts about it, which are called alike in
// different packages.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	switch {
	case strings.HasSuffix(t.PkgPath(), "/internal/store"):
		return name + "Row"
	case strings.HasSuffix(t.PkgPath(), "/billing/fraud"):
		return "Fraud" + name
	}
	return name
}

// quantity describes service.Quantity.
type quantity string

// Schema implements huma.SchemaProvider.
func (quantity) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "A decimal of at most 18 digits before and 12 after the point, not negative. As a string it is safe from rounding on the way.",
		OneOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}},
	}
}

// longestRequest bounds the time a request waits for a workflow.
const longestRequest = 60 * time.Second

// answer is a response with a JSON body.
type answer[T any] struct{ Body T }

// add registers an operation whose errors become Problems.
func add[I, T any](a *API, h huma.API, op huma.Operation, f func(ctx context.Context, in *I) (T, error)) {
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusInternalServerError)
	huma.Register(h, op, func(ctx context.Context, in *I) (*answer[T], error) {
		ctx, cancel := context.WithTimeout(ctx, longestRequest)
		defer cancel()
		body, err := f(ctx, in)
		if err != nil {
			return nil, a.problem(ctx, op, err)
		}
		return &answer[T]{Body: body}, nil
	})
}

// Paging are the parameters of every list. (Embedded parameters are exported because the framework sees no others.)
type Paging struct {
	After string `query:"after" doc:"Continue after this id: the next of the page before."`
	Limit int    `query:"limit" doc:"Rows on the page, 1 to 500; 50 when absent."`
}

// ByID names the thing a path is about.
type ByID struct {
	ID string `path:"id"`
}

func (a *API) healthz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := a.service.Healthy(ctx); err != nil {
		a.log.Error("not healthy", "error", err)
		http.Error(w, "not healthy", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
