package fraud_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/fraud"
)

// someLists are the lists of the seller in these tests.
var someLists = map[string]fraud.ItemType{
	"blocked_emails": fraud.Email, "blocked_cards": fraud.Fingerprint, "sanctioned": fraud.Country, "vip": fraud.CustomerID, "farms": fraud.EmailDomain,
}

func ptr(n int64) *int64 { return &n }

// known are facts of which all are known.
func known() fraud.Facts {
	return fraud.Facts{
		Payment: fraud.Payment{
			Amount: 150_000, Currency: "USD", ReferenceAmount: ptr(140_000), ReferenceCurrency: "EUR", First: true, Attempt: 1,
			Initiator: fraud.InitiatedByMerchant, Method: "card", CardCountry: "US", Funding: "credit", Network: "visa", Fingerprint: "Xt5EWLLDS7FJjR1c",
		},
		Customer: fraud.Customer{
			ID: "cus_1", Country: "US", Email: "ada@example.com", EmailDomain: "example.com", AgeDays: 3, TaxIDValid: true, Payments: 0,
		},
		Velocity: fraud.Velocity{
			Customer:    fraud.Counts{Payments: fraud.Windows{1, 2, 3, 4}, Declines: fraud.Windows{1, 1, 1, 2}, Cards: fraud.Windows{1, 2, 2, 3}},
			Card:        &fraud.Counts{Customers: fraud.Windows{0, 1, 2, 5}},
			EmailDomain: &fraud.Counts{Payments: fraud.Windows{9, 9, 9, 9}},
		},
		Outcome: &fraud.Outcome{RiskLevel: "elevated", RiskScore: ptr(67)},
	}
}

func compiled(t require.TestingT, name string, kind fraud.Kind, expression string) *fraud.Rule {
	rule, err := fraud.Compile(name, kind, expression, someLists)
	require.NoError(t, err)
	return rule
}

// The example of Radar's documentation, with amounts in cents.
// Source: https://docs.stripe.com/radar/rules/reference, "Rule processing and ordering".
func TestRadarsPrecedence(t *testing.T) {
	t.Parallel()
	rules := []*fraud.Rule{
		compiled(t, "small", fraud.Allow, `payment.amount < 1000`),
		compiled(t, "domestic-normal", fraud.Allow, `payment.card_country == "US" && outcome.risk_level == "normal"`),
		compiled(t, "high-risk", fraud.Block, `outcome.risk_level == "highest"`),
		compiled(t, "large", fraud.Block, `payment.amount > 100000`),
		compiled(t, "foreign", fraud.Review, `payment.card_country != "US"`),
	}
	for name, tt := range map[string]struct {
		amount        int64
		country, risk string
		want          fraud.Action
		by            []string
	}{
		"small, whatever the risk":         {999, "FR", "highest", "allow", []string{"small"}},
		"large, domestic, normal risk":     {150_000, "US", "normal", "allow", []string{"domestic-normal"}},
		"high risk":                        {5_000, "US", "highest", "block", []string{"high-risk"}},
		"large and high risk":              {150_000, "FR", "highest", "block", []string{"high-risk", "large"}},
		"large, foreign: block, no review": {150_000, "FR", "normal", "block", []string{"large"}},
		"foreign":                          {5_000, "FR", "normal", "review", []string{"foreign"}},
		"nothing matches":                  {5_000, "US", "elevated", "none", nil},
		"exactly the bound":                {1_000, "US", "elevated", "none", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := known()
			facts.Payment.Amount, facts.Payment.CardCountry, facts.Outcome.RiskLevel = tt.amount, tt.country, tt.risk
			got := fraud.Screen(rules, facts, nil)
			require.Equal(t, tt.want, got.Action)
			require.Equal(t, tt.by, namesOf(got.Matched))
			require.Empty(t, got.Unknown)
		})
	}
}

func namesOf(refs []fraud.Ref) []string {
	var names []string
	for _, ref := range refs {
		names = append(names, ref.Rule)
	}
	return names
}

// Of the kinds, the first that matches ends the screening: each set of kinds that match, and what comes of it.
func TestFirstKindThatMatchesDecides(t *testing.T) {
	t.Parallel()
	for mask := range 16 {
		var rules []*fraud.Rule
		want := fraud.NoAction
		for i, kind := range fraud.Kinds() {
			matches := mask>>i&1 == 1
			rules = append(rules, compiled(t, "rule-"+string(rune('a'+i)), kind, fmt.Sprintf("payment.first == %t", matches)))
			if matches && want == fraud.NoAction {
				want = fraud.Action(kind)
			}
		}
		got := fraud.Screen(rules, known(), nil)
		require.Equal(t, want, got.Action, "mask %04b", mask)
		if want != fraud.NoAction {
			require.Equal(t, fraud.Kind(want), got.Asked[len(got.Asked)-1].Kind, "no later kind is asked")
		}
	}
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	listed := fraud.Listed{}
	listed.Add("blocked_emails", "ada@example.com")
	listed.Add("sanctioned", "KP")
	for expression, want := range map[string]bool{
		`listed("blocked_emails", customer.email)`:                                 true,
		`listed("farms", customer.email_domain)`:                                   false,
		`listed("sanctioned", payment.card_country)`:                               false,
		`!listed("vip", customer.id) && payment.first`:                             true,
		`velocity.customer.declines_30d == 2 && velocity.card.customers_7d == 2`:   true,
		`velocity.email_domain.payments_1h > 8`:                                    true,
		`outcome.risk_score >= 65`:                                                 true,
		`payment.reference_currency == "EUR" && payment.reference_amount > 139999`: true,
		`has(payment.card_country) && payment.card_country in ["US", "CA"]`:        true,
		`customer.email.endsWith("@example.com")`:                                  true,
		`customer.email.matches("^a[a-z]+@")`:                                      true,
		`payment.amount * 3 / 2 == 225000`:                                         true,
		`[1, 2, 3].exists(n, n == customer.age_days)`:                              true,
		`customer.tax_id_valid ? false : true`:                                     false,
	} {
		got := fraud.Screen([]*fraud.Rule{compiled(t, "r", fraud.Block, expression)}, known(), listed)
		require.Empty(t, got.Unknown, expression)
		require.Equal(t, want, got.Action == "block", expression)
	}
}

// What is not known is never taken for something: the rule says so and does not match, unless it asked with has().
func TestMissingFacts(t *testing.T) {
	t.Parallel()
	bare := fraud.Facts{Payment: fraud.Payment{Amount: 5, Currency: "USD"}}
	for expression, tt := range map[string]struct {
		matches bool
		unknown string
	}{
		`payment.card_country != "US"`:                                    {false, "payment.card_country is not known"},
		`!has(payment.card_country)`:                                      {true, ""},
		`has(outcome.risk_score) && outcome.risk_score > 1`:               {false, ""},
		`outcome.risk_score > 1`:                                          {false, "outcome.risk_score is not known"},
		`!has(velocity.card)`:                                             {true, ""},
		`velocity.card.payments_1h == 0`:                                  {false, "velocity.card is not known"},
		`velocity.customer.payments_1h == 0`:                              {true, ""},
		`payment.reference_amount < 10`:                                   {false, "payment.reference_amount is not known"},
		`listed("blocked_cards", payment.fingerprint)`:                    {false, "payment.fingerprint is not known"},
		`payment.amount == 5 || payment.card_country == "US"`:             {true, ""},
		`payment.amount / customer.age_days > 1`:                          {false, "division by zero"},
		`payment.amount * 9223372036854775807 > 1`:                        {false, "integer overflow"},
		`int(payment.currency) > 1`:                                       {false, "type conversion error"},
		`has(velocity.card) ? velocity.card.payments_1h > 0 : true`:       {true, ""},
		`payment == payment`:                                              {false, "cannot be compared"},
		`customer.email_disposable || customer.disputes > 0`:              {false, ""},
		`timestamp(payment.currency) > timestamp("2026-01-01T00:00:00Z")`: {false, "USD"},
	} {
		got := fraud.Screen([]*fraud.Rule{compiled(t, "r", fraud.Review, expression)}, bare, nil)
		require.Equal(t, tt.matches, got.Action == "review", expression)
		if tt.unknown == "" {
			require.Empty(t, got.Unknown, expression)
			continue
		}
		require.Len(t, got.Unknown, 1, expression)
		require.Contains(t, got.Unknown[0].Because, tt.unknown, expression)
	}
}

func TestRefusedRules(t *testing.T) {
	t.Parallel()
	long := make([]byte, 2001)
	for i := range long {
		long[i] = ' '
	}
	for _, tt := range []struct {
		name         string
		kind         fraud.Kind
		expression   string
		line, column int
		says         string
	}{
		{"r", "block", ``, 0, 0, "is empty"},
		{"r", "block", string(long) + "true", 0, 0, "longer than 2000 bytes"},
		{"R r", "block", `true`, 0, 0, "its name must be"},
		{"r", "refuse", `true`, 0, 0, "is not a kind of rule: use request_3ds, allow, block, review"},
		{"r", "block", `payment.amount`, 0, 0, "of type int: a rule is a condition"},
		{"r", "block", `payment.amonut > 5`, 1, 8, "undefined field 'amonut'"},
		{"r", "block", "payment.first &&\n  customer.nothing == 1", 2, 11, "undefined field 'nothing'"},
		{"r", "block", `payment.amount > "5"`, 1, 16, "no matching overload"},
		{"r", "block", `payment.amount > 12.50`, 1, 16, "no matching overload"},
		{"r", "block", `double(payment.amount) > 12.50`, 1, 7, "numbers are whole"},
		{"r", "block", `[1.5].size() > 0`, 1, 1, "numbers are whole"},
		{"r", "block", `payment.amount >`, 1, 17, "Syntax error"},
		{"r", "block", `now() > 5`, 1, 4, "undeclared reference to 'now'"},
		{"r", "block", `listed("nowhere", customer.email)`, 1, 8, `there is no list "nowhere"`},
		{"r", "block", `listed("blocked_cards", customer.email)`, 1, 33, "holds items of type fingerprint"},
		{"r", "block", `listed("blocked_emails", "a@b.c")`, 1, 26, "a fact that a list can hold"},
		{"r", "block", `listed(customer.id, customer.email)`, 1, 16, "in quotes"},
		{"r", "block", `customer.email.matches("(")`, 0, 0, "missing closing )"},
		{"r", "block", `[1,2,3,4,5,6,7,8].all(a, [1,2,3,4,5,6,7,8].all(b, [1,2,3,4,5,6,7,8].all(c, [1,2,3,4,5,6,7,8].all(d, [1,2,3,4,5,6,7,8].all(e, a+b+c+d+e > 0)))))`, 0, 0, "more than 10000 steps"},
	} {
		_, err := fraud.Compile(tt.name, tt.kind, tt.expression, someLists)
		var wrong *fraud.Error
		require.ErrorAs(t, err, &wrong, tt.expression)
		require.Equal(t, tt.name, wrong.Rule)
		require.Contains(t, wrong.Message, tt.says)
		require.Equal(t, [2]int{tt.line, tt.column}, [2]int{wrong.Line, wrong.Column}, "%s: %s", tt.expression, err)
		require.Contains(t, err.Error(), fmt.Sprintf("rule %q", tt.name))
	}
}

// What is costly to know is read only for rules that ask for it, however they write it.
func TestCostlyFactsAreKnownToBeAsked(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string][2]bool{
		`payment.first`:                                                         {false, false},
		`customer.email_domain == "listed"`:                                     {false, false},
		`has(customer.email_domain)`:                                            {false, false},
		`listed("vip", customer.id)`:                                            {false, true},
		`listed("farms", customer.email_domain) || payment.first`:               {false, true},
		`velocity.email_domain.payments_1h > 3`:                                 {true, false},
		"velocity\n . email_domain.cards_24h > 3":                               {true, false},
		`has(velocity.email_domain.payments_1h) && payment.first`:               {true, false},
		`[velocity].exists(customer, customer.email_domain.payments_30d > 100)`: {true, false},
		`dyn(velocity).email_domain.payments_1h > 3`:                            {true, false},
	} {
		rule, err := fraud.Compile("r", fraud.Block, expression, someLists)
		require.NoError(t, err, expression)
		require.Equal(t, want, [2]bool{rule.AsksEmailDomain(), rule.AsksLists()}, expression)
	}
}

// In whatever order rules come, and whatever they ask, the decision is the same.
func TestOrderOfRulesDoesNotMatter(t *testing.T) {
	t.Parallel()
	expressions := []string{
		`payment.amount > 1000`, `payment.amount <= 1000`, `customer.age_days < 2`, `outcome.risk_level == "elevated"`, `payment.card_country == "DE"`,
		`has(payment.card_country)`, `velocity.customer.payments_24h > 3`, `listed("vip", customer.id)`, `payment.first`,
	}
	rapid.Check(t, func(rt *rapid.T) {
		var rules []*fraud.Rule
		for i := range rapid.IntRange(0, 8).Draw(rt, "rules") {
			rules = append(rules, compiled(rt, fmt.Sprintf("rule-%d", i), rapid.SampledFrom(fraud.Kinds()).Draw(rt, "kind"), rapid.SampledFrom(expressions).Draw(rt, "expression")))
		}
		facts := known()
		facts.Payment.Amount = rapid.Int64Range(1, 3000).Draw(rt, "amount")
		facts.Payment.CardCountry = rapid.SampledFrom([]string{"", "DE", "US"}).Draw(rt, "country")
		facts.Payment.First = rapid.Bool().Draw(rt, "first")
		listed := fraud.Listed{}
		if rapid.Bool().Draw(rt, "vip") {
			listed.Add("vip", facts.Customer.ID)
		}
		first := fraud.Screen(rules, facts, listed)
		require.Equal(rt, first, fraud.Screen(rapid.Permutation(rules).Draw(rt, "order"), facts, listed))
		for _, ref := range first.Matched {
			require.Equal(rt, first.Action, fraud.Action(ref.Kind))
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`payment.amount > 5`, `has(customer.email) && listed("blocked_emails", customer.email)`, `[payment]`, `listed()`,
		`payment.amount > 1.0`, `{"a": payment}.a.first`, `velocity.card.payments_1h`, "\x00", `[[[[[[[[`, `fraud.payment{amount: 1}.amount > 0`, `type(payment) == type(1)`,
		`dyn(payment).amount > 0`, `payment[customer.id]`, `"a".matches(customer.email)`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		rule, err := fraud.Compile("r", fraud.Block, expression, someLists)
		if err != nil {
			if _, ok := errors.AsType[*fraud.Error](err); !ok {
				t.Fatalf("%q: not about the rule: %s", expression, err)
			}
			return
		}
		for _, facts := range []fraud.Facts{known(), {}} {
			first := fraud.Screen([]*fraud.Rule{rule}, facts, nil)
			require.Equal(t, first, fraud.Screen([]*fraud.Rule{rule}, facts, nil), expression)
		}
	})
}
