package dunning

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	tests := map[string]Class{
		"lost_card": Hard, "do_not_try_again": Hard, "currency_not_supported": Hard, "new_account_information_available": Hard,
		"authentication_required": NeedsCustomer, "expired_card": NeedsCustomer, "pin_try_exceeded": NeedsCustomer,
		"insufficient_funds": SoftFunds, "withdrawal_count_limit_exceeded": SoftFunds,
		"processing_error": SoftTechnical, "duplicate_transaction": SoftTechnical,
		"generic_decline": SoftOpaque, "call_issuer": SoftOpaque,
		"": SoftOpaque, "a_code_of_next_year": SoftOpaque,
	}
	for code, want := range tests {
		require.Equal(t, want, Classify(code), code)
	}
}

func TestDeclineTableIsSound(t *testing.T) {
	t.Parallel()
	rows := mustRead[declineRow]("declines.json", declineData)
	require.Len(t, declines, len(rows), "no code twice")
	count := map[Class]int{}
	for _, row := range rows {
		count[row.Class]++
	}
	require.Equal(t, map[Class]int{Hard: 20, NeedsCustomer: 12, SoftFunds: 3, SoftTechnical: 6, SoftOpaque: 4}, count)
}

func TestCustomerCodeConcealsTheftAndFraud(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"lost_card", "stolen_card", "fraudulent", "merchant_blacklist"} {
		require.Equal(t, "generic_decline", CustomerCode(code))
	}
	require.Equal(t, "insufficient_funds", CustomerCode("insufficient_funds"))
	require.Equal(t, "a_code_of_next_year", CustomerCode("a_code_of_next_year"))
}

func TestCaps(t *testing.T) {
	t.Parallel()
	require.Len(t, Caps("visa"), 1)
	require.Equal(t, 15, Caps("visa")[0].Max)
	require.Len(t, Caps("mastercard"), 2)
	require.Len(t, Caps("cartes_bancaires"), len(caps), "unknown networks get every cap")
	require.Len(t, Caps(""), len(caps))
}

func TestPolicyValidate(t *testing.T) {
	t.Parallel()
	require.NoError(t, DefaultPolicy().Validate())
	tests := map[string]func(*Policy){
		"retry_after[1] is 1":            func(p *Policy) { p.RetryAfter = []int{1, 1} },
		"retry_after[0] is 0":            func(p *Policy) { p.RetryAfter = []int{0} },
		"retry_after[0] is 91":           func(p *Policy) { p.RetryAfter = []int{91} },
		"technical_retry_hours[0] is 25": func(p *Policy) { p.TechnicalRetryHours = []int{25} },
		"max_attempts is 0":              func(p *Policy) { p.MaxAttempts = 0 },
		"end_after is 6":                 func(p *Policy) { p.EndAfter = 6 },
		"end is \"\"":                    func(p *Policy) { p.End = "" },
	}
	for want, breakIt := range tests {
		p := DefaultPolicy()
		breakIt(&p)
		require.ErrorContains(t, p.Validate(), want)
	}
}
