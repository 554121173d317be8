package invoicing

import (
	"errors"
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
)

// ErrNothingToBill is returned when the facts make no line at all: the cycle is then skipped with that reason.
var ErrNothingToBill = errors.New("nothing to bill")

// Build makes the invoice that follows from the facts, and always the same one from the same facts. Lines come in the
// order: what ended (arrears), what is revised (credits, then charges), what begins (advance), items. Discounts lower the
// lines, tax is computed per group of lines on what is left, then the customer's credit is applied to the total, and grants
// that were paid in advance pay the rest.
//
// It returns ErrNothingToBill when there is no line; a line of zero, as of a free plan, is a line. Other errors begin
// with the facts' key and name the plan, charge or currency that is wrong; they wrap money.ErrOverflow when an amount
// leaves its range and money.ErrCurrencyMismatch when the facts are not all in one currency.
func Build(f Facts) (Invoice, error) {
	f = f.inOrder()
	lines, err := f.discountedLines()
	if err != nil {
		return Invoice{}, fmt.Errorf("%s: %w", f.Key, err)
	}
	return f.invoice(lines, f.Period())
}

// invoice makes an invoice of lines that are final but for their tax.
func (f Facts) invoice(lines []Line, period calendar.Period) (Invoice, error) {
	if len(lines) == 0 {
		return Invoice{}, ErrNothingToBill
	}
	inv := Invoice{Key: f.Key, Reason: f.Reason, Period: period, Lines: lines}
	var err error
	if inv.Taxes, err = f.applyTax(inv.Lines); err != nil {
		return Invoice{}, fmt.Errorf("%s: %w", f.Key, err)
	}
	for _, step := range []func(Facts) error{inv.total, inv.applyCredit, inv.applyPrepaid, inv.settle, inv.offset} {
		if err := step(f); err != nil {
			return Invoice{}, fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	return inv, nil
}

func (f Facts) lines() ([]Line, error) {
	closing, err := f.closingLines()
	if err != nil {
		return nil, err
	}
	revised, err := f.revisionLines(len(closing))
	if err != nil {
		return nil, err
	}
	parts := [][]Line{closing, revised}
	for _, part := range []func(Facts) ([]Line, error){Facts.openingLines, Facts.itemLines, Facts.saleLines} {
		more, err := part(f)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more)
	}
	return slices.Concat(parts...), nil
}

// Period is what the invoice is for: the period opened, else revised, else closed, else that of which earlier revisions are
// billed, else the one within which items are billed alone, which is the instant of the invoice where there is none.
func (f Facts) Period() calendar.Period {
	switch {
	case f.Opens != nil:
		return f.Opens.Period
	case f.Revises != nil:
		return f.Revises.Period
	case f.Closes != nil:
		return f.Closes.Period
	case len(f.Earlier) > 0:
		return f.Earlier[len(f.Earlier)-1].Period
	case f.Within != calendar.Period{}:
		return f.Within
	}
	return calendar.Period{Start: f.IssuedAt, End: f.IssuedAt}
}

// total adds up the lines.
func (inv *Invoice) total(f Facts) error {
	sums := []struct {
		into *money.Amount
		of   func(Line) money.Amount
	}{
		{&inv.Subtotal, func(l Line) money.Amount { return l.Amount }},
		{&inv.Tax, func(l Line) money.Amount { return l.Tax }},
		{&inv.Deferred, func(l Line) money.Amount { return f.onlyIf(f.ahead(l), l.Amount) }},
		{&inv.Earned, func(l Line) money.Amount { return f.onlyIf(!f.ahead(l) && l.Kind != PrepaidCredit, l.Amount) }},
		{&inv.Prepayment, func(l Line) money.Amount { return f.onlyIf(l.Kind == PrepaidCredit, l.Amount) }},
	}
	for _, sum := range sums {
		amounts := make([]money.Amount, len(inv.Lines))
		for i, line := range inv.Lines {
			amounts[i] = sum.of(line)
		}
		total, err := money.Sum(f.Currency, amounts...)
		if err != nil {
			return fmt.Errorf("sum of lines: %w", err)
		}
		*sum.into = total
	}
	var err error
	if inv.Total, err = inv.Subtotal.Add(inv.Tax); err != nil {
		return fmt.Errorf("total: %w", err)
	}
	inv.Discounts, err = discount.Totals(f.Currency, taken(inv.Lines))
	return err
}

// ahead says that a line pays for time that is not over when the invoice is issued.
func (f Facts) ahead(l Line) bool { return l.Period.End.After(f.IssuedAt) }

func (f Facts) onlyIf(cond bool, a money.Amount) money.Amount {
	if cond {
		return a
	}
	return money.Zero(f.Currency)
}

// applyCredit adds what earlier invoices carried here to the total and applies the customer's credit to the sum, after tax
// and never more than is open. A sum below zero becomes credit.
func (inv *Invoice) applyCredit(f Facts) error {
	zero := money.Zero(inv.Total.Currency)
	carriedIn, balance := f.CarriedIn, f.Balance
	if carriedIn.IsZero() {
		carriedIn = zero
	}
	if balance.Currency != zero.Currency {
		return fmt.Errorf("customer's credit of %s on an invoice in %s: %w", balance, zero.Currency, money.ErrCurrencyMismatch)
	}
	if balance.IsNegative() {
		return fmt.Errorf("customer's credit must not be negative, got %s: what is owed is an invoice of its own", balance)
	}
	if carriedIn.IsNegative() {
		return fmt.Errorf("amount carried from earlier invoices must not be negative, got %s: a credit is not carried", carriedIn)
	}
	open, err := inv.Total.Add(carriedIn)
	if err != nil {
		return fmt.Errorf("with what earlier invoices carried here: %w", err)
	}
	inv.CarriedIn, inv.CarriedOut = carriedIn, zero
	inv.CreditGranted, inv.CreditApplied, inv.AmountDue = zero, zero, zero
	if open.IsNegative() {
		inv.CreditGranted = open.Neg()
		return nil
	}
	inv.CreditApplied = balance
	if balance.Cmp(open) > 0 {
		inv.CreditApplied = open
	}
	inv.AmountDue, err = open.Sub(inv.CreditApplied)
	return err
}

// settle carries on what is too little to be collected of what is owed.
func (inv *Invoice) settle(Facts) error {
	inv.AmountDue, inv.CarriedOut = collectable(inv.AmountDue)
	return nil
}

// offset pays what is owed for the subscription from the credit, the oldest debt first. What was credited without having
// been paid must not become money to spend.
func (inv *Invoice) offset(f Facts) error {
	left := inv.CreditGranted
	for _, debt := range f.Debts {
		if debt.Owed.Currency != left.Currency || !debt.Owed.IsPositive() {
			return fmt.Errorf("debt of %s for invoice %s: it must be above 0 in %s", debt.Owed, debt.InvoiceID, left.Currency)
		}
		if left.IsZero() {
			return nil
		}
		pays := offsettable(debt.Owed, left)
		if pays.IsZero() {
			continue
		}
		inv.Offsets = append(inv.Offsets, Offset{InvoiceID: debt.InvoiceID, Amount: pays})
		var err error
		if left, err = left.Sub(pays); err != nil {
			return err
		}
	}
	return nil
}
