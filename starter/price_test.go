package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// From the bank's file to an invoice that says at which rate its price was converted.
func TestLocalPricesFromFileToInvoice(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	today := time.Now().UTC()
	rates := file(t, fmt.Sprintf("\xef\xbb\xbfDate, USD, CAD, SEK, \n%s, 1.25, 1.50, 11.00, \n", today.Format("2 January 2006")))
	require.Contains(t, ok(t, "fx-rate", "import", "--file", rates), "3: 3 new, 0 known already")
	require.EqualValues(t, 3, decoded(t, ok(t, "fx-rate", "import", "--file", rates, "--json"))["already_known"])
	wrong := starter(t, "fx-rate", "import", "--file", file(t, "Date,USD\n"+today.Format(time.DateOnly)+",1.26\nlater,1\n"))
	require.Equal(t, exitRejected, wrong.code, wrong.err)
	require.Contains(t, wrong.out, "line 2 rejected: USD: ECB is on record with another rate")
	require.Contains(t, wrong.out, "line 3 rejected: \"later\" is not a day")

	refused := starter(t, "plan", "price", "--plan", id+"-team", "--currency", "CAD")
	require.Equal(t, exitRefused, refused.code)
	require.Contains(t, refused.err, "it is sold in [USD]")
	set := ok(t, "entity", "set-presentment", id, "--base", "usd", "--markup", "2", "--round", "CAD=ends:.99", "--round", "JPY=multiple:10")
	require.Contains(t, set, "from USD plus 2 %")
	require.Contains(t, ok(t, "entity", "list"), "from USD plus 2 %")
	require.Contains(t, ok(t, "entity", "create", "--id", id, "--name", "Seller "+id, "--country", "IE", "--zone", "Europe/Dublin", "--currency", "EUR",
		"--prefix", strings.ToUpper(id)), "from USD plus 2 %", "creating it again leaves the policy as it is")

	// 8 × 1.50 / 1.25 × 1.02 = 9.792
	shown := ok(t, "plan", "price", "--plan", id+"-team", "--country", "CA")
	require.Contains(t, shown, "CAD 9.99 each")
	require.Regexp(t, `Rate\s+1 USD = 1.2 CAD \(ECB, `+today.Format(time.DateOnly)+`\) plus 2 %`, shown)
	require.Regexp(t, `Also sold in\s+USD`, shown)
	price := decoded(t, ok(t, "plan", "price", "--plan", id+"-team", "--currency", "CAD", "--json"))
	quote := price["quote"].(map[string]any)
	sold := decoded(t, ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-team", "--seats", "2",
		"--quote", quote["id"].(string), "--json"))
	require.Equal(t, "CAD", sold["currency"])
	invoice := ok(t, "invoice", "show", sold["invoice"].(map[string]any)["invoice_id"].(string))
	require.Contains(t, invoice, "19.98")
	require.Regexp(t, `Rate\s+1 USD = 1.2 CAD \(ECB, `+today.Format(time.DateOnly)+`\) plus 2 %\n`, invoice)
	require.Contains(t, ok(t, "check"), "holds")
	require.NotContains(t, ok(t, "entity", "set-presentment", id, "--none"), "from USD")
	usage := ok(t, "plan", "price", "--plan", id+"-api", "--currency", "USD")
	require.Contains(t, usage, "USD 0.000003 each")
}

func TestBadLocalPrices(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	for command, says := range map[string]string{
		"entity set-presentment $ --markup 2%":             "--markup: ",
		"entity set-presentment $ --markup 101":            "presentment: markup_percent: must be between 0 and 100",
		"entity set-presentment $ --base XXB":              "presentment: base_currency: unknown currency",
		"entity set-presentment $ --round JPY":             "--round: \"JPY\": write it as CURRENCY=RULE",
		"entity set-presentment $ --round JPY=up":          "--round: rule \"up\": write minor, whole",
		"entity set-presentment $ --round XXB=whole":       "--round: unknown currency",
		"entity set-presentment $ --round JPY=ends:.99":    "presentment: rounding.JPY: rule \"ends:.99\" has more decimals",
		"entity set-presentment $ --quote-hours 0":         "presentment: quote_hours must be between 1 and 720",
		"entity set-presentment $ --max-rate-age 400":      "presentment: max_rate_age_days",
		"entity set-presentment nix":                       `legal entity "nix": not found`,
		"plan price --plan nix --currency EUR":             `plan "nix": not found`,
		"plan price --plan $-pro --plan-version 9":         "has no version 9",
		"plan price --plan $-pro --currency XXB":           "--currency: unknown currency",
		"plan price --plan $-pro --country ZZ":             "--country: ",
		"plan price --plan $-pro --customer nobody":        "--customer: ",
		"fx-rate import --file /no/such/file":              "no such file",
		"fx-rate import --file " + file(t, ""):             "file: the file is empty",
		"fx-rate import --file " + file(t, "T,USD\n1,2\n"): `file: the first line begins with "T"`,
	} {
		got := starter(t, strings.Fields(startertest.Fill(id, command))...)
		require.Equal(t, exitRefused, got.code, "%s: %s", command, got.err)
		require.Contains(t, got.err, says, command)
		require.Empty(t, got.out, command)
	}
}

// TestTheReadmesLocalPricesParse checks the commands that need the bank's file of the day.
func TestTheReadmesLocalPricesParse(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(raw), "## Sell in the customer's currency")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	commands := 0
	for line := range strings.Lines(section) {
		if _, command, found := strings.Cut(strings.TrimSpace(line), "go run ./starter "); found {
			commands++
			checkExample(t, command)
		}
	}
	require.Equal(t, 4, commands)
}

// Prices in a table have as many decimals as amounts of the currency, or more.
func TestPricesInWords(t *testing.T) {
	t.Parallel()
	d := decimal.RequireFromString
	bound := d("10")
	for want, price := range map[string]struct {
		currency money.Currency
		price    catalog.Price
	}{
		"KWD 2.750 each":            {"KWD", catalog.Price{Model: catalog.PerUnit, UnitAmount: d("2.75")}},
		"JPY 3060 each":             {"JPY", catalog.Price{Model: catalog.PerUnit, UnitAmount: d("3060")}},
		"USD 0.000003 each":         {"USD", catalog.Price{Model: catalog.PerUnit, UnitAmount: d("0.000003")}},
		"USD 20.00, at least 30.00": {"USD", catalog.Price{Model: catalog.Flat, FlatAmount: d("20"), Minimum: d("30")}},
		"USD 4.50 per 500, after 0 free, committed 100.00 in advance": {"USD", catalog.Price{
			Model: catalog.Package, UnitAmount: d("4.5"), PackageSize: d("500"), Commitment: &catalog.Commitment{Amount: d("100"), Paid: catalog.PaidInAdvance},
		}},
		"KWD 0.500 each and 1.000 up to 10, 0.250 each (graduated), committed 20": {"KWD", catalog.Price{
			Model: catalog.Graduated, Tiers: []catalog.Tier{{UpTo: &bound, UnitAmount: d("0.5"), FlatAmount: d("1")}, {UnitAmount: d("0.25")}},
			Commitment: &catalog.Commitment{Quantity: d("20")},
		}},
	} {
		require.Equal(t, want, priceInWords(price.price, price.currency))
	}
}
