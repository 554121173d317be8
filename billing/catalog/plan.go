// Package catalog describes what is sold: versioned plans, their charges, and
// the prices of each charge per currency. A plan version never changes once it
// is sold; a new price is a new version.
package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/entitlement"
	"github.com/perennial-billing/perennial/billing/money"
)

// BilledBy is what puts a subscription's charges on an invoice.
type BilledBy string

// Ways to be billed.
const (
	ByRenewal    BilledBy = "renewal"     // each subscription at its own anchor
	ByInvoiceRun BilledBy = "invoice_run" // the legal entity's run for the calendar month
)

// Kind is what a charge depends on.
type Kind string

// Kinds of charge.
const (
	Recurring Kind = "recurring" // the passing of time
	Usage     Kind = "usage"     // what a meter counted
)

// Per is what a recurring charge is multiplied by.
type Per string

// Bases of a recurring charge.
const (
	PerSubscription Per = "subscription" // once
	PerSeat         Per = "seat"         // by the number of seats
)

// Timing is when in its period a charge is billed.
type Timing string

// Timings of a charge.
const (
	Advance Timing = "advance" // at the start of the period
	Arrears Timing = "arrears" // after its end
)

// Plan is one version of something to subscribe to.
type Plan struct {
	ID      string `json:"id"`
	Version int    `json:"version"` // 1, 2, …
	// Product is what the plan sells, the same in all its versions; absent, the plan is a product of its own: see ProductID.
	Product string `json:"product,omitzero"`
	// EffectiveFrom is when this version begins to be sold; absent, at once.
	EffectiveFrom Effective         `json:"effective_from,omitzero" doc:"When the version begins to be sold: a day, where the customer lives, or an instant"`
	Name          string            `json:"name"`
	Interval      calendar.Interval `json:"interval"`
	// Alignment says where billing boundaries lie; absent, on the anniversary of the first paid period.
	Alignment calendar.Alignment `json:"alignment,omitzero"`
	// TrialDays is the length in civil days of a free trial that ends at the start of a day, 0 for none.
	TrialDays int `json:"trial_days,omitzero"`
	// Trial is any free trial, in place of TrialDays.
	Trial     calendar.Trial `json:"trial,omitzero"`
	Proration Grain          `json:"proration" enum:"day,day_inclusive,month_30,second,none"`
	// Credits is what becomes of paid time that is not used; absent, it is credited.
	Credits  CreditPolicy `json:"credits,omitzero" enum:"unused,none"`
	BilledBy BilledBy     `json:"billed_by" enum:"renewal,invoice_run"`
	Charges  []Charge     `json:"charges"`
	// Seats bound how many seats can be bought; absent, one or more.
	Seats SeatBounds `json:"seats,omitzero" doc:"How many seats can be bought; one or more when left out"`
	// AddOns are what can be bought with the plan.
	AddOns []AddOn `json:"add_ons,omitzero"`
	// Phases follow each other from the first paid period on, after the trial; after the last one prices are the regular ones.
	Phases []Phase `json:"phases,omitzero"`
	// Entitlements are the features that the plan opens, each once.
	Entitlements []entitlement.Entitlement `json:"entitlements,omitzero"`
	// Spend limits what the plan costs in a period as a whole, by currency.
	Spend map[money.Currency]Spend `json:"spend,omitzero"`
}

// Charge is one component of a plan and becomes one or more invoice lines.
type Charge struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind Kind   `json:"kind" enum:"recurring,usage"`
	// Per is for recurring charges only.
	Per Per `json:"per,omitzero" enum:"subscription,seat,quantity"`
	// Timing of usage is always Arrears.
	Timing Timing `json:"timing" enum:"advance,arrears"`
	// Meter names what is counted; for usage charges only.
	Meter       string                   `json:"meter,omitzero"`
	TaxCategory string                   `json:"tax_category"`
	Prices      map[money.Currency]Price `json:"prices"`
}

// Charge returns the charge with the given id, the plan's own or one of an add-on; the error lists those that exist.
func (p Plan) Charge(id string) (Charge, error) {
	ids := make([]string, 0, len(p.Charges))
	for _, charge := range p.EveryCharge() {
		if charge.ID == id {
			return charge, nil
		}
		ids = append(ids, charge.ID)
	}
	return Charge{}, fmt.Errorf("plan %q version %d has no charge %q: it has %s", p.ID, p.Version, id, strings.Join(ids, ", "))
}

// Price returns the price in the currency; the error lists those that exist.
func (c Charge) Price(currency money.Currency) (Price, error) {
	price, found := c.Prices[currency]
	if !found {
		return Price{}, fmt.Errorf("charge %q has no price in %q: it has prices in %s", c.ID, currency, listed(c.currencies()))
	}
	return price, nil
}

// Currencies returns, sorted, the currencies in which every charge of its own has a price:
// those in which the plan can be sold.
func (p Plan) Currencies() []money.Currency {
	if len(p.Charges) == 0 {
		return nil
	}
	return slices.DeleteFunc(p.Charges[0].currencies(), func(currency money.Currency) bool {
		return slices.ContainsFunc(p.Charges, func(charge Charge) bool {
			_, priced := charge.Prices[currency]
			return !priced
		})
	})
}

func (c Charge) currencies() []money.Currency {
	//workflowcheck:ignore the order of the map does not survive the sorting
	return slices.Sorted(maps.Keys(c.Prices))
}

func listed[T ~string](values []T) string {
	texts := make([]string, 0, len(values))
	for _, value := range values {
		texts = append(texts, string(value))
	}
	return strings.Join(texts, ", ")
}
