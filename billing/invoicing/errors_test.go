package invoicing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

func TestClosingRefusesToChargeTwiceOrNotAtAll(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	full := month(t, z, "2027-01")
	api := plan(t, "api", catalog.GrainDay, used("calls", perUnit("0.01")))
	from := func(a, b string) calendar.Period { return between(t, z, a, b) }
	for _, test := range []struct {
		name     string
		segments []invoicing.Segment
		want     string
	}{
		{"overlap", []invoicing.Segment{
			segment(from("2027-01-01", "2027-01-11"), terms(api, 0), "", ""), segment(from("2027-01-10", "2027-02-01"), terms(api, 0), "", ""),
		}, "closing segment 2, [2027-01-10T00:00:00Z, 2027-02-01T00:00:00Z): segments must follow each other inside the period"},
		{"before the period", []invoicing.Segment{segment(from("2026-12-31", "2027-01-11"), terms(api, 0), "", "")}, "closing segment 1"},
		{"after the period", []invoicing.Segment{segment(from("2027-01-31", "2027-02-02"), terms(api, 0), "", "")}, "closing segment 1"},
		{"backwards", []invoicing.Segment{segment(from("2027-01-11", "2027-01-10"), terms(api, 0), "", "")}, "closing segment 1"},
		{
			"unpriced meter",
			[]invoicing.Segment{segment(full, terms(api, 0), "bytes", "12.5")},
			`plan "api" version 1 has no charge for meter "bytes", of which 12.5 were used`,
		},
		{
			"negative usage",
			[]invoicing.Segment{segment(full, terms(api, 0), "calls", "-3")},
			`invoice:sub_1:test: plan "api" charge "calls": quantity must not be negative, got -3`,
		},
	} {
		f := untaxed(z, full.End)
		f.Closes = &invoicing.Closing{Period: full, Full: full, Segments: test.segments}
		inv, err := invoicing.Build(f)
		require.ErrorContains(t, err, test.want, test.name)
		require.Zero(t, inv)
	}
}

func TestErrorsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	january, february := month(t, z, "2027-01"), month(t, z, "2027-02")
	pro := plan(t, "pro", catalog.GrainDay, seats("10"))
	huge := plan(t, "huge", catalog.GrainDay, used("calls", perUnit("999999999999")))
	tons := func(id string) catalog.Charge {
		return recurring(id, catalog.PerSubscription, catalog.Advance, in("USD", flat("60000000000000000")))
	}
	vast := plan(t, "vast", catalog.GrainDay, tons("a"), tons("b"))
	opens := func(p catalog.Plan, seats int64) *invoicing.Opening {
		return &invoicing.Opening{Period: february, Terms: terms(p, seats)}
	}
	for _, test := range []struct {
		name   string
		change func(*invoicing.Facts)
		want   string
		is     error
	}{
		{"currency", func(f *invoicing.Facts) {
			f.Opens, f.Currency, f.Balance = opens(pro, 1), "EUR", money.Zero("EUR")
		}, `plan "pro" version 1: charge "seats" has no price in "EUR": it has prices in USD`, nil},
		{"seats", func(f *invoicing.Facts) {
			f.Opens = opens(pro, -1)
		}, `plan "pro" charge "seats": quantity must not be negative, got -1`, nil},
		{"country", func(f *invoicing.Facts) {
			f.Opens, f.Buyer.Country = opens(pro, 1), "XX"
		}, `tax of charge "seats"`, nil},
		{"credit in another currency", func(f *invoicing.Facts) {
			f.Opens, f.Balance = opens(pro, 1), money.New(1<<40, "EUR")
		}, "customer's credit of EUR 10995116277.76 on an invoice in USD", money.ErrCurrencyMismatch},
		{"negative credit", func(f *invoicing.Facts) {
			f.Opens, f.Balance = opens(pro, 1), money.New(-1, "USD")
		}, "customer's credit must not be negative, got USD -0.01", nil},
		{"a line overflows", func(f *invoicing.Facts) {
			f.Closes = &invoicing.Closing{Period: january, Full: january, Segments: []invoicing.Segment{
				segment(january, terms(huge, 0), "calls", "999999999999999999"),
			}}
		}, `plan "huge" charge "calls"`, money.ErrOverflow},
		{"the sum overflows", func(f *invoicing.Facts) { f.Opens = opens(vast, 0) }, "invoice:sub_1:test", money.ErrOverflow},
		{"the tax overflows", func(f *invoicing.Facts) {
			*f = taxedIn("GB", *f)
			f.Opens = opens(plan(t, "big", catalog.GrainDay, base("90000000000000000")), 0)
		}, "total", money.ErrOverflow},
		{"a part outside the cycle", func(f *invoicing.Facts) {
			f.Closes = &invoicing.Closing{Period: january, Full: february, Segments: []invoicing.Segment{
				{Period: january, Terms: terms(arrearsPlan(t, catalog.GrainDay), 1)},
			}}
		}, `plan "team" charge "platform": prorating`, nil},
	} {
		f := untaxed(z, february.Start)
		test.change(&f)
		inv, err := invoicing.Build(f)
		require.ErrorContains(t, err, test.want, test.name)
		require.ErrorContains(t, err, f.Key, test.name)
		if test.is != nil {
			require.ErrorIs(t, err, test.is, test.name)
		}
		require.Zero(t, inv)
	}
}
