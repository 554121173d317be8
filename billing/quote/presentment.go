package quote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
)

// Presentment is how prices are made in currencies that the catalogue does not have.
type Presentment struct {
	BaseCurrency   money.Currency                          `json:"base_currency" doc:"ISO 4217: the currency of the prices that are converted"`
	MarkupPercent  decimal.Decimal                         `json:"markup_percent,omitzero" doc:"Added to the rate, 0 to 100; 0 when left out"`
	Rounding       map[money.Currency]presentment.Rounding `json:"rounding,omitempty" doc:"By currency: minor_unit, whole, ends:.99 or multiple:10"`
	RoundUsage     bool                                    `json:"round_usage,omitempty" doc:"Round prices of usage by the rule, too"`
	MaxRateAgeDays *int                                    `json:"max_rate_age_days,omitempty" minimum:"0" maximum:"366" doc:"7 when left out"`
	RateSource     string                                  `json:"rate_source,omitempty" doc:"The only publisher whose rates are used; any when left out"`
}

// Rate is a published exchange rate; it serves both directions.
type Rate struct {
	From   money.Currency  `json:"from" doc:"ISO 4217: one unit of it is worth the value"`
	To     money.Currency  `json:"to" doc:"ISO 4217: in which the value is"`
	Date   calendar.Date   `json:"date" doc:"The day for which it was published"`
	Value  decimal.Decimal `json:"value" doc:"Above 0"`
	Source string          `json:"source,omitempty" doc:"Who published it; scenario when left out"`
}

// oldestRate is how many days a rate may be old when nothing is said: it covers weekends and holidays.
const oldestRate = 7

// policy is the setting as the rules know it. A scenario shows prices to nobody before they are agreed: QuoteHours is any.
func (p Presentment) policy() presentment.Policy {
	policy := presentment.Policy{
		BaseCurrency: p.BaseCurrency, MarkupPercent: p.MarkupPercent, Rounding: p.Rounding, RoundUsage: p.RoundUsage,
		MaxRateAgeDays: oldestRate, RateSource: p.RateSource, QuoteHours: 1,
	}
	replace(&policy.MaxRateAgeDays, p.MaxRateAgeDays)
	return policy
}

func (r Rate) published() tax.Rate {
	return tax.Rate{From: r.From, To: r.To, Date: r.Date, Value: r.Value, Source: cmp.Or(r.Source, "scenario")}
}

func (s *Scenario) checkPresentment() error {
	if s.Settings.Presentment == nil && len(s.Rates) > 0 {
		return errors.New("rates: nothing is converted without settings.presentment: add it, or remove the rates")
	}
	if s.Settings.Presentment != nil {
		if err := s.Settings.Presentment.policy().Validate(); err != nil {
			return fmt.Errorf("settings.presentment.%w", err)
		}
	}
	for i, r := range s.Rates {
		if err := r.check(); err != nil {
			return fmt.Errorf("rates[%d].%w", i, err)
		}
	}
	return nil
}

func (r Rate) check() error {
	if _, err := money.ParseCurrency(string(r.From)); err != nil {
		return fmt.Errorf("from: %w", err)
	}
	if _, err := money.ParseCurrency(string(r.To)); err != nil {
		return fmt.Errorf("to: %w", err)
	}
	if err := money.CheckDecimal(r.Value); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	switch {
	case r.From == r.To:
		return fmt.Errorf("to: %s is the currency of which one unit is priced: give another", r.To)
	case r.Date.IsZero():
		return errors.New("date: is missing: give the day for which the rate was published")
	case !r.Value.IsPositive():
		return fmt.Errorf("value: %s is not a rate: it must be above 0", r.Value)
	}
	return nil
}

// lock is what a plan version was sold at in a currency that the catalogue does not have.
type lock struct {
	presentment.Conversion

	at time.Time
}

// Plan is a plan version of the catalogue, at the prices that were agreed for it or that it was sold at.
func (b *book) Plan(_ context.Context, terms subscription.Terms) (catalog.Plan, error) {
	plan, err := b.w.plan(terms)
	if err != nil {
		return plan, err
	}
	plan = plan.WithAgreed(b.agreed[versionOf(terms)])
	if locked, is := b.locks[versionOf(terms)]; is && !slices.Contains(plan.Currencies(), b.currency) {
		plan = locked.Apply(plan, locked.at)
	}
	return plan, nil
}

// Offer is the plan at the agreed prices, the catalogue's, or those converted on the day of the offer. A version that the
// subscription has, or had, keeps its prices.
func (b *book) Offer(ctx context.Context, terms subscription.Terms, at time.Time) (catalog.Plan, error) {
	plan, err := b.Plan(ctx, terms)
	if err == nil && !b.had(versionOf(terms)) {
		plan, err = b.converted(ctx, terms, at)
	}
	if err == nil {
		err = lifecycle.CheckSellable(plan, terms, b.currency)
	}
	if err != nil {
		return plan, err
	}
	return plan, lifecycle.CheckEventAmounts(plan, b.currency, b.owner.currency)
}

// converted is a plan with prices in the book's currency, which are locked if they had to be converted.
func (b *book) converted(ctx context.Context, terms subscription.Terms, at time.Time) (catalog.Plan, error) {
	unlocked := maps.Clone(b.locks)
	delete(unlocked, versionOf(terms))
	change(b.w, &b.locks, unlocked)
	plan, err := b.Plan(ctx, terms)
	if err != nil || slices.Contains(plan.Currencies(), b.currency) {
		return plan, err
	}
	policy := b.w.scenario.Settings.Presentment
	if policy == nil {
		return plan, lifecycle.Unpriced(plan, b.currency)
	}
	rates := make([]tax.Rate, len(b.w.scenario.Rates))
	for i, r := range b.w.scenario.Rates {
		rates[i] = r.published()
	}
	made, err := presentment.Convert(plan, b.currency, rates, policy.policy(), b.zone.DateOf(at))
	if err != nil {
		return plan, refuse(presentment.Code(err), "%s", err)
	}
	locks := maps.Clone(unlocked)
	if locks == nil {
		locks = map[planVersion]lock{}
	}
	locks[versionOf(terms)] = lock{Conversion: made, at: at.UTC()}
	change(b.w, &b.locks, locks)
	return b.Plan(ctx, terms)
}

// had says that the subscription has a plan version, or had it.
func (b *book) had(version planVersion) bool {
	return versionOf(b.state.Terms) == version ||
		slices.ContainsFunc(b.InForce, func(s lifecycle.Segment) bool { return versionOf(s.Terms) == version })
}
