// Package ledger says which double-entry postings each movement of money makes.
// Debits are positive, credits negative; every transaction sums to zero in each currency.
package ledger

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Account is an account of the chart every legal entity uses. Where Stripe's revenue reports have the same account it
// has the same name, so that exports compare.
type Account string

// The chart of accounts. Assets and expenses have debit balances, the others credit balances.
const (
	AccountsReceivable Account = "AccountsReceivable" // what customers owe
	Cash               Account = "Cash"               // what the payment provider holds for us
	DeferredRevenue    Account = "DeferredRevenue"    // invoiced for time to come
	Revenue            Account = "Revenue"
	TaxPayable         Account = "TaxPayable"      // charged and not on a filed return yet
	TaxSettlement      Account = "TaxSettlement"   // filed and not paid yet
	CustomerBalance    Account = "CustomerBalance" // customers' credit
	// CustomerPrepayments is what customers paid for prepaid credit that they have not used, a liability. It becomes Breakage,
	// which is revenue, when the credit expires. PromotionalCredit takes away from revenue (contra revenue) what was paid with
	// credit that cost nothing. ReceivedElsewhere is what was paid for credit outside of these books.
	CustomerPrepayments Account = "CustomerPrepayments"
	Breakage            Account = "Breakage"
	PromotionalCredit   Account = "PromotionalCredit"
	ReceivedElsewhere   Account = "ReceivedElsewhere"
	ProcessingFees      Account = "ProcessingFees"
	BadDebt             Account = "BadDebt"
	RefundsPayable      Account = "RefundsPayable" // refunds on their way
	// Refunds takes away from revenue (contra revenue) what was refunded out of goodwill, without a correction of an
	// invoice. Source of the account: https://docs.stripe.com/revenue-recognition/methodology/refunds-and-disputes.
	Refunds Account = "Refunds"
	// DisputedFunds is what banks have withdrawn in disputes that are not over, an asset; Disputes takes away from revenue
	// (contra revenue, as Refunds) what is lost; DisputeFees is what the provider charges for them.
	DisputedFunds Account = "DisputedFunds"
	Disputes      Account = "Disputes"
	DisputeFees   Account = "DisputeFees"
	// PayoutsInTransit is what the provider has sent to our bank account, Bank what has arrived there or left from there.
	PayoutsInTransit Account = "PayoutsInTransit"
	Bank             Account = "Bank"
	// TransfersHeld is what customers have sent the provider by bank transfer and no payment has used, an asset beside its
	// balance for us; CustomerDeposits is the same money as what we owe them.
	TransfersHeld    Account = "TransfersHeld"
	CustomerDeposits Account = "CustomerDeposits"
	// CurrencyExchange has, in each currency, what the provider took from (debit) or gave us (credit) when it settled in
	// another currency. Valued at any one rate, its balances sum to the gain or loss against that rate.
	CurrencyExchange Account = "CurrencyExchange"
	// Suspense is what moved at the provider and nothing explains yet; OtherIncome and OtherExpenses are what a person may
	// explain it with.
	Suspense      Account = "Suspense"
	OtherIncome   Account = "OtherIncome"
	OtherExpenses Account = "OtherExpenses"
)

// ErrUnbalanced is wrapped by Validate when a currency does not sum to zero.
var ErrUnbalanced = errors.New("postings do not balance")

// Posting is one side of a transaction. A positive amount debits the account, a negative one credits it.
type Posting struct {
	Account Account
	Amount  money.Amount
}

// Transaction is a set of postings that stands or falls as one.
type Transaction struct {
	// Key is the business identity of the movement, e.g. "invoice:inv_…:finalised". The database accepts it once.
	Key  string
	Kind string
	// EntityID is the legal entity whose books these are.
	EntityID string
	// Reference is the id of the invoice, payment or return that moved the money.
	Reference string
	// At is when it moved, in billing time.
	At       time.Time
	Postings []Posting
}

// Validate checks that the transaction is named, dated and made of real movements, and that it balances in every
// currency: then the error wraps ErrUnbalanced. One without postings is valid; it says that nothing moved.
func (t Transaction) Validate() error {
	if t.Key == "" || t.EntityID == "" || t.At.IsZero() {
		return fmt.Errorf("ledger transaction %q: key, entity and instant are required", t.Key)
	}
	if err := t.balanced(); err != nil {
		return fmt.Errorf("ledger transaction %s: %w", t.Key, err)
	}
	return nil
}

// balanced sums per currency, in the order in which the currencies appear, so that its error is always the same.
func (t Transaction) balanced() error {
	var sums []money.Amount
	for i, p := range t.Postings {
		if p.Account == "" || p.Amount.Currency == "" || p.Amount.IsZero() {
			return fmt.Errorf("posting %d must have an account, a currency and an amount other than zero", i+1)
		}
		at := slices.IndexFunc(sums, func(sum money.Amount) bool { return sum.Currency == p.Amount.Currency })
		if at < 0 {
			sums = append(sums, p.Amount)
			continue
		}
		sum, err := sums[at].Add(p.Amount)
		if err != nil {
			return err
		}
		sums[at] = sum
	}
	for _, sum := range sums {
		if !sum.IsZero() {
			return fmt.Errorf("%w: off by %s", ErrUnbalanced, sum)
		}
	}
	return nil
}

// debit and credit drop zero amounts: the ledger records movements only.
func (t *Transaction) debit(account Account, amount money.Amount) {
	if !amount.IsZero() {
		t.Postings = append(t.Postings, Posting{Account: account, Amount: amount})
	}
}

func (t *Transaction) credit(account Account, amount money.Amount) {
	t.debit(account, amount.Neg())
}
