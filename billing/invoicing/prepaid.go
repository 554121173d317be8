package invoicing

import (
	"time"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// applyPrepaid lets the customer's grants pay what the balance left open of the lines. What earlier invoices carried here is
// no line, so grants do not pay it.
func (inv *Invoice) applyPrepaid(f Facts) error {
	if len(f.Prepaid) == 0 || !inv.AmountDue.IsPositive() {
		return nil
	}
	lines := make([]wallet.Line, len(inv.Lines))
	for i, line := range inv.Lines {
		gross, err := line.Amount.Add(line.Tax)
		if err != nil {
			return err
		}
		lines[i] = wallet.Line{ChargeID: line.ChargeID, Meter: line.Meter, Arose: line.arose(f.IssuedAt), Open: gross}
	}
	payments, err := wallet.Spend(f.PrepaidPolicy, f.Prepaid, f.IssuedAt, lines, inv.AmountDue)
	if err != nil || len(payments) == 0 {
		return err
	}
	amounts := make([]money.Amount, len(payments))
	for i, payment := range payments {
		amounts[i] = payment.Amount
	}
	inv.Prepaid = payments
	if inv.PrepaidApplied, err = money.Sum(f.Currency, amounts...); err != nil {
		return err
	}
	inv.AmountDue, err = inv.AmountDue.Sub(inv.PrepaidApplied)
	return err
}

// UsableUntil is when grants must still be usable to pay what is on an invoice: usage is paid by those that were there when
// its period ended. What becomes known after the last bill finds what is left then.
func (f Facts) UsableUntil() time.Time {
	if f.Closes != nil && f.Closes.Late == nil && !f.Closes.Period.End.After(f.IssuedAt) {
		return f.Closes.Period.End.Add(-1)
	}
	return f.IssuedAt
}

// arose is the last instant for which a line charges, or its issue if that is earlier.
func (l Line) arose(issuedAt time.Time) time.Time {
	if l.Period.End.After(issuedAt) || !l.Period.End.After(l.Period.Start) {
		return issuedAt
	}
	return l.Period.End.Add(-1)
}
