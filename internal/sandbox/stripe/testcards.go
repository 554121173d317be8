package stripe

import "strings"

// testCard is one of Stripe's test cards (docs.stripe.com/testing).
type testCard struct {
	brand   string
	country string // US if empty
	decline string // decline code of every charge
	dispute string // reason of the dispute that follows a successful charge
	funding string // credit if empty
	name    string // pm_card_<name> and tok_<name>
	number  string
	refund  string // how refunds end: "failed" or "pending"
	risk    string // outcome.risk_level; normal if empty

	attaches       bool // a declining card that can be saved nevertheless
	authentication authentication
	blocked        bool // refused by Radar before it reaches the bank
	warns          bool // the issuer reports fraud right after a success
}

// authentication says when a card asks for 3-D Secure.
type authentication int

const (
	neverAsks      authentication = iota
	asksUnlessSet                 // off-session charges pass once it was set up
	asksAlways                    // even off-session after set-up
	asksOnSession                 // counts as set up already
	asksWhenPosing                // 3DS2 required by rule: as asksUnlessSet
)

const visa, mastercard, amex, debit = "visa", "mastercard", "amex", "debit"

// testCards lists the cards by name: brands and countries first, then those that misbehave.
func testCards() []testCard {
	return []testCard{
		{name: "visa", number: "4242424242424242", brand: visa},
		{name: "visa_debit", number: "4000056655665556", brand: visa, funding: debit},
		{name: "mastercard", number: "5555555555554444", brand: mastercard},
		{name: "mastercard_debit", number: "5200828282828210", brand: mastercard, funding: debit},
		{name: "amex", number: "378282246310005", brand: amex},
		{name: "mastercard_prepaid", number: "5105105105105100", brand: mastercard, funding: "prepaid"},
		{name: "discover", number: "6011111111111117", brand: "discover"},
		{name: "diners", number: "3056930009020004", brand: "diners"},
		{name: "jcb", number: "3566002020360505", brand: "jcb", country: "JP"},
		{name: "unionpay", number: "6200000000000005", brand: "unionpay", country: "CN"},
		{name: "au", number: "4000000360000006", brand: visa, country: "AU"},
		{name: "br", number: "4000000760000002", brand: visa, country: "BR"},
		{name: "ca", number: "4000001240000000", brand: visa, country: "CA"},
		{name: "de", number: "4000002760000016", brand: visa, country: "DE"},
		{name: "es", number: "4000007240000007", brand: visa, country: "ES"},
		{name: "fr", number: "4000002500000003", brand: visa, country: "FR"},
		{name: "gb", number: "4000008260000000", brand: visa, country: "GB"},
		{name: "in", number: "4000003560000008", brand: visa, country: "IN"},
		{name: "jp", number: "4000003920000003", brand: visa, country: "JP"},
		{name: "mx", number: "4000004840008001", brand: visa, country: "MX"},
		{name: "nl", number: "4000005280000002", brand: visa, country: "NL"},
		{name: "sg", number: "4000007020000003", brand: visa, country: "SG"},
		{name: "bypassPending", number: "4000000000000077", brand: visa},
		{name: "visa_chargeDeclined", number: "4000000000000002", brand: visa, decline: "generic_decline"},
		{name: "visa_chargeDeclinedInsufficientFunds", number: "4000000000009995", brand: visa, decline: "insufficient_funds"},
		{name: "visa_chargeDeclinedLostCard", number: "4000000000009987", brand: visa, decline: "lost_card"},
		{name: "visa_chargeDeclinedStolenCard", number: "4000000000009979", brand: visa, decline: "stolen_card"},
		{name: "chargeDeclinedExpiredCard", number: "4000000000000069", brand: visa, decline: "expired_card"},
		{name: "chargeDeclinedIncorrectCvc", number: "4000000000000127", brand: visa, decline: "incorrect_cvc"},
		{name: "chargeDeclinedProcessingError", number: "4000000000000119", brand: visa, decline: "processing_error"},
		{name: "visa_chargeDeclinedVelocityLimitExceeded", number: "4000000000006975", brand: visa, decline: "card_velocity_exceeded"},
		{name: "chargeCustomerFail", number: "4000000000000341", brand: visa, decline: "generic_decline", attaches: true},
		{name: "authenticationRequiredOnSetup", number: "4000002500003155", brand: visa, authentication: asksUnlessSet},
		{name: "authenticationRequired", number: "4000002760003184", brand: visa, authentication: asksAlways},
		{name: "authenticationRequiredSetupForOffSession", number: "4000003800000446", brand: visa, authentication: asksOnSession},
		{
			name: "authenticationRequiredChargeDeclinedInsufficientFunds", number: "4000008260003178", brand: visa,
			authentication: asksUnlessSet, decline: "insufficient_funds", attaches: true,
		},
		{name: "threeDSecure2Required", number: "4000000000003220", brand: visa, authentication: asksWhenPosing},
		{name: "createDispute", number: "4000000000000259", brand: visa, dispute: "fraudulent"},
		{name: "createDisputeInquiry", number: "4000000000001976", brand: visa, dispute: "inquiry"},
		{name: "createDisputeProductNotReceived", number: "4000000000002685", brand: visa, dispute: "product_not_received"},
		{name: "riskLevelElevated", number: "4000000000009235", brand: visa, risk: "elevated"},
		{name: "riskLevelHighest", number: "4000000000004954", brand: visa, risk: "highest", blocked: true, attaches: true, decline: "fraudulent"},
		{name: "radarBlock", number: "4100000000000019", brand: visa, risk: "highest", blocked: true, attaches: true, decline: "fraudulent"},
		{name: "refundFail", number: "4000000000005126", brand: visa, refund: "failed"},
		{name: "pendingRefund", number: "4000000000007726", brand: visa, refund: "pending"},
		{name: "createIssuerFraudRecord", number: "4000000000005423", brand: visa, warns: true},
	}
}

// otherNames maps Stripe's synonyms to the names of the table.
func otherName(name string) string {
	switch name {
	case "chargeDeclined":
		return "visa_chargeDeclined"
	case "chargeDeclinedInsufficientFunds":
		return "visa_chargeDeclinedInsufficientFunds"
	case "us":
		return "visa"
	case "chargeDeclinedFraudulent":
		return "radarBlock"
	default:
		return name
	}
}

// cardByToken finds "pm_card_visa" or "tok_visa".
func cardByToken(token string) (testCard, bool) {
	name, found := strings.CutPrefix(token, "pm_card_")
	if !found {
		if name, found = strings.CutPrefix(token, "tok_"); !found {
			return testCard{}, false
		}
	}
	for _, card := range testCards() {
		if card.name == otherName(name) {
			return card, true
		}
	}
	return testCard{}, false
}

func cardByNumber(number string) (testCard, bool) {
	for _, card := range testCards() {
		if card.number == number {
			return card, true
		}
	}
	return testCard{}, false
}

// declineMessage is the text for the customer that goes with a decline code.
func declineMessage(declineCode string) string {
	switch declineCode {
	case "authentication_required":
		return "Your card was declined. This transaction requires authentication."
	case "card_velocity_exceeded":
		return "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."
	case "card_not_supported":
		return "Your card is not supported."
	case "expired_card":
		return "Your card has expired."
	case "incorrect_cvc", "invalid_cvc":
		return "Your card's security code is incorrect."
	case "incorrect_number", "invalid_number":
		return "Your card number is incorrect."
	case "insufficient_funds":
		return "Your card has insufficient funds."
	case "processing_error":
		return "An error occurred while processing your card. Try again in a little bit."
	default:
		return "Your card was declined."
	}
}

// declineErrorCode is the error code for a decline code: a few replace card_declined.
func declineErrorCode(declineCode string) string {
	switch declineCode {
	case "authentication_required", "expired_card", "incorrect_cvc", "incorrect_number", "invalid_expiry_month",
		"invalid_expiry_year", "processing_error":
		return declineCode
	default:
		return "card_declined"
	}
}

// declineCodes are the codes of API version 2024-06-20 that a scenario may use.
const declineCodes = "approve_with_id authentication_required call_issuer card_not_supported card_velocity_exceeded " +
	"currency_not_supported do_not_honor do_not_try_again duplicate_transaction expired_card fraudulent generic_decline " +
	"incorrect_cvc incorrect_number incorrect_pin incorrect_zip insufficient_funds invalid_account invalid_amount invalid_cvc " +
	"invalid_expiry_month invalid_expiry_year invalid_number invalid_pin issuer_not_available lost_card merchant_blacklist " +
	"new_account_information_available no_action_taken not_permitted offline_pin_required online_or_offline_pin_required " +
	"pickup_card pin_try_exceeded processing_error reenter_transaction restricted_card revocation_of_all_authorizations " +
	"revocation_of_authorization security_violation service_not_allowed stolen_card stop_payment_order testmode_decline " +
	"transaction_not_allowed try_again_later withdrawal_count_limit_exceeded"
