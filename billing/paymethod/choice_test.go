package paymethod_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
)

func TestChoice(t *testing.T) {
	t.Parallel()
	table := paymethod.Choice{Mode: paymethod.ByTable, Without: []string{"klarna", "link"}}
	require.NoError(t, table.Validate())
	for _, tc := range []struct {
		country string
		amount  money.Amount
		use     paymethod.Use
		want    string
	}{
		{"NL", money.New(1000, "EUR"), paymethod.Recurring, "ideal sepa_debit card paypal"},
		{"NL", money.New(1000, "EUR"), paymethod.Once, "ideal sepa_debit card paypal customer_balance"},
		{"NL", money.New(1_000_001, "EUR"), paymethod.Once, "ideal card paypal customer_balance"}, // too much for SEPA
		{"US", money.New(4_000, "USD"), paymethod.Once, "card us_bank_account cashapp amazon_pay afterpay_clearpay customer_balance"},
		{"MX", money.Zero("MXN"), paymethod.Recurring, "card"},
	} {
		require.Equal(t, tc.want, strings.Join(table.Kinds(tc.country, tc.amount, tc.use), " "), "%s %s %s", tc.country, tc.amount, tc.use)
	}
	for _, mode := range []string{"", paymethod.ByProvider} {
		require.NoError(t, paymethod.Choice{Mode: mode}.Validate())
		require.Nil(t, paymethod.Choice{Mode: mode}.Kinds("NL", money.New(1000, "EUR"), paymethod.Once), "the provider chooses")
	}
	for problem, choice := range map[string]paymethod.Choice{
		`mode: "both" is unknown: use dynamic or table`:          {Mode: "both"},
		`without: the provider chooses by itself`:                {Mode: paymethod.ByProvider, Without: []string{"klarna"}},
		`without[1]: "cheque" is no kind that can be left out`:   {Mode: paymethod.ByTable, Without: []string{"klarna", "cheque"}},
		`without[0]: "card" is no kind that can be left out: se`: {Mode: paymethod.ByTable, Without: []string{"card"}},
	} {
		require.ErrorContains(t, choice.Validate(), problem)
	}
}

func TestRouteOf(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		currency money.Currency
		country  string
		want     paymethod.Route
	}{
		{"EUR", "de", paymethod.Route{Scheme: "eu_bank_transfer", Country: "DE"}},
		{"EUR", "AT", paymethod.Route{Scheme: "eu_bank_transfer", Country: "IE"}},
		{"GBP", "GB", paymethod.Route{Scheme: "gb_bank_transfer"}},
		{"JPY", "JP", paymethod.Route{Scheme: "jp_bank_transfer"}},
		{"MXN", "MX", paymethod.Route{Scheme: "mx_bank_transfer"}},
		{"USD", "DE", paymethod.Route{Scheme: "us_bank_transfer"}},
	} {
		route, found := paymethod.RouteOf(tc.currency, tc.country)
		require.True(t, found)
		require.Equal(t, tc.want, route)
	}
	_, found := paymethod.RouteOf("SEK", "SE")
	require.False(t, found)
}

// Where a transfer can be offered, there is an account to send it to.
func TestTransfersHaveRoutes(t *testing.T) {
	t.Parallel()
	transfer, _ := paymethod.Lookup(paymethod.KindTransfer)
	require.NotEmpty(t, transfer.Currencies)
	for _, currency := range transfer.Currencies {
		_, found := paymethod.RouteOf(currency, "XX")
		require.True(t, found, currency)
	}
}
