package invoicing

import (
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// Item is a line that no plan foresees: a one-off charge, such as a set-up fee, or an adjustment.
type Item struct {
	// ID names the item among those of the invoice.
	ID string `json:"id"`
	// Kind is OneOff, which costs something and can be discounted, or Adjustment, which charges or gives back and cannot.
	Kind        LineKind `json:"kind"`
	Description string   `json:"description"`
	// Quantity is above 0, Unit in major units; together they are rounded once. Unit is below 0 for what is given back.
	Quantity    decimal.Decimal `json:"quantity"`
	Unit        decimal.Decimal `json:"unit_amount"`
	TaxCategory string          `json:"tax_category"`
	// Period is the time that the item pays for. If there is none it is for the instant of the invoice, and earned then.
	Period calendar.Period `json:"period,omitzero"`
}

// Equal says that two items are the same, however their numbers are written.
func (i Item) Equal(o Item) bool {
	sameNumbers := i.Quantity.Equal(o.Quantity) && i.Unit.Equal(o.Unit)
	samePeriod := i.Period.Start.Equal(o.Period.Start) && i.Period.End.Equal(o.Period.End)
	return sameNumbers && samePeriod && i.ID == o.ID && i.Kind == o.Kind && i.Description == o.Description && i.TaxCategory == o.TaxCategory
}

// CheckAmount reports an item that costs more than an amount in the currency can safely hold, as CheckAmounts does. The error
// wraps money.ErrOverflow.
func (i Item) CheckAmount(currency money.Currency) error {
	amount, err := money.FromDecimal(i.Quantity.Mul(i.Unit).Abs(), currency)
	if err == nil {
		err = fits(amount)
	}
	return err
}

// MayCredit says that something among the facts can bring a total below zero: a revision, an adjustment that gives
// back, or late usage that makes all of a period's usage cheaper.
func (f Facts) MayCredit() bool {
	return f.Revises != nil || len(f.Earlier) > 0 || f.Closes != nil && f.Closes.Late != nil ||
		slices.ContainsFunc(f.Items, func(i Item) bool { return i.Unit.IsNegative() })
}

// Validate checks the item and names the first field that is wrong.
func (i Item) Validate() error {
	if err := i.check(); err != nil {
		return fmt.Errorf("item %.80q: %w", i.ID, err)
	}
	return nil
}

func (i Item) check() error {
	switch {
	case i.ID == "":
		return errors.New("id is required, so that billing it twice is noticed")
	case i.Description == "":
		return errors.New("description is required: it is what the customer reads")
	case i.TaxCategory == "":
		return errors.New("tax_category is required: without it no tax can be determined")
	case i.Period.End.Before(i.Period.Start):
		return fmt.Errorf("period %s ends before it starts", i.Period)
	}
	for _, field := range []struct {
		name  string
		check func() error
	}{{"kind", i.CheckKind}, {"quantity", i.CheckQuantity}, {"unit_amount", i.CheckUnit}} {
		if err := field.check(); err != nil {
			return fmt.Errorf("%s: %w", field.name, err)
		}
	}
	return nil
}

// CheckKind reports a kind of line that cannot be charged as an item.
func (i Item) CheckKind() error {
	if i.Kind != OneOff && i.Kind != Adjustment {
		return fmt.Errorf("%.40q must be one of %s, %s", i.Kind, OneOff, Adjustment)
	}
	return nil
}

// CheckQuantity reports a quantity that is not above 0 or has more digits than money.CheckDecimal allows.
func (i Item) CheckQuantity() error {
	if err := money.CheckDecimal(i.Quantity); err != nil {
		return err
	}
	if !i.Quantity.IsPositive() {
		return fmt.Errorf("must be above 0, got %s: to give something back make it an adjustment with a unit_amount below 0", i.Quantity)
	}
	return nil
}

// CheckUnit reports a unit amount that its kind of line cannot have, or that has more digits than money.CheckDecimal allows.
func (i Item) CheckUnit() error {
	if err := money.CheckDecimal(i.Unit); err != nil {
		return err
	}
	switch {
	case i.Kind == OneOff && i.Unit.IsNegative():
		return fmt.Errorf("of a one-off charge must not be below 0, got %s: to give something back make it an adjustment", i.Unit)
	case i.Kind == Adjustment && i.Unit.IsZero():
		return errors.New("of an adjustment must not be 0: it changes nothing")
	}
	return nil
}

// itemLines makes the lines of the items, in the order of their ids.
func (f Facts) itemLines() ([]Line, error) {
	lines := make([]Line, 0, len(f.Items))
	for n, item := range f.Items {
		if err := item.Validate(); err != nil {
			return nil, err
		}
		if n > 0 && f.Items[n-1].ID == item.ID {
			return nil, fmt.Errorf("item %q is there twice", item.ID)
		}
		line, err := f.itemLine(item)
		if err != nil {
			return nil, fmt.Errorf("item %q: %w", item.ID, err)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (f Facts) itemLine(i Item) (Line, error) {
	period := i.Period
	if period == (calendar.Period{}) {
		period = calendar.Period{Start: f.IssuedAt, End: f.IssuedAt}
	}
	exact := i.Quantity.Mul(i.Unit)
	amount, err := money.FromDecimal(exact, f.Currency)
	return Line{
		Kind: i.Kind, ChargeID: i.ID, Description: i.Description, Quantity: i.Quantity, Exact: exact, Amount: amount,
		TaxCategory: i.TaxCategory, Period: period,
		Explanation: Explanation{Steps: []rating.Step{{Quantity: i.Quantity, UnitAmount: i.Unit, Amount: exact}}},
	}, err
}
