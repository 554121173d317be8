package main

import (
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
)

func TestTransfersOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--currency", "USD", "--country", "US", "--zone", "America/New_York")
	unknown := starter(t, "payment", "transfer", "account", id+"-c")
	require.Equal(t, exitRefused, unknown.code)
	require.Contains(t, unknown.err, "does not know customer "+id+"-c before their first payment")
	require.Regexp(t, `\n1 +method_\S+ +customer_balance +usable`, ok(t, "payment-method", "set", id+"-c", "customer_balance"))
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	invoice := regexp.MustCompile(`inv_[a-z0-9]+`).FindString(ok(t, "invoice", "list", "--customer", id+"-c"))
	require.NotEmpty(t, invoice)
	asked := ok(t, "payment", "transfer", "ask", invoice)
	require.Regexp(t, `Reference +\S+\nTo be sent +USD 10\.00\n`, asked)
	require.Regexp(t, `Routing number +110000000\nAccount number +\d+\n`, asked)
	require.Equal(t, asked, ok(t, "payment", "transfer", "ask", invoice), "asking again changes nothing")
	require.Contains(t, asked, regexp.MustCompile(`Account number +\d+`).FindString(ok(t, "payment", "transfer", "account", id+"-c")))
	wrong := starter(t, "payment", "transfer", "account", id+"-c", "--currency", "SEK")
	require.Contains(t, wrong.err, "--currency: the provider has no accounts for bank transfers in SEK")

	customer, err := running.Store.Customer(t.Context(), id+"-c")
	require.NoError(t, err)
	_, err = running.Config.Stripe().TestHelpersCustomers.FundCashBalance(*customer.ProviderCustomerID, &stripe.TestHelpersCustomerFundCashBalanceParams{
		Amount: stripe.Int64(1250), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		ok(t, "event", "sweep")
		return regexp.MustCompile(`Pays nothing yet +USD 2\.50`).MatchString(ok(t, "payment", "transfer", "show", id+"-c"))
	}, 30*time.Second, 500*time.Millisecond)
	require.Contains(t, ok(t, "payment", "transfer", "show", id+"-c"), "funded")
	require.Regexp(t, id+`-c +`+id+` +USD 2\.50`, ok(t, "payment", "transfer", "list", "--entity", id))
	require.Eventually(t, func() bool {
		return regexp.MustCompile(`paid`).MatchString(ok(t, "invoice", "list", "--customer", id+"-c"))
	}, 20*time.Second, 200*time.Millisecond)
}

func TestMethodChoiceOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	require.Regexp(t, id+`.* table without klarna, link`, ok(t, "entity", "set-methods", id, "--mode", "table", "--without", "klarna", "--without", "link"))
	for args, says := range map[string][]string{
		"--mode: ":    {"--mode", "both"},
		"--without: ": {"--mode", "table", "--without", "cheque"},
	} {
		refused := starter(t, append([]string{"entity", "set-methods", id}, says...)...)
		require.Equal(t, exitRefused, refused.code)
		require.Contains(t, refused.err, args)
	}
	require.Regexp(t, id+`.* dynamic`, ok(t, "entity", "set-methods", id, "--mode", "dynamic"))
}
