package service

import (
	"context"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// AddRate records a published exchange rate, which tax returns need for invoices in other currencies than theirs.
// A rate that exists must be the same: returns may rest on it.
func (s *Service) AddRate(ctx context.Context, rate tax.Rate) error {
	if err := checkRate(&rate); err != nil {
		return err
	}
	return s.store.Tx(ctx, func(tx store.Tx) error {
		if err := tx.AddFXRate(ctx, rate); err != nil {
			return err
		}
		known, err := tx.FXRates(ctx, rate.Date, rate.Date)
		if err != nil {
			return err
		}
		for _, other := range known {
			if other.From == rate.From && other.To == rate.To && other.Source == rate.Source && !other.Value.Equal(rate.Value) {
				return conflict("rate_exists", "%s published %s for %s/%s on %s: a rate is never changed", rate.Source, other.Value, rate.From, rate.To, rate.Date)
			}
		}
		return nil
	})
}

func checkRate(rate *tax.Rate) error {
	var p problems
	var err error
	rate.From, err = money.ParseCurrency(string(rate.From))
	p.check("from", err)
	rate.To, err = money.ParseCurrency(string(rate.To))
	p.check("to", err)
	if err == nil && rate.From == rate.To {
		p.add("to", "%s is the currency of which one unit is priced: give another", rate.To)
	}
	if rate.Date == (calendar.Date{}) {
		p.add("date", "is missing: give the day for which the rate was published")
	}
	if err := money.CheckDecimal(rate.Value); err != nil {
		p.check("rate", err)
	} else if !rate.Value.IsPositive() {
		p.add("rate", "%s is not a rate: it must be above 0", rate.Value)
	}
	p.check("source", checkText(rate.Source, longestName))
	return p.err()
}
