package catalog

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Conversion says how a price came about that the catalogue does not have: from the price in another currency.
type Conversion struct {
	// From is the currency in which the catalogue has the price.
	From money.Currency `json:"from"`
	// Rate is what one unit of From was worth in the price's currency before the markup, rounded to 12 decimals. The price
	// was computed from the published rates themselves.
	Rate decimal.Decimal `json:"rate"`
	// Source names the publisher of the rate, RateDate the day it was published for: the older one of a cross rate.
	Source   string        `json:"source"`
	RateDate calendar.Date `json:"rate_date"`
	// MarkupPercent was added to the rate: 2 for two per cent.
	MarkupPercent decimal.Decimal `json:"markup_percent"`
	// Rounding is the rule that the price was rounded by, such as "ends:.99"; "none" if it kept its decimals.
	Rounding string `json:"rounding"`
	// LockedAt is when the price was agreed.
	LockedAt time.Time `json:"locked_at"`
}
