package lifecycle

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
)

// Agreement is what a customer agrees to.
type Agreement struct {
	SubscriptionID string
	CustomerID     string
	Terms          subscription.Terms
	StartAt        time.Time
	// EndsAfter, above 0, is a fixed term in billing cycles; EndsAt, if set, one to an instant.
	EndsAfter int
	EndsAt    time.Time
}

var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// Check refuses an agreement that is wrong whatever is sold to whom, with the code subscription_id_invalid or term_invalid.
func (g Agreement) Check() error {
	switch {
	case !validID.MatchString(g.SubscriptionID):
		return refuse("subscription_id_invalid",
			"subscription id %q: use 1 to 100 letters, digits, '_', '.' or '-', beginning with a letter or digit", g.SubscriptionID)
	case g.EndsAfter < 0:
		return refuse("term_invalid", "ends_after must be 0 (no end) or a number of billing periods, not %d", g.EndsAfter)
	case g.EndsAfter > 0 && !g.EndsAt.IsZero():
		return refuse("term_invalid", "ends_after and ends_at exclude each other: leave one out")
	case !g.EndsAt.IsZero() && !g.EndsAt.After(g.StartAt):
		return refuse("term_invalid", "ends_at must be after the start, %s, not %s", stamp(g.StartAt), stamp(g.EndsAt))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Open is the subscription that an agreement makes, before it begins. Plan is the agreement's own, at the price that the
// customer is offered and sellable at it (CheckSellable). The error is a *subscription.Refusal, term_invalid or
// tax_undetermined, when there can be no such subscription.
func (a Account) Open(agreement Agreement, plan catalog.Plan) (subscription.State, error) {
	if err := CheckInForce(plan, agreement.StartAt, a.Zone); err != nil {
		return subscription.State{}, err
	}
	if err := a.checkTerm(agreement, plan); err != nil {
		return subscription.State{}, err
	}
	if err := a.checkTaxable(sold(plan, agreement.Terms), agreement.StartAt); err != nil {
		return subscription.State{}, err
	}
	state := subscription.New(agreement.SubscriptionID, agreement.CustomerID, agreement.Terms, plan.BilledBy,
		agreement.StartAt.UTC(), agreement.EndsAfter)
	state.Anchor = a.Zone.DateOf(agreement.StartAt)
	if !agreement.EndsAt.IsZero() {
		endsAt := agreement.EndsAt.UTC()
		state.EndsAt = &endsAt
	}
	return state, nil
}

// checkTerm refuses a fixed term that the plan cannot have.
func (a Account) checkTerm(agreement Agreement, plan catalog.Plan) error {
	fixed := agreement.EndsAfter > 0 || !agreement.EndsAt.IsZero()
	if plan.BilledBy == catalog.ByInvoiceRun && fixed {
		return refuse("term_invalid",
			"plan %s is billed by the monthly run: a fixed term (ends_after, ends_at) needs a plan billed by renewal", plan.ID)
	}
	if plan.HasTrial() && !agreement.EndsAt.IsZero() {
		if over := plan.FreeTrial().End(a.Zone, agreement.StartAt); !agreement.EndsAt.After(over) {
			return refuse("term_invalid", "ends_at must be after the end of the trial, %s, not %s", stamp(over), stamp(agreement.EndsAt))
		}
	}
	return nil
}

// checkTaxable refuses terms with something whose tax cannot be decided: no invoice could be made of what cannot be taxed.
func (a Account) checkTaxable(terms invoicing.Terms, at time.Time) error {
	plan := terms.Plan
	taxable := func(what, category string) error {
		if _, err := tax.Determine(a.Seller, a.Buyer, category, a.Zone.DateOf(at)); err != nil {
			return refuse("tax_undetermined", "plan %q %s cannot be taxed: %s", plan.ID, what, err)
		}
		return nil
	}
	for _, charge := range terms.Charges() {
		if err := taxable(fmt.Sprintf("charge %q", charge.ID), charge.TaxCategory); err != nil {
			return err
		}
	}
	if spend := plan.Spend[a.Currency]; spend.TaxCategory != "" {
		return taxable("spend", spend.TaxCategory)
	}
	return nil
}

// CheckSellable refuses terms of a plan that cannot be sold in a currency. The error is a *subscription.Refusal with the
// code currency_not_priced, seats_missing, seats_too_few, seats_too_many, seats_not_sold, add_ons_not_sold, add_on_unknown,
// add_on_once, add_on_too_many or amount_too_large.
func CheckSellable(plan catalog.Plan, terms subscription.Terms, currency money.Currency) error {
	least, most := plan.Seats.Least(), plan.Seats.Most()
	switch {
	case !slices.Contains(plan.Currencies(), currency):
		return Unpriced(plan, currency)
	case plan.HasSeats() && terms.Seats < 1 && terms.Seats < least:
		return refuse("seats_missing", "plan %q is priced per seat: seats must be %d or more, not %d", plan.ID, least, terms.Seats)
	case plan.HasSeats() && terms.Seats < least:
		return refuse("seats_too_few", "plan %q is sold with %d seats or more, not with %d: buy more, or choose another plan", plan.ID, least, terms.Seats)
	case terms.Seats > most:
		return refuse("seats_too_many", "plan %q: seats must be at most %d, not %d", plan.ID, most, terms.Seats)
	case !plan.HasSeats() && terms.Seats != 0:
		return refuse("seats_not_sold", "plan %q has no seats: leave seats out", plan.ID)
	}
	if err := checkAddOns(plan, terms.AddOns); err != nil {
		return err
	}
	for _, phased := range plan.InEachPhase() {
		if err := invoicing.CheckAmounts(sold(phased, terms), currency); err != nil {
			return refuse("amount_too_large", "%d seats: %s", terms.Seats, err)
		}
	}
	return nil
}

// CheckInForce refuses a plan version that is not sold yet when the terms begin. The error is a *subscription.Refusal with
// the code plan_not_in_force.
func CheckInForce(plan catalog.Plan, begin time.Time, zone calendar.Zone) error {
	if plan.InForce(begin, zone) {
		return nil
	}
	return refuse("plan_not_in_force", "plan %q version %d is sold from %s on, and the terms would begin at %s: choose an earlier version or a later time",
		plan.ID, plan.Version, plan.EffectiveFrom, zone.Clock(begin).Format(time.RFC3339))
}

// Unpriced is the refusal of a plan in a currency in which it has no price.
func Unpriced(plan catalog.Plan, currency money.Currency) *subscription.Refusal {
	return refuse("currency_not_priced", "plan %q version %d has no price in %q: it is sold in %v", plan.ID, plan.Version, currency, plan.Currencies())
}

func refuse(code, format string, args ...any) *subscription.Refusal {
	return &subscription.Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}
