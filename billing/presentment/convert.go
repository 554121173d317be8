package presentment

import (
	"maps"
	"math/big"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

// Conversion is what a plan version costs in a currency, and how that came about.
type Conversion struct {
	Currency money.Currency `json:"currency"`
	// From is the currency of the catalogue's prices.
	From money.Currency `json:"from"`
	// Day is the one on which the rates were looked up.
	Day calendar.Date `json:"day"`
	// Rate is what one unit of From was worth in Currency before the markup, rounded to 12 decimals for people to read.
	Rate decimal.Decimal `json:"rate"`
	// RateDate is the day of the rate, the older one of two; Source names who published it.
	RateDate calendar.Date `json:"rate_date"`
	Source   string        `json:"source"`
	// Published are the rates that Rate is made of.
	Published     []tax.Rate      `json:"published"`
	MarkupPercent decimal.Decimal `json:"markup_percent"`
	// Prices are those of the charges that have none of their own in Currency.
	Prices []ChargePrice `json:"prices"`
}

// ChargePrice is the price of one charge before and after.
type ChargePrice struct {
	ChargeID string        `json:"charge_id"`
	From     catalog.Price `json:"from"`
	To       catalog.Price `json:"to"`
	// Rounding is the rule that was applied, "none" for prices that keep up to 12 decimals.
	Rounding string `json:"rounding"`
}

// unrounded is the rule of prices that keep their decimals.
const unrounded = "none"

// Convert makes the prices that a plan lacks in a currency, by the rates known on a day. Charges with a price of their own
// in the currency keep it. Errors are *Error.
//
// Every amount of a price is converted by itself and rounded once:
//
//	exact  = amount × rate × (1 + markup/100)      a fraction, nothing is lost
//	price  = rule of the currency(exact)           recurring charges; see Rounding
//	price  = exact to 12 decimals, half up         usage, unless RoundUsage
//
// Quantities (bounds of tiers, package sizes, free units) stay as they are, unless they are amounts, as those of
// percentages. A worked example, USD 20.00 a month sold in yen at 1 EUR = 1.0815 USD and 1 EUR = 162.42 JPY with 2 % markup
// and the rule "multiple:10":
//
//	20 × 162.42/1.0815 × 1.02 = 3063.678…  →  JPY 3060
func Convert(plan catalog.Plan, to money.Currency, rates []tax.Rate, p Policy, day calendar.Date) (Conversion, error) {
	if known, err := money.ParseCurrency(string(to)); err != nil || known != to {
		return Conversion{}, failed(CurrencyUnknown, "unknown currency %.40q: use an active ISO 4217 code such as USD", to)
	}
	from := p.BaseCurrency
	if !slices.Contains(plan.Currencies(), from) {
		return Conversion{}, failed(NotPriced, "plan %q version %d has no price in %q, and none in %s from which one could be converted: it is sold in %v",
			plan.ID, plan.Version, to, from, plan.Currencies())
	}
	if len(plan.Spend) > 0 {
		return Conversion{}, failed(NotPriced, "plan %q version %d has a minimum or maximum spend in some currencies and cannot be converted to %s: add prices in it",
			plan.ID, plan.Version, to)
	}
	if slices.ContainsFunc(plan.Phases, func(phase catalog.Phase) bool { return len(phase.Prices) > 0 }) {
		return Conversion{}, failed(NotPriced, "plan %q version %d has phases with prices of their own and cannot be converted to %s: add prices in it",
			plan.ID, plan.Version, to)
	}
	found, err := p.route(rates, from, to, day)
	if err != nil {
		return Conversion{}, err
	}
	c := Conversion{
		Currency: to, From: from, Day: day, Rate: halfUp(found.ratio, money.MaxFractionDigits), RateDate: found.date(), Source: found.source(),
		Published: found.legs, MarkupPercent: p.MarkupPercent,
	}
	if c.Rate.IsZero() {
		return Conversion{}, failed(AmountTooLarge, "1 %s is less than 0.000000000001 %s on %s: prices that far apart are not converted", from, to, day)
	}
	factor := new(big.Rat).Mul(found.ratio, p.MarkupPercent.Shift(-2).Add(decimal.NewFromInt(1)).Rat())
	for _, charge := range plan.EveryCharge() {
		if _, priced := charge.Prices[to]; priced {
			continue
		}
		rounding := p.converter(charge, to, factor)
		price, err := rounding.price(charge.Prices[from])
		if err != nil {
			return Conversion{}, failed(AmountTooLarge, "plan %q charge %q in %s: %s", plan.ID, charge.ID, to, err)
		}
		c.Prices = append(c.Prices, ChargePrice{ChargeID: charge.ID, From: charge.Prices[from], To: price, Rounding: rounding.name})
	}
	return c, nil
}

// converter turns amounts of one charge.
type converter struct {
	factor *big.Rat
	rule   Rounding
	name   string
	// decimals is what amounts are rounded to where the rule has nothing to say.
	decimals int32
}

func (p Policy) converter(charge catalog.Charge, to money.Currency, factor *big.Rat) converter {
	rule := p.Rounding[to]
	c := converter{factor: factor, rule: rule, name: rule.String(), decimals: int32(to.Digits())}
	if charge.Kind != catalog.Usage {
		return c
	}
	c.decimals = money.MaxFractionDigits
	if !p.RoundUsage {
		c.rule, c.name = Rounding{}, unrounded
	} else if rule.step.IsZero() {
		c.rule.step = decimal.New(1, int32(-to.Digits()))
	}
	return c
}

func (c converter) price(from catalog.Price) (catalog.Price, error) {
	return from.WithAmounts(func(amount decimal.Decimal) (decimal.Decimal, error) {
		converted := c.rule.round(new(big.Rat).Mul(amount.Rat(), c.factor), c.decimals)
		return converted, money.CheckDecimal(converted)
	})
}

// Apply returns the plan with the converted prices as its own. The plan itself is left as it is. Since a price must be a
// fact that is looked up, not computed again, this is the plan that invoices are made of.
func (c Conversion) Apply(plan catalog.Plan, lockedAt time.Time) catalog.Plan {
	plan.Charges = c.applied(plan.Charges, lockedAt)
	plan.AddOns = slices.Clone(plan.AddOns)
	for i, addOn := range plan.AddOns {
		plan.AddOns[i].Charges = c.applied(addOn.Charges, lockedAt)
	}
	return plan
}

func (c Conversion) applied(charges []catalog.Charge, lockedAt time.Time) []catalog.Charge {
	charges = slices.Clone(charges)
	for _, converted := range c.Prices {
		for i, charge := range charges {
			if charge.ID != converted.ChargeID {
				continue
			}
			price := converted.To
			price.Converted = &catalog.Conversion{
				From: c.From, Rate: c.Rate, Source: c.Source, RateDate: c.RateDate, MarkupPercent: c.MarkupPercent,
				Rounding: converted.Rounding, LockedAt: lockedAt,
			}
			prices := maps.Clone(charge.Prices)
			prices[c.Currency] = price
			charges[i].Prices = prices
		}
	}
	return charges
}
