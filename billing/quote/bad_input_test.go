package quote_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// Every error begins with the path of what is wrong.
func TestBadInputIsNamed(t *testing.T) {
	t.Parallel()
	const begun = "\nuntil: 2027-03-01\ntimeline:\n  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 3}}\n"
	for text, want := range map[string]string{
		"":                                 "the scenario is empty",
		"[1, 2":                            "the scenario is neither YAML nor JSON",
		"a: 1\n---\nb: 2":                  "the scenario has more than one document",
		"[]":                               "scenario: fields with values are expected, not a list",
		"catalog: []":                      "customers: is missing",
		sold + "timeline: []":              "until: is missing",
		sold + "timeline: []\nuntil: soon": `until: time "soon": write a date`,
		sold + begun + "tax: 3":            "tax: no such field: use one of description, settings, catalog",
		sold + begun + "until: 2028-01-01": "until: is given twice",
		sold + begun + "settings: {collection: later}":                                                     `settings.collection: "later" must be one of automatic, manual`,
		sold + begun + "settings: {strict: 1}":                                                             `settings.strict: "1" must be true or false`,
		sold + begun + "  - {at: 2027-01-32, pause: {}}":                                                   `timeline[1].at: time "2027-01-32": write a date`,
		sold + begun + "  - {at: 2027-01-12T25:00, pause: {}}":                                             `timeline[1].at: time "2027-01-12T25:00": write a date`,
		sold + begun + "  - {at: 2027-01-12}":                                                              "timeline[1]: an entry has exactly one action",
		sold + begun + "  - {at: 2027-01-12, pause: {}, resume: {}}":                                       "timeline[1]: an entry has exactly one action",
		sold + begun + "  - {pause: {}}":                                                                   "timeline[1].at: is missing",
		sold + begun + "  - {at: [2027-01-12], pause: {}}":                                                 "timeline[1].at: a single value is expected, not a list",
		sold + begun + "  - {at: 2028-01-12, pause: {}}":                                                   "timeline[1].at: 2028-01-12 is after the end of the scenario",
		sold + begun + "  - {at: 2027-01-12, pause: {subscription: b}}":                                    `timeline[1].pause.subscription: there is no subscription "b"`,
		sold + begun + "  - {at: 2027-01-12, change: {when: later}}":                                       `timeline[1].change.when: "later" must be one of now, period_end`,
		sold + begun + "  - {at: 2027-01-12, change: {}}":                                                  "timeline[1].change: give a plan, a plan_version, seats or add_ons",
		sold + begun + "  - {at: 2027-01-12, change: {seats: -1}}":                                         "timeline[1].change.seats: must be at least 0, got -1",
		sold + begun + "  - {at: 2027-01-12, change: {seats: 1.5}}":                                        `timeline[1].change.seats: "1.5" must be a whole number`,
		sold + begun + "  - {at: 2027-01-12, subscribe: {id: a, plan: seats}}":                             `timeline[1].subscribe.id: "a" is the id of an earlier subscription`,
		sold + begun + "  - {at: 2027-01-12, subscribe: {id: b, plan: s, customer: x}}":                    `timeline[1].subscribe.customer: there is no customer "x"`,
		sold + begun + "  - {at: 2027-01-12, subscribe: {id: b, plan: s, currency: X}}":                    "timeline[1].subscribe.currency: ",
		sold + begun + "  - {at: 2027-01-12, usage: {meter: cals, quantity: 1}}":                           `timeline[1].usage.meter: no plan has a charge for meter "cals"`,
		sold + begun + "  - {at: 2027-01-12, usage: {meter: calls, quantity: -1}}":                         "timeline[1].usage.quantity: must not be negative",
		sold + begun + "  - {at: 2027-01-12, usage: {meter: calls, quantity: 1e999}}":                      "timeline[1].usage.quantity: at most 18 digits",
		sold + begun + "  - {at: 2027-01-12, usage: {meter: calls, quantity: many}}":                       "timeline[1].usage.quantity: ",
		sold + begun + "  - {at: 2027-01-12, usage: {meter: calls, quantity: 1, happened_at: 2027-01-13}}": "timeline[1].usage.happened_at: 2027-01-13 is after the entry",
		sold + begun + "expect: {invoices: [{totl: 1}]}":                                                   "expect.invoices[0].totl: no such field: use one of id, number, kind",
		sold + begun + "expect: {invoices: {}}":                                                            "expect.invoices: a list is expected",
		sold + begun + "expect: {invoices: [{total: much}]}":                                               `expect.invoices[0].total: "much" is not a number`,
		strings.Replace(sold, "unit_amount: 10", "unit_amount: -10", 1) + begun:                            `catalog[0].charges[0].prices.EUR.unit_amount must not be negative, got -10`,
		strings.Replace(sold, "unit_amount: 10", "unit: 10", 1) + begun:                                    "catalog[0].charges[0].prices.USD.unit: no such field",
		strings.Replace(sold, "version: 2", "version: 0", 1) + begun:                                       `catalog[1].version: must be at least 1, got 0`,
		strings.NewReplacer("version: 1, ", "", "version: 2, ", "").Replace(sold) + begun:                  `catalog[1]: plan "seats" is there twice without a version`,
		strings.Replace(sold, "version: 2", "version: 2, product: desks", 1) + begun:                       `catalog[1].product "desks" is another than "seats", which version 1 has`,
		strings.Replace(sold, "version: 2", "version: 1", 1) + begun:                                       `catalog[1]: plan "seats" version 1 is defined twice`,
		strings.Replace(sold, "America/New_York", "America/Gotham", 1) + begun:                             "customers[0].zone: ",
		strings.Replace(sold, "currency: USD", "currency: DOLLAR", 1) + begun:                              "customers[0].currency: ",
		strings.Replace(sold, "currency: USD", "currency: usd", 1) + begun:                                 `customers[0].currency: "usd" must be written "USD"`,
		strings.Replace(sold, "id: ada, ", "", 1) + begun:                                                  "customers[0].id: is missing",
	} {
		got := fault(t, text)
		require.True(t, strings.HasPrefix(got, want), "%s\nwant: %s\ngot:  %s", strings.TrimPrefix(text, sold), want, got)
	}
}

// A short file can be of endless length: by an alias of a list of aliases of lists …, or of itself.
func TestAliasesHaveAnEnd(t *testing.T) {
	t.Parallel()
	text := "l0: &l0 [1, 2]\n"
	for i := range 30 {
		text += fmt.Sprintf("l%d: &l%d [*l%d, *l%d]\n", i+1, i+1, i, i)
	}
	require.Contains(t, fault(t, text), "aliases counted as often as they are used")
	require.Contains(t, fault(t, "a: &a [*a]"), `line 1: "a" is part of what it stands for`)
	require.Contains(t, fault(t, `{"a": `+strings.Repeat("[", 4_000_000)), "neither YAML nor JSON")
	require.Contains(t, fault(t, "&top\n<<: *top"), "is part of what it stands for")
}

// A difference says where, what was expected and what came of it.
func TestDifferences(t *testing.T) {
	t.Parallel()
	scenario, err := quote.Parse(strings.NewReader(sold + `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 3}}
until: 2027-01-15
expect:
  invoices:
    - {total: 30.000, issued_at: 2027-01-02, kind: credit_note, period: {end: 2027-02-01}, lines: [{quantity: 2}, {}]}
  refused: [{}]
  subscriptions: [{ended_at: 2027-03-01, next_due: 2027-02-01}]
`))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	differences, err := scenario.Expect.Compare(result)
	require.NoError(t, err)
	var told []string
	for _, difference := range differences {
		told = append(told, difference.String())
	}
	require.Equal(t, []string{
		"expect.invoices[0].issued_at: expected 2027-01-02, got 2027-01-01T00:00:00-05:00",
		"expect.invoices[0].kind: expected credit_note, got invoice",
		"expect.invoices[0].lines: expected 2 in the list, got 1",
		"expect.invoices[0].lines[0].quantity: expected 2, got 3",
		"expect.refused: expected 1 in the list, got 0",
		`expect.subscriptions[0].ended_at: expected "2027-03-01", got nothing`,
	}, told)
}

// FuzzParse looks for input that is neither read nor refused.
func FuzzParse(f *testing.F) {
	f.Add(sold + "timeline: [{at: 2027-01-01, subscribe: {id: a, plan: seats, seats: 1}}]\nuntil: 2027-02-01\n")
	f.Add(`{"catalog": [], "customers": [], "timeline": [], "until": "2027-01-01"}`)
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		scenario, err := quote.Parse(strings.NewReader(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		require.False(t, scenario.Until.IsZero())
	})
}
