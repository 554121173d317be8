package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

// OfEntity names whose rules and lists a path is about.
type OfEntity struct {
	Entity string `path:"entity"`
}

// Named names a rule or a list.
type Named struct {
	OfEntity

	Name string `path:"name"`
}

type ruleList struct {
	OfEntity

	Status string `query:"status" doc:"draft, live or retired."`
}

type newRule struct {
	OfEntity

	Body struct {
		service.Explained

		Name       string `json:"name" example:"large-first"`
		Kind       string `json:"kind" doc:"request_3ds, allow, block or review." example:"block"`
		Expression string `json:"expression" doc:"The condition, in CEL." example:"payment.first && payment.amount > 50000"`
	}
}

type ruleTest struct {
	OfEntity

	Body struct {
		Kind       string `json:"kind" doc:"request_3ds, allow, block or review." example:"block"`
		Expression string `json:"expression" doc:"The condition, in CEL." example:"payment.first && payment.amount > 50000"`
		SinceDays  int    `json:"since_days,omitempty" doc:"How many days back, 1 to 730; 90 when absent."`
	}
}

type enableRule struct {
	Named

	Body service.EnableRule
}

type retireRule struct {
	Named

	Body service.RetireRule
}

type newList struct {
	OfEntity

	Body struct {
		Name string `json:"name" example:"sanctioned"`
		Type string `json:"type" doc:"email, email_domain, fingerprint, country or customer." example:"country"`
		By   string `json:"by" example:"ada"`
	}
}

type listItems struct {
	Named
	Paging
}

type newListItem struct {
	Named

	Body service.NewListItem
}

type removeListItem struct {
	Named

	Body struct {
		service.Explained

		Value string `json:"value" example:"KP"`
	}
}

type reviewList struct {
	Paging

	Entity   string `query:"entity" doc:"Of this legal entity only."`
	Customer string `query:"customer" doc:"Of this customer only."`
	Status   string `query:"status" doc:"open, approved or declined."`
}

type decision struct {
	ByID

	Body service.Explained
}

type warningList struct {
	Paging

	Entity string `query:"entity" doc:"Of this legal entity only."`
	Open   bool   `query:"open" doc:"Only those whose payment was neither refunded nor disputed."`
}

type fraudPolicy struct {
	OfEntity

	Body fraud.Policy
}

// fraudOperation describes one about fraud.
func fraudOperation(id, method, path, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{"fraud"}, Summary: summary,
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}
}

func (a *API) addFraud(h huma.API) {
	const policyPath = "/v1/entities/{entity}/fraud/policy"
	a.addFraudRules(h)
	a.addFraudLists(h)
	a.addFraudReviews(h)
	add(a, h, fraudOperation("get-fraud-policy", http.MethodGet, policyPath, "Show how long reviews wait and how free trials are limited"),
		func(ctx context.Context, in *OfEntity) (fraud.Policy, error) {
			return a.service.FraudPolicy(ctx, in.Entity)
		})
	add(a, h, fraudOperation("set-fraud-policy", http.MethodPut, policyPath, "Set how long reviews wait and how free trials are limited"),
		func(ctx context.Context, in *fraudPolicy) (fraud.Policy, error) {
			return a.service.SetFraudPolicy(ctx, in.Entity, in.Body)
		})
	add(a, h, fraudOperation("explain-payment", http.MethodGet, "/v1/payments/{id}/fraud", "Say why a payment was let through, stopped or reviewed"),
		func(ctx context.Context, in *ByID) (service.Explanation, error) {
			return a.service.ExplainPayment(ctx, in.ID)
		})
}

func (a *API) addFraudRules(h huma.API) {
	const path = "/v1/entities/{entity}/fraud/rules"
	add(a, h, fraudOperation("list-fraud-rules", http.MethodGet, path, "List rules, all versions"),
		func(ctx context.Context, in *ruleList) (service.Page[store.FraudRule], error) {
			return a.service.Rules(ctx, in.Entity, in.Status)
		})
	add(a, h, fraudOperation("add-fraud-rule", http.MethodPost, path, "Add a version of a rule, as a draft"),
		func(ctx context.Context, in *newRule) (store.FraudRule, error) {
			return a.service.AddRule(ctx, service.NewRule{
				Explained: in.Body.Explained, Entity: in.Entity, Name: in.Body.Name, Kind: in.Body.Kind, Expression: in.Body.Expression,
			})
		})
	add(a, h, fraudOperation("get-fraud-rule", http.MethodGet, path+"/{name}", "Show the versions of a rule, the newest first"),
		func(ctx context.Context, in *Named) (service.Page[store.FraudRule], error) {
			return a.service.Rule(ctx, in.Entity, in.Name)
		})
	add(a, h, fraudOperation("enable-fraud-rule", http.MethodPost, path+"/{name}/enable", "Put a draft in force, in place of the version that was"),
		func(ctx context.Context, in *enableRule) (store.FraudRule, error) {
			return a.service.EnableRule(ctx, in.Entity, in.Name, in.Body)
		})
	add(a, h, fraudOperation("retire-fraud-rule", http.MethodPost, path+"/{name}/retire", "Take a rule out of force, for good"),
		func(ctx context.Context, in *retireRule) (store.FraudRule, error) {
			return a.service.RetireRule(ctx, in.Entity, in.Name, in.Body)
		})
	add(a, h, fraudOperation("test-fraud-rule", http.MethodPost, "/v1/entities/{entity}/fraud/rule-tests", "Say what a rule would have done in the past"),
		func(ctx context.Context, in *ruleTest) (store.DryRun, error) {
			return a.service.TestRule(ctx, service.RuleTest{
				Entity: in.Entity, Kind: in.Body.Kind, Expression: in.Body.Expression, SinceDays: in.Body.SinceDays,
			})
		})
}

func (a *API) addFraudLists(h huma.API) {
	const path = "/v1/entities/{entity}/fraud/lists"
	add(a, h, fraudOperation("list-fraud-lists", http.MethodGet, path, "List the lists that rules can ask"),
		func(ctx context.Context, in *OfEntity) (service.Page[store.FraudList], error) {
			return a.service.Lists(ctx, in.Entity)
		})
	add(a, h, fraudOperation("create-fraud-list", http.MethodPost, path, "Create a list"),
		func(ctx context.Context, in *newList) (store.FraudList, error) {
			return a.service.CreateList(ctx, service.NewList{Entity: in.Entity, Name: in.Body.Name, Type: in.Body.Type, By: in.Body.By})
		})
	add(a, h, fraudOperation("list-fraud-list-items", http.MethodGet, path+"/{name}/items", "List what is on a list"),
		func(ctx context.Context, in *listItems) (service.Page[store.FraudListItem], error) {
			return a.service.ListItems(ctx, in.Entity, in.Name, in.After, in.Limit)
		})
	add(a, h, fraudOperation("add-fraud-list-item", http.MethodPost, path+"/{name}/items", "Put a value on a list"),
		func(ctx context.Context, in *newListItem) (store.FraudListItem, error) {
			return a.service.AddListItem(ctx, in.Entity, in.Name, in.Body)
		})
	add(a, h, fraudOperation("remove-fraud-list-item", http.MethodPost, path+"/{name}/items/remove", "Take a value off a list"),
		func(ctx context.Context, in *removeListItem) (store.FraudListItem, error) {
			return a.service.RemoveListItem(ctx, in.Entity, in.Name, in.Body.Value, in.Body.Explained)
		})
}

func (a *API) addFraudReviews(h huma.API) {
	add(a, h, fraudOperation("list-reviews", http.MethodGet, "/v1/fraud/reviews", "List payments that wait or waited for a person, first to last"),
		func(ctx context.Context, in *reviewList) (service.Page[store.Review], error) {
			return a.service.Reviews(ctx, service.ReviewQuery{Entity: in.Entity, Customer: in.Customer, Status: in.Status, After: in.After, Limit: in.Limit})
		})
	add(a, h, fraudOperation("get-review", http.MethodGet, "/v1/fraud/reviews/{id}", "Show the review of a payment"),
		func(ctx context.Context, in *ByID) (store.Review, error) { return a.service.Review(ctx, in.ID) })
	add(a, h, fraudOperation("approve-review", http.MethodPost, "/v1/fraud/reviews/{id}/approve", "Let a payment through, and release its subscription"),
		func(ctx context.Context, in *decision) (store.Review, error) {
			return a.service.DecideReview(ctx, in.ID, true, in.Body)
		})
	add(a, h, fraudOperation("decline-review", http.MethodPost, "/v1/fraud/reviews/{id}/decline", "Stop a payment or pay it back, and end its subscription"),
		func(ctx context.Context, in *decision) (store.Review, error) {
			return a.service.DecideReview(ctx, in.ID, false, in.Body)
		})
	add(a, h, fraudOperation("list-warnings", http.MethodGet, "/v1/fraud/warnings", "List payments that their issuers reported as fraud, first to last"),
		func(ctx context.Context, in *warningList) (service.Page[store.Warning], error) {
			return a.service.Warnings(ctx, service.WarningQuery{Entity: in.Entity, Open: in.Open, After: in.After, Limit: in.Limit})
		})
	add(a, h, fraudOperation("refund-warning", http.MethodPost, "/v1/fraud/warnings/{id}/refund", "Refund a payment that its issuer reported as fraud"),
		func(ctx context.Context, in *ByID) (store.Refund, error) { return a.service.RefundWarning(ctx, in.ID) })
}
