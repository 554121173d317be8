package stripe

// testBank is one of the bank accounts that Stripe documents for tests of a debit scheme.
type testBank struct {
	bank    string // routing number, sort code, BSB number, or transit and institution number with a dash; empty for an IBAN
	failure string // failure code of every debit; empty: the money comes
	kind    string
	minutes int    // until the outcome, where it does not take the scheme's days
	number  string // account number or IBAN
	name    string // name of the test method; empty: only by number

	dispute  bool // the money is taken back after it came
	endless  bool // the outcome never comes
	unproven bool // every attempt to verify microdeposits fails
}

const quickMinutes = 3

// testBanks lists the accounts of docs.stripe.com/payments/ach-direct-debit, /sepa-debit, /bacs-debit, /au-becs-debit
// and /acss-debit, as far as the sandbox plays what they do.
func testBanks() []testBank {
	const us, uk, au, ca = "110000000", "108800", "000000", "11000-000"
	return []testBank{
		{kind: usBankAccount, name: "pm_usBankAccount_success", number: "000123456789", bank: us},
		{kind: usBankAccount, name: "pm_usBankAccount_accountClosed", number: "000111111113", bank: us, failure: "account_closed"},
		{kind: usBankAccount, name: "pm_usBankAccount_noAccount", number: "000111111116", bank: us, failure: "no_account"},
		{kind: usBankAccount, name: "pm_usBankAccount_insufficientFunds", number: "000222222227", bank: us, failure: "insufficient_funds"},
		{kind: usBankAccount, name: "pm_usBankAccount_debitNotAuthorized", number: "000333333335", bank: us, failure: "debit_not_authorized"},
		{kind: usBankAccount, name: "pm_usBankAccount_dispute", number: "000555555559", bank: us, dispute: true},
		{kind: usBankAccount, name: "pm_usBankAccount_failMicrodeposits", number: "000666666661", bank: us, unproven: true},
		{kind: usBankAccount, name: "pm_usBankAccount_processing", number: "000000000009", bank: us, endless: true},
		{kind: sepaDebit, name: "pm_success_at", number: "AT611904300234573201"},
		{kind: sepaDebit, name: "pm_successDelayed_at", number: "AT321904300235473204", minutes: quickMinutes},
		{kind: sepaDebit, name: "pm_failed_at", number: "AT861904300235473202", failure: "generic_could_not_process"},
		{kind: sepaDebit, name: "pm_failedDelayed_at", number: "AT051904300235473205", failure: "generic_could_not_process", minutes: quickMinutes},
		{kind: sepaDebit, name: "pm_disputed_at", number: "AT591904300235473203", dispute: true},
		{kind: sepaDebit, name: "pm_insufficientFunds_at", number: "AT981904300002222227", failure: "insufficient_funds"},
		{kind: sepaDebit, name: "pm_success_de", number: "DE89370400440532013000"},
		{kind: sepaDebit, name: "pm_successDelayed_de", number: "DE08370400440532013003", minutes: quickMinutes},
		{kind: sepaDebit, name: "pm_failed_de", number: "DE62370400440532013001", failure: "generic_could_not_process"},
		{kind: sepaDebit, name: "pm_failedDelayed_de", number: "DE78370400440532013004", failure: "generic_could_not_process", minutes: quickMinutes},
		{kind: sepaDebit, name: "pm_disputed_de", number: "DE35370400440532013002", dispute: true},
		{kind: sepaDebit, name: "pm_success_nl", number: "NL39RABO0300065264"},
		{kind: sepaDebit, name: "pm_success_be", number: "BE62510007547061"},
		{kind: sepaDebit, name: "pm_success_fr", number: "FR1420041010050500013M02606"},
		{kind: bacsDebit, name: "pm_bacsDebit_success", number: "00012345", bank: uk},
		{kind: bacsDebit, number: "90012345", bank: uk, minutes: quickMinutes},
		{kind: bacsDebit, name: "pm_bacsDebit_debitNotAuthorized", number: "33333335", bank: uk, failure: "debit_not_authorized"},
		{kind: bacsDebit, number: "93333335", bank: uk, failure: "debit_not_authorized", minutes: quickMinutes},
		{kind: bacsDebit, name: "pm_bacsDebit_insufficientFunds", number: "22222227", bank: uk, failure: "insufficient_funds"},
		{kind: bacsDebit, number: "92222227", bank: uk, failure: "insufficient_funds", minutes: quickMinutes},
		{kind: bacsDebit, name: "pm_bacsDebit_dispute", number: "55555559", bank: uk, dispute: true},
		{kind: auBECSDebit, name: "pm_auBecsDebit_success", number: "000123456", bank: au},
		{kind: auBECSDebit, number: "900123456", bank: au, minutes: quickMinutes},
		{kind: auBECSDebit, name: "pm_auBecsDebit_accountClosed", number: "111111113", bank: au, failure: "account_closed"},
		{kind: auBECSDebit, name: "pm_auBecsDebit_noAccount", number: "111111116", bank: au, failure: "no_account"},
		{kind: auBECSDebit, name: "pm_auBecsDebit_referToCustomer", number: "222222227", bank: au, failure: "refer_to_customer"},
		{kind: auBECSDebit, number: "922222227", bank: au, failure: "refer_to_customer", minutes: quickMinutes},
		{kind: auBECSDebit, name: "pm_auBecsDebit_debitNotAuthorized", number: "333333335", bank: au, failure: "debit_not_authorized"},
		{kind: auBECSDebit, name: "pm_auBecsDebit_dispute", number: "666666660", bank: au, dispute: true},
		{kind: acssDebit, name: "pm_acssDebit_success", number: "000123456789", bank: ca},
		{kind: acssDebit, number: "900123456789", bank: ca, minutes: quickMinutes},
		{kind: acssDebit, name: "pm_acssDebit_insufficientFunds", number: "000222222227", bank: ca, failure: "insufficient_funds"},
		{kind: acssDebit, number: "900222222227", bank: ca, failure: "insufficient_funds", minutes: quickMinutes},
		{kind: acssDebit, name: "pm_acssDebit_debitNotAuthorized", number: "000333333335", bank: ca, failure: "debit_not_authorized"},
		{kind: acssDebit, name: "pm_acssDebit_dispute", number: "000555555559", bank: ca, dispute: true},
		{kind: acssDebit, name: "pm_acssDebit_failMicrodeposits", number: "000666666661", bank: ca, unproven: true},
	}
}

func bankByToken(token string) (testBank, bool) {
	for _, b := range testBanks() {
		if b.name == token && token != "" {
			return b, true
		}
	}
	return testBank{}, false
}

func bankByNumber(kind, bank, number string) (testBank, bool) {
	for _, b := range testBanks() {
		if b.kind == kind && b.bank == bank && b.number == number {
			return b, true
		}
	}
	return testBank{}, false
}

// bankReturn is what the bank's answer means: the failure code of the charge, the ACH network's code, and why an
// account is blocked by it (empty: it is not; insufficient funds never block).
type bankReturn struct{ blocks, failure, network string }

// bankReturns lists what a debit may fail with; a scenario may use either code. The first with a failure code stands
// for it.
func bankReturns() []bankReturn {
	const unauthorized = "debit_not_authorized"
	return []bankReturn{
		{failure: "insufficient_funds", network: "R01"},
		{failure: "account_closed", network: "R02", blocks: "bank_account_closed"},
		{failure: "no_account", network: "R03", blocks: "bank_account_invalid_details"},
		{failure: "invalid_account_number", network: "R04", blocks: "bank_account_invalid_details"},
		{failure: unauthorized, network: "R10", blocks: unauthorized},
		{failure: unauthorized, network: "R05", blocks: unauthorized},
		{failure: unauthorized, network: "R07", blocks: unauthorized},
		{failure: unauthorized, network: "R08", blocks: unauthorized},
		{failure: unauthorized, network: "R11", blocks: unauthorized},
		{failure: unauthorized, network: "R29", blocks: unauthorized},
		{failure: "bank_account_restricted", network: "R16", blocks: "bank_account_frozen"},
		{failure: "bank_account_restricted", network: "R20", blocks: "bank_account_restricted"},
		{failure: "generic_could_not_process"},
		{failure: "refer_to_customer"},
	}
}

func returnFor(code string) (bankReturn, bool) {
	for _, r := range bankReturns() {
		if code != "" && (r.failure == code || r.network == code) {
			return r, true
		}
	}
	return bankReturn{}, false
}

// message is the text that goes with a failed debit.
func (r bankReturn) message() string {
	switch r.failure {
	case "account_closed":
		return "The customer's bank account has been closed."
	case "bank_account_restricted":
		return "The customer's account cannot be used to debit funds."
	case "debit_not_authorized":
		return "The customer has notified their bank that this payment was unauthorized."
	case "insufficient_funds":
		return "The customer's account has insufficient funds to cover this payment."
	case "invalid_account_number":
		return "The account number given is invalid."
	case "no_account":
		return "The customer's bank account could not be located."
	case "refer_to_customer":
		return "The customer must contact their bank about this payment."
	default:
		return "The payment could not be processed by the customer's bank."
	}
}
