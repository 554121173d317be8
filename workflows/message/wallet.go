package message

import (
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// WalletWorkflow is the name under which the Wallet workflow is registered.
const WalletWorkflow = "Wallet"

// WalletID is the id of the workflow that keeps a customer's prepaid credit in a currency.
func WalletID(customer string, currency money.Currency) string {
	return "wallet/" + customer + "/" + string(currency)
}

// What a wallet is told and asked: GrantCreditUpdate takes a GrantCredit and answers with a CreditGranted, ReturnCreditUpdate
// takes a ReturnCredit and answers with a CreditReturned, WalletStandingUpdate takes a WalletAt and answers with a
// WalletStanding, SetTopUpUpdate takes a SetTopUp. WalletNewsSignal says that credit was paid for, or given up; input WalletAt.
const (
	GrantCreditUpdate    = "grant-credit"
	ReturnCreditUpdate   = "return-credit"
	WalletStandingUpdate = "standing"
	SetTopUpUpdate       = "set-top-up"
	WalletNewsSignal     = "wallet-news"
)

// WalletInput starts or continues a wallet's workflow.
type WalletInput struct {
	CustomerID string         `json:"customer_id"`
	EntityID   string         `json:"entity_id"`
	Currency   money.Currency `json:"currency"`
	// At is the billing time of what was dealt with last, NextAt when something is due; set when the workflow continues.
	At     time.Time `json:"at,omitzero"`
	NextAt time.Time `json:"next_at,omitzero"`
	// Waiting says that credit was bought and its invoice is being collected.
	Waiting bool `json:"waiting,omitzero"`
}

// WalletAt names a wallet and an instant.
type WalletAt struct {
	CustomerID string         `json:"customer_id"`
	Currency   money.Currency `json:"currency"`
	At         time.Time      `json:"at"`
}

// CreditPayment is how a customer pays for credit.
type CreditPayment string

// How credit is paid for: by an invoice, which is collected like any other; where these books do not see it; not at all.
const (
	PaidByInvoice CreditPayment = "invoice"
	PaidOutside   CreditPayment = "outside"
	NotPaid       CreditPayment = ""
)

// GrantCredit gives or sells credit to a customer. Under one id a customer gets it once.
type GrantCredit struct {
	CustomerID string        `json:"customer_id"`
	GrantID    string        `json:"grant_id"`
	Amount     money.Amount  `json:"amount"`
	Cost       money.Amount  `json:"cost"`
	Payment    CreditPayment `json:"payment,omitempty"`
	// AtOnce makes credit that is paid by an invoice usable before it is paid.
	AtOnce   bool `json:"at_once,omitzero"`
	Priority int  `json:"priority"`
	// ExpiresAt or ValidFor, which counts from the day on which it is usable, ends it; neither is never. Credit that becomes
	// usable when it is paid can only have ValidFor.
	ExpiresAt time.Time          `json:"expires_at,omitzero"`
	ValidFor  *calendar.Interval `json:"valid_for,omitempty"`
	AppliesTo wallet.Purpose     `json:"applies_to,omitzero"`
	Rollover  *wallet.Rollover   `json:"rollover,omitempty"`
	At        time.Time          `json:"at"`
}

// CreditGranted is what came of it. Invoice is set when it is paid by one.
type CreditGranted struct {
	GrantID string `json:"grant_id"`
	// Waiting says that it cannot be used before it is paid.
	Waiting bool    `json:"waiting,omitzero"`
	Invoice *Billed `json:"invoice,omitempty"`
}

// ReturnCredit takes all that is left of a grant back. What was paid for it becomes the customer's credit.
type ReturnCredit struct {
	CustomerID string         `json:"customer_id"`
	GrantID    string         `json:"grant_id"`
	Currency   money.Currency `json:"currency"`
	At         time.Time      `json:"at"`
}

// CreditReturned is what was taken back, and what of it had been paid for.
type CreditReturned struct {
	GrantID string       `json:"grant_id"`
	Amount  money.Amount `json:"amount"`
	Cost    money.Amount `json:"cost"`
}

// WalletTended is what a wallet has to wait for.
type WalletTended struct {
	// NextAt is when something is due, zero if nothing is.
	NextAt time.Time `json:"next_at,omitzero"`
	// Waiting says that credit was bought and its invoice is being collected.
	Waiting bool `json:"waiting,omitzero"`
	// Moved counts the movements of grants that expired.
	Moved int `json:"moved,omitzero"`
	// Bought is credit that was bought by itself just now: its invoices are to be collected.
	Bought []Billed `json:"bought,omitempty"`
}

// TopUp says how credit is bought by itself: when, and what it is like.
type TopUp struct {
	wallet.TopUp

	Priority int `json:"priority"`
	// ValidFor is how long what was bought is good, from the day on which it was paid; nil is for ever.
	ValidFor *calendar.Interval `json:"valid_for,omitempty"`
	// Since is when it was agreed. What could not be collected since ends it.
	Since time.Time `json:"since"`
}

// SetTopUp agrees on how a customer's credit is bought by itself; a nil TopUp ends it.
type SetTopUp struct {
	CustomerID string         `json:"customer_id"`
	Currency   money.Currency `json:"currency"`
	TopUp      *TopUp         `json:"top_up,omitempty"`
	At         time.Time      `json:"at"`
}

// WalletStanding is what of a customer's prepaid credit can be used at an instant.
type WalletStanding struct {
	Balance money.Amount `json:"balance"`
	// Paid is the part of Balance that the customer has paid for.
	Paid money.Amount `json:"paid"`
	// SpokenFor is what grants would pay of what has been used and not invoiced, were it invoiced at this instant; Uncovered is
	// what would be left to pay.
	SpokenFor money.Amount `json:"spoken_for"`
	Uncovered money.Amount `json:"uncovered"`
	// Available is Balance less SpokenFor, never below 0.
	Available money.Amount `json:"available"`
	// Grants are what SpokenFor takes of each.
	Grants []wallet.Payment `json:"grants,omitempty"`
}

// The activities of wallets.
var (
	GrantCreditActivity  = Activity[GrantCredit, CreditGranted]{"GrantCredit"}
	ReturnCreditActivity = Activity[ReturnCredit, CreditReturned]{"ReturnCredit"}
	TendWallet           = Activity[WalletAt, WalletTended]{"TendWallet"}
	SetTopUpActivity     = Activity[SetTopUp, None]{"SetTopUp"}
	ReadWallet           = Activity[WalletAt, WalletStanding]{"ReadWallet"}
)
