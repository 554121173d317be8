package service

import (
	"cmp"
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Asked says who asks for a command, and under which id.
type Asked struct {
	// CommandID makes repeating the command safe: the repetition answers as the first one did. Empty: a new one.
	CommandID string `json:"-"`
	Actor     string `json:"actor,omitempty" doc:"Who asks, for the record: customer when absent." example:"customer"`
	Reason    string `json:"reason,omitempty" doc:"Why, for the record." example:"needs more seats"`
}

func (a Asked) asked() Asked {
	a.Actor = cmp.Or(a.Actor, "customer")
	return a
}

// Change asks for other terms. What is absent stays as it is.
type Change struct {
	Asked
	Plan        string `json:"plan,omitempty" example:"pro-yearly"`
	PlanVersion int    `json:"plan_version,omitempty" doc:"The newest of the plan when absent."`
	Seats       *int64 `json:"seats,omitempty" example:"8"`
	// AddOns are those with another quantity.
	AddOns []subscription.HeldAddOn `json:"add_ons,omitempty" doc:"Add-ons with their new quantities, 0 to remove one; the others stay as they are."`
	// Prices are agreed with the customer for a version that the subscription has not had.
	Prices      catalog.Agreed `json:"prices,omitempty" doc:"Prices agreed for the new version in place of the catalogue's, by charge id and currency."`
	AtPeriodEnd bool           `json:"at_period_end,omitempty" doc:"Wait for the period's end. For the terms in force it withdraws what was deferred."`
	// On is a later instant at which it takes effect.
	On time.Time `json:"on,omitzero" doc:"Plan it for this later instant."`
	// BillNext leaves the difference to the next invoice.
	BillNext bool `json:"bill_next,omitempty" doc:"Leave the difference to the next invoice instead of billing it at once."`
	// NewPeriod begins a period with the change.
	NewPeriod bool `json:"new_period,omitempty" doc:"End the period under way and begin a whole one with the change, on a new billing day."`
}

func (c Change) repeats(before subscription.Command) bool {
	return before.Kind == subscription.ChangeTerms && before.Terms != nil && before.AtPeriodEnd == c.AtPeriodEnd && before.On.Equal(c.On) &&
		before.BillNext == c.BillNext && before.NewPeriod == c.NewPeriod && c.Prices.Equal(before.Prices) &&
		(c.Plan == "" || c.Plan == before.Terms.PlanID) &&
		(c.PlanVersion == 0 || c.PlanVersion == before.Terms.PlanVersion) &&
		c.asksFor(*before.Terms)
}

// asksFor says whether the seats and add-ons that are named are those of terms.
func (c Change) asksFor(terms subscription.Terms) bool {
	addOns, err := terms.AddOns.Changed(c.AddOns...)
	return err == nil && addOns == terms.AddOns && (c.Seats == nil || *c.Seats == terms.Seats)
}

func (c Change) command(ctx context.Context, s *Service, t target) (subscription.Command, error) {
	terms, err := c.terms(ctx, s, t)
	return subscription.Command{
		Kind: subscription.ChangeTerms, Terms: &terms, Prices: c.Prices, AtPeriodEnd: c.AtPeriodEnd, On: c.On, BillNext: c.BillNext,
		NewPeriod: c.NewPeriod,
	}, err
}

// terms completes what was asked for with what is in force, or at the period's end with what waits for it.
func (c Change) terms(ctx context.Context, s *Service, t target) (subscription.Terms, error) {
	row := t.row
	terms := row.Terms()
	if c.Plan != "" || c.PlanVersion != 0 {
		terms.PlanID, terms.PlanVersion = cmp.Or(c.Plan, row.PlanID), c.PlanVersion
	} else if c.Seats == nil && len(c.AddOns) == 0 {
		return terms, invalid("plan", "nothing to change is named: give a plan, a plan_version, seats or add_ons")
	} else if next := row.AtPeriodEnd; c.AtPeriodEnd && next != nil && next.Terms != nil && !c.asksFor(terms) {
		terms = *next.Terms
	}
	if c.Seats != nil {
		terms.Seats = *c.Seats
	}
	var p problems
	if p.checkSeats(terms.Seats); len(p) > 0 {
		return terms, p.err()
	}
	when, err := c.begin(t)
	if err != nil {
		return terms, err
	}
	if terms.AddOns, err = terms.AddOns.Changed(c.AddOns...); err != nil {
		return terms, invalid("add_ons", "%s", err)
	}
	plan, err := s.plan(ctx, row.EntityID, terms.PlanID, terms.PlanVersion, when)
	if err != nil {
		return terms, err
	}
	terms.PlanVersion = plan.Version
	if err := checkAgreed(plan, c.Prices, row.Currency); err != nil {
		return terms, err
	}
	return terms, checkAmounts(plan.WithAgreed(c.Prices), row.Currency, terms)
}

// begin is the moment at which the terms come into force.
func (c Change) begin(t target) (moment, error) {
	zone, err := calendar.LoadZone(t.customer.Zone)
	when := moment{at: t.now, zone: zone}
	switch end := t.row.PeriodEnd; {
	case !c.On.IsZero():
		when.at = c.On
	case c.AtPeriodEnd && end != nil && end.After(t.now):
		when.at = *end
	}
	return when, err
}

// Cancel asks for the end.
type Cancel struct {
	Asked
	AtPeriodEnd  bool `json:"at_period_end,omitempty" doc:"Wait for the end of the billing period."`
	CreditUnused bool `json:"credit_unused,omitempty" doc:"Credit the paid time that is left, when it ends now or on a date."`
	// On is a later instant at which it takes effect.
	On time.Time `json:"on,omitzero" doc:"Plan it for this later instant."`
}

func (c Cancel) repeats(before subscription.Command) bool {
	return before.Kind == subscription.Cancel && before.AtPeriodEnd == c.AtPeriodEnd && before.On.Equal(c.On) && before.CreditUnused == c.CreditUnused
}

func (c Cancel) command(context.Context, *Service, target) (subscription.Command, error) {
	if c.AtPeriodEnd && c.CreditUnused {
		return subscription.Command{}, invalid("credit_unused", "nothing is left unused at the period's end: ask for one of the two")
	}
	return subscription.Command{Kind: subscription.Cancel, AtPeriodEnd: c.AtPeriodEnd, On: c.On, CreditUnused: c.CreditUnused}, nil
}
