package ledger

import (
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// FinalisedInvoice is what the ledger needs to know of an invoice. Deferred, Earned, Prepayment and Tax sum to Total.
type FinalisedInvoice struct {
	ID       string
	EntityID string
	At       time.Time
	// Deferred is the net of lines for time to come, Earned of lines for time past; both may be negative.
	Deferred money.Amount
	Earned   money.Amount
	// Prepayment is what the invoice sells prepaid credit for.
	Prepayment money.Amount
	Tax        money.Amount
	Total      money.Amount
	// CreditGranted is the customer's when the total is negative; CreditApplied pays part of a positive one.
	CreditGranted money.Amount
	CreditApplied money.Amount
	// PrepaidCost and PrepaidGift are what prepaid credit pays: the part that was paid for and the part that cost nothing.
	PrepaidCost money.Amount
	PrepaidGift money.Amount
}

// InvoiceFinalised books an invoice: the customer owes the total, which is revenue (earned or deferred) and tax.
// A negative total becomes the customer's balance; an applied balance pays the invoice, and so does prepaid credit. It
// balances if the parts of the invoice sum to its total.
func InvoiceFinalised(inv FinalisedInvoice) Transaction {
	t := Transaction{Key: "invoice:" + inv.ID + ":finalised", Kind: "invoice_finalised", EntityID: inv.EntityID, Reference: inv.ID, At: inv.At}
	t.debit(AccountsReceivable, inv.Total)
	t.credit(DeferredRevenue, inv.Deferred)
	t.credit(Revenue, inv.Earned)
	t.credit(CustomerPrepayments, inv.Prepayment)
	t.credit(TaxPayable, inv.Tax)
	t.debit(AccountsReceivable, inv.CreditGranted)
	t.credit(CustomerBalance, inv.CreditGranted)
	t.debit(CustomerBalance, inv.CreditApplied)
	t.credit(AccountsReceivable, inv.CreditApplied)
	t.debit(CustomerPrepayments, inv.PrepaidCost)
	t.credit(AccountsReceivable, inv.PrepaidCost)
	t.debit(PromotionalCredit, inv.PrepaidGift)
	t.credit(AccountsReceivable, inv.PrepaidGift)
	return t
}

// PaymentReceived books a successful payment: the provider keeps its fee, the rest is cash, the customer's debt is
// settled. The amount must be above zero and the fee, in the same currency, not below; it may exceed a small amount.
func PaymentReceived(entityID, paymentID string, at time.Time, amount, fee money.Amount) (Transaction, error) {
	if !amount.IsPositive() || fee.IsNegative() {
		return Transaction{}, fmt.Errorf("payment %s of %s with a fee of %s: the amount must be above zero and the fee not below", paymentID, amount, fee)
	}
	net, err := amount.Sub(fee)
	if err != nil {
		return Transaction{}, fmt.Errorf("payment %s, after its fee: %w", paymentID, err)
	}
	t := Transaction{Key: "payment:" + paymentID + ":received", Kind: "payment_received", EntityID: entityID, Reference: paymentID, At: at}
	t.debit(Cash, net)
	t.debit(ProcessingFees, fee)
	t.credit(AccountsReceivable, amount)
	return t, nil
}

// CreditOffset books the part of a credit that pays what is owed for an earlier invoice. Of one that was written off it
// makes the loss smaller. The amount must be above zero.
func CreditOffset(entityID, creditID, invoiceID string, at time.Time, amount money.Amount, writtenOff bool) Transaction {
	t := Transaction{Key: "invoice:" + invoiceID + ":credited:" + creditID, Kind: "credit_offset", EntityID: entityID, Reference: invoiceID, At: at}
	t.debit(CustomerBalance, amount)
	if writtenOff {
		t.credit(BadDebt, amount)
	} else {
		t.credit(AccountsReceivable, amount)
	}
	return t
}

// InvoiceUncollectible writes off what is still owed. Revenue stays: the loss is bad debt.
func InvoiceUncollectible(entityID, invoiceID string, at time.Time, owed money.Amount) Transaction {
	t := Transaction{Key: "invoice:" + invoiceID + ":uncollectible", Kind: "invoice_uncollectible", EntityID: entityID, Reference: invoiceID, At: at}
	t.debit(BadDebt, owed)
	t.credit(AccountsReceivable, owed)
	return t
}

// TaxReturnFiled moves what a filed return covers from payable to settlement. There is one amount per currency of
// the invoices, because the ledger keeps what was charged; the authority's currency matters only for the payment.
func TaxReturnFiled(entityID, returnID string, at time.Time, taxes []money.Amount) Transaction {
	t := Transaction{Key: "tax-return:" + returnID + ":filed", Kind: "tax_return_filed", EntityID: entityID, Reference: returnID, At: at}
	for _, tax := range taxes {
		t.debit(TaxPayable, tax)
		t.credit(TaxSettlement, tax)
	}
	return t
}

// TaxReturnPaid books the transfer to the authority from our bank account, in the same currencies as TaxReturnFiled.
func TaxReturnPaid(entityID, returnID string, at time.Time, taxes []money.Amount) Transaction {
	t := Transaction{Key: "tax-return:" + returnID + ":paid", Kind: "tax_return_paid", EntityID: entityID, Reference: returnID, At: at}
	for _, tax := range taxes {
		t.debit(TaxSettlement, tax)
		t.credit(Bank, tax)
	}
	return t
}
