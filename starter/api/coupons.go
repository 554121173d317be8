package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/starter/service"
)

type byEntity struct {
	Entity string `path:"entity" example:"acme"`
}

type newCoupon struct {
	Entity string `path:"entity" example:"acme"`
	Body   discount.Coupon
}

type newCode struct {
	Entity string `path:"entity" example:"acme"`
	Body   discount.Code
}

type redemption struct {
	ByID

	Body service.Redemption
}

type oldDiscount struct {
	ByID

	Discount string `path:"discount" doc:"The id of the discount." example:"launch"`
}

func (a *API) addCoupons(h huma.API) {
	const path = "/v1/entities/{entity}/coupons"
	add(a, h, huma.Operation{
		OperationID: "add-coupon", Method: http.MethodPost, Path: path, Tags: []string{"coupons"},
		Summary: "Offer a coupon", DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict},
		Description: "Exactly one of percent_off and amount_off is needed. What was promised does not change: other terms need another id. " +
			"Repeating it with the same terms changes nothing.",
	}, func(ctx context.Context, in *newCoupon) (discount.Coupon, error) {
		return a.service.AddCoupon(ctx, in.Entity, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "list-coupons", Method: http.MethodGet, Path: path, Tags: []string{"coupons"}, Summary: "List a seller's coupons by id",
	}, func(ctx context.Context, in *byEntity) (service.Page[discount.Coupon], error) {
		coupons, err := a.service.Coupons(ctx, in.Entity)
		return service.Page[discount.Coupon]{Data: coupons}, err
	})
	add(a, h, huma.Operation{
		OperationID: "add-coupon-code", Method: http.MethodPost, Path: "/v1/entities/{entity}/coupon-codes", Tags: []string{"coupons"},
		Summary: "Add a code with which customers redeem a coupon", DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict},
		Description: "A code has 3 to 40 letters, digits, dashes and underscores, in either case. Repeating it with the same terms changes nothing.",
	}, func(ctx context.Context, in *newCode) (discount.Code, error) {
		return a.service.AddCode(ctx, in.Entity, in.Body)
	})
	a.addDiscounts(h)
}

func (a *API) addDiscounts(h huma.API) {
	const path = "/v1/customers/{id}/discounts"
	add(a, h, huma.Operation{
		OperationID: "redeem-coupon", Method: http.MethodPost, Path: path, Tags: []string{"coupons"},
		Summary: "Give a customer a coupon, by its id or a code", DefaultStatus: http.StatusCreated,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity},
		Description: "Invoices from now on have it. No more are given than there are, also to requests that come at the same time. Repeating an id " +
			"(the coupon's, when absent) redeems nothing more.",
	}, func(ctx context.Context, in *redemption) (service.Discount, error) {
		return a.service.Redeem(ctx, in.ID, in.Body)
	})
	add(a, h, huma.Operation{
		OperationID: "list-discounts", Method: http.MethodGet, Path: path, Tags: []string{"coupons"},
		Summary: "List a customer's discounts, also those that ended", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *ByID) (service.Page[service.Discount], error) {
		return a.service.Discounts(ctx, in.ID)
	})
	add(a, h, huma.Operation{
		OperationID: "end-discount", Method: http.MethodDelete, Path: path + "/{discount}", Tags: []string{"coupons"},
		Summary: "End a discount, and list the customer's", Errors: []int{http.StatusNotFound}, DefaultStatus: http.StatusOK,
		Description: "Invoices from now on do not have it. Repeating it changes nothing.",
	}, func(ctx context.Context, in *oldDiscount) (service.Page[service.Discount], error) {
		if err := a.service.RemoveDiscount(ctx, in.ID, in.Discount); err != nil {
			return service.Page[service.Discount]{}, err
		}
		return a.service.Discounts(ctx, in.ID)
	})
}

// exactDecimal describes a number that is read exactly.
type exactDecimal string

// Schema implements huma.SchemaProvider.
func (exactDecimal) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "A decimal. As a string it is safe from rounding on the way.",
		OneOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}},
	}
}
