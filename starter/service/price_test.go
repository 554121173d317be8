package service_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/starter/ecb"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// sellsLocally makes a seller convert dollars by rates of its own, so that tests do not meet each other's.
func sellsLocally(t *testing.T, id string) {
	t.Helper()
	rule, err := presentment.ParseRounding("multiple:10")
	require.NoError(t, err)
	_, err = running.Service.SetPresentment(t.Context(), id, &presentment.Policy{
		BaseCurrency: "USD", MarkupPercent: decimal.NewFromInt(2), MaxRateAgeDays: 7, QuoteHours: 24, RateSource: id,
		Rounding: map[money.Currency]presentment.Rounding{"JPY": rule},
	})
	require.NoError(t, err)
}

func publishes(t *testing.T, id string, at time.Time, yen string) {
	t.Helper()
	require.NoError(t, running.Service.AddRate(t.Context(), tax.Rate{
		From: "USD", To: "JPY", Date: calendar.Zone{}.DateOf(at), Value: decimal.RequireFromString(yen), Source: id,
	}))
}

func TestAQuoteIsHonouredUntilItEnds(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	in := startertest.NewCustomer(id, id+"-c")
	in.TestClock, in.Currency, in.Country, in.Zone = id+"-clock", "JPY", "JP", "Asia/Tokyo"
	running.Customer(t, in)
	sellsLocally(t, id)
	publishes(t, id, start, "150.25")

	price, err := running.Service.Price(t.Context(), service.PriceQuestion{Plan: id + "-team", Customer: id + "-c"})
	require.NoError(t, err)
	require.EqualValues(t, "JPY", price.Currency)
	require.Equal(t, "the customer's", price.Proposed)
	require.Equal(t, []money.Currency{"USD"}, price.Catalogue)
	// 8 × 150.25 × 1.02 = 1226.04
	require.Equal(t, "1230", price.Charges[0].Price.UnitAmount.String())
	require.True(t, price.Charges[0].Converted)
	require.Equal(t, start.Add(25*time.Hour), price.Quote.ValidUntil, "a day after the hour in which it was asked for")
	again, err := running.Service.Price(t.Context(), service.PriceQuestion{Plan: id + "-team", Currency: "jpy", Customer: id + "-c"})
	require.NoError(t, err)
	require.Equal(t, price.Quote, again.Quote, "the same question in the same hour is the same quote")

	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.Add(23*time.Hour), nil)
	require.NoError(t, err)
	publishes(t, id, start.Add(24*time.Hour), "200")
	want := service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-team", Seats: 3, Quote: price.Quote.ID}
	sold := running.Subscribe(t, want)
	require.Equal(t, money.New(3690, "JPY"), sold.Invoice.Total)

	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 1, 2), nil)
	require.NoError(t, err)
	invoices, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Customer: id + "-c"})
	require.NoError(t, err)
	require.Len(t, invoices.Data, 2)
	require.EqualValues(t, 3690, invoices.Data[1].Total, "for the subscription's life")
	require.Equal(t, sold.Invoice, running.Subscribe(t, want).Invoice, "repeating the request is safe, also when the quote is over")
	want.ID = id + "-late"
	_, err = running.Service.Subscribe(t.Context(), want)
	requireKind(t, err, service.Refused, "quote_expired")
	want.Quote = "quo_none"
	_, err = running.Service.Subscribe(t.Context(), want)
	require.Equal(t, "quote", requireKind(t, err, service.Invalid, "invalid_fields").Fields[0].Name)
	want.Quote = ""
	_, err = running.Service.Subscribe(t.Context(), want)
	requireKind(t, err, service.Refused, "rate_too_old")
	want.Currency = "USD"
	require.Equal(t, money.New(2400, "USD"), running.Subscribe(t, want).Invoice.Total, "the customer may choose the original currency")
}

func TestAQuoteIsForWhatItSays(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	sellsLocally(t, id)
	publishes(t, id, time.Now().AddDate(0, 0, -1), "150.25")
	price, err := running.Service.Price(t.Context(), service.PriceQuestion{Plan: id + "-team", Country: "jp"})
	require.NoError(t, err)
	for _, other := range []service.NewSubscription{
		{Plan: id + "-pro"}, {Plan: id + "-team", Seats: 1, Currency: "USD"},
	} {
		other.ID, other.Customer, other.Quote = id+"-"+other.Currency+"x", id+"-c", price.Quote.ID
		_, err := running.Service.Subscribe(t.Context(), other)
		requireKind(t, err, service.Refused, "quote_mismatch")
	}
}

func TestACurrencyIsProposed(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	sellsLocally(t, id)
	publishes(t, id, time.Now().AddDate(0, 0, -1), "150.25")
	for name, c := range map[string]struct {
		plan, country, customer string
		currency                money.Currency
		because                 string
		quoted                  bool
	}{
		"the catalogue has the country's":     {"$-pro", "DE", "", "EUR", "the currency of DE", false},
		"the country's can be converted":      {"$-team", "JP", "", "JPY", "the currency of JP", true},
		"usage is converted":                  {"$-api", "JP", "", "JPY", "the currency of JP", true},
		"no rate for the country's":           {"$-team", "BR", "", "USD", "no price in BRL: no exchange rate of USD was published by", false},
		"nothing is known of who asks":        {"$-team", "", "", "USD", "the seller's base currency", false},
		"the customer's, who says no country": {"$-pro", "", "$-c", "USD", "the customer's", false},
		"the country before the customer's":   {"$-pro", "FR", "$-c", "EUR", "the currency of FR", false},
	} {
		price, err := running.Service.Price(t.Context(), service.PriceQuestion{
			Plan: startertest.Fill(id, c.plan), Country: c.country, Customer: startertest.Fill(id, c.customer),
		})
		require.NoError(t, err, name)
		require.Equal(t, c.currency, price.Currency, name)
		require.Contains(t, price.Proposed, c.because, name)
		require.Equal(t, c.quoted, price.Quote != nil, name)
	}
	_, err := running.Service.Price(t.Context(), service.PriceQuestion{Plan: id + "-pro", Country: "ZZ"})
	require.Equal(t, "country", requireKind(t, err, service.Invalid, "invalid_fields").Fields[0].Name)
	other := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(other, other+"-c"))
	_, err = running.Service.Price(t.Context(), service.PriceQuestion{Plan: id + "-pro", Customer: other + "-c"})
	require.Equal(t, "customer", requireKind(t, err, service.Invalid, "invalid_fields").Fields[0].Name)
}

func TestLocalPricesNeedAPolicy(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	ask := func(plan, currency string) error {
		_, err := running.Service.Price(t.Context(), service.PriceQuestion{Plan: plan, Currency: currency})
		return err
	}
	requireKind(t, ask(id+"-team", "JPY"), service.Refused, "currency_not_priced")
	requireKind(t, ask(id+"-none", "JPY"), service.NotFound, "not_found")
	requireKind(t, ask(id+"-team", "XXB"), service.Invalid, "invalid_fields")
	sellsLocally(t, id)
	requireKind(t, ask(id+"-team", "JPY"), service.Refused, "rate_missing")
	publishes(t, id, time.Now().AddDate(0, 0, -20), "150.25")
	requireKind(t, ask(id+"-team", "JPY"), service.Refused, "rate_too_old")
	require.NoError(t, running.AddSeller(t.Context(), id), "the policy is set by itself: creating the seller again changes nothing")

	wrong := &presentment.Policy{BaseCurrency: "USD", MaxRateAgeDays: 7, QuoteHours: 24, MarkupPercent: decimal.NewFromInt(101)}
	_, err := running.Service.SetPresentment(t.Context(), id, wrong)
	require.ErrorContains(t, err, "markup_percent: must be between 0 and 100")
	_, err = running.Service.SetPresentment(t.Context(), id+"-none", wrong)
	requireKind(t, err, service.NotFound, "not_found")
	entity, err := running.Service.SetPresentment(t.Context(), id, &presentment.Policy{MaxRateAgeDays: 7, QuoteHours: 24})
	require.NoError(t, err)
	require.EqualValues(t, "EUR", entity.Presentment.BaseCurrency, "that of the books, when none is given")
	requireKind(t, ask(id+"-team", "JPY"), service.Refused, "currency_not_priced")
	entity, err = running.Service.SetPresentment(t.Context(), id, nil)
	require.NoError(t, err)
	require.Nil(t, entity.Presentment)
}

func TestRatesAreImportedOnce(t *testing.T) {
	t.Parallel()
	const content = "Date,USD,CYP,JPY,\n2001-02-01,0.93,0.57,108.2,\n2001-02-02,0.94,0.57,N/A,\n2001-02-30,1,1,1,\n"
	first, err := running.Service.ImportRates(t.Context(), strings.NewReader(content))
	require.NoError(t, err)
	require.Equal(t, service.RateImport{
		Days: 2, Rates: 3, New: 3, Rejected: 1, First: calendar.Date{Year: 2001, Month: 2, Day: 1}, Last: calendar.Date{Year: 2001, Month: 2, Day: 2},
		Retired: []string{"CYP"}, RejectedLines: []ecb.Rejected{{Line: 4, Reason: `"2001-02-30" is not a day such as 2027-02-26 or 26 February 2027`}},
	}, first)
	again, err := running.Service.ImportRates(t.Context(), strings.NewReader(strings.Replace(content, "108.2", "108.3", 1)))
	require.NoError(t, err)
	require.Equal(t, []any{2, 0, 2, 2}, []any{again.Rates, int(again.New), int(again.AlreadyKnown), again.Rejected})
	require.Equal(t, ecb.Rejected{Line: 2, Reason: "JPY: ECB is on record with another rate for 2001-02-01: a published rate is never changed"}, again.RejectedLines[0])
	_, err = running.Service.ImportRates(t.Context(), strings.NewReader("<html>"))
	require.Equal(t, "file", requireKind(t, err, service.Invalid, "invalid_fields").Fields[0].Name)
}
