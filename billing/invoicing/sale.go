package invoicing

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Sale is prepaid credit that a customer buys. It is paid with money and nothing else: neither the customer's credit nor
// other grants pay it, no discount lowers it, and none of it is carried to another invoice.
type Sale struct {
	// GrantID names the grant that is bought.
	GrantID     string
	Description string
	// Cost is what it is sold for, above 0 and enough to be collected. No tax comes on top: what the credit pays is taxed.
	Cost money.Amount
}

// ErrTooSmall is wrapped when credit is sold for an amount that cannot be collected by itself.
var ErrTooSmall = errors.New("cannot be collected by itself")

// Check says what is wrong with the sale.
func (s Sale) Check() error {
	now, rest := collectable(s.Cost)
	switch {
	case s.GrantID == "":
		return errors.New("the grant that is sold needs an id")
	case !s.Cost.IsPositive() || !now.IsPositive():
		return fmt.Errorf("cost %s %w: sell credit for at least %s", s.Cost, ErrTooSmall, money.New(smallestCharge(s.Cost.Currency), s.Cost.Currency))
	case !rest.IsZero():
		return fmt.Errorf("cost %s %w: its last digits cannot be charged in %s", s.Cost, ErrTooSmall, s.Cost.Currency)
	}
	return nil
}

// saleLines makes the line of the credit that is sold.
func (f Facts) saleLines() ([]Line, error) {
	if f.Sells == nil {
		return nil, nil
	}
	if err := f.Sells.Check(); err != nil {
		return nil, err
	}
	return []Line{{
		Kind: PrepaidCredit, ChargeID: f.Sells.GrantID, Description: f.Sells.Description, Quantity: decimal.NewFromInt(1),
		Exact: f.Sells.Cost.Decimal(), Amount: f.Sells.Cost, Period: calendar.Period{Start: f.IssuedAt, End: f.IssuedAt},
	}}, nil
}
