package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Bounds of phases.
const (
	longestPhase = 10_000 // periods
	mostPercent  = 1000
)

// Phase is a stretch of a plan's paid periods with prices of its own, such as an introductory price or a step of a ramp.
// A charge has the price that Prices gives it, else Percent of its regular one, else its regular one.
type Phase struct {
	// Periods is how many billing periods the phase lasts, 1 to 10,000. The last phase may leave it out: it has no end.
	Periods int `json:"periods,omitzero"`
	// Percent is what is charged of the regular prices, 0 to 1000: 50 for half of them, 0 for nothing.
	Percent *decimal.Decimal `json:"percent,omitempty"`
	// Prices are by charge id, each with a price in every currency that the plan is sold in.
	Prices map[string]map[money.Currency]Price `json:"prices,omitzero"`
}

// InPeriod is the plan with the prices of the nth paid period under it, counted from 0: those of the phase that the period
// belongs to, the regular ones after the last phase. A subscription's whole period has one phase.
func (p Plan) InPeriod(n int) Plan {
	for i, phase := range p.Phases {
		if phase.Periods == 0 || n < phase.Periods {
			return p.InPhase(i + 1)
		}
		n -= phase.Periods
	}
	return p.InPhase(0)
}

// InPhase is the plan with the prices of a phase, counted from 1, or with the regular ones for any other number. It has no
// phases itself.
func (p Plan) InPhase(number int) Plan {
	if number > 0 && number <= len(p.Phases) {
		phase := p.Phases[number-1]
		p.Charges = slices.Clone(p.Charges)
		for i, charge := range p.Charges {
			p.Charges[i].Prices = phase.pricesOf(charge, number)
		}
	}
	p.Phases = nil
	return p
}

// InEachPhase are the plan with its regular prices, then with those of each phase.
func (p Plan) InEachPhase() []Plan {
	plans := make([]Plan, len(p.Phases)+1)
	for number := range plans {
		plans[number] = p.InPhase(number)
	}
	return plans
}

func (f Phase) pricesOf(charge Charge, number int) map[money.Currency]Price {
	prices := make(map[money.Currency]Price, len(charge.Prices))
	for _, currency := range charge.currencies() {
		price := charge.Prices[currency]
		if !price.Agreed {
			price = f.price(charge.ID, currency, price)
			price.Phase = number
		}
		prices[currency] = price
	}
	return prices
}

// price is what the phase makes of a regular price.
func (f Phase) price(chargeID string, currency money.Currency, regular Price) Price {
	if own, has := f.Prices[chargeID][currency]; has {
		return own
	}
	return f.ofRegular(regular)
}

func (f Phase) ofRegular(price Price) Price {
	if f.Percent == nil {
		return price
	}
	return price.Times(f.Percent.Shift(-2))
}

func (p Plan) validatePhases() error {
	if len(p.Phases) > 0 && p.BilledBy == ByInvoiceRun {
		return errors.New("phases must be left out for billed_by invoice_run: a run bills calendar months, not the periods of a subscription")
	}
	for i, phase := range p.Phases {
		last := i == len(p.Phases)-1
		if err := phase.validate(p, last); err != nil {
			return fmt.Errorf("phases[%d].%w", i, err)
		}
	}
	return nil
}

func (f Phase) validate(p Plan, last bool) error {
	switch {
	case f.Periods == 0 && !last:
		return errors.New("periods is missing: only the last phase may have no end")
	case f.Periods < 0 || f.Periods > longestPhase:
		return fmt.Errorf("periods must be between 1 and %d, got %d", longestPhase, f.Periods)
	}
	//workflowcheck:ignore the order of the map does not survive the sorting
	for _, id := range slices.Sorted(maps.Keys(f.Prices)) {
		charge, err := p.Charge(id)
		if err != nil {
			return fmt.Errorf("prices.%.64s: %w", id, err)
		}
		if err := f.validatePrices(charge, p.Currencies()); err != nil {
			return fmt.Errorf("prices.%s.%w", id, err)
		}
	}
	return f.validatePercent(p)
}

// validatePrices checks the prices that the phase gives a charge: whoever can buy the plan must have one of them.
func (f Phase) validatePrices(charge Charge, sold []money.Currency) error {
	regular := charge.Prices
	charge.Prices = f.Prices[charge.ID]
	for _, currency := range sold {
		if _, priced := charge.Prices[currency]; !priced {
			return fmt.Errorf("%s is missing: the plan is sold in that currency", currency)
		}
	}
	for _, currency := range charge.currencies() {
		if _, priced := regular[currency]; !priced {
			return fmt.Errorf("%s: the charge has no regular price in that currency", currency)
		}
		if err := charge.validatePrice(currency); err != nil {
			return fmt.Errorf("%s.%w", currency, err)
		}
	}
	return nil
}

// validatePercent checks that the share of every regular price is a price, so that none fails when it is billed.
func (f Phase) validatePercent(p Plan) error {
	if f.Percent == nil {
		return nil
	}
	if err := checkQuantity("percent", *f.Percent); err != nil {
		return err
	}
	if f.Percent.GreaterThan(decimal.NewFromInt(mostPercent)) {
		return fmt.Errorf("percent must be at most %d, got %s", mostPercent, f.Percent)
	}
	for i, charge := range p.Charges {
		if f.Prices[charge.ID] != nil {
			continue
		}
		for _, currency := range charge.currencies() {
			price := charge.Prices[currency]
			if price.Model == Dynamic && f.Percent.IsZero() {
				return fmt.Errorf("percent 0 cannot be had of charges[%d].prices.%s, whose model is dynamic: give the charge a price of the phase", i, currency)
			}
			if err := f.ofRegular(price).ValidateIn(currency); err != nil {
				return fmt.Errorf("percent %s of charges[%d].prices.%s is no price: %w", f.Percent, i, currency, err)
			}
		}
	}
	return nil
}
