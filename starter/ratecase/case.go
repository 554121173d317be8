// Package ratecase reads questions for the price of one charge, one JSON object each, and answers them.
// The format is described in docs/quote.md.
package ratecase

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/exactyaml"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// Case is one question.
type Case struct {
	ID       json.RawMessage `json:"id,omitempty"` // any value; it is repeated in the answer
	Price    catalog.Price   `json:"price"`
	Currency money.Currency  `json:"currency"`
	// Quantity is short for a usage of which only the quantity matters. The model flat needs neither.
	Quantity *decimal.Decimal `json:"quantity,omitempty"`
	Usage    *rating.Usage    `json:"usage,omitzero"`
	// AlreadyBilled, in major units, is what was billed for the first part of the usage.
	AlreadyBilled *decimal.Decimal `json:"already_billed,omitempty"`
	// Part and Of are the share of the period, such as 16 of 31 days; both absent for the whole.
	Part *int64 `json:"part,omitzero"`
	Of   *int64 `json:"of,omitzero"`
	// Kind says what the share concerns: all of the price of a recurring charge, only the commitment, minimum and maximum
	// of a usage charge. It is needed with a share.
	Kind catalog.Kind `json:"kind,omitzero"`
}

// Answer is the price of a case. Amounts are in major units.
type Answer struct {
	ID       json.RawMessage `json:"id,omitempty"`
	Currency money.Currency  `json:"currency"`
	// Amount is what the line charges: Total less AlreadyBilled. AmountMinor is the same in minor units.
	Amount      string `json:"amount"`
	AmountMinor int64  `json:"amount_minor"`
	Total       string `json:"total"`
	// AlreadyBilled is as in the case.
	AlreadyBilled *decimal.Decimal `json:"already_billed,omitempty"`
	// Exact is the price before it is prorated and rounded: the sum of the steps. Prorated is its share, with 18 decimals.
	Exact    decimal.Decimal `json:"exact"`
	Prorated decimal.Decimal `json:"prorated"`
	Part     *int64          `json:"part,omitzero"`
	Of       *int64          `json:"of,omitzero"`
	Steps    []rating.Step   `json:"steps"`
}

// format is what a line of a stream is.
var format = exactyaml.Format{Name: "case"}

// Parse reads a case from exactly one JSON object. A field that does not exist, or is there twice, is an error, and so is
// anything after the object; null is as if the field were left out. With an error the case has its id, if that could be read.
func Parse(data []byte) (c Case, err error) {
	err = format.DecodeJSON(data, &c)
	return c, err
}

// Answer prices the case. Errors begin with the path of the field.
func (c Case) Answer() (Answer, error) {
	request, err := c.request()
	if err != nil {
		return Answer{}, err
	}
	line, err := request.Line()
	switch {
	case err == nil:
	case c.Usage != nil && !errors.Is(err, money.ErrOverflow): // the price and the part are right
		return Answer{}, fmt.Errorf("usage.%w", err)
	default:
		return Answer{}, err
	}
	steps := line.Steps
	if steps == nil {
		steps = []rating.Step{}
	}
	return Answer{
		ID: c.ID, Currency: request.Currency, Amount: written(line.Amount), AmountMinor: line.Amount.Minor, Total: written(line.Total),
		AlreadyBilled: c.AlreadyBilled, Exact: line.Exact, Prorated: line.Prorated, Part: c.Part, Of: c.Of, Steps: steps,
	}, nil
}

func written(a money.Amount) string { return a.Decimal().StringFixed(int32(a.Currency.Digits())) }

func (c Case) request() (rating.Request, error) {
	r := rating.Request{Price: c.Price}
	var err error
	if r.Currency, err = money.ParseCurrency(string(c.Currency)); err != nil {
		return r, fmt.Errorf("currency: %w", err)
	}
	if err := c.Price.ValidateIn(r.Currency); err != nil {
		return r, fmt.Errorf("price.%w", err)
	}
	switch {
	case c.Quantity != nil && c.Usage != nil:
		return r, errors.New("quantity cannot be combined with usage: write it as usage.quantity")
	case c.Quantity != nil:
		r.Usage = rating.Units(*c.Quantity)
	case c.Usage != nil:
		r.Usage = *c.Usage
	case c.Price.Model != catalog.Flat:
		return r, errors.New("quantity or usage is required")
	}
	if c.AlreadyBilled != nil {
		if r.AlreadyBilled, err = amountOf(*c.AlreadyBilled, r.Currency); err != nil {
			return r, fmt.Errorf("already_billed: %w", err)
		}
	}
	return r, c.prorate(&r)
}

// amountOf is money that was billed, so it has whole minor units.
func amountOf(d decimal.Decimal, currency money.Currency) (money.Amount, error) {
	if err := money.CheckDecimal(d); err != nil {
		return money.Amount{}, err
	}
	if !d.Equal(d.Truncate(int32(currency.Digits()))) {
		return money.Amount{}, fmt.Errorf("%s has %d decimal digits, got %s", currency, currency.Digits(), d)
	}
	return money.FromDecimal(d, currency)
}

func (c Case) prorate(r *rating.Request) error {
	switch c.Kind {
	case "", catalog.Recurring, catalog.Usage:
	default:
		return fmt.Errorf("kind %.40q must be one of %s, %s", c.Kind, catalog.Recurring, catalog.Usage)
	}
	r.Metered = c.Kind == catalog.Usage
	if c.Part == nil && c.Of == nil {
		return nil
	}
	switch {
	case c.Part == nil || c.Of == nil:
		return errors.New("part and of belong together: 16 of 31 days is part 16, of 31")
	case c.Kind == "" && c.Price.Model != catalog.Flat:
		return errors.New("kind is required with a part: recurring prorates the price, usage only its commitment, minimum and maximum")
	case *c.Of < 1:
		return fmt.Errorf("of must be at least 1, got %d", *c.Of)
	case *c.Part < 0 || *c.Part > *c.Of:
		return fmt.Errorf("part must be between 0 and %d, got %d", *c.Of, *c.Part)
	}
	r.Part = rating.Share{Num: *c.Part, Den: *c.Of}
	return nil
}
