package activities

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// Issue builds an invoice and writes it with everything that follows from it: lines, ledger postings, credit, tax
// entries and the mail. It returns invoicing.ErrNothingToBill when there is nothing on it.
func (a account) Issue(ctx context.Context, facts invoicing.Facts, cycle int) (*lifecycle.Issued, error) {
	a, err := a.addressed(ctx, &facts)
	if err != nil {
		return nil, err
	}
	if facts.Balance, err = a.tx.LockWallet(ctx, a.Addressee.ID, facts.Currency); err != nil {
		return nil, err
	}
	if facts.CarriedIn, err = a.tx.Carried(ctx, a.Addressee.ID, facts.Currency); err != nil {
		return nil, err
	}
	waiting, err := a.tx.ClaimItems(ctx, a.row.ID)
	if err != nil {
		return nil, err
	}
	facts.Items = append(waiting, facts.Items...)
	if facts.Discounts, err = a.discounts(ctx, facts, allDiscounts); err != nil {
		return nil, err
	}
	if facts.PlanCredit, err = a.tx.PlanCredit(ctx, a.row.ID, facts.Currency); err != nil {
		return nil, err
	}
	if err := a.prepaid(ctx, &facts, facts.UsableUntil(), a.row.ID); err != nil {
		return nil, err
	}
	unpaid, err := a.debts(ctx, &facts)
	if err != nil {
		return nil, err
	}
	built, err := invoicing.Build(facts)
	if err != nil {
		return nil, err
	}
	row, lines, err := a.rows(built, facts, cycle)
	if err != nil {
		return nil, err
	}
	issued, err := a.keep(ctx, built, facts, row, lines, unpaid)
	if err == nil {
		err = a.tx.BillItems(ctx, a.row.ID, row.ID, waiting)
	}
	return issued, err
}

// keep writes an invoice with everything that follows from it.
func (a account) keep(
	ctx context.Context, built invoicing.Invoice, facts invoicing.Facts, row store.Invoice, lines []store.InvoiceLine, unpaid []store.Invoice,
) (*lifecycle.Issued, error) {
	row, err := a.tx.AddInvoice(ctx, row, lines)
	if err != nil {
		return nil, err
	}
	if err := a.book(ctx, row.ID, built, facts.IssuedAt); err != nil {
		return nil, err
	}
	if err := a.noteDiscounts(ctx, row.ID, built); err != nil {
		return nil, err
	}
	if err := a.notePlanCredit(ctx, row.ID, built, facts.IssuedAt); err != nil {
		return nil, err
	}
	paid, err := a.payDebts(ctx, row.ID, built.Offsets, unpaid, facts.IssuedAt)
	if err != nil {
		return nil, err
	}
	if err := a.declareTax(ctx, row.ID, built, facts); err != nil {
		return nil, err
	}
	if err := a.tx.QueueMail(ctx, "invoice", a.Addressee.ID, row.ID, facts.IssuedAt); err != nil {
		return nil, err
	}
	issued := &lifecycle.Issued{InvoiceID: row.ID, Number: row.Number, Total: built.Total, AmountDue: built.AmountDue, Pays: paid}
	issued.TopsUp, err = a.topsUp(ctx, built)
	return issued, err
}

// book posts the invoice and moves the customer's credit of both kinds.
func (a account) book(ctx context.Context, invoiceID string, built invoicing.Invoice, at time.Time) error {
	cost, gift, err := prepaidParts(built, built.Total.Currency)
	if err != nil {
		return err
	}
	err = a.tx.Post(ctx, ledger.InvoiceFinalised(ledger.FinalisedInvoice{
		ID: invoiceID, EntityID: a.row.EntityID, At: at, Deferred: built.Deferred, Earned: built.Earned, Prepayment: built.Prepayment,
		Tax: built.Tax, Total: built.Total, CreditGranted: built.CreditGranted, CreditApplied: built.CreditApplied,
		PrepaidCost: cost, PrepaidGift: gift,
	}))
	if err != nil {
		return err
	}
	if err := a.spendPrepaid(ctx, invoiceID, built, at); err != nil {
		return err
	}
	if err := a.tx.MoveWallet(ctx, "credit:"+invoiceID+":granted", a.Addressee.ID, built.CreditGranted, at); err != nil {
		return err
	}
	return a.tx.MoveWallet(ctx, "credit:"+invoiceID+":applied", a.Addressee.ID, built.CreditApplied.Neg(), at)
}

func (a account) declareTax(ctx context.Context, invoiceID string, built invoicing.Invoice, facts invoicing.Facts) error {
	for i, group := range built.Taxes {
		decision := group.Lines[0].Decision
		err := a.tx.AddTaxEntry(ctx, a.row.EntityID, tax.Entry{
			ID: fmt.Sprintf("tax:%s:%d", invoiceID, i+1), InvoiceID: invoiceID, Decision: decision, Country: group.Jurisdiction,
			Net: group.Base, Tax: group.Tax, TaxPoint: facts.Zone.DateOf(facts.IssuedAt),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a account) rows(built invoicing.Invoice, facts invoicing.Facts, cycle int) (store.Invoice, []store.InvoiceLine, error) {
	row := store.Invoice{
		ID: invoiceID(built.Key), BusinessKey: built.Key, EntityID: a.row.EntityID, CustomerID: a.Addressee.ID, PayerID: a.Payer.ID, SubscriptionID: a.row.ID,
		Parts: []store.InvoicePart{{SubscriptionID: a.row.ID, OwnerID: a.customer.ID, Key: built.Key}}, PONumber: a.row.PONumber,
		Reason: string(built.Reason), Cycle: cycle, Status: "open", Currency: facts.Currency,
		Subtotal: built.Subtotal.Minor, Tax: built.Tax.Minor, Total: built.Total.Minor,
		CarriedIn: built.CarriedIn.Minor, CarriedOut: built.CarriedOut.Minor, CreditGranted: built.CreditGranted.Minor,
		CreditApplied: built.CreditApplied.Minor, PrepaidApplied: built.PrepaidApplied.Minor, AmountDue: built.AmountDue.Minor,
		PeriodStart: built.Period.Start, PeriodEnd: built.Period.End, Zone: a.zone.Name(), TZVersion: calendar.TZVersion(), IssuedAt: facts.IssuedAt,
	}
	if built.AmountDue.IsZero() {
		row.Status, row.PaidAt = "paid", &facts.IssuedAt
	}
	lines := make([]store.InvoiceLine, len(built.Lines))
	for i, line := range built.Lines {
		explanation, err := json.Marshal(line.Explanation)
		if err != nil {
			return row, nil, fmt.Errorf("explain line %d: %w", i+1, err)
		}
		if line.Credits != nil && line.Credits.InvoiceID == built.Key { // of this very invoice
			line.Credits = &invoicing.LineRef{InvoiceID: row.ID, Position: line.Credits.Position}
		}
		lines[i] = lineRow(i+1, line, explanation)
		if lines[i].Measured, err = measured(line); err != nil {
			return row, nil, err
		}
	}
	return row, lines, nil
}

func lineRow(position int, line invoicing.Line, explanation json.RawMessage) store.InvoiceLine {
	row := store.InvoiceLine{
		Position: position, Kind: string(line.Kind), ChargeID: line.ChargeID, PlanID: line.PlanID, PlanVersion: line.PlanVersion,
		Description: line.Description, Quantity: line.Quantity, Exact: line.Exact, Amount: line.Amount.Minor, Tax: line.Tax.Minor,
		Treatment: string(line.Decision.Treatment), Jurisdiction: line.Decision.Jurisdiction,
		Scheme: string(line.Decision.Scheme), TaxReason: line.Decision.Reason, TaxRate: line.Decision.Rate,
		PeriodStart: line.Period.Start, PeriodEnd: line.Period.End, Explanation: explanation,
	}
	if line.SubscriptionID != "" {
		row.SubscriptionID = &line.SubscriptionID
	}
	if line.Credits != nil {
		row.CreditsInvoice, row.CreditsPosition = &line.Credits.InvoiceID, &line.Credits.Position
	}
	return row
}

// invoiceID is derived from the business identity, so that every attempt to make an invoice makes the same one.
func invoiceID(key string) string { return "inv_" + shortHash(key) }

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
}
