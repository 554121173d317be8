package presentment

import (
	"math"
	"math/big"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// Reprice converts another price of a charge as the conversion did: by the same rates, markup and rounding rule. The error
// is an *Error with the code NotPriced if the charge was not converted, because then there is no rule for it, or if it has
// no price to convert; with AmountTooLarge if the price leaves its range.
func (c Conversion) Reprice(charge catalog.Charge) (catalog.Price, error) {
	i := slices.IndexFunc(c.Prices, func(p ChargePrice) bool { return p.ChargeID == charge.ID })
	from, priced := charge.Prices[c.From]
	if i < 0 || !priced {
		return catalog.Price{}, failed(NotPriced, "charge %q has no price in %s, and none in %s that was converted before", charge.ID, c.Currency, c.From)
	}
	p := Policy{BaseCurrency: c.From, MarkupPercent: c.MarkupPercent, MaxRateAgeDays: math.MaxInt, RoundUsage: c.Prices[i].Rounding != unrounded}
	if p.RoundUsage {
		rule, err := ParseRounding(c.Prices[i].Rounding)
		if err != nil {
			return catalog.Price{}, err
		}
		p.Rounding = map[money.Currency]Rounding{c.Currency: rule}
	}
	published, err := p.route(c.Published, c.From, c.Currency, c.Day)
	if err != nil {
		return catalog.Price{}, err
	}
	factor := new(big.Rat).Mul(published.ratio, c.MarkupPercent.Shift(-2).Add(decimal.NewFromInt(1)).Rat())
	price, err := p.converter(charge, c.Currency, factor).price(from)
	if err != nil {
		return catalog.Price{}, failed(AmountTooLarge, "charge %q in %s: %s", charge.ID, c.Currency, err)
	}
	return price, nil
}
