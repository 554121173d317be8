// Package proof shows that the books are right, from the records alone: that every posting balances, that our payments
// are the provider's, charge by charge, and that every billing period came to exactly one invoice or a stated reason.
package proof

import (
	"context"
	"fmt"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
)

// Proof is one claim about the books, how much was checked and what contradicts it.
type Proof struct {
	Claim   string `json:"claim"`
	Checked int    `json:"checked"`
	// Unit says what was counted.
	Unit string `json:"unit"`
	// Faults are what contradicts the claim, the first maxFaults of them in words; FaultCount counts all.
	Faults     []string `json:"faults"`
	FaultCount int      `json:"fault_count"`
}

// Holds says that nothing contradicts the claim.
func (p Proof) Holds() bool { return p.FaultCount == 0 }

// maxFaults is how many contradictions are spelled out.
const maxFaults = 20

func (p *Proof) fault(format string, args ...any) {
	p.FaultCount++
	if len(p.Faults) < maxFaults {
		p.Faults = append(p.Faults, fmt.Sprintf(format, args...))
	}
}

// Report is all proofs.
type Report struct {
	Proofs []Proof `json:"proofs"`
}

// Holds says that all proofs hold.
func (r Report) Holds() bool {
	for _, p := range r.Proofs {
		if !p.Holds() {
			return false
		}
	}
	return true
}

// Run checks the books. booksURL is the sandbox's Stripe side; without one (empty), payments cannot be compared and
// that proof is left out.
func Run(ctx context.Context, db *store.Store, booksURL string) (Report, error) {
	balance, err := postingsBalance(ctx, db)
	if err != nil {
		return Report{}, err
	}
	report := Report{Proofs: []Proof{balance}}
	if booksURL != "" {
		books, err := sandbox.FetchBooks(ctx, booksURL)
		if err != nil {
			return Report{}, fmt.Errorf("read the provider's books: %w", err)
		}
		payments, err := paymentsAgree(ctx, db, books)
		if err != nil {
			return Report{}, err
		}
		report.Proofs = append(report.Proofs, payments)
	}
	complete, err := periodsComplete(ctx, db)
	if err != nil {
		return Report{}, err
	}
	report.Proofs = append(report.Proofs, complete)
	return report, nil
}

// postingsBalance checks double entry and that the ledger agrees with the facts it records.
func postingsBalance(ctx context.Context, db *store.Store) (Proof, error) {
	p := Proof{Claim: "Every posting balances, and the ledger equals the facts", Unit: "ledger transactions", Faults: []string{}}
	var err error
	if p.Checked, err = db.LedgerTransactions(ctx); err != nil {
		return p, err
	}
	faults, err := db.LedgerFaults(ctx)
	if err != nil {
		return p, err
	}
	planCredit, err := db.PlanCreditFaults(ctx)
	if err != nil {
		return p, err
	}
	for _, fault := range planCredit {
		p.fault("%s: %s: %d %s are booked, the records say %d", fault.Rule, fault.Subject, fault.Booked, fault.Currency, fault.Expected)
	}
	for _, fault := range faults {
		p.fault("%s: %s: the ledger has %d %s, the facts say %d", fault.Rule, fault.Subject, fault.Booked, fault.Currency, fault.Expected)
	}
	err = itemsBilledOnce(ctx, db, &p)
	return p, err
}

// periodsComplete checks that each period a subscription has gone through came to one invoice or a reason.
func periodsComplete(ctx context.Context, db *store.Store) (Proof, error) {
	p := Proof{Claim: "Every (subscription, period) has exactly one invoice or a stated reason", Unit: "periods", Faults: []string{}}
	var err error
	if p.Checked, err = db.Periods(ctx); err != nil {
		return p, err
	}
	faults, err := db.PeriodFaults(ctx)
	if err != nil {
		return p, err
	}
	for _, fault := range faults {
		p.fault("subscription %s, period %d: %s", fault.SubscriptionID, fault.Cycle, fault.Problem)
	}
	return p, nil
}
