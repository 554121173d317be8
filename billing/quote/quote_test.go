package quote_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// TestExamplesAreAsExpected plays every example of the documentation; each states what it expects.
func TestExamplesAreAsExpected(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/examples/quotes/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 6)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.Open(file)
			require.NoError(t, err)
			defer func() { require.NoError(t, text.Close()) }()
			scenario, err := quote.Parse(text)
			require.NoError(t, err)
			require.False(t, scenario.Expect.IsZero())
			result, err := quote.Run(t.Context(), scenario)
			require.NoError(t, err)
			differences, err := scenario.Expect.Compare(result)
			require.NoError(t, err)
			require.Empty(t, differences)
		})
	}
}

// TestTheManualIsTrue plays the scenario of the manual, and finds every field of scenarios in it.
func TestTheManualIsTrue(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/quote.md")
	require.NoError(t, err)
	_, example, found := strings.Cut(string(text), "```yaml\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	scenario, err := quote.Parse(strings.NewReader(example))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	differences, err := scenario.Expect.Compare(result)
	require.NoError(t, err)
	require.Empty(t, differences)
	for _, of := range []any{
		quote.Scenario{},
		quote.Settings{},
		quote.Seller{},
		quote.Customer{},
		quote.Entry{},
		quote.Subscribe{},
		quote.Usage{},
		quote.Change{},
		quote.Pause{},
		quote.Resume{},
		quote.Cancel{},
		quote.Payment{},
		quote.Redeem{},
		quote.RemoveDiscount{},
		quote.Grant{},
		quote.Rollover{},
		quote.OneOff{},
		quote.Activity{},
		quote.FairBilling{},
		quote.InitialMember{},
		quote.Result{},
	} {
		for field := range reflect.TypeOf(of).Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			require.Contains(t, string(text), "`"+name+"`", "%T", of)
		}
	}
}

// Two plays of one scenario are the same to the byte, and amounts come with all decimals, a currency and minor units.
func TestAResultIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	const rest = `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 3}}
  - {at: 2027-01-11T09:30, change: {seats: 4}}
until: 2027-02-01
`
	first, err := json.Marshal(play(t, rest))
	require.NoError(t, err)
	second, err := json.Marshal(play(t, rest))
	require.NoError(t, err)
	require.JSONEq(t, string(first), string(second))
	require.Contains(t, string(first), `"total":{"amount":"30.00","currency":"USD","minor":3000}`)
	require.Contains(t, string(first), `"issued_at":"2027-01-11T09:30:00-05:00"`)
}

// Entries of one instant happen in the order of the file; whatever falls due at their instant happens before them.
func TestOrderOfOneInstant(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-02-01, change: {seats: 5}}
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 3}}
  - {at: 2027-02-01, change: {seats: 4}}
until: 2027-02-01
expect:
  invoices:
    - {total: 30}
    - {reason: cycle, issued_at: 2027-02-01, total: 30}
    - {reason: change, lines: [{amount: -30}, {quantity: 5, amount: 50}]}
    - {reason: change, kind: credit_note, lines: [{amount: -50}, {quantity: 4, amount: 40}]}
`)
}

// A subscription that begins before its entry has all its periods billed at once, each at its own instant.
func TestStartInThePast(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-03-15, subscribe: {id: a, plan: seats, plan_version: 1, seats: 1, starts_at: 2027-01-31}}
  - {at: 2027-01-01, subscribe: {id: b, plan: seats, plan_version: 2, seats: 1, starts_at: 2027-03-20}}
until: 2027-03-20
expect:
  invoices:
    - {subscription: a, issued_at: 2027-01-31}
    - {subscription: a, issued_at: 2027-02-28}
    - {subscription: b, issued_at: 2027-03-20, total: 12}
`)
}

// What is asked for twice under one id is done once; the same id for something else is refused.
func TestCommandIDs(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 3}}
  - {at: 2027-01-11, change: {id: more, seats: 4}}
  - {at: 2027-01-12, change: {id: more, seats: 4}}
  - {at: 2027-01-13, cancel: {id: more}}
until: 2027-01-31
expect:
  invoices: [{}, {reason: change}]
  refused: [{path: "timeline[3]", code: command_id_reused}]
`)
}

// What is refused leaves nothing behind, also when it is found out late: the usage stays to be billed, the terms in force.
func TestRefusedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: metered}}
  - {at: 2027-01-10, usage: {meter: calls, quantity: 2000}}
  - {at: 2027-01-11, pause: {}}
  - {at: 2027-01-12, cancel: {}}
until: 2027-01-12
expect:
  invoices: []
  refused: [{path: "timeline[2]", code: amount_too_large}, {path: "timeline[3]", code: amount_too_large}]
  subscriptions: [{status: active}]
`)
}

// An amount that leaves its range at a boundary is an error that names subscription and instant: there is nothing to refuse.
func TestBoundaryThatCannotBeBilled(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^subscription a at 2027-02-01T00:00:00-05:00: .*calls`, fault(t, sold+`
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: metered}}
  - {at: 2027-01-10, usage: {meter: calls, quantity: 2000}}
until: 2027-02-01
`))
}

func TestStrict(t *testing.T) {
	t.Parallel()
	require.Equal(t, "timeline[1]: refused (cannot_resume): subscription a is active: only a paused one can be resumed", fault(t, sold+`
settings: {strict: true}
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 3}}
  - {at: 2027-01-11, resume: {}}
until: 2027-02-01
`))
}

// Unpaid invoices make a subscription past due, and a credit pays them first; paid ones end that.
func TestPayments(t *testing.T) {
	t.Parallel()
	play(t, `
settings: {collection: manual}
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 3}}
  - {at: 2027-01-01, unpaid: {}}
  - {at: 2027-01-21, change: {seats: 1}}
  - {at: 2027-02-02, paid: {invoice: 1}}
  - {at: 2027-02-03, paid: {invoice: 2}}
  - {at: 2027-02-04, unpaid: {invoice: 9}}
until: 2027-02-05
expect:
  invoices:
    - {total: 30, amount_due: 30, owed: 0}
    - {kind: credit_note, total: -7.10, pays: [{amount: 7.10}]}
    - {total: 10, owed: 10}
  refused: [{code: nothing_owed}, {code: invoice_unknown}]
  subscriptions: [{status: active}]
`)
}

// A scenario means the same in JSON, and numbers are read exactly in both.
func TestJSON(t *testing.T) {
	t.Parallel()
	const scenario = `{"catalog": [{"id": "p", "version": 1, "name": "\ud83d\ude00", "interval": {"unit": "month", "count": 1}, "proration": "day",
		"billed_by": "renewal", "charges": [{"id": "c", "name": "calls", "kind": "usage", "meter": "calls", "timing": "arrears",
		"tax_category": "saas_b2b", "prices": {"USD": {"model": "per_unit", "unit_amount": 0.000000000001}}}]}],
	"customers": [{"id": "ada", "zone": "UTC", "country": "US", "currency": "USD"}],
	"timeline": [
		{"at": "2027-01-01T00:00:00Z", "subscribe": {"id": "a", "plan": "p"}},
		{"at": "2027-01-02", "usage": {"meter": "calls", "quantity": 900000000000000001.000000000001}}],
	"until": "2027-02-01", "expect": {"invoices": [{"lines": [{"exact": 900000.000000000001000000000001, "description": "😀: 900000000000000001.000000000001 × calls"}]}]}}`
	read, err := quote.Parse(strings.NewReader(scenario))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), read)
	require.NoError(t, err)
	differences, err := read.Expect.Compare(result)
	require.NoError(t, err)
	require.Empty(t, differences)
}
