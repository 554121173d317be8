package presentment

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

// hub is the currency through which two others are joined: the ECB quotes every currency against it.
const hub money.Currency = "EUR"

// NeededCurrencies are those whose rates among each other decide what one currency is worth in another.
func NeededCurrencies(from, to money.Currency) []money.Currency {
	return []money.Currency{hub, from, to}
}

// route is how one currency is turned into another: by one published rate, or by two through the hub.
type route struct {
	legs []tax.Rate
	// ratio is what one unit is worth, exactly.
	ratio *big.Rat
}

// date is the day of the oldest rate.
func (r route) date() calendar.Date {
	oldest := r.legs[0].Date
	for _, leg := range r.legs[1:] {
		if leg.Date.Compare(oldest) < 0 {
			oldest = leg.Date
		}
	}
	return oldest
}

func (r route) source() string {
	var sources []string
	for _, leg := range r.legs {
		if !slices.Contains(sources, leg.Source) {
			sources = append(sources, leg.Source)
		}
	}
	return strings.Join(sources, ", ")
}

// route finds the newest way from one currency to another that was published by the day; of two equally new ones, the
// direct one.
func (p Policy) route(rates []tax.Rate, from, to money.Currency, day calendar.Date) (route, error) {
	direct, found := p.leg(rates, from, to, day)
	if from != hub && to != hub {
		first, foundFirst := p.leg(rates, from, hub, day)
		second, foundSecond := p.leg(rates, hub, to, day)
		if foundFirst && foundSecond {
			cross := route{legs: append(first.legs, second.legs...), ratio: new(big.Rat).Mul(first.ratio, second.ratio)}
			if !found || cross.date().Compare(direct.date()) > 0 {
				direct, found = cross, true
			}
		}
	}
	if !found {
		return route{}, p.missing(rates, from, to, day)
	}
	if age := direct.date().DaysUntil(day); age > p.MaxRateAgeDays {
		return route{}, failed(RateTooOld, "the newest rate from %s to %s on %s is of %s, %d days old: at most %d are allowed; import newer rates or record one",
			from, to, day, direct.date(), age, p.MaxRateAgeDays)
	}
	return direct, nil
}

// missing names the currency that no rate leads to.
func (p Policy) missing(rates []tax.Rate, from, to money.Currency, day calendar.Date) error {
	wanted := to
	if _, found := p.leg(rates, from, hub, day); !found && from != hub {
		wanted = from
	}
	by := ""
	if p.RateSource != "" {
		by = " by " + p.RateSource
	}
	return failed(RateMissing,
		"no exchange rate of %s was published%s in the year up to %s, so no price in %s can be converted to %s: import the rates or record one",
		wanted, by, day, from, to)
}

// leg is the newest rate between two currencies, in either direction. Of one day, the first publisher in the alphabet
// and the rate in the wanted direction come first, so that the order in which the rates come in does not matter.
func (p Policy) leg(rates []tax.Rate, from, to money.Currency, day calendar.Date) (route, bool) {
	var best *tax.Rate
	for i, r := range rates {
		joins := r.From == from && r.To == to || r.From == to && r.To == from
		if !joins || r.Date.Compare(day) > 0 || !r.Value.IsPositive() || p.RateSource != "" && r.Source != p.RateSource {
			continue
		}
		if best == nil || preferred(r, *best, from) {
			best = &rates[i]
		}
	}
	if best == nil {
		return route{}, false
	}
	ratio := best.Value.Rat()
	if best.From != from {
		ratio.Inv(ratio)
	}
	return route{legs: []tax.Rate{*best}, ratio: ratio}, true
}

func preferred(a, b tax.Rate, from money.Currency) bool {
	if order := cmp.Or(b.Date.Compare(a.Date), cmp.Compare(a.Source, b.Source)); order != 0 {
		return order < 0
	}
	return a.From == from && b.From != from
}
