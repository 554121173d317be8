package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// OpenSubscription checks an agreement against the customer and the catalogue and records it. What is wrong with it
// comes back as a refusal, and nothing is written.
func (b *Billing) OpenSubscription(ctx context.Context, in message.Subscribe) (message.Opened, error) {
	var opened message.Opened
	err := b.Store.Tx(ctx, func(tx store.Tx) error {
		var err error
		opened, err = openSubscription(ctx, tx, in)
		return err
	})
	if refused, ok := errors.AsType[*subscription.Refusal](err); ok {
		return message.Opened{Refusal: refused}, nil
	}
	if needs, ok := errors.AsType[*needsInspection](err); ok {
		return message.Opened{Inspect: needs.method}, nil
	}
	return opened, err
}

// checkOwner holds a workflow to the id of its subscription: that no two workflows own one is Temporal's promise for
// equal ids only. It is checked here because a history may be replayed under any id.
func checkOwner(ctx context.Context, subscriptionID string) error {
	if !activity.IsActivity(ctx) {
		return nil
	}
	id, want := activity.GetInfo(ctx).WorkflowExecution.ID, message.SubscriptionID(subscriptionID)
	if id == want {
		return nil
	}
	return refusal("wrong_workflow_id", "subscription %s is owned by workflow %s, not by %s", subscriptionID, want, id)
}

func openSubscription(ctx context.Context, tx store.Tx, in message.Subscribe) (message.Opened, error) {
	customer, zone, err := subscriber(ctx, tx, in)
	if err != nil {
		return message.Opened{}, err
	}
	asked := in
	in, seats, err := seatMembers(ctx, tx, asked, zone)
	if err != nil {
		return message.Opened{}, err
	}
	made, err := openingOffer(ctx, tx, in, zone)
	if err != nil {
		return message.Opened{}, err
	}
	if err := lifecycle.CheckEventAmounts(made.plan, in.Currency, customer.Currency); err != nil {
		return message.Opened{}, err
	}
	seller, err := tx.Seller(ctx, in.EntityID)
	if err != nil {
		return message.Opened{}, err
	}
	parties, err := tx.Parties(ctx, customer)
	if err != nil {
		return message.Opened{}, err
	}
	account := lifecycle.Account{Currency: in.Currency, Zone: zone, Seller: seller, Buyer: parties.Addressee.Buyer()}
	state, err := account.Open(agreementOf(in), made.plan)
	if err != nil {
		return message.Opened{}, err
	}
	if err := addOnce(ctx, tx, asked, customer, state); err != nil {
		return message.Opened{}, err
	}
	if err := recordSeating(ctx, tx, seats); err != nil {
		return message.Opened{}, err
	}
	if in.BillingGroup != "" || in.PONumber != "" {
		if err := tx.SetBillingGroup(ctx, in.SubscriptionID, in.BillingGroup, in.PONumber); err != nil {
			return message.Opened{}, err
		}
	}
	if made.plan.HasTrial() {
		if inspect, err := claimTrial(ctx, tx, in, customer, parties.Payer); err != nil {
			return message.Opened{}, err
		} else if inspect != "" {
			return message.Opened{}, &needsInspection{method: inspect}
		}
	}
	if err := agree(ctx, tx, in); err != nil {
		return message.Opened{}, err
	}
	return message.Opened{State: state}, made.record(ctx, tx, in.SubscriptionID)
}

// subscriber is who subscribes, and where their days begin. It refuses an agreement that could be nobody's.
func subscriber(ctx context.Context, tx store.Tx, in message.Subscribe) (store.Customer, calendar.Zone, error) {
	if err := checkOwner(ctx, in.SubscriptionID); err != nil {
		return store.Customer{}, calendar.Zone{}, err
	}
	if err := agreementOf(in).Check(); err != nil {
		return store.Customer{}, calendar.Zone{}, err
	}
	customer, err := tx.Customer(ctx, in.CustomerID)
	if err != nil {
		return customer, calendar.Zone{}, unknownAs("customer_unknown", err)
	}
	if customer.EntityID != in.EntityID {
		return customer, calendar.Zone{}, refusal("entity_mismatch", "customer %s belongs to %s, not to %s", customer.ID, customer.EntityID, in.EntityID)
	}
	if err := checkStart(in, customer); err != nil {
		return customer, calendar.Zone{}, err
	}
	zone, err := calendar.LoadZone(customer.Zone)
	if err != nil {
		return customer, zone, refusal("zone_unknown", "customer %s: %s", customer.ID, err)
	}
	return customer, zone, nil
}

func agreementOf(in message.Subscribe) lifecycle.Agreement {
	return lifecycle.Agreement{
		SubscriptionID: in.SubscriptionID, CustomerID: in.CustomerID, Terms: in.Terms, StartAt: in.StartAt, EndsAfter: in.EndsAfter, EndsAt: in.EndsAt,
	}
}

// addOnce records the subscription and what was asked for. One that exists is this agreement's own if the same was asked for
// and it has not started: the activity ran before.
func addOnce(ctx context.Context, tx store.Tx, in message.Subscribe, customer store.Customer, state subscription.State) error {
	existing, err := tx.Subscription(ctx, in.SubscriptionID)
	if errors.Is(err, store.ErrNotFound) {
		if err := tx.AddSubscription(ctx, in.EntityID, customer.Zone, in.Currency, state); err != nil {
			return err
		}
		return tx.AddAgreement(ctx, in.SubscriptionID, in)
	}
	if err != nil {
		return err
	}
	first, err := firstRequest(ctx, tx, existing, in)
	if err != nil {
		return err
	}
	differs := in.Differs(first)
	switch {
	case differs != "":
		return refusal("subscription_exists", "subscription %s exists with other terms (%s): choose another id, or change it", in.SubscriptionID, differs)
	case existing.Status != subscription.Scheduled || !existing.StartedAt.Equal(in.StartAt.Truncate(time.Microsecond)): // as the database keeps it
		return refusal("subscription_exists", "subscription %s exists: choose another id", in.SubscriptionID)
	}
	return nil
}

// firstRequest is what was asked for when a subscription was agreed. Of one that is older than the record, the row says as
// much as is known.
func firstRequest(ctx context.Context, tx store.Tx, existing store.Subscription, in message.Subscribe) (first message.Subscribe, err error) {
	if err = tx.Agreement(ctx, existing.ID, &first); !errors.Is(err, store.ErrNotFound) {
		return first, err
	}
	first = in
	first.CustomerID, first.EntityID, first.Currency, first.Terms = existing.CustomerID, existing.EntityID, existing.Currency, existing.Terms()
	return first, nil
}

// A subscription starts within these many years of the day on which its customer was recorded: what lies outside is a
// mistake, such as a start that was left out, and would bill thousands of months.
const (
	yearsBefore = 10
	yearsAfter  = 100
)

func checkStart(in message.Subscribe, customer store.Customer) error {
	earliest, latest := customer.CreatedAt.AddDate(-yearsBefore, 0, 0), customer.CreatedAt.AddDate(yearsAfter, 0, 0)
	if in.StartAt.Before(earliest) || in.StartAt.After(latest) {
		return refusal("start_out_of_range", "subscription %s is to start at %s: give a start between %s and %s", in.SubscriptionID,
			in.StartAt.UTC().Format(time.RFC3339), earliest.UTC().Format(time.DateOnly), latest.UTC().Format(time.DateOnly))
	}
	return nil
}

// sold is the plan version that terms name, if the entity sells it.
func sold(ctx context.Context, tx store.Tx, entityID string, terms subscription.Terms) (catalog.Plan, error) {
	version, err := tx.Plan(ctx, terms.PlanID, terms.PlanVersion)
	if err != nil {
		return catalog.Plan{}, unknownAs("plan_unknown", err)
	}
	if version.EntityID != entityID {
		return version.Plan, refusal("plan_unknown", "plan %q is not sold by %s", version.Plan.ID, entityID)
	}
	return version.Plan, nil
}

func refusal(code, format string, args ...any) *subscription.Refusal {
	return &subscription.Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

// unknownAs turns "not found" into a refusal; other errors stay what they are.
func unknownAs(code string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return &subscription.Refusal{Code: code, Message: err.Error()}
	}
	return err
}
