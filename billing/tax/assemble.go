package tax

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// convert turns the ordered buckets into rows and corrections, remembering the rates it took.
func (r *Return) convert(buckets []bucket, rates FX) error {
	for _, b := range buckets {
		net, tax := b.net, b.tax
		if b.net.Currency != r.Currency {
			rate, err := rates.find(r.Scheme, r.Currency, b.net.Currency, b.day)
			if err != nil {
				return err
			}
			if net, tax, err = rate.convertBoth(b.net, b.tax); err != nil {
				return fmt.Errorf("converting %s of %s: %w", b.country, r.Period, err)
			}
			r.remember(rate)
		}
		if err := r.add(b, net, tax); err != nil {
			return fmt.Errorf("adding up %s of %s: %w", b.country, r.Period, err)
		}
	}
	slices.SortFunc(r.RatesUsed, compareRates)
	return nil
}

func (r Rate) convertBoth(net, tax money.Amount) (money.Amount, money.Amount, error) {
	convertedNet, err := r.convert(net)
	if err != nil {
		return net, tax, err
	}
	convertedTax, err := r.convert(tax)
	return convertedNet, convertedTax, err
}

func (r *Return) remember(rate Rate) {
	if !slices.ContainsFunc(r.RatesUsed, func(u Rate) bool { return compareRates(u, rate) == 0 }) {
		r.RatesUsed = append(r.RatesUsed, rate)
	}
}

// add relies on the order of the buckets: whatever shares a row comes one after the other.
func (r *Return) add(b bucket, net, tax money.Amount) error {
	if !b.original.IsZero() {
		if n := len(r.Corrections); n == 0 || r.Corrections[n-1].Period != b.original || r.Corrections[n-1].Country != b.country {
			r.Corrections = append(r.Corrections, Correction{Period: b.original, Country: b.country, Tax: money.Zero(r.Currency)})
		}
		return addTo(&r.Corrections[len(r.Corrections)-1].Tax, tax)
	}
	if n := len(r.Rows); n == 0 || r.Rows[n-1].Country != b.country || !r.Rows[n-1].Rate.Equal(b.rate) {
		r.Rows = append(r.Rows, Row{
			Country: b.country, RateType: rateType(b.rate), Rate: b.rate,
			Net: money.Zero(r.Currency), Tax: money.Zero(r.Currency),
		})
	}
	row := &r.Rows[len(r.Rows)-1]
	if err := addTo(&row.Net, net); err != nil {
		return err
	}
	return addTo(&row.Tax, tax)
}

// rateType: zero-rated and exempt UK supplies share the row at 0 %, as they share box 6.
func rateType(rate decimal.Decimal) string {
	if rate.IsZero() {
		return "zero"
	}
	return classStandard
}

func (r *Return) control(entries []Entry) error {
	for _, e := range entries {
		at, found := slices.BinarySearchFunc(r.Controls, e.Net.Currency, func(c Control, cur money.Currency) int {
			return cmp.Compare(c.Currency, cur)
		})
		if !found {
			zero := money.Zero(e.Net.Currency)
			r.Controls = slices.Insert(r.Controls, at, Control{Currency: e.Net.Currency, Net: zero, Tax: zero})
		}
		c := &r.Controls[at]
		c.Entries++
		if err := addTo(&c.Net, e.Net); err != nil {
			return fmt.Errorf("control total of %s: %w", c.Currency, err)
		}
		if err := addTo(&c.Tax, e.Tax); err != nil {
			return fmt.Errorf("control total of %s: %w", c.Currency, err)
		}
	}
	return nil
}

// finish computes balances and what is payable. A member state's negative balance is refunded by that state and
// does not reduce what the others are owed; the UK has one balance, which may be a refund.
func (r *Return) finish() error {
	if err := r.balance(); err != nil {
		return err
	}
	for _, b := range r.Balances {
		if r.Scheme == SchemeEUOSS && b.Tax.IsNegative() {
			continue
		}
		if err := addTo(&r.Payable, b.Tax); err != nil {
			return fmt.Errorf("payable of %s: %w", r.Period, err)
		}
	}
	if r.Scheme != SchemeUKVAT {
		return nil
	}
	boxes, err := r.ukBoxes()
	r.Boxes = boxes
	return err
}

func (r *Return) balance() error {
	for _, row := range r.Rows {
		if err := r.addBalance(row.Country, row.Tax); err != nil {
			return err
		}
	}
	for _, c := range r.Corrections {
		if err := r.addBalance(c.Country, c.Tax); err != nil {
			return err
		}
	}
	return nil
}

func (r *Return) addBalance(country string, tax money.Amount) error {
	at, found := slices.BinarySearchFunc(r.Balances, country, func(b Balance, c string) int { return cmp.Compare(b.Country, c) })
	if !found {
		r.Balances = slices.Insert(r.Balances, at, Balance{Country: country, Tax: money.Zero(r.Currency)})
	}
	if err := addTo(&r.Balances[at].Tax, tax); err != nil {
		return fmt.Errorf("balance of %s: %w", country, err)
	}
	return nil
}
