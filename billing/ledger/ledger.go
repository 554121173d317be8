// Package ledger says which double-entry postings each movement of money makes.
// Debits are positive, credits negative; every transaction sums to zero in each currency.
package ledger

import (
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Account is an account of the chart every legal entity uses. Names follow Stripe's revenue reports, so that exports compare.
type Account string

// The chart of accounts. Assets and expenses have debit balances, the others credit balances.
const (
	AccountsReceivable Account = "AccountsReceivable"
	Cash               Account = "Cash"
	DeferredRevenue    Account = "DeferredRevenue"
	Revenue            Account = "Revenue"
	TaxPayable         Account = "TaxPayable"
	TaxSettlement      Account = "TaxSettlement"
	CustomerBalance    Account = "CustomerBalance"
	ProcessingFees     Account = "ProcessingFees"
	BadDebt            Account = "BadDebt"
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
	Key       string
	Kind      string
	EntityID  string
	Reference string
	At        time.Time
	Postings  []Posting
}

// Validate checks that the transaction is named and balances in every currency.
func (t Transaction) Validate() error {
	if t.Key == "" || t.EntityID == "" {
		return errors.New("ledger transaction: key and entity are required")
	}
	sums := map[money.Currency]money.Amount{}
	for _, p := range t.Postings {
		sum, ok := sums[p.Amount.Currency]
		if !ok {
			sum = money.Zero(p.Amount.Currency)
		}
		sum, err := sum.Add(p.Amount)
		if err != nil {
			return fmt.Errorf("ledger transaction %s: %w", t.Key, err)
		}
		sums[p.Amount.Currency] = sum
	}
	for _, sum := range sums {
		if !sum.IsZero() {
			return fmt.Errorf("ledger transaction %s: %w: off by %s", t.Key, ErrUnbalanced, sum)
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
