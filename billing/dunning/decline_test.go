package dunning

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The decline codes that stripe-go has constants for, the risk block of Stripe's own list of hard declines, and an amount
// that no card can pay; and our own for payments that a rule or a person stopped.
func TestClassify(t *testing.T) {
	t.Parallel()
	codes := map[Class]string{
		Hard: `incorrect_number invalid_number lost_card pickup_card stolen_card revocation_of_authorization
			revocation_of_all_authorizations stop_payment_order invalid_account restricted_card do_not_try_again
			security_violation new_account_information_available fraudulent merchant_blacklist highest_risk_level
			transaction_not_allowed not_permitted service_not_allowed card_not_supported currency_not_supported testmode_decline
			amount_too_large payment_method_detached payment_method_unknown payment_method_unsupported payment_method_unusable
			payment_intent_incompatible_payment_method blocked_by_rule declined_in_review`,
		NeedsCustomer: `authentication_required expired_card incorrect_cvc invalid_cvc incorrect_zip invalid_expiry_month
			invalid_expiry_year incorrect_pin invalid_pin offline_pin_required online_or_offline_pin_required pin_try_exceeded
			payment_method_refused payment_method_unverified return_url_missing authentication_abandoned
			payment_intent_authentication_failure transfer_not_received`,
		SoftFunds:     "insufficient_funds card_velocity_exceeded withdrawal_count_limit_exceeded",
		SoftTechnical: "processing_error issuer_not_available reenter_transaction try_again_later approve_with_id duplicate_transaction",
		SoftOpaque:    "generic_decline do_not_honor no_action_taken call_issuer",
	}
	listed := 0
	for class, text := range codes {
		for code := range strings.FieldsSeq(text) {
			_, known := declines[code]
			require.True(t, known, code)
			require.Equal(t, class, Classify(code), code)
			listed++
		}
	}
	require.Len(t, declines, listed)
	require.Len(t, mustRead[declineRow]("declines.json", declineData), listed, "no code twice")
	for _, unknown := range []string{"", "invalid_amount", "a_code_of_next_year"} {
		require.Equal(t, SoftOpaque, Classify(unknown), unknown)
	}
}

func TestCustomerCodeConcealsTheftAndFraud(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"lost_card", "stolen_card", "fraudulent", "merchant_blacklist", "highest_risk_level", "blocked_by_rule", "declined_in_review"} {
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
