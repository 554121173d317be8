package tax_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

func entry(id, country, rate string, net, vat int64, cur money.Currency, point calendar.Date) tax.Entry {
	scheme := tax.SchemeEUOSS
	if country == "GB" {
		scheme = tax.SchemeUKVAT
	}
	return tax.Entry{
		ID: id, InvoiceID: "inv-" + id, Country: country, TaxPoint: point,
		Decision: tax.Decision{Treatment: tax.Taxed, Jurisdiction: country, Scheme: scheme, Rate: pct(rate)},
		Net:      money.New(net, cur), Tax: money.New(vat, cur),
	}
}

func TestOSSReturn(t *testing.T) {
	t.Parallel()
	at := day(t, "2024-02-10")
	credit := entry("5", "FR", "20", -1000, -200, "EUR", at)
	credit.Original = day(t, "2023-11-20")
	refunded := entry("6", "AT", "20", -5000, -1000, "USD", at)
	refunded.Original = day(t, "2022-10-05")
	entries := []tax.Entry{
		entry("1", "DE", "19", 10000, 1900, "EUR", at),
		entry("2", "DE", "19", 10000, 1900, "USD", at),
		entry("3", "AT", "20", 999, 200, "USD", at),
		entry("4", "DE", "19", 1, 0, "EUR", at),
		credit, refunded,
	}
	// 31 Mar 2024 was Easter Sunday and 31 Dec 2022 a Saturday: the next publications count.
	rates := tax.FX{
		{From: "EUR", To: "USD", Date: day(t, "2024-04-03"), Value: pct("9"), Source: "ECB"},
		{From: "EUR", To: "USD", Date: day(t, "2024-04-02"), Value: pct("1.0749"), Source: "ECB"},
		{From: "EUR", To: "USD", Date: day(t, "2024-03-29"), Value: pct("8"), Source: "ECB"},
		{From: "EUR", To: "USD", Date: day(t, "2023-01-02"), Value: pct("1.0683"), Source: "ECB"},
	}
	r, err := tax.Aggregate(tax.SchemeEUOSS, quarter(t, "2024-Q1"), entries, rates)
	require.NoError(t, err)

	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	require.Len(t, r.Rows, 2)
	require.Equal(t, "AT", r.Rows[0].Country)
	require.Equal(t, []money.Amount{eur(929), eur(186)}, []money.Amount{r.Rows[0].Net, r.Rows[0].Tax}) // 9.2939, 1.8606
	require.Equal(t, "standard", r.Rows[1].RateType)
	require.Equal(t, []money.Amount{eur(10001 + 9303), eur(1900 + 1768)}, []money.Amount{r.Rows[1].Net, r.Rows[1].Tax})
	require.Equal(t, []tax.Correction{
		{Period: quarter(t, "2022-Q4"), Country: "AT", Tax: eur(-936)},
		{Period: quarter(t, "2023-Q4"), Country: "FR", Tax: eur(-200)},
	}, r.Corrections)
	require.Equal(t, []tax.Balance{
		{Country: "AT", Tax: eur(186 - 936)}, {Country: "DE", Tax: eur(3668)}, {Country: "FR", Tax: eur(-200)},
	}, r.Balances)
	require.Equal(t, eur(3668), r.Payable, "negative balances do not reduce another state's")
	require.Equal(t, []tax.Control{
		{Currency: "EUR", Entries: 3, Net: eur(9001), Tax: eur(1700)},
		{Currency: "USD", Entries: 3, Net: money.New(5999, "USD"), Tax: money.New(1100, "USD")},
	}, r.Controls)
	require.Len(t, r.RatesUsed, 2)
	require.Nil(t, r.Boxes)
}

// The Spanish tax agency's example in its manual of form 369: EUR 300 of German tax were declared for the first quarter
// of 2022 and EUR 250 should have been. The correction is -50, in a later return, under the original quarter.
func TestOSSCorrectionOfTheTaxAgencysExample(t *testing.T) {
	t.Parallel()
	correction := entry("1", "DE", "19", -26316, -5000, "EUR", day(t, "2022-07-15"))
	correction.Original = day(t, "2022-02-01")
	r, err := tax.Aggregate(tax.SchemeEUOSS, quarter(t, "2022-Q3"), []tax.Entry{correction}, nil)
	require.NoError(t, err)
	require.Empty(t, r.Rows)
	require.Equal(t, []tax.Correction{{Period: quarter(t, "2022-Q1"), Country: "DE", Tax: money.New(-5000, "EUR")}}, r.Corrections)
	require.Equal(t, money.Zero("EUR"), r.Payable)
}

func TestUKReturn(t *testing.T) {
	t.Parallel()
	credit := entry("3", "GB", "20", -5000, -1000, "EUR", day(t, "2027-03-02"))
	credit.Original = day(t, "2026-12-30")
	exempt := entry("4", "GB", "0", 1050, 0, "GBP", day(t, "2027-03-31"))
	exempt.Decision.Treatment = tax.Exempt
	entries := []tax.Entry{
		entry("1", "GB", "20", 100000, 20000, "GBP", day(t, "2027-01-01")),
		entry("2", "GB", "20", 10000, 2000, "EUR", day(t, "2027-02-28")),
		credit, exempt,
	}
	rates := tax.FX{
		{From: "GBP", To: "EUR", Date: day(t, "2027-02-01"), Value: pct("1.25"), Source: "HMRC monthly"},
		{From: "EUR", To: "GBP", Date: day(t, "2026-12-01"), Value: pct("0.5"), Source: "HMRC monthly"},
	}
	r, err := tax.Aggregate(tax.SchemeUKVAT, quarter(t, "2027-Q1"), entries, rates)
	require.NoError(t, err)
	gbp := func(minor int64) money.Amount { return money.New(minor, "GBP") }
	vat := gbp(20000 + 1600 - 500)
	require.Empty(t, r.Corrections)
	require.Equal(t, &tax.UKBoxes{
		VATDueSales: vat, VATDueAcquisitions: gbp(0), TotalVATDue: vat, VATReclaimedCurrPeriod: gbp(0), NetVATDue: vat,
		TotalValueSalesExVAT: 1066, // 1000 + 80 - 25 + 10.50 = 1065.50
	}, r.Boxes)
	require.Equal(t, vat, r.Payable)
}

func TestUKRefundIsNegativePayable(t *testing.T) {
	t.Parallel()
	r, err := tax.Aggregate(tax.SchemeUKVAT, quarter(t, "2027-Q1"),
		[]tax.Entry{entry("1", "GB", "20", -1000, -200, "GBP", day(t, "2027-01-01"))}, nil)
	require.NoError(t, err)
	require.Equal(t, money.New(-200, "GBP"), r.Payable)
	require.Equal(t, money.New(200, "GBP"), r.Boxes.NetVATDue)
}

// Boxes 6 to 9 are whole pounds: from 50 pence up, below it down.
func TestUKBox6IsRoundedToThePound(t *testing.T) {
	t.Parallel()
	for pence, pounds := range map[int64]int64{0: 0, 49: 0, 50: 1, 99: 1, 149: 1, 150: 2, -49: 0, -50: -1, -150: -2, 999_999_999_949: 9_999_999_999} {
		e := entry("1", "GB", "0", pence, 0, "GBP", day(t, "2027-01-01"))
		e.Decision.Treatment = tax.Zero
		r, err := tax.Aggregate(tax.SchemeUKVAT, quarter(t, "2027-Q1"), []tax.Entry{e}, nil)
		require.NoError(t, err)
		require.Equal(t, pounds, r.Boxes.TotalValueSalesExVAT, "%d pence", pence)
	}
}

func TestNilReturn(t *testing.T) {
	t.Parallel()
	r, err := tax.Aggregate(tax.SchemeEUOSS, quarter(t, "2027-Q1"), nil, nil)
	require.NoError(t, err)
	require.Empty(t, r.Rows)
	require.Equal(t, money.Zero("EUR"), r.Payable)
}

func TestAggregateRefusesWhatDoesNotBelong(t *testing.T) {
	t.Parallel()
	at := day(t, "2027-02-01")
	good := entry("1", "DE", "19", 100, 19, "EUR", at)
	late := entry("1", "DE", "19", 100, 19, "EUR", day(t, "2027-04-01"))
	reverse := good
	reverse.Decision.Treatment = tax.ReverseCharge
	future := good
	future.Original = day(t, "2027-02-02")
	mixed := good
	mixed.Tax = money.New(19, "USD")
	tests := []struct {
		name    string
		entries []tax.Entry
		want    string
	}{
		{"twice", []tax.Entry{good, good}, `"1" occurs twice`},
		{"other scheme", []tax.Entry{entry("1", "GB", "20", 100, 20, "GBP", at)}, `belongs to scheme "uk_vat"`},
		{"other quarter", []tax.Entry{late}, "outside 2027-Q1"},
		{"reverse charge", []tax.Entry{reverse}, "taxed supplies alone"},
		{"correction of the future", []tax.Entry{future}, "corrects a later supply"},
		{"two currencies", []tax.Entry{mixed}, "tax in USD"},
		{"no rate", []tax.Entry{entry("1", "DE", "19", 100, 19, "USD", at)}, "between EUR and USD for 2027-03-31 is missing"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := tax.Aggregate(tax.SchemeEUOSS, quarter(t, "2027-Q1"), tc.entries, nil)
			require.ErrorContains(t, err, tc.want)
		})
	}
	_, err := tax.Aggregate(tax.SchemeEUVAT, quarter(t, "2027-Q1"), nil, nil)
	require.ErrorIs(t, err, tax.ErrNoReturn)
}

func TestAggregateIgnoresTheOrderOfEntries(t *testing.T) {
	t.Parallel()
	at, rates := day(t, "2027-02-01"), tax.FX{}
	for i, cur := range []money.Currency{"USD", "PLN", "JPY"} {
		rates = append(rates, tax.Rate{From: "EUR", To: cur, Date: day(t, "2027-03-31"), Value: pct(fmt.Sprint(i + 2)), Source: "ECB"})
	}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 15).Draw(rt, "entries")
		entries := make([]tax.Entry, n)
		for i := range entries {
			entries[i] = entry(fmt.Sprint(i), rapid.SampledFrom([]string{"DE", "FR", "AT"}).Draw(rt, "country"),
				rapid.SampledFrom([]string{"19", "20"}).Draw(rt, "rate"), rapid.Int64Range(-9999, 9999).Draw(rt, "net"),
				rapid.Int64Range(-999, 999).Draw(rt, "tax"), rapid.SampledFrom([]money.Currency{"EUR", "USD", "PLN", "JPY"}).Draw(rt, "cur"), at)
			if rapid.Bool().Draw(rt, "credit") {
				entries[i].Original = day(t, "2027-01-05")
			}
		}
		one, err := tax.Aggregate(tax.SchemeEUOSS, quarter(t, "2027-Q1"), entries, rates)
		require.NoError(rt, err)
		two, err := tax.Aggregate(tax.SchemeEUOSS, quarter(t, "2027-Q1"), rapid.Permutation(entries).Draw(rt, "order"), rates)
		require.NoError(rt, err)
		first, err := json.Marshal(one)
		require.NoError(rt, err)
		second, err := json.Marshal(two)
		require.NoError(rt, err)
		require.JSONEq(rt, string(first), string(second))
	})
}

func TestNeededRates(t *testing.T) {
	t.Parallel()
	entries := []tax.Entry{
		entry("1", "DE", "19", 100, 19, "USD", day(t, "2027-02-01")),
		entry("2", "DE", "19", 100, 19, "USD", day(t, "2027-01-01")),
		entry("3", "DE", "19", 100, 19, "EUR", day(t, "2027-01-01")),
	}
	needed, err := tax.NeededRates(tax.SchemeEUOSS, entries)
	require.NoError(t, err)
	require.Equal(t, []tax.Rate{{From: "EUR", To: "USD", Date: day(t, "2027-03-31")}}, needed)
}
