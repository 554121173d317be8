package tax

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Rate is a published exchange rate: one unit of From is Value units of To on Date. Source names the publisher.
type Rate struct {
	From   money.Currency  `json:"from"`
	To     money.Currency  `json:"to"`
	Date   calendar.Date   `json:"date"`
	Value  decimal.Decimal `json:"value"`
	Source string          `json:"source"`
}

// FX is the table of rates that a return may use. A rate serves both directions.
type FX []Rate

// publicationGap bounds the wait for the next ECB publication: the longest closure is the five days of Easter.
const publicationGap = 7

// NeededRates lists what Aggregate will ask for: per foreign currency of the entries the pair and the first day a
// rate may carry. It lets a caller fetch the rates before aggregating.
func NeededRates(scheme Scheme, entries []Entry) ([]Rate, error) {
	currency, err := returnCurrency(scheme)
	if err != nil {
		return nil, err
	}
	var needed []Rate
	for _, e := range entries {
		if e.Net.Currency == currency {
			continue
		}
		want := Rate{From: currency, To: e.Net.Currency, Date: rateDay(scheme, e)}
		if !slices.ContainsFunc(needed, func(r Rate) bool { return r.To == want.To && r.Date == want.Date }) {
			needed = append(needed, want)
		}
	}
	slices.SortFunc(needed, compareRates)
	return needed, nil
}

// rateDay is the day whose rate converts an entry; a credit note takes the day of what it corrects. OSS: the last day
// of the return period (Directive 2006/112/EC art. 366, 369h). UK: HMRC's monthly rate, dated the first of the month
// of the tax point (VATA 1994 sch. 6 para. 11).
func rateDay(scheme Scheme, e Entry) calendar.Date {
	if scheme == SchemeUKVAT {
		return calendar.Date{Year: e.supplied().Year, Month: e.supplied().Month, Day: 1}
	}
	return QuarterOf(e.supplied()).End()
}

// MissingRateError says which exchange rate a return needs and the table lacks.
type MissingRateError struct {
	From, To money.Currency
	Day      calendar.Date
}

func (e *MissingRateError) Error() string {
	return fmt.Sprintf("exchange rate between %s and %s for %s is missing: add it to the rates of the filing", e.From, e.To, e.Day)
}

// find applies the scheme's rule. OSS takes the next publication when the ECB published nothing on the day itself.
func (fx FX) find(scheme Scheme, from, to money.Currency, day calendar.Date) (Rate, error) {
	until := day
	if scheme == SchemeEUOSS {
		until = day.AddDays(publicationGap)
	}
	var best *Rate
	for i, r := range fx {
		if !r.joins(from, to) || r.Date.Compare(day) < 0 || r.Date.Compare(until) > 0 {
			continue
		}
		if best == nil || r.Date.Compare(best.Date) < 0 {
			best = &fx[i]
		}
	}
	if best == nil {
		return Rate{}, &MissingRateError{From: from, To: to, Day: day}
	}
	if !best.Value.IsPositive() {
		return Rate{}, fmt.Errorf("exchange rate between %s and %s of %s is %s: it must be positive", from, to, best.Date, best.Value)
	}
	return *best, nil
}

func (r Rate) joins(a, b money.Currency) bool {
	return (r.From == a && r.To == b) || (r.From == b && r.To == a)
}

// convert rounds once, to the target's minor unit.
func (r Rate) convert(a money.Amount) (money.Amount, error) {
	if r.From == a.Currency {
		return money.FromDecimal(a.Decimal().Mul(r.Value), r.To)
	}
	return money.FromDecimal(a.Decimal().DivRound(r.Value, int32(r.From.Digits())), r.From)
}

func compareRates(a, b Rate) int {
	if c := a.Date.Compare(b.Date); c != 0 {
		return c
	}
	if a.From+a.To < b.From+b.To {
		return -1
	}
	if a.From+a.To > b.From+b.To {
		return 1
	}
	return 0
}
