package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrepaidCreditOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--payment-method", "pm_card_visa", "--currency", "USD", "--country", "US", "--zone", "America/New_York")
	given := ok(t, "grant", "add", id+"-c", "--id", "welcome", "--amount", "20", "--expires", "2099-01-01T00:00:00Z", "--meters", "tokens",
		"--rollover", "50", "--rollover-cap", "5", "--rollover-for", "month")
	require.Regexp(t, `Amount +USD 20.00\n.*Cost +USD 0.00\n.*Status +usable`, given)
	require.Equal(t, given, ok(t, "grant", "add", id+"-c", "--id", "welcome", "--amount", "20", "--expires", "2099-01-01T00:00:00Z", "--meters", "tokens",
		"--rollover", "50", "--rollover-cap", "5", "--rollover-for", "month"), "it is safe to repeat")
	require.Regexp(t, `Status +usable`, ok(t, "grant", "add", id+"-c", "--id", "annual", "--amount", "120", "--cost", "100", "--payment", "invoice",
		"--usable", "at_once", "--valid-for", "1 year"))
	invoices := ok(t, "invoice", "list", "--customer", id+"-c", "--json")
	require.Contains(t, invoices, `"reason": "prepaid"`)
	sold := ok(t, "invoice", "show", decoded(t, invoices)["data"].([]any)[0].(map[string]any)["id"].(string))
	require.Contains(t, sold, "Prepaid credit of USD 120.00")
	shown := ok(t, "wallet", "show", id+"-c")
	require.Regexp(t, `Balance +USD 140.00\nof which paid for +USD 100.00\nSpoken for +USD 0.00`, shown)
	require.Regexp(t, `annual +paid +usable +USD 120.00 +USD 120.00 +USD 100.00 +50`, shown)
	require.Contains(t, ok(t, "wallet", "show", id+"-c", "--json"), `"balance": 14000`)
	require.Regexp(t, `Became the customer's credit +USD 100.00`, ok(t, "grant", "return", id+"-c", "annual"))

	require.Regexp(t, `Top-up +buys 50, at a balance of 10 or less`, ok(t, "wallet", "top-up", id+"-c", "--below", "10", "--amount", "50"))
	require.Regexp(t, `Top-up +off`, ok(t, "wallet", "top-up", id+"-c", "--off"))
	for args, want := range map[string]string{
		"--amount 1.234":                            "--amount: ",
		"--amount 5 --cost 1":                       "--cost: 100 is paid for a present",
		"--amount 5 --expires soon":                 "--expires: ",
		"--amount 5 --rollover 50":                  "--rollover-for: ",
		"--amount 5 --rollover x":                   "--rollover: ",
		"--amount 5 --payment loan":                 "--payment: ",
		"--amount 5 --priority 101":                 "priority must be between 0 and 100",
		"--amount 0.20 --payment invoice":           "sell credit for at least USD 0.50",
		"--amount 5 --valid-for later":              "--valid-for: ",
		"--amount 5 --expires 2001-01-01T00:00:00Z": "must be after from",
	} {
		refused := starter(t, append([]string{"grant", "add", id + "-c", "--id", "bad"}, strings.Fields(args)...)...)
		require.Equal(t, exitRefused, refused.code, args)
		require.Contains(t, refused.err, want, args)
	}
}

// A present of 5.00 and 5.00 that were paid: an invoice of 8.00 leaves 2.00 of one or of the other.
func TestWhichPrepaidCreditIsUsedFirst(t *testing.T) {
	t.Parallel()
	for first, left := range map[string]string{"presents": "Balance +USD 2.00\nof which paid for +USD 2.00", "paid": "Balance +USD 2.00\nof which paid for +USD 0.00"} {
		id := addEntity(t)
		require.Regexp(t, first+` *\n`, ok(t, "entity", "set-prepaid", id, "--first", first))
		addCustomer(t, id, id+"-c", "--currency", "USD", "--country", "US", "--zone", "America/New_York")
		ok(t, "grant", "add", id+"-c", "--id", "gift", "--amount", "5")
		ok(t, "grant", "add", id+"-c", "--id", "bought", "--amount", "5", "--payment", "outside")
		ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-team", "--seats", "1")
		require.Regexp(t, left, ok(t, "wallet", "show", id+"-c"))
	}
	refused := starter(t, "entity", "set-prepaid", "acme", "--first", "gifts")
	require.Equal(t, exitRefused, refused.code)
	require.Contains(t, refused.err, `--first: "gifts" must be one of presents, paid`)
}
