package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/starter/service"
)

type featureUse struct {
	ByID

	Feature string `path:"feature"`
	Body    service.NewUse
}

type usePath struct {
	ByID

	Feature string `path:"feature"`
	Use     string `path:"use"`
}

func (a *API) addEntitlements(h huma.API) {
	add(a, h, huma.Operation{
		OperationID: "list-entitlements", Method: http.MethodGet, Path: "/v1/customers/{id}/entitlements", Tags: []string{"entitlements"},
		Summary: "List the features that a customer may use, with what is left of them", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Page[service.Entitlement], error) {
		return a.service.Entitlements(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "use-feature", Method: http.MethodPost, Path: "/v1/customers/{id}/entitlements/{feature}/uses", Tags: []string{"entitlements"},
		Summary: "Ask whether a customer may use a feature, and count the use", DefaultStatus: http.StatusOK,
		Errors: []int{http.StatusNotFound, http.StatusConflict},
		Description: "One call decides and counts, so a limit cannot be oversold by requests that come at the same time. The answer is 200 also when " +
			"the use is not allowed: look at allowed. Repeating an id counts nothing more.",
	}, func(ctx context.Context, in *featureUse) (service.Use, error) {
		return a.service.UseFeature(ctx, in.ID, in.Feature, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "return-use", Method: http.MethodDelete, Path: "/v1/customers/{id}/entitlements/{feature}/uses/{use}", Tags: []string{"entitlements"},
		Summary: "Give a use back that came to nothing", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *usePath) (service.Use, error) {
		return a.service.ReturnUse(ctx, in.ID, in.Feature, in.Use)
	})
}
