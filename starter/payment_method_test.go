package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/starter/startertest"
)

// unverifiedAccount is a US bank account that was typed in, as the provider names it.
func unverifiedAccount(t *testing.T) string {
	t.Helper()
	made, err := running.Config.Stripe().PaymentMethods.New(&stripe.PaymentMethodParams{
		Type: stripe.String("us_bank_account"), BillingDetails: &stripe.PaymentMethodBillingDetailsParams{Name: stripe.String("Ada")},
		USBankAccount: &stripe.PaymentMethodUSBankAccountParams{
			AccountHolderType: stripe.String("individual"), AccountNumber: stripe.String("000123456789"), RoutingNumber: stripe.String("110000000"),
		},
	})
	require.NoError(t, err)
	return made.ID
}

func TestPaymentMethodsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--payment-method", "pm_card_visa", "--currency", "USD", "--country", "US", "--zone", "America/New_York")
	set := ok(t, "payment-method", "set", id+"-c", "pm_usBankAccount_success", "--position", "2")
	require.Regexp(t, `\n1 +method_`, set)
	require.Regexp(t, `\n2 +method_\S+ +us_bank_account +usable +6789`, set)
	second := regexp.MustCompile(`\n2 +(method_\S+)`).FindStringSubmatch(set)[1]
	require.Equal(t, set, ok(t, "payment-method", "set", id+"-c", "pm_usBankAccount_success", "--position", "2"))
	require.NotContains(t, ok(t, "payment-method", "remove", id+"-c", second), second)

	waiting := ok(t, "payment-method", "set", id+"-c", unverifiedAccount(t))
	require.Regexp(t, `\n1 +method_\S+ +usable`, waiting, "the card stays until the account is verified")
	method := regexp.MustCompile(`\n1 +(method_\S+) +us_bank_account +verifying: verify_with_microdeposits`).FindStringSubmatch(waiting)
	require.Len(t, method, 2, waiting)
	require.Regexp(t, `The customer completes `+method[1]+` at http`, waiting)
	wrong := starter(t, "payment-method", "verify", method[1], "--amounts", "1,2")
	require.Equal(t, exitRefused, wrong.code)
	require.Contains(t, wrong.err, "--amounts: ")
	require.Contains(t, wrong.err, "9 verification attempts remaining")
	for args, says := range map[string]string{
		"--amounts 32":                "--amounts: there are 1",
		"--amounts 32,x":              `--amounts: "x" is not a whole number`,
		"--amounts 32,450":            "--amounts: 450 is not one of them",
		"--code sm11aa":               "--code: ",
		"--code SM11AA --amounts 1,2": "--amounts: give either",
		"":                            "--amounts: give either",
	} {
		got := starter(t, append([]string{"payment-method", "verify", method[1]}, strings.Fields(args)...)...)
		require.Equal(t, exitRefused, got.code)
		require.Contains(t, got.err, says)
	}
	require.Regexp(t, `Status +usable`, ok(t, "payment-method", "verify", method[1], "--amounts", "45,32"))
	require.Regexp(t, `Status +usable`, ok(t, "payment-method", "verify", method[1], "--code", "SM11AA"), "again, it is verified")
	listed := decoded(t, ok(t, "payment-method", "list", id+"-c", "--json"))["data"].([]any)
	require.Len(t, listed, 1)
	shown := listed[0].(map[string]any)
	require.Equal(t, method[1], shown["id"])
	require.Equal(t, "usable", shown["status"])
	require.Equal(t, "us_bank_account", shown["kind"])
	require.EqualValues(t, 1, shown["position"])
	require.NotEmpty(t, shown["mandate"])
	require.NotContains(t, shown, "action_url")
}

func TestPaymentMethodsRefusedOnTheCommandLine(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--payment-method", "pm_card_visa")
	addCustomer(t, id, id+"-d")
	ok(t, "payment-method", "set", id+"-d", "pm_card_mastercard")
	foreign := decoded(t, ok(t, "payment-method", "list", id+"-d", "--json"))["data"].([]any)[0].(map[string]any)["provider_id"].(string)
	ok(t, "payment-method", "set", id+"-c", "pm_card_mastercard")
	before := running.Rows(t)
	for command, says := range map[string]string{
		"set $-c pm_nobody":                         "payment_method: No such PaymentMethod",
		"set $-c pm_usBankAccount_success":          "payment_method: ACH Direct Debit (us_bank_account) takes USD, not EUR",
		"set $-c pm_card_chargeDeclined":            "payment_method: Your card was declined",
		"set $-c " + foreign:                        "is another customer's",
		"set $-d " + foreign + " --position 2":      "is in place 1 already: remove method_",
		"set $-c pm_card_visa --position 0":         "--position: ",
		"set $-c pm_card_visa --position 7":         "--position: 7 would leave a gap",
		"set $-c pm_card_visa --return-url nope":    "--return-url: ",
		"set nobody pm_card_visa":                   `customer "nobody": not found`,
		"remove $-c method_none":                    "not found",
		"list nobody":                               "not found",
		"verify method_none --code SM11AA":          "payment method method_none: not found",
		"offer --country ZZ --currency EUR":         "--country: ",
		"offer --country DE --currency ZZZ":         "--currency: ",
		"offer --country DE --currency EUR --use x": "--use: ",
	} {
		got := starter(t, append([]string{"payment-method"}, strings.Fields(startertest.Fill(id, command))...)...)
		require.Equal(t, exitRefused, got.code, "%s: %s", command, got.err)
		require.Contains(t, got.err, says, command)
	}
	require.Equal(t, before, running.Rows(t))
	require.Regexp(t, `\nsepa_debit +SEPA Direct Debit +merchant +5 business days +2 days before +EUR 10000.00`,
		ok(t, "payment-method", "offer", "--country", "de", "--currency", "eur"))
}
