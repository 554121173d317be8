package paymethod_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
)

func kinds(offered []paymethod.Method) string {
	names := make([]string, len(offered))
	for i, m := range offered {
		names[i] = m.Kind
	}
	return strings.Join(names, " ")
}

func TestOffer(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		country  string
		currency money.Currency
		use      paymethod.Use
		want     string
	}{
		{"US", "USD", paymethod.Recurring, "card link us_bank_account cashapp amazon_pay"},
		{"US", "USD", paymethod.Once, "card link us_bank_account cashapp amazon_pay affirm klarna afterpay_clearpay customer_balance"},
		{"CA", "CAD", paymethod.Recurring, "card link acss_debit"},
		{"gb", "GBP", paymethod.Recurring, "card link bacs_debit revolut_pay amazon_pay paypal"},
		{"DE", "EUR", paymethod.Recurring, "card link sepa_debit paypal revolut_pay"},
		{"NL", "EUR", paymethod.Recurring, "ideal sepa_debit card link paypal"},
		{"BE", "EUR", paymethod.Once, "bancontact sepa_debit card link paypal klarna customer_balance"},
		{"AT", "EUR", paymethod.Once, "card link sepa_debit paypal eps klarna"},
		{"PL", "PLN", paymethod.Recurring, "card link paypal"},
		{"PL", "PLN", paymethod.Once, "card link paypal blik p24 klarna"},
		{"SE", "SEK", paymethod.Once, "card link paypal swish mobilepay klarna"},
		{"CH", "CHF", paymethod.Once, "card link paypal twint klarna"},
		{"AU", "AUD", paymethod.Recurring, "card link au_becs_debit"},
		{"JP", "JPY", paymethod.Once, "card link konbini customer_balance"},
		{"BR", "BRL", paymethod.Once, "card boleto pix"},
		{"MX", "MXN", paymethod.Recurring, "card link"},
		{"IN", "INR", paymethod.Recurring, "card"},
		{"DE", "USD", paymethod.Recurring, "card link"}, // no debit in a currency that is not the market's
		{"US", "EUR", paymethod.Once, "card link"},
		{"NP", "NPR", paymethod.Recurring, "card link"},
	} {
		require.Equal(t, tc.want, kinds(paymethod.Offer(tc.country, tc.currency, tc.use)), "%s %s %s", tc.country, tc.currency, tc.use)
	}
}

// Whatever the place, what is offered takes the currency and suits the use, nothing is offered twice, and a card always is.
func TestWhatIsOfferedSuits(t *testing.T) {
	t.Parallel()
	countries := strings.Fields("US CA GB DE FR NL BE ES IT IE AT PT FI GR LU EE LV LT SK SI CY MT HR SE NO DK CH PL CZ HU RO BG AU NZ JP SG MY TH HK CN BR MX IN AE XX")
	currencies := strings.Fields("USD CAD GBP EUR SEK NOK DKK CHF PLN CZK HUF RON BGN AUD NZD JPY SGD MYR THB HKD CNY BRL MXN INR AED KWD")
	rapid.Check(t, func(rt *rapid.T) {
		currency := money.Currency(rapid.SampledFrom(currencies).Draw(rt, "currency"))
		use := rapid.SampledFrom([]paymethod.Use{paymethod.Recurring, paymethod.Once}).Draw(rt, "use")
		offered := paymethod.Offer(rapid.SampledFrom(countries).Draw(rt, "country"), currency, use)
		require.Contains(rt, strings.Fields(kinds(offered)), paymethod.KindCard)
		seen := map[string]bool{}
		for _, m := range offered {
			require.NoError(rt, m.CheckCurrency(currency))
			require.False(rt, seen[m.Kind])
			seen[m.Kind] = true
			if use == paymethod.Recurring {
				charged := m
				if m.Becomes != "" {
					charged, _ = paymethod.Lookup(m.Becomes)
				}
				require.True(rt, charged.InitiatedBy == paymethod.ByMerchant || charged.Kind == "boleto", "%s can be charged without its customer", m.Kind)
			}
		}
	})
}

func TestCheckAmount(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		kind, says string
		amount     money.Amount
	}{
		{"us_bank_account", "", money.New(1, "USD")},
		{"us_bank_account", "ACH Direct Debit (us_bank_account) takes USD, not EUR", money.New(1000, "EUR")},
		{"acss_debit", "takes CAD, USD, not GBP", money.New(1000, "GBP")},
		{"card", "", money.New(1000, "KWD")},
		{"sepa_debit", "", money.New(1000000, "EUR")},
		{"sepa_debit", "takes no more than EUR 10000.00, and this is EUR 10000.01", money.New(1000001, "EUR")},
		{"oxxo", "takes no less than MXN 10.00, and this is MXN 9.99", money.New(999, "MXN")},
		{"konbini", "takes no less than JPY 120", money.New(119, "JPY")},
	} {
		m, found := paymethod.Lookup(tc.kind)
		require.True(t, found)
		err := m.CheckAmount(tc.amount)
		if tc.says == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, tc.says)
	}
	_, found := paymethod.Lookup("cheque")
	require.False(t, found)
	for text, want := range map[string]paymethod.Use{"": paymethod.Recurring, "recurring": paymethod.Recurring, "once": paymethod.Once} {
		use, err := paymethod.ParseUse(text)
		require.NoError(t, err)
		require.Equal(t, want, use)
	}
	_, err := paymethod.ParseUse(strings.Repeat("x", 100))
	require.ErrorContains(t, err, "is unknown: use recurring or once")
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at.UTC()
}

func TestDebitOn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ kind, zone, told, want, why string }{
		{"us_bank_account", "America/New_York", "2027-01-12T15:00:00Z", "2027-01-12T15:00:00Z", "no notice"},
		{"sepa_debit", "Europe/Berlin", "2027-01-11T08:00:00Z", "2027-01-13T09:00:00Z", "two days"},
		{"sepa_debit", "Europe/Berlin", "2027-01-11T12:00:00Z", "2027-01-14T09:00:00Z", "whole days: at ten on the 13th they are not over"},
		{"sepa_debit", "Europe/Berlin", "2027-01-14T08:00:00Z", "2027-01-18T09:00:00Z", "Saturday"},
		{"sepa_debit", "Europe/Berlin", "2027-03-24T08:00:00Z", "2027-03-30T08:00:00Z", "Good Friday to Easter Monday, and summer time"},
		{"bacs_debit", "Europe/London", "2027-01-14T23:30:00Z", "2027-01-19T10:00:00Z", "three working days"},
	} {
		m, _ := paymethod.Lookup(tc.kind)
		zone, err := calendar.LoadZone(tc.zone)
		require.NoError(t, err)
		require.Equal(t, instant(t, tc.want), m.DebitOn(instant(t, tc.told), zone).UTC(), tc.why)
	}
}

func TestKnownBy(t *testing.T) {
	t.Parallel()
	m, _ := paymethod.Lookup("us_bank_account")
	zone, err := calendar.LoadZone("America/New_York")
	require.NoError(t, err)
	require.Equal(t, instant(t, "2027-01-15T12:00:00Z"), m.KnownBy(instant(t, "2027-01-11T12:00:00Z"), zone))
	require.Equal(t, instant(t, "2027-01-21T12:00:00Z"), m.KnownBy(instant(t, "2027-01-14T12:00:00Z"), zone), "a weekend and Martin Luther King's day")
	card, _ := paymethod.Lookup("card")
	require.Equal(t, instant(t, "2027-01-11T12:00:00Z"), card.KnownBy(instant(t, "2027-01-11T12:00:00Z"), zone))
}

// A debit is never made before its notice is over, nor on a day on which banks do not work.
func TestDebitsWaitForTheirNotice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m, _ := paymethod.Lookup(rapid.SampledFrom(paymethod.DebitKinds()).Draw(rt, "kind"))
		zone, err := calendar.LoadZone(rapid.SampledFrom([]string{"Europe/Berlin", "Europe/London", "Pacific/Auckland", "America/Vancouver"}).Draw(rt, "zone"))
		require.NoError(rt, err)
		told := time.Unix(rapid.Int64Range(1_700_000_000, 2_200_000_000).Draw(rt, "told"), 0).UTC()
		on := m.DebitOn(told, zone)
		if m.Notice.Days == 0 {
			require.Equal(rt, told, on)
			return
		}
		require.True(rt, m.Calendar.Works(zone.DateOf(on)))
		if !m.Notice.Business {
			require.False(rt, on.Before(told.AddDate(0, 0, m.Notice.Days)))
			return
		}
		worked := 0
		for day := zone.DateOf(told).AddDays(1); day.Compare(zone.DateOf(on)) <= 0; day = day.AddDays(1) {
			if m.Calendar.Works(day) {
				worked++
			}
		}
		require.Equal(rt, m.Notice.Days, worked)
	})
}
