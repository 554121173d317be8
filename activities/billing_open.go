package activities

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

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
	if err := checkOwner(ctx, in.SubscriptionID); err != nil {
		return message.Opened{}, err
	}
	if !validID.MatchString(in.SubscriptionID) {
		return message.Opened{}, refusal("subscription_id_invalid",
			"subscription id %q: use 1 to 100 letters, digits, '_', '.' or '-', beginning with a letter or digit", in.SubscriptionID)
	}
	if in.EndsAfter < 0 {
		return message.Opened{}, refusal("term_invalid", "ends_after must be 0 (no end) or a number of billing periods, not %d", in.EndsAfter)
	}
	customer, err := tx.Customer(ctx, in.CustomerID)
	if err != nil {
		return message.Opened{}, unknownAs("customer_unknown", err)
	}
	if customer.EntityID != in.EntityID {
		return message.Opened{}, refusal("entity_mismatch", "customer %s belongs to %s, not to %s", customer.ID, customer.EntityID, in.EntityID)
	}
	if err := checkStart(in, customer); err != nil {
		return message.Opened{}, err
	}
	zone, err := calendar.LoadZone(customer.Zone)
	if err != nil {
		return message.Opened{}, refusal("zone_unknown", "customer %s: %s", customer.ID, err)
	}
	made, err := openingOffer(ctx, tx, in, zone)
	if err != nil {
		return message.Opened{}, err
	}
	plan := made.plan
	if plan.BilledBy == catalog.ByInvoiceRun && in.EndsAfter > 0 {
		return message.Opened{}, refusal("term_invalid", "plan %s is billed by the monthly run: a fixed term (ends_after) needs a plan billed by renewal", plan.ID)
	}
	seller, err := tx.Seller(ctx, in.EntityID)
	if err != nil {
		return message.Opened{}, err
	}
	if err := taxable(seller, customer.Buyer(), plan, zone.DateOf(in.StartAt)); err != nil {
		return message.Opened{}, err
	}
	state := subscription.New(in.SubscriptionID, in.CustomerID, in.Terms, plan.BilledBy, in.StartAt.UTC(), in.EndsAfter)
	state.Anchor = zone.DateOf(in.StartAt)
	if err := addOnce(ctx, tx, in, customer, state); err != nil {
		return message.Opened{}, err
	}
	if plan.TrialDays > 0 {
		if inspect, err := claimTrial(ctx, tx, in, customer); err != nil {
			return message.Opened{}, err
		} else if inspect != "" {
			return message.Opened{}, &needsInspection{method: inspect}
		}
	}
	return message.Opened{State: state}, made.record(ctx, tx, in.SubscriptionID)
}

// addOnce records the subscription. A row that exists is this agreement's own if it says the same and has not started:
// the activity ran before.
func addOnce(ctx context.Context, tx store.Tx, in message.Subscribe, customer store.Customer, state subscription.State) error {
	existing, err := tx.Subscription(ctx, in.SubscriptionID)
	if errors.Is(err, store.ErrNotFound) {
		return tx.AddSubscription(ctx, in.EntityID, customer.Zone, in.Currency, state)
	}
	if err != nil {
		return err
	}
	terms := subscription.Terms{PlanID: existing.PlanID, PlanVersion: existing.PlanVersion, Seats: existing.Seats}
	same := existing.CustomerID == in.CustomerID && terms == in.Terms && existing.Currency == in.Currency &&
		existing.StartedAt.Equal(in.StartAt.Truncate(time.Microsecond)) // as the database keeps it
	if existing.Status != subscription.Scheduled || !same {
		return refusal("subscription_exists", "subscription %s exists: choose another id", in.SubscriptionID)
	}
	return nil
}

// taxable checks that the tax of each of a plan's charges can be decided: no invoice could be made of what cannot be taxed.
func taxable(seller tax.Seller, buyer tax.Buyer, plan catalog.Plan, day calendar.Date) error {
	for _, charge := range plan.Charges {
		if _, err := tax.Determine(seller, buyer, charge.TaxCategory, day); err != nil {
			return refusal("tax_undetermined", "plan %q charge %q cannot be taxed: %s", plan.ID, charge.ID, err)
		}
	}
	return nil
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

// mostSeats keeps any sane price times the seats within the range of amounts.
const mostSeats = 10_000_000

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

// sellable checks that terms of a plan can be sold in a currency.
func sellable(plan catalog.Plan, terms subscription.Terms, currency money.Currency) error {
	switch {
	case !slices.Contains(plan.Currencies(), currency):
		return unpriced(plan, currency)
	case plan.HasSeats() && terms.Seats < 1:
		return refusal("seats_missing", "plan %q is priced per seat: seats must be 1 or more, not %d", plan.ID, terms.Seats)
	case terms.Seats > mostSeats:
		return refusal("seats_too_many", "plan %q: seats must be at most %d, not %d", plan.ID, mostSeats, terms.Seats)
	case !plan.HasSeats() && terms.Seats != 0:
		return refusal("seats_not_sold", "plan %q has no seats: leave seats out", plan.ID)
	}
	if err := invoicing.CheckAmounts(invoicing.Terms{Plan: plan, Seats: terms.Seats}, currency); err != nil {
		return refusal("amount_too_large", "%d seats: %s", terms.Seats, err)
	}
	return nil
}

func unpriced(plan catalog.Plan, currency money.Currency) *subscription.Refusal {
	return refusal("currency_not_priced", "plan %q version %d has no price in %q: it is sold in %v", plan.ID, plan.Version, currency, plan.Currencies())
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
