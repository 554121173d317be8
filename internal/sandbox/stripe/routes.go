package stripe

import (
	"net/http"
	"slices"
)

// endpoint is one method and path of the API.
type endpoint struct {
	method string
	params spec
	path   string // net/http pattern, with {id} for the object
	run    func(*call) (any, error)
}

func get(path string, params spec, run func(*call) (any, error)) endpoint {
	return endpoint{method: http.MethodGet, path: path, params: withExpand(params), run: run}
}

func post(path string, params spec, run func(*call) (any, error)) endpoint {
	return endpoint{method: http.MethodPost, path: path, params: withExpand(params), run: run}
}

func del(path string, run func(*call) (any, error)) endpoint {
	return endpoint{method: http.MethodDelete, path: path, run: run}
}

func withExpand(params spec) spec { return params.with(spec{"expand": list(text())}) }

func endpoints() []endpoint {
	return slices.Concat(
		balanceEndpoints(), balanceTransactionEndpoints(), cashBalanceEndpoints(), chargeEndpoints(), checkoutEndpoints(), customerEndpoints(), disputeEndpoints(),
		eventEndpoints(), fileEndpoints(), fraudWarningEndpoints(), mandateEndpoints(), meterEndpoints(), paymentIntentEndpoints(), paymentMethodEndpoints(),
		payoutEndpoints(), portalConfigurationEndpoints(), portalSessionEndpoints(), refundEndpoints(), reportRunEndpoints(), reportTypeEndpoints(), reviewEndpoints(),
		searchEndpoints(), setupAttemptEndpoints(), setupIntentEndpoints(), taxCalculationEndpoints(), taxIDEndpoints(), taxRegistrationEndpoints(),
		taxSettingsEndpoints(), taxTransactionEndpoints(), valueListEndpoints(), webhookEndpointEndpoints(),
	)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, e := range endpoints() {
		mux.Handle(e.method+" "+e.path, s.api(e))
	}
	mux.Handle("/", s.api(unknownEndpoint()))
	s.adminRoutes(mux)
	s.pageRoutes(mux)
	s.checkoutRoutes(mux)
	s.portalRoutes(mux)
	return mux
}

// unknownEndpoint answers every path and method that nothing else does, after the usual checks of the key.
func unknownEndpoint() endpoint { return endpoint{} }

func (e endpoint) known() bool { return e.run != nil }

// retrieve is the common GET of one object.
func retrieve[T resource](c collection[T], param string) func(*call) (any, error) {
	return func(r *call) (any, error) {
		object, found := c.get(r.tx, r.id)
		if !found {
			return nil, notFound(c.name, r.id, param)
		}
		return object, nil
	}
}
