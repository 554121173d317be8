package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// NewSubscription asks for a subscription.
type NewSubscription struct {
	ID          string `json:"id" doc:"Your id: 1 to 100 letters, digits, '_', '.' or '-'." example:"sub_42"`
	Customer    string `json:"customer" example:"cus_42"`
	Plan        string `json:"plan" example:"pro"`
	PlanVersion int    `json:"plan_version,omitempty" doc:"When absent, the newest that is sold when the subscription begins."`
	Seats       int64  `json:"seats,omitempty" doc:"For plans priced per seat." example:"5"`
	// AddOns are bought with the plan.
	AddOns []subscription.HeldAddOn `json:"add_ons,omitempty" doc:"What is bought with the plan, each once."`
	// Prices are agreed with the customer.
	Prices catalog.Agreed `json:"prices,omitempty" doc:"Prices agreed for this version in place of the catalogue's, by charge id and currency."`
	// FairBilling has the seats follow the members who are active.
	FairBilling *NewFairBilling `json:"fair_billing,omitempty" doc:"Seats follow the active members. Leave seats out, or give those of the first period."`
	Currency    string          `json:"currency,omitempty" doc:"The quote's when absent, else the customer's."`
	Quote       string          `json:"quote,omitempty" doc:"The local price that the customer was shown: see the plan's price."`
	Device      string          `json:"device,omitempty" doc:"An opaque id of the customer's device, for limits on free trials. Only a hash of it is kept."`
	StartAt     time.Time       `json:"start_at,omitzero" doc:"At once when absent. A later start brings no invoice yet; an earlier one bills the past."`
	EndsAfter   int             `json:"ends_after,omitempty" doc:"A fixed term in billing periods; without end when absent."`
	EndsAt      time.Time       `json:"ends_at,omitzero" doc:"A fixed term to an instant, in place of ends_after. The last period is prorated."`
	BillingGroup
}

// Subscription is a subscription with the prices agreed for it, and the invoice that the request brought, if any.
type Subscription struct {
	store.Subscription
	AgreedPrices []store.AgreedPrice `json:"agreed_prices,omitempty" doc:"Prices in place of the catalogue's, by version of the plan."`
	Invoice      *message.Billed     `json:"invoice,omitempty"`
}

// farthestStart bounds how far from the present a subscription can begin: a wrong year must not bill a century.
const farthestStart = 10 * 366 * 24 * time.Hour

// Subscribe starts a subscription and answers, if it begins at once, with its first invoice and how collecting it went.
// Repeating the request answers the same, whatever became of the subscription since; other terms under a known id are a
// Conflict.
func (s *Service) Subscribe(ctx context.Context, in NewSubscription) (Subscription, error) {
	customer, request, err := s.checkSubscription(ctx, in)
	if err != nil {
		return Subscription{}, err
	}
	subscribed, err := s.clientOf(customer).Subscribe(ctx, request)
	if err != nil {
		return Subscription{}, answered(err)
	}
	return s.shown(ctx, in.ID, subscribed.Invoice)
}

// checkSubscription says everything that is wrong with a request, or what to ask the workflow.
func (s *Service) checkSubscription(ctx context.Context, in NewSubscription) (store.Customer, message.Subscribe, error) {
	var p problems
	p.check("id", checkID(in.ID))
	p.checkSeats(in.Seats)
	in.check(&p)
	if in.EndsAfter < 0 {
		p.add("ends_after", "%d is not a term: give a number of billing periods, or 0 for no end", in.EndsAfter)
	}
	if in.EndsAfter > 0 && !in.EndsAt.IsZero() {
		p.add("ends_at", "excludes ends_after: leave one out")
	}
	if err := p.err(); err != nil {
		return store.Customer{}, message.Subscribe{}, err
	}
	customer, err := s.customerOf(ctx, in.Customer)
	if err != nil {
		return customer, message.Subscribe{}, err
	}
	before, err := s.existing(ctx, in.ID)
	if err != nil {
		return customer, message.Subscribe{}, err
	}
	if err := s.asBefore(ctx, &in, before); err != nil {
		return customer, message.Subscribe{}, err
	}
	if err := s.takeQuote(ctx, &in, customer, before != nil); err != nil {
		return customer, message.Subscribe{}, err
	}
	request := message.Subscribe{
		SubscriptionID: in.ID, CustomerID: customer.ID, EntityID: customer.EntityID, Quote: in.Quote,
		EndsAfter: in.EndsAfter, EndsAt: in.EndsAt.UTC().Truncate(time.Second), Prices: in.Prices,
		BillingGroup: in.BillingGroup.BillingGroup, PONumber: in.PONumber,
		FairBilling: in.FairBilling.agreed(),
	}
	if request.Device, err = deviceHash(in.Device); err != nil {
		return customer, request, err
	}
	if request.Currency, err = currencyOr(in.Currency, customer.Currency); err != nil {
		return customer, request, err
	}
	if err := s.setStart(ctx, &request, customer, in.StartAt, before); err != nil {
		return customer, request, err
	}
	if err := s.setTerms(ctx, &request, in, customer.Zone); err != nil {
		return customer, request, err
	}
	if before == nil { // what was agreed stays agreed
		if err := s.checkSold(ctx, customer, request); err != nil {
			return customer, request, err
		}
	}
	if !request.EndsAt.IsZero() && !request.EndsAt.After(request.StartAt) {
		return customer, request, invalid("ends_at", "%s is not after the start, %s", request.EndsAt.Format(time.RFC3339), request.StartAt.Format(time.RFC3339))
	}
	return customer, request, nil
}

func (p *problems) checkSeats(seats int64) {
	if seats < 0 {
		p.add("seats", "%d is negative: give the number of seats", seats)
	}
}

func currencyOr(code string, otherwise money.Currency) (money.Currency, error) {
	if code == "" {
		return otherwise, nil
	}
	currency, err := money.ParseCurrency(code)
	if err != nil {
		return "", invalid("currency", "%s", err)
	}
	return currency, nil
}

// setTerms completes what is bought with the version that is sold when the subscription begins.
func (s *Service) setTerms(ctx context.Context, request *message.Subscribe, in NewSubscription, customerZone string) error {
	zone, err := calendar.LoadZone(customerZone)
	if err != nil {
		return err
	}
	plan, err := s.plan(ctx, request.EntityID, in.Plan, in.PlanVersion, moment{at: request.StartAt, zone: zone})
	if err != nil {
		return err
	}
	addOns, err := subscription.NewAddOns(in.AddOns...)
	if err != nil {
		return invalid("add_ons", "%s", err)
	}
	request.Terms = subscription.Terms{PlanID: plan.ID, PlanVersion: plan.Version, Seats: in.Seats, AddOns: addOns}
	if err := checkAgreed(plan, in.Prices, request.Currency); err != nil {
		return err
	}
	return checkAmounts(plan.WithAgreed(in.Prices), request.Currency, request.Terms)
}

// setStart dates the agreement. A repeated request is dated as it was the first time.
func (s *Service) setStart(ctx context.Context, request *message.Subscribe, customer store.Customer, startAt time.Time, before *store.Subscription) error {
	now, err := s.now(ctx, customer)
	if err != nil {
		return err
	}
	startAt = startAt.UTC().Truncate(time.Second)
	switch {
	case before != nil && (startAt.IsZero() || startAt.Equal(before.StartedAt)):
		request.StartAt = before.StartedAt.UTC()
	case before != nil:
		return conflict("subscription_exists", "subscription %s exists and starts at %s: choose another id, or change it",
			before.ID, before.StartedAt.UTC().Format(time.RFC3339))
	case startAt.IsZero():
		request.StartAt = now
	case startAt.Sub(now).Abs() > farthestStart:
		return invalid("start_at", "%s is more than ten years from the customer's present, %s", startAt.Format(time.RFC3339), now.Format(time.RFC3339))
	default:
		request.StartAt = startAt
	}
	request.AwaitStart = !request.StartAt.After(now)
	return nil
}

// checkSold refuses a new subscription to a version that is not sold when it begins, or that the customer cannot have.
func (s *Service) checkSold(ctx context.Context, customer store.Customer, request message.Subscribe) error {
	version, err := s.store.Plan(ctx, request.Terms.PlanID, request.Terms.PlanVersion)
	if err != nil {
		return err
	}
	zone, err := calendar.LoadZone(customer.Zone)
	if err != nil {
		return err
	}
	if err := checkInForce(version.Plan, moment{at: request.StartAt, zone: zone}); err != nil || version.Plan.BilledBy != catalog.ByInvoiceRun {
		return err
	}
	return s.checkRun(ctx, customer, version.Plan)
}

// checkRun keeps one billing time for all whom an entity's monthly run bills: the run closes the month for all of them.
func (s *Service) checkRun(ctx context.Context, customer store.Customer, plan catalog.Plan) error {
	mine := ""
	if customer.TestClockID != nil {
		mine = *customer.TestClockID
	}
	clocks, err := s.store.RunClocks(ctx, customer.EntityID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(clocks, func(id string) bool { return id != mine }) {
		return refused("clocks_mixed",
			"plan %q is billed by the monthly run of %s, which closes a month for all at once: its customers must share one test clock, or have none",
			plan.ID, customer.EntityID)
	}
	return nil
}

func (s *Service) existing(ctx context.Context, id string) (*store.Subscription, error) {
	row, err := s.store.Subscription(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &row, err
}

// ShowSubscription is a subscription with the prices that were agreed for it.
func (s *Service) ShowSubscription(ctx context.Context, id string) (Subscription, error) {
	if _, err := s.Subscription(ctx, id); err != nil {
		return Subscription{}, err
	}
	return s.shown(ctx, id, nil)
}

func (s *Service) shown(ctx context.Context, id string, invoice *message.Billed) (Subscription, error) {
	row, err := s.store.Subscription(ctx, id)
	if err != nil {
		return Subscription{}, err
	}
	agreed, err := s.store.AgreedPrices(ctx, id)
	return Subscription{Subscription: row, AgreedPrices: agreed, Invoice: invoice}, err
}

// Subscription reads a subscription.
func (s *Service) Subscription(ctx context.Context, id string) (store.Subscription, error) {
	if checkID(id) != nil {
		return store.Subscription{}, notFound("subscription %.60q: not found", id)
	}
	row, err := s.store.Subscription(ctx, id)
	return row, named(err)
}

// Subscriptions lists subscriptions of an entity, a customer or all by id.
func (s *Service) Subscriptions(ctx context.Context, entityID, customerID, after string, limit int) (Page[store.Subscription], error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": entityID, "customer": customerID, "after": after}); err != nil {
		return Page[store.Subscription]{}, err
	}
	limit, err := pageSize(limit)
	if err != nil {
		return Page[store.Subscription]{}, err
	}
	rows, err := s.store.Subscriptions(ctx, entityID, customerID, after, limit+1)
	return page(rows, limit, func(x store.Subscription) string { return x.ID }), err
}
