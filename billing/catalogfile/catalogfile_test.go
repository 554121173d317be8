package catalogfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

const team = `
- id: team
  name: Team
  interval: {unit: month, count: 1}
  proration: day
  billed_by: renewal
  charges:
    - {id: seats, name: Seats, kind: recurring, per: seat, timing: advance, tax_category: saas, prices: {USD: {model: per_unit, unit_amount: 8.75}}}
`

func read(t require.TestingT, text string) File {
	file, err := Read(strings.NewReader(text))
	require.NoError(t, err, text)
	return file
}

func compare(t require.TestingT, text string, sold []catalog.Plan) Comparison {
	compared, err := read(t, text).Compare(sold)
	require.NoError(t, err)
	return compared
}

func replaced(t require.TestingT, pairs ...string) string {
	text := team
	for i := 0; i < len(pairs); i += 2 {
		require.Contains(t, text, pairs[i])
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

// In words: one line for each version.
func told(c Comparison) []string {
	var lines []string
	for _, change := range c {
		line := fmt.Sprintf("%s %d %s", change.Plan, change.Version, change.Standing)
		for _, difference := range change.Differences {
			line += "; " + difference.String()
		}
		lines = append(lines, line)
	}
	return lines
}

func TestAPlanGrowsVersionByVersion(t *testing.T) {
	t.Parallel()
	first := compare(t, team, nil)
	require.Equal(t, []string{"team 1 new"}, told(first))
	sold := first.Added()
	require.Equal(t, []string{"team 1 unchanged"}, told(compare(t, team, sold)))

	dearer := replaced(t, "8.75", "9.25")
	second := compare(t, dearer, sold)
	require.Equal(t, []string{"team 2 changed; charges.seats.prices.USD.unit_amount 8.75 → 9.25"}, told(second))
	require.Equal(t, 1, second[0].From)
	sold = append(sold, second.Added()...)
	require.Equal(t, []string{"team 2 unchanged"}, told(compare(t, dearer, sold)))

	require.Equal(t, []string{"team 3 changed; charges.seats.prices.USD.unit_amount 9.25 → 8.75"}, told(compare(t, team, sold)),
		"going back is a new version, too")
	require.Equal(t, []string{"team 1 unchanged"}, told(compare(t, replaced(t, "id: team", "id: team\n  version: 1"), sold)))
	require.Equal(t, []string{"team 7 changed"}, told(compare(t, replaced(t, "id: team", "id: team\n  version: 7", "8.75", `"9.250"`), sold)))
	require.Equal(t, []string{"pro 1 new", "team 2 absent"}, told(compare(t, replaced(t, "id: team", "id: pro"), sold)))
	require.Empty(t, compare(t, replaced(t, "id: team", "id: team\n  version: 2", "8.75", "9.25"), sold).Added())
}

func TestSeveralVersionsInAFile(t *testing.T) {
	t.Parallel()
	text := replaced(t, "8.75", "9.25") + replaced(t, "id: team", "id: team\n  version: 4")
	compared := compare(t, text, nil)
	require.Equal(t, []string{"team 4 new", "team 5 changed; charges.seats.prices.USD.unit_amount 8.75 → 9.25"}, told(compared))
	require.Empty(t, compare(t, text, compared.Added()).Added())
}

func TestReadAndCompareRefuse(t *testing.T) {
	t.Parallel()
	sold := append(compare(t, team, nil).Added(), compare(t, replaced(t, "id: team", "id: team\n  version: 2", "8.75", "9"), nil).Added()...)
	for text, want := range map[string]string{
		"":                              "the catalogue is empty: see docs/catalogue.md",
		"plans: []":                     "catalogue: a list is expected, not fields with values",
		"[{":                            "the catalogue is neither YAML nor JSON",
		"- {}":                          "[0].id: is missing",
		"- 3":                           `[0]: fields with values are expected, not "3"`,
		replaced(t, "name:", "nam:"):    "[0].name: is missing",
		replaced(t, "8.75", "8.75 USD"): "[0].charges[0].prices.USD.unit_amount: \"8.75 USD\" is no number",
		replaced(t, "8.75", "-8.75"):    "unit_amount must not be negative, got -8.75",
		replaced(t, "unit_amount: 8.75", "unit_amount: 8.75, tax: 1"):              "[0].charges[0].prices.USD.tax: no such field",
		replaced(t, "id: team", "id: team\n  version: 0"):                          "[0].version: must be at least 1, got 0",
		replaced(t, "id: team", "id: team\n  product: a b"):                        `[0].product "a b" must be 1 to 64 letters`,
		team + replaced(t, "id: team", "id: team\n  version: 1\n  product: suite"): `[1].product "suite" is another than "team", which version 2 has`,
		replaced(t, "id: team", "id: team\n  product: suite", "8.75", "10"): `plan "team": product "suite" is another than "team", which version 1 has: ` +
			`all versions of a plan have one product; keep it, or give the plan another id`,
		replaced(t, "id: team", "id: team\n  version: 1\n  product: suite"): `never changes, but the file differs (product team → suite)`,
		team + team: `[1]: plan "team" is there twice without a version`,
		strings.Repeat(replaced(t, "id: team", "id: team\n  version: 2"), 2): `[1]: plan "team" version 2 is defined twice`,
		replaced(t, "id: team", "id: team\n  version: 1", "8.75", "10"): `plan "team" version 1 is sold and never changes, but the file differs ` +
			`(charges.seats.prices.USD.unit_amount 8.75 → 10): leave the version out`,
	} {
		file, err := Read(strings.NewReader(text))
		if err == nil {
			_, err = file.Compare(sold)
		}
		require.ErrorContains(t, err, want, text)
	}
	_, err := read(t, replaced(t, "id: team", "id: team\n  version: 1")).Compare(sold[1:])
	require.EqualError(t, err, `plan "team": version 1 is older than the newest, 2: leave it out, or give 3`)
}

// What people write as names must come back as it was, whatever YAML makes of such words.
var words = []string{"yes", "null", "~", "1e3", "0x10", "- a", "a: b", " #x", "\t", "\"", "'", "2027-01-01", "ключ", "😀", "a\nb", "<<", "&a", "*a", "!t", "%"}

func anyPlan(t *rapid.T, id string, version int, product string) catalog.Plan {
	amount := func(name string) decimal.Decimal {
		return decimal.New(rapid.Int64Range(0, 1e15).Draw(t, name), rapid.Int32Range(-12, 1).Draw(t, name+" exponent"))
	}
	bound := amount("bound").Add(decimal.NewFromInt(1)).Truncate(12)
	price := rapid.SampledFrom([]catalog.Price{
		{Model: catalog.PerUnit, UnitAmount: amount("unit")},
		{Model: catalog.Package, UnitAmount: amount("unit"), PackageSize: decimal.NewFromInt(rapid.Int64Range(1, 1e6).Draw(t, "size"))},
		{Model: catalog.Graduated, Tiers: []catalog.Tier{{UpTo: &bound, UnitAmount: amount("first"), FlatAmount: amount("flat")}, {UnitAmount: amount("rest")}}},
	}).Draw(t, "price")
	return catalog.Plan{
		ID: id, Version: version, Product: product, Name: rapid.SampledFrom(words).Draw(t, "name") + rapid.StringN(0, 20, 60).Draw(t, "more"),
		Interval:  calendar.Interval{Unit: calendar.Month, Count: rapid.IntRange(1, 12).Draw(t, "count")},
		TrialDays: rapid.IntRange(0, 30).Draw(t, "trial"), Proration: catalog.GrainSecond, BilledBy: catalog.ByRenewal,
		Charges: []catalog.Charge{{
			ID: "0", Name: rapid.SampledFrom(words).Draw(t, "charge"), Kind: catalog.Usage, Timing: catalog.Arrears, Meter: "1e3", TaxCategory: "saas",
			Prices: map[money.Currency]catalog.Price{"USD": price},
		}},
	}
}

// What is written and read again changes nothing, with one version of each plan in the file or with all of them.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var sold, newest []catalog.Plan
		for _, id := range []string{"no", "team"} {
			product := rapid.SampledFrom([]string{"", id, "suite", "null"}).Draw(t, "product")
			for version := range rapid.IntRange(1, 3).Draw(t, "versions") {
				sold = append(sold, anyPlan(t, id, version+1, product))
			}
			newest = append(newest, sold[len(sold)-1])
		}
		for _, plan := range sold {
			require.NoError(t, plan.Validate())
		}
		for _, plans := range [][]catalog.Plan{sold, newest} {
			var text bytes.Buffer
			require.NoError(t, Write(&text, plans))
			require.Empty(t, compare(t, text.String(), sold).Added(), text.String())
		}
		var text bytes.Buffer
		require.NoError(t, Write(&text, sold))
		before, err := json.Marshal(sold)
		require.NoError(t, err)
		after, err := json.Marshal(compare(t, text.String(), nil).Added())
		require.NoError(t, err)
		require.Equal(t, string(before), string(after))
	})
}

func FuzzRead(f *testing.F) {
	f.Add(team)
	f.Add("[]")
	f.Add("- &a {id: a, charges: [*a]}")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read(strings.NewReader(text))
		if err != nil {
			return
		}
		compared, err := file.Compare(nil)
		require.NoError(t, err)
		again, err := file.Compare(compared.Added())
		require.NoError(t, err)
		require.Empty(t, again.Added())
	})
}
