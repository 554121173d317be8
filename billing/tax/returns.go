package tax

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Entry is one recorded tax amount: a group of an invoice, or of a credit note with negative amounts. TaxPoint is
// when it enters a return: for a credit note, the day it was issued. Original is the tax point of the supply that a
// credit note corrects; leave it zero for an invoice.
type Entry struct {
	ID        string        `json:"id"`
	InvoiceID string        `json:"invoice_id"`
	Decision  Decision      `json:"decision"`
	Country   string        `json:"country"` // member state of consumption, or GB
	Net       money.Amount  `json:"net"`
	Tax       money.Amount  `json:"tax"`
	TaxPoint  calendar.Date `json:"tax_point"`
	Original  calendar.Date `json:"original,omitzero"`
}

// supplied is the tax point of the supply itself, whose exchange rate a credit note reuses.
func (e Entry) supplied() calendar.Date {
	if e.Original.IsZero() {
		return e.TaxPoint
	}
	return e.Original
}

// Return is the immutable content of one filing. Amounts are in Currency with its minor digits, except Boxes 6 to 9.
// Controls repeat the entries' sums in their own currencies: they must equal the movement of the ledger's
// tax-payable account. Payable is what to pay; it is negative when the UK owes a refund.
type Return struct {
	Scheme      Scheme         `json:"scheme"`
	Period      Quarter        `json:"period"`
	Currency    money.Currency `json:"currency"`
	Rows        []Row          `json:"rows"`
	Corrections []Correction   `json:"corrections"`
	Balances    []Balance      `json:"balances"`
	Boxes       *UKBoxes       `json:"boxes,omitempty"`
	Payable     money.Amount   `json:"payable"`
	Controls    []Control      `json:"controls"`
	RatesUsed   []Rate         `json:"rates_used"`
}

// Row is the total per country and rate. RateType is always "standard": no reduced rate is in the rule data.
type Row struct {
	Country  string          `json:"country"`
	RateType string          `json:"rate_type"`
	Rate     decimal.Decimal `json:"rate"`
	Net      money.Amount    `json:"net"`
	Tax      money.Amount    `json:"tax"`
}

// Correction is the change of one member state's tax for an earlier period.
type Correction struct {
	Period  Quarter      `json:"period"`
	Country string       `json:"country"`
	Tax     money.Amount `json:"tax"`
}

// Balance is what one country is owed: its rows plus its corrections.
type Balance struct {
	Country string       `json:"country"`
	Tax     money.Amount `json:"tax"`
}

// Control is the sum of the entries in one original currency, corrections included.
type Control struct {
	Currency money.Currency `json:"currency"`
	Entries  int            `json:"entries"`
	Net      money.Amount   `json:"net"`
	Tax      money.Amount   `json:"tax"`
}

// ErrNoReturn is the cause when a scheme has no return in this package.
var ErrNoReturn = errors.New("scheme has no return")

func returnCurrency(scheme Scheme) (money.Currency, error) {
	switch scheme {
	case SchemeEUOSS:
		return "EUR", nil
	case SchemeUKVAT:
		return "GBP", nil
	}
	return "", fmt.Errorf("tax scheme %q: %w: use %s or %s", scheme, ErrNoReturn, SchemeUKVAT, SchemeEUOSS)
}

// Aggregate builds the return of a quarter from its entries; none gives the nil return that must be filed too. The
// result depends on the set of entries, not on their order. Sums are converted once per row and currency. Errors name
// the entry that does not belong (other scheme, tax point outside the quarter, repeated id, a correction of a later
// supply), or the currency and day of a missing exchange rate.
func Aggregate(scheme Scheme, period Quarter, entries []Entry, rates FX) (Return, error) {
	currency, err := returnCurrency(scheme)
	if err != nil {
		return Return{}, err
	}
	if err := checkEntries(scheme, period, entries); err != nil {
		return Return{}, err
	}
	buckets, err := sumBuckets(scheme, period, entries)
	if err != nil {
		return Return{}, err
	}
	r := Return{
		Scheme: scheme, Period: period, Currency: currency, Payable: money.Zero(currency),
		Rows: []Row{}, Corrections: []Correction{}, Balances: []Balance{}, Controls: []Control{}, RatesUsed: []Rate{},
	}
	if err := r.convert(buckets, rates); err != nil {
		return Return{}, err
	}
	if err := r.control(entries); err != nil {
		return Return{}, err
	}
	return r, r.finish()
}

func checkEntries(scheme Scheme, period Quarter, entries []Entry) error {
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		switch {
		case seen[e.ID]:
			return fmt.Errorf("tax entry %q occurs twice", e.ID)
		case e.Decision.Scheme != scheme:
			return fmt.Errorf("tax entry %q belongs to scheme %q, not to %q", e.ID, e.Decision.Scheme, scheme)
		case scheme == SchemeEUOSS && e.Decision.Treatment != Taxed:
			return fmt.Errorf("tax entry %q is %s: a One Stop Shop return holds taxed supplies alone", e.ID, e.Decision.Treatment)
		case QuarterOf(e.TaxPoint) != period:
			return fmt.Errorf("tax entry %q has its tax point on %s, outside %s", e.ID, e.TaxPoint, period)
		case e.supplied().Compare(e.TaxPoint) > 0:
			return fmt.Errorf("tax entry %q of %s corrects a later supply of %s", e.ID, e.TaxPoint, e.Original)
		case e.Net.Currency != e.Tax.Currency:
			return fmt.Errorf("tax entry %q: %w: net in %s, tax in %s", e.ID, money.ErrCurrencyMismatch, e.Net.Currency, e.Tax.Currency)
		}
		seen[e.ID] = true
	}
	return nil
}

// bucket sums what is converted together. Original is zero in a main row.
type bucket struct {
	country  string
	rate     decimal.Decimal
	original Quarter
	day      calendar.Date // of the exchange rate
	net, tax money.Amount
}

func (b bucket) compare(o bucket) int {
	return cmp.Or(
		b.original.Compare(o.original),
		cmp.Compare(b.country, o.country),
		b.rate.Cmp(o.rate),
		b.day.Compare(o.day),
		cmp.Compare(b.net.Currency, o.net.Currency),
	)
}

func sumBuckets(scheme Scheme, period Quarter, entries []Entry) ([]bucket, error) {
	var buckets []bucket
	for _, e := range entries {
		b := bucket{
			country: e.Country, rate: e.Decision.Rate, day: rateDay(scheme, e),
			net: money.Zero(e.Net.Currency), tax: money.Zero(e.Net.Currency),
		}
		// A UK credit note counts in the period in which it is issued; OSS wants the original period named.
		if original := QuarterOf(e.supplied()); scheme == SchemeEUOSS && original != period {
			b.original = original
		}
		at, found := slices.BinarySearchFunc(buckets, b, bucket.compare)
		if !found {
			buckets = slices.Insert(buckets, at, b)
		}
		if err := addTo(&buckets[at].net, e.Net); err != nil {
			return nil, fmt.Errorf("tax entry %q: %w", e.ID, err)
		}
		if err := addTo(&buckets[at].tax, e.Tax); err != nil {
			return nil, fmt.Errorf("tax entry %q: %w", e.ID, err)
		}
	}
	return buckets, nil
}

func addTo(sum *money.Amount, a money.Amount) error {
	total, err := sum.Add(a)
	if err == nil {
		*sum = total
	}
	return err
}
