package dunning_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/paymethod"
)

func TestClassifyReturn(t *testing.T) {
	t.Parallel()
	for class, codes := range map[dunning.Return][]string{
		dunning.ReturnedFunds:        {"insufficient_funds", "R01", "R09", "AM04", "refer_to_customer"},
		dunning.ReturnedAccount:      {"account_closed", "no_account", "invalid_account_number", "bank_account_restricted", "bank_account_unusable", "R02", "R03", "R04", "R16", "AC01", "AC04", "AC06"},
		dunning.ReturnedUnauthorised: {"debit_not_authorized", "customer_initiated", "R05", "R07", "R08", "R10", "R11", "R29", "MD01", "payment_intent_mandate_invalid"},
		dunning.ReturnedOther:        {"generic_could_not_process", "bank_cannot_process", "charge_exceeds_transaction_limit", "", "a_code_of_next_year"},
		dunning.NotPresented:         {"payment_method_unverified", "bank_account_unverified", "payment_method_unusable"},
	} {
		for _, code := range codes {
			require.Equal(t, class, dunning.ClassifyReturn(code), code)
			rulesOut := class == dunning.ReturnedAccount || class == dunning.ReturnedUnauthorised
			require.Equal(t, rulesOut, dunning.ClassifyReturn(code).RulesOut(), code)
		}
	}
}

// debit is a returned debit: made at an instant, known days later.
func debit(n int, method, kind string, made, known time.Time, code string) dunning.Attempt {
	return dunning.Attempt{Number: n, At: made, KnownAt: known, Outcome: dunning.Declined, DeclineCode: code, PaymentMethodID: method, Kind: kind}
}

// representment is a history of returned debits and what follows.
type representment struct {
	why, kind string
	attempts  []dunning.Attempt
	want      dunning.Step
}

func representments(t *testing.T) []representment {
	t.Helper()
	made, known := at(t, "2027-01-11T15:00:00Z"), at(t, "2027-01-15T15:00:00Z")
	second, secondKnown := at(t, "2027-01-21T15:00:00Z"), at(t, "2027-01-27T15:00:00Z")
	third, thirdKnown := at(t, "2027-02-03T15:00:00Z"), at(t, "2027-02-09T15:00:00Z")
	return []representment{
		{
			"three business days after the return, with Martin Luther King's day between", "us_bank_account",
			[]dunning.Attempt{debit(1, "pm_1", "us_bank_account", made, known, "R01")},
			dunning.Step{Kind: dunning.Retry, At: second, Attempt: 2, Reason: dunning.ReasonRepresentment},
		},
		{
			"then five", "us_bank_account",
			[]dunning.Attempt{
				debit(1, "pm_1", "us_bank_account", made, known, "insufficient_funds"), debit(2, "pm_1", "us_bank_account", second, secondKnown, "insufficient_funds"),
			},
			dunning.Step{Kind: dunning.Retry, At: third, Attempt: 3, Reason: dunning.ReasonRepresentment},
		},
		{
			"never a third time, and the customer has the policy's days from the last return on", "us_bank_account",
			[]dunning.Attempt{
				debit(1, "pm_1", "us_bank_account", made, known, "R01"), debit(2, "pm_1", "us_bank_account", second, secondKnown, "R01"),
				debit(3, "pm_1", "us_bank_account", third, thirdKnown, "R01"),
			},
			dunning.Step{Kind: dunning.WaitForCustomer, At: at(t, "2027-02-24T01:00:00Z"), Reason: dunning.ReasonExhausted},
		},
		{
			"not after any other return", "us_bank_account",
			[]dunning.Attempt{debit(1, "pm_1", "us_bank_account", made, known, "R10")},
			dunning.Step{Kind: dunning.WaitForCustomer, At: at(t, "2027-01-30T01:00:00Z"), Reason: dunning.ReasonReturned},
		},
		{
			"nor after one that only other schemes may repeat", "us_bank_account",
			[]dunning.Attempt{debit(1, "pm_1", "us_bank_account", made, known, "refer_to_customer")},
			dunning.Step{Kind: dunning.WaitForCustomer, At: at(t, "2027-01-30T01:00:00Z"), Reason: dunning.ReasonReturned},
		},
		{
			"as Australia's banks do", "au_becs_debit",
			[]dunning.Attempt{debit(1, "pm_1", "au_becs_debit", made, known, "refer_to_customer")},
			dunning.Step{Kind: dunning.Retry, At: at(t, "2027-01-20T15:00:00Z"), Attempt: 2, Reason: dunning.ReasonRepresentment},
		},
		{
			"once in Canada", "acss_debit",
			[]dunning.Attempt{
				debit(1, "pm_1", "acss_debit", made, known, "insufficient_funds"), debit(2, "pm_1", "acss_debit", second, secondKnown, "insufficient_funds"),
			},
			dunning.Step{Kind: dunning.WaitForCustomer, At: at(t, "2027-02-11T01:00:00Z"), Reason: dunning.ReasonExhausted},
		},
		{
			"and only in the scheme's time", "bacs_debit",
			[]dunning.Attempt{debit(1, "pm_1", "bacs_debit", made, at(t, "2027-02-09T15:00:00Z"), "insufficient_funds")},
			dunning.Step{Kind: dunning.WaitForCustomer, At: at(t, "2027-02-24T01:00:00Z"), Reason: dunning.ReasonExhausted},
		},
	}
}

func TestRepresentments(t *testing.T) {
	t.Parallel()
	for _, tc := range representments(t) {
		c := dunning.Case{Method: dunning.Method{ID: "pm_1", Kind: tc.kind}, Zone: zone(t, "America/New_York"), Attempts: tc.attempts}
		step, err := dunning.Next(dunning.DefaultPolicy(), c, tc.attempts[len(tc.attempts)-1].KnownAt)
		require.NoError(t, err)
		require.Equal(t, tc.want, step, tc.why)
	}
}

// What the customer changes under the same mandate lifts nothing that a bank said; where no bank was asked, it does.
func TestUpdatesOfBankAccounts(t *testing.T) {
	t.Parallel()
	made, known := at(t, "2027-01-11T15:00:00Z"), at(t, "2027-01-15T15:00:00Z")
	c := dunning.Case{
		Zone: zone(t, "UTC"), Method: dunning.Method{ID: "pm_1", Kind: "us_bank_account", UpdatedAt: known.Add(time.Hour)},
		Attempts: []dunning.Attempt{debit(1, "pm_1", "us_bank_account", made, known, "debit_not_authorized")},
	}
	step, err := dunning.Next(dunning.DefaultPolicy(), c, known.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, dunning.ReasonReturned, step.Reason)
	require.Equal(t, dunning.ReasonReturned, c.Method.Forbidden(c.Attempts))

	c.Attempts[0].DeclineCode = "payment_method_unverified"
	step, err = dunning.Next(dunning.DefaultPolicy(), c, known.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, dunning.Step{Kind: dunning.Retry, At: known.Add(2 * time.Hour), Attempt: 2, Reason: dunning.ReasonMethodChanged}, step)
	c.Method.UpdatedAt = time.Time{}
	step, err = dunning.Next(dunning.DefaultPolicy(), c, known.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, dunning.ReasonNeedsCustomer, step.Reason)

	c.Method.Unusable = true
	step, err = dunning.Next(dunning.DefaultPolicy(), c, known.Add(2*time.Hour))
	require.NoError(t, err)
	require.Equal(t, dunning.ReasonUnusable, step.Reason)
}

func TestChooseAmongBankAccounts(t *testing.T) {
	t.Parallel()
	made, known := at(t, "2027-01-11T15:00:00Z"), at(t, "2027-01-15T15:00:00Z")
	account, card := dunning.Method{ID: "pm_1", Kind: "us_bank_account"}, dunning.Method{ID: "pm_2", Kind: "card"}
	for _, tc := range []struct {
		why, code, want string
		unusable        bool
	}{
		{"no money today may be money next week", "R01", "pm_1", false},
		{"not authorised", "R10", "pm_2", false},
		{"a return that nobody knows", "R99", "pm_2", false},
		{"blocked", "", "pm_2", true},
	} {
		var attempts []dunning.Attempt
		if tc.code != "" {
			attempts = append(attempts, debit(1, "pm_1", "us_bank_account", made, known, tc.code))
		}
		first := account
		first.Unusable = tc.unusable
		chosen, fallback := dunning.Choose([]dunning.Method{first, card}, attempts)
		require.Equal(t, tc.want, chosen.ID, tc.why)
		require.Equal(t, tc.want == "pm_2", fallback, tc.why)
	}
	require.Empty(t, card.Forbidden([]dunning.Attempt{declined(1, made, "stolen_card")}), "an operator may try any card")
}

// mostDebits of one account for one invoice, by kind, and the codes after which it may be debited again: the rules anew,
// without the code under test.
var mostDebits = map[string]int{"us_bank_account": 3, "sepa_debit": 3, "bacs_debit": 3, "au_becs_debit": 3, "acss_debit": 2}

var repeatable = map[string][]string{
	"us_bank_account": {"insufficient_funds", "R01", "R09"}, "sepa_debit": {"insufficient_funds", "AM04"},
	"bacs_debit": {"insufficient_funds", "refer_to_customer"}, "au_becs_debit": {"insufficient_funds", "refer_to_customer"},
	"acss_debit": {"insufficient_funds"},
}

func checkDebits(rt *rapid.T, kind string, attempts []dunning.Attempt) {
	presented, over := map[string]int{}, map[string]bool{}
	for _, a := range attempts {
		require.False(rt, over[a.PaymentMethodID], "debited after a return that forbids it")
		if a.DeclineCode == "payment_method_unverified" {
			continue
		}
		presented[a.PaymentMethodID]++
		require.LessOrEqual(rt, presented[a.PaymentMethodID], mostDebits[kind])
		over[a.PaymentMethodID] = !slices.Contains(repeatable[kind], a.DeclineCode)
	}
}

// Whatever banks say and customers do, no account is debited more often than its scheme allows, nor again after a return
// that is not for want of money, nor while banks are closed; and dunning ends.
func TestDebitProperties(t *testing.T) {
	t.Parallel()
	codes := []string{"insufficient_funds", "insufficient_funds", "R01", "AM04", "refer_to_customer", "R10", "account_closed", "generic_could_not_process", "payment_method_unverified"}
	rapid.Check(t, func(rt *rapid.T) {
		z, err := calendar.LoadZone(rapid.SampledFrom([]string{"UTC", "America/New_York", "Australia/Sydney"}).Draw(rt, "zone"))
		require.NoError(rt, err)
		kind := rapid.SampledFrom(paymethod.DebitKinds()).Draw(rt, "kind")
		rules, _ := paymethod.Lookup(kind)
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(rt, "first"), 0).UTC()
		c := dunning.Case{Zone: z, Method: dunning.Method{ID: "pm_0", Kind: kind}}
		policy := dunning.DefaultPolicy()
		policy.MaxAttempts = rapid.IntRange(1, 50).Draw(rt, "max")
		try := func(when time.Time) {
			now = rules.KnownBy(when, z).Add(time.Duration(rapid.IntRange(0, 48).Draw(rt, "later")) * time.Hour)
			c.Attempts = append(c.Attempts, debit(len(c.Attempts)+1, c.Method.ID, kind, when, now, rapid.SampledFrom(codes).Draw(rt, "code")))
		}
		try(now)
		for steps, changes := 0, 0; ; steps++ {
			require.Less(rt, steps, 200, "dunning must end")
			step, err := dunning.Next(policy, c, now)
			require.NoError(rt, err)
			require.False(rt, step.At.Before(now))
			switch {
			case step.Kind == dunning.GiveUp:
				checkDebits(rt, kind, c.Attempts)
				return
			case changes < 8 && rapid.Bool().Draw(rt, "reacts"):
				changes++
				c.Method.ID = fmt.Sprintf("pm_%d", rapid.IntRange(0, 2).Draw(rt, "method"))
				c.Method.UpdatedAt = now
			case step.Kind == dunning.WaitForCustomer:
				now = step.At
			default:
				require.Empty(rt, c.Method.Forbidden(c.Attempts))
				require.True(rt, step.Reason != dunning.ReasonRepresentment || rules.Calendar.Works(z.DateOf(step.At)))
				try(step.At)
			}
		}
	})
}
