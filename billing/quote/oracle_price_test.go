package quote_test

import (
	"math/big"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// consumed is what was used of a meter in one stretch: its sum, and what the models ask besides.
type consumed struct {
	quantity, events, amount int64
	kinds                    map[string]int64
}

func whole(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

func product(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

// priceOf works a price out anew, from what docs/quote.md says of the models, in fractions.
func priceOf(p catalog.Price, u consumed) *big.Rat {
	quantity := whole(u.quantity)
	beyond := func(free *big.Rat) *big.Rat {
		if left := new(big.Rat).Sub(quantity, free); left.Sign() > 0 {
			return left
		}
		return new(big.Rat)
	}
	percent := func(of *big.Rat) *big.Rat { return product(of, big.NewRat(1, 100)) }
	switch p.Model {
	case catalog.Flat:
		return p.FlatAmount.Rat()
	case catalog.PerUnit:
		return product(beyond(p.FreeUnits.Rat()), p.UnitAmount.Rat())
	case catalog.Package:
		begun := new(big.Rat).Quo(beyond(p.FreeUnits.Rat()), p.PackageSize.Rat())
		return product(new(big.Rat).SetInt(ceiling(begun)), p.UnitAmount.Rat())
	case catalog.Percentage:
		fees := max(0, u.events-p.FreeEvents)
		return new(big.Rat).Add(percent(product(beyond(p.FreeUnits.Rat()), p.Percent.Rat())), product(whole(fees), p.EventAmount.Rat()))
	case catalog.Dynamic:
		return product(whole(u.amount), p.Multiplier.Rat())
	case catalog.Matrix:
		total := product(whole(u.quantity-u.kinds["a"]), p.DefaultUnitAmount.Rat())
		return total.Add(total, product(whole(u.kinds["a"]), p.Cells[0].UnitAmount.Rat()))
	}
	return tiersPrice(p, u.quantity)
}

// tiersPrice is the price of a model with tiers. The random catalogues have two.
func tiersPrice(p catalog.Price, quantity int64) *big.Rat {
	first, second, bound := p.Tiers[0], p.Tiers[1], p.Tiers[0].UpTo.IntPart()
	if quantity == 0 {
		if p.FlatAtZero {
			return first.FlatAmount.Rat()
		}
		return new(big.Rat)
	}
	unit := func(t catalog.Tier) *big.Rat {
		if p.Model == catalog.GraduatedPercentage {
			return product(t.Percent.Rat(), big.NewRat(1, 100))
		}
		return t.UnitAmount.Rat()
	}
	tier := first
	if quantity > bound {
		tier = second
	}
	switch p.Model {
	case catalog.Stairstep:
		return tier.FlatAmount.Rat()
	case catalog.Volume:
		return new(big.Rat).Add(product(whole(quantity), unit(tier)), tier.FlatAmount.Rat())
	}
	total := new(big.Rat).Add(product(whole(min(quantity, bound)), unit(first)), first.FlatAmount.Rat())
	if quantity > bound {
		total.Add(total, product(whole(quantity-bound), unit(second)))
		total.Add(total, second.FlatAmount.Rat())
	}
	return total
}

func ceiling(r *big.Rat) *big.Int {
	up := new(big.Int).Add(r.Num(), new(big.Int).Sub(r.Denom(), big.NewInt(1)))
	return up.Quo(up, r.Denom())
}

// minor rounds an amount of 0 or more to the minor unit, halves up.
func minor(r *big.Rat, currency money.Currency) int64 {
	units := new(big.Rat).Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(currency.Digits())), nil)))
	units.Add(units, big.NewRat(1, 2))
	return new(big.Int).Quo(units.Num(), units.Denom()).Int64()
}
