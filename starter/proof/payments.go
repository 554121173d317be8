package proof

import (
	"context"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// paymentsAgree compares our payments with the provider's own books, charge by charge and both ways, with refunds,
// disputes, payouts and the balance, and checks that no invoice was collected twice.
func paymentsAgree(ctx context.Context, db *store.Store, books sandbox.Books) (Proof, error) {
	p := Proof{
		Claim: "Our payments equal the provider's own books to the cent, charge by charge", Unit: "charges", Checked: len(books.Charges), Faults: []string{},
	}
	ours, err := db.ProviderCharges(ctx)
	if err != nil {
		return p, err
	}
	known := map[string]store.ProviderCharge{}
	for _, charge := range ours {
		known[charge.Charge] = charge
	}
	for _, theirs := range books.Charges {
		mine, ok := known[theirs.ID]
		delete(known, theirs.ID)
		if !ok && theirs.Status == "failed" && theirs.Metadata["checkout"] != "" {
			continue // a try on the provider's own page: the customer's, of which we are told only the last
		}
		if !ok {
			p.fault("charge %s of %d %s (%s) is in the provider's books and not in ours", theirs.ID, theirs.Amount, theirs.Currency, theirs.Status)
			continue
		}
		p.compare(mine, theirs)
	}
	for id, charge := range known {
		p.fault("charge %s of invoice %s is in our books and not in the provider's", id, charge.InvoiceID)
	}
	if err := p.refundsAgree(ctx, db, books.Refunds); err != nil {
		return p, err
	}
	if err := p.disputesAgree(ctx, db, books.Disputes); err != nil {
		return p, err
	}
	if err := p.cashAgrees(ctx, db, books); err != nil {
		return p, err
	}
	if err := p.depositsAgree(ctx, db, books.Cash); err != nil {
		return p, err
	}
	return p, p.uncharged(ctx, db)
}

func (p *Proof) compare(mine store.ProviderCharge, theirs sandbox.BookedCharge) {
	currency := money.Currency(strings.ToUpper(theirs.Currency))
	taken := theirs.Amount // of a failed charge: what was asked for
	if theirs.Status == store.PaymentSucceeded {
		taken = theirs.AmountCaptured
	}
	amount, err := stripeunit.Amount(taken, currency)
	if err != nil {
		p.fault("charge %s: %v", theirs.ID, err)
		return
	}
	if amount.Minor != mine.Amount || currency != mine.Currency {
		p.fault("charge %s: the provider took %s, we have %s", theirs.ID, amount, money.New(mine.Amount, mine.Currency))
	}
	// A bank debit takes days: its charge is pending while our payment is processing.
	underWay := theirs.Status == "pending" && mine.Status == store.PaymentProcessing
	if theirs.Status != mine.Status && !underWay {
		p.fault("charge %s: %s for the provider, %s for us", theirs.ID, theirs.Status, mine.Status)
	}
	fee, err := stripeunit.Amount(theirs.Fee, currency)
	if err != nil || mine.Status == store.PaymentSucceeded && fee.Minor != mine.Fee {
		p.fault("charge %s: the provider kept %s, we booked %d", theirs.ID, fee, mine.Fee)
	}
}

// uncharged reports payments said to have succeeded that name no charge, and invoices collected twice.
func (p *Proof) uncharged(ctx context.Context, db *store.Store) error {
	faults, err := db.PaymentFaults(ctx)
	for _, fault := range faults {
		p.fault("invoice %s: %s", fault.InvoiceID, fault.Problem)
	}
	return err
}
