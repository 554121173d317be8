package presentment_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/tax"
)

// day0 is when things are agreed.
var day0 = time.Date(2027, time.February, 26, 12, 0, 0, 0, time.UTC)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func day(s string) calendar.Date {
	d, err := calendar.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func ecb(date string, to money.Currency, value string) tax.Rate {
	return tax.Rate{From: "EUR", To: to, Date: day(date), Value: dec(value), Source: "ECB"}
}

// friday are rates of a Friday; the weekend after it has none.
var friday = []tax.Rate{
	ecb("2027-02-26", "USD", "1.0815"), ecb("2027-02-26", "JPY", "162.42"), ecb("2027-02-26", "KWD", "0.3329"), ecb("2027-02-26", "CHF", "0.9402"),
}

func policy(changes ...func(*presentment.Policy)) presentment.Policy {
	p := presentment.Policy{BaseCurrency: "USD", MarkupPercent: dec("2"), MaxRateAgeDays: 7, QuoteHours: 24, Rounding: map[money.Currency]presentment.Rounding{}}
	for _, change := range changes {
		change(&p)
	}
	return p
}

func rounding(currency money.Currency, rule string) func(*presentment.Policy) {
	return func(p *presentment.Policy) {
		parsed, err := presentment.ParseRounding(rule)
		if err != nil {
			panic(err)
		}
		p.Rounding[currency] = parsed
	}
}

// plan has a charge for each price, recurring ones first.
func plan(recurring, usage []catalog.Price) catalog.Plan {
	p := catalog.Plan{
		ID: "pro", Version: 3, Name: "Pro", Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Proration: catalog.GrainDay, BilledBy: catalog.ByRenewal,
	}
	for i, price := range recurring {
		p.Charges = append(p.Charges, catalog.Charge{
			ID: "r" + string(rune('0'+i)), Name: "Fee", Kind: catalog.Recurring, Per: catalog.PerSubscription, Timing: catalog.Advance, TaxCategory: "saas_b2c",
			Prices: map[money.Currency]catalog.Price{"USD": price},
		})
	}
	for i, price := range usage {
		p.Charges = append(p.Charges, catalog.Charge{
			ID: "u" + string(rune('0'+i)), Name: "Calls", Kind: catalog.Usage, Timing: catalog.Arrears, Meter: "calls", TaxCategory: "saas_b2c",
			Prices: map[money.Currency]catalog.Price{"USD": price},
		})
	}
	return p
}

func flat(amount string) catalog.Price {
	return catalog.Price{Model: catalog.Flat, FlatAmount: dec(amount)}
}

func perUnit(amount string) catalog.Price {
	return catalog.Price{Model: catalog.PerUnit, UnitAmount: dec(amount)}
}

// Each result was computed by hand from amount × cross rate × 1.02.
func TestWorkedExamples(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		currency money.Currency
		rule     string
		from     string
		want     string
	}{
		// 20 × 162.42 / 1.0815 × 1.02 = 3313.368 / 1.0815 = 3063.6782…
		"yen have no minor unit": {"JPY", "minor", "20", "3064"},
		"yen to tens":            {"JPY", "multiple:10", "20", "3060"},
		"yen ending in nine":     {"JPY", "ends:9", "20", "3059"}, // 3059 is 4.7 away, 3069 5.3
		"yen ending in eighty":   {"JPY", "ends:80", "20", "3080"},
		"yen to five hundreds":   {"JPY", "multiple:500", "20", "3000"},
		// 20 / 1.0815 × 1.02 = 20.4 / 1.0815 = 18.86269…: straight from the hub, no cross
		"euro to the cent":  {"EUR", "minor", "20", "18.86"},
		"euro ending in 99": {"EUR", "ends:.99", "20", "18.99"},
		"euro ending in 95": {"EUR", "ends:.95", "20", "18.95"},
		"whole euro":        {"EUR", "whole", "20", "19"},
		// 20 × 0.3329 / 1.0815 × 1.02 = 6.79116 / 1.0815 = 6.279389…
		"dinars have three digits":     {"KWD", "minor", "20", "6.279"},
		"dinars as cards take them":    {"KWD", "multiple:0.010", "20", "6.28"},
		"dinars ending in three nines": {"KWD", "ends:.999", "20", "5.999"}, // 5.999 is 0.280 away, 6.999 0.720
		// 20 × 0.9402 / 1.0815 × 1.02 = 19.18008 / 1.0815 = 17.734702…
		"francs as cash": {"CHF", "multiple:0.05", "20", "17.75"},
		// 0.9 / 1.0815 × 1.02 = 0.84882…: below the smallest amount of the rule, so to the cent
		"cheaper than the rule": {"EUR", "ends:.99", "0.90", "0.85"},
		// 1.05 / 1.0815 × 1.02 = 0.99029…: from the smallest amount on the rule holds
		"just the rule's smallest": {"EUR", "ends:.99", "1.05", "0.99"},
		// 0.005 / 1.0815 × 1.02 = 0.0047157…: below half a cent before and after the markup
		"below half a cent": {"EUR", "minor", "0.005", "0"},
		"free stays free":   {"EUR", "ends:.99", "0", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := policy(rounding(c.currency, c.rule))
			require.NoError(t, p.Validate())
			got, err := presentment.Convert(plan([]catalog.Price{flat(c.from)}, nil), c.currency, friday, p, day("2027-02-28"))
			require.NoError(t, err)
			require.Equal(t, c.want, got.Prices[0].To.FlatAmount.String())
		})
	}
}

// The whole of a conversion, as a program reads it: a seat charge in tiers, usage by tiers and by packages.
func TestConversionIsExplained(t *testing.T) {
	t.Parallel()
	bound := dec("1000")
	tiers := []catalog.Tier{{UpTo: &bound, UnitAmount: dec("0.0003"), FlatAmount: dec("5")}, {UnitAmount: dec("0.0002")}}
	seats := catalog.Price{Model: catalog.Graduated, Tiers: []catalog.Tier{{UpTo: &bound, UnitAmount: dec("10")}, {UnitAmount: dec("8")}}}
	pack := catalog.Price{Model: catalog.Package, UnitAmount: dec("4"), PackageSize: dec("500"), FreeUnits: dec("50")}
	sold := plan([]catalog.Price{seats}, []catalog.Price{{Model: catalog.Graduated, Tiers: tiers}, pack})
	sold.Charges[0].Per = catalog.PerSeat
	got, err := presentment.Convert(sold, "CHF", friday, policy(rounding("CHF", "ends:.90")), day("2027-03-01"))
	require.NoError(t, err)
	// 0.9402 / 1.0815 = 0.869348127600554…; × 1.02 = 0.886735090152565…
	encoded, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"currency": "CHF", "from": "USD", "day": "2027-03-01", "rate": "0.869348127601", "rate_date": "2027-02-26", "source": "ECB", "markup_percent": "2",
		"published": [
			{"from": "EUR", "to": "USD", "date": "2027-02-26", "value": "1.0815", "source": "ECB"},
			{"from": "EUR", "to": "CHF", "date": "2027-02-26", "value": "0.9402", "source": "ECB"}],
		"prices": [
			{"charge_id": "r0", "rounding": "ends:.90",
			 "from": {"model": "graduated", "tiers": [{"up_to": "1000", "unit_amount": "10"}, {"unit_amount": "8"}]},
			 "to": {"model": "graduated", "tiers": [{"up_to": "1000", "unit_amount": "8.9"}, {"unit_amount": "6.9"}]}},
			{"charge_id": "u0", "rounding": "none",
			 "from": {"model": "graduated", "tiers": [{"up_to": "1000", "unit_amount": "0.0003", "flat_amount": "5"}, {"unit_amount": "0.0002"}]},
			 "to": {"model": "graduated", "tiers": [{"up_to": "1000", "unit_amount": "0.000266020527", "flat_amount": "4.433675450763"}, {"unit_amount": "0.000177347018"}]}},
			{"charge_id": "u1", "rounding": "none",
			 "from": {"model": "package", "unit_amount": "4", "package_size": "500", "free_units": "50"},
			 "to": {"model": "package", "unit_amount": "3.54694036061", "package_size": "500", "free_units": "50"}}]
	}`, string(encoded))
	var stored presentment.Conversion
	require.NoError(t, json.Unmarshal(encoded, &stored))
	again, err := json.Marshal(stored)
	require.NoError(t, err)
	require.JSONEq(t, string(encoded), string(again), "it survives being stored")
}

func TestUsageIsRoundedOnlyIfThePolicySaysSo(t *testing.T) {
	t.Parallel()
	sold := plan(nil, []catalog.Price{perUnit("0.0003"), perUnit("20")})
	p := policy(rounding("EUR", "ends:.99"), func(p *presentment.Policy) { p.RoundUsage = true })
	got, err := presentment.Convert(sold, "EUR", friday, p, day("2027-02-26"))
	require.NoError(t, err)
	require.Equal(t, "0.000282940361", got.Prices[0].To.UnitAmount.String(), "a price per token does not become 99 cents")
	require.Equal(t, "18.99", got.Prices[1].To.UnitAmount.String())
	p.Rounding = nil
	got, err = presentment.Convert(sold, "EUR", friday, p, day("2027-02-26"))
	require.NoError(t, err)
	require.Equal(t, "0.000282940361", got.Prices[0].To.UnitAmount.String())
	require.Equal(t, "18.86", got.Prices[1].To.UnitAmount.String(), "to the cent")
}

func TestAppliedPlanIsSoldInTheCurrency(t *testing.T) {
	t.Parallel()
	sold := plan([]catalog.Price{flat("20"), flat("5")}, []catalog.Price{perUnit("0.01")})
	sold.Charges[1].Prices["EUR"] = flat("4.50")
	require.Equal(t, []money.Currency{"USD"}, sold.Currencies())
	got, err := presentment.Convert(sold, "EUR", friday, policy(), day("2027-02-26"))
	require.NoError(t, err)
	at := time.Date(2027, 2, 26, 12, 0, 0, 0, time.UTC)
	local := got.Apply(sold, at)
	require.Equal(t, []money.Currency{"EUR", "USD"}, local.Currencies())
	require.NoError(t, local.Validate())
	require.Equal(t, []money.Currency{"USD"}, sold.Currencies(), "the plan itself stays as it is")
	price, err := local.Charges[0].Price("EUR")
	require.NoError(t, err)
	require.Equal(t, &catalog.Conversion{
		From: "USD", Rate: dec("0.924641701341"), Source: "ECB", RateDate: day("2027-02-26"), MarkupPercent: dec("2"), Rounding: "minor", LockedAt: at,
	}, price.Converted)
	own, err := local.Charges[1].Price("EUR")
	require.NoError(t, err)
	require.Equal(t, "4.5", own.FlatAmount.String(), "a price of the catalogue's own is kept")
	require.Nil(t, own.Converted)
}

func TestTheNewestRateIsTaken(t *testing.T) {
	t.Parallel()
	manual := func(from, to money.Currency, date, value string) tax.Rate {
		return tax.Rate{From: from, To: to, Date: day(date), Value: dec(value), Source: "manual"}
	}
	for name, c := range map[string]struct {
		rates  []tax.Rate
		source string
		rate   string
		date   string
		by     string
	}{
		"of the day, not of the day after":  {[]tax.Rate{ecb("2027-02-25", "USD", "2"), ecb("2027-02-26", "USD", "4"), ecb("2027-02-27", "USD", "8")}, "", "0.25", "2027-02-26", "ECB"},
		"in the other direction":            {[]tax.Rate{manual("USD", "EUR", "2027-02-26", "0.9")}, "", "0.9", "2027-02-26", "manual"},
		"of one day, by the alphabet":       {[]tax.Rate{manual("USD", "EUR", "2027-02-26", "0.9"), ecb("2027-02-26", "USD", "4")}, "", "0.25", "2027-02-26", "ECB"},
		"only of the publisher that counts": {[]tax.Rate{manual("USD", "EUR", "2027-02-25", "0.9"), ecb("2027-02-26", "USD", "4")}, "manual", "0.9", "2027-02-25", "manual"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := policy(func(p *presentment.Policy) { p.RateSource = c.source })
			for range 2 {
				got, err := presentment.Convert(plan([]catalog.Price{flat("1")}, nil), "EUR", c.rates, p, day("2027-02-26"))
				require.NoError(t, err)
				require.Equal(t, []string{c.rate, c.date, c.by}, []string{got.Rate.String(), got.RateDate.String(), got.Source})
				slices.Reverse(c.rates)
			}
		})
	}
	direct := manual("USD", "JPY", "2027-02-26", "150")
	got, err := presentment.Convert(plan([]catalog.Price{flat("1")}, nil), "JPY", append([]tax.Rate{direct}, friday...), policy(), day("2027-02-26"))
	require.NoError(t, err)
	require.Equal(t, "150", got.Rate.String(), "a direct rate as new as the cross rate")
	got, err = presentment.Convert(plan([]catalog.Price{flat("1")}, nil), "JPY", append([]tax.Rate{ecb("2027-02-27", "USD", "1"), ecb("2027-02-28", "JPY", "160")}, direct), policy(), day("2027-02-28"))
	require.NoError(t, err)
	require.Equal(t, []string{"160", "2027-02-27"}, []string{got.Rate.String(), got.RateDate.String()}, "a cross rate is as old as its older part")
}

func TestWhatCannotBeConverted(t *testing.T) {
	t.Parallel()
	sold := plan([]catalog.Price{flat("20")}, nil)
	for name, c := range map[string]struct {
		currency money.Currency
		day      string
		code     string
		says     []string
	}{
		"no such currency":    {"XYZ", "2027-02-26", presentment.CurrencyUnknown, []string{`"XYZ"`, "ISO 4217"}},
		"never published":     {"BRL", "2027-02-26", presentment.RateMissing, []string{"BRL", "2027-02-26", "import the rates or record one"}},
		"not published yet":   {"JPY", "2027-02-25", presentment.RateMissing, []string{"USD", "2027-02-25"}},
		"published long ago":  {"JPY", "2027-03-06", presentment.RateTooOld, []string{"USD to JPY", "2027-03-06", "2027-02-26", "8 days", "at most 7", "import newer rates"}},
		"published last week": {"JPY", "2027-03-05", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := presentment.Convert(sold, c.currency, friday, policy(), day(c.day))
			require.Equal(t, c.code, presentment.Code(err))
			for _, text := range c.says {
				require.ErrorContains(t, err, text)
			}
		})
	}
	_, err := presentment.Convert(sold, "JPY", friday, policy(func(p *presentment.Policy) { p.BaseCurrency = "GBP" }), day("2027-02-26"))
	require.Equal(t, presentment.NotPriced, presentment.Code(err))
	require.ErrorContains(t, err, "none in GBP")
	ramped := sold
	ramped.Phases = []catalog.Phase{{Prices: map[string]map[money.Currency]catalog.Price{sold.Charges[0].ID: {}}}}
	_, err = presentment.Convert(ramped, "JPY", friday, policy(), day("2027-02-26"))
	require.Equal(t, presentment.NotPriced, presentment.Code(err))
	require.ErrorContains(t, err, "has phases with prices of their own and cannot be converted to JPY")
	_, err = presentment.Convert(plan([]catalog.Price{flat("999999999999999999")}, nil), "JPY", friday, policy(), day("2027-02-26"))
	require.Equal(t, presentment.AmountTooLarge, presentment.Code(err))
	tiny := tax.Rate{From: "USD", To: "JPY", Date: day("2027-02-26"), Value: dec("0.0000000000004"), Source: "manual"}
	_, err = presentment.Convert(sold, "JPY", []tax.Rate{tiny}, policy(), day("2027-02-26"))
	require.Equal(t, presentment.AmountTooLarge, presentment.Code(err))
	require.Empty(t, presentment.Code(nil))
}

func TestPoliciesAreChecked(t *testing.T) {
	t.Parallel()
	for says, wrong := range map[string]func(*presentment.Policy){
		"base_currency: unknown currency":                              func(p *presentment.Policy) { p.BaseCurrency = "usd dollars" },
		"markup_percent: must be between 0 and 100":                    func(p *presentment.Policy) { p.MarkupPercent = dec("-1") },
		"markup_percent: must be between 0 and 100, got 100.1":         func(p *presentment.Policy) { p.MarkupPercent = dec("100.1") },
		"markup_percent: at most 4 digits":                             func(p *presentment.Policy) { p.MarkupPercent = dec("0.00001") },
		"markup_percent: at most 18 digits":                            func(p *presentment.Policy) { p.MarkupPercent = decimal.New(1, 1_000_000) },
		"max_rate_age_days":                                            func(p *presentment.Policy) { p.MaxRateAgeDays = 367 },
		"quote_hours":                                                  func(p *presentment.Policy) { p.QuoteHours = 0 },
		"rounding: unknown currency":                                   func(p *presentment.Policy) { p.Rounding["eur"] = presentment.Rounding{} },
		`rounding.JPY: rule "ends:.99" has more decimals than amounts`: rounding("JPY", "ends:.99"),
		`rounding.USD: rule "multiple:0.005" has more decimals`:        rounding("USD", "multiple:0.005"),
	} {
		p := policy(wrong)
		require.ErrorContains(t, p.Validate(), says)
	}
	require.NoError(t, policy().Validate())
}

func TestRulesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"minor", "whole", "multiple:0.05", "multiple:50", "ends:.99", "ends:9", "ends:90", "ends:9.95", "ends:00"} {
		rule, err := presentment.ParseRounding(text)
		require.NoError(t, err)
		require.Equal(t, text, rule.String())
	}
	for _, text := range []string{"up", "multiple:", "multiple:0", "multiple:-5", "ends:", "ends:.", "ends:-9", "ends:1e9", "ends:.12345", "ends:1234567890", "ENDS:9", "multiple: 5"} {
		_, err := presentment.ParseRounding(text)
		require.Error(t, err, text)
	}
}

// The markets that the payment methods are made for.
func TestDefaultCurrencies(t *testing.T) {
	t.Parallel()
	for country, want := range map[string]money.Currency{
		"US": "USD", "GB": "GBP", "DE": "EUR", "HR": "EUR", "BG": "EUR", "CH": "CHF", "LI": "CHF", "SE": "SEK", "NO": "NOK", "DK": "DKK", "PL": "PLN", "CZ": "CZK",
		"HU": "HUF", "RO": "RON", "JP": "JPY", "KR": "KRW", "IN": "INR", "BR": "BRL", "MX": "MXN", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "HK": "HKD",
		"TH": "THB", "ID": "IDR", "MY": "MYR", "PH": "PHP", "ZA": "ZAR", "TR": "TRY", "KW": "KWD", "IS": "ISK", "CL": "CLP", "us": "USD",
	} {
		got, found := presentment.DefaultCurrency(country)
		require.True(t, found, country)
		require.Equal(t, want, got, country)
	}
	for _, none := range []string{"", "ZZ", "AQ", "USA"} {
		_, found := presentment.DefaultCurrency(none)
		require.False(t, found, none)
	}
}
