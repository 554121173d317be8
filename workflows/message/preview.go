package message

import (
	"encoding/json"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Preview is what a command would do: the state that it would leave, and the invoices until it has taken effect.
type Preview struct {
	State    subscription.State `json:"state"`
	Invoices []PreviewedInvoice `json:"invoices,omitempty"`
}

// Previewed is the answer of the activity PreviewCommand: a preview, or why the command would be refused.
type Previewed struct {
	Preview

	Refusal *subscription.Refusal `json:"refusal,omitempty"`
}

// PreviewedInvoice is an invoice, or with a negative total a credit note, that was not issued: it has no number.
type PreviewedInvoice struct {
	// CustomerID is in whose name it is, PayerID who pays it.
	CustomerID  string       `json:"customer_id"`
	PayerID     string       `json:"payer_id"`
	PONumber    string       `json:"po_number,omitempty"`
	Reason      string       `json:"reason"`
	IssuedAt    time.Time    `json:"issued_at"`
	PeriodStart time.Time    `json:"period_start"`
	PeriodEnd   time.Time    `json:"period_end"`
	Subtotal    money.Amount `json:"subtotal"`
	Tax         money.Amount `json:"tax"`
	Total       money.Amount `json:"total"`
	// CarriedIn was too little for earlier invoices to collect, CarriedOut is too little for this one.
	CarriedIn     money.Amount `json:"carried_in"`
	CarriedOut    money.Amount `json:"carried_out"`
	CreditGranted money.Amount `json:"credit_granted"`
	CreditApplied money.Amount `json:"credit_applied"`
	// PrepaidApplied is what prepaid credit pays.
	PrepaidApplied money.Amount    `json:"prepaid_applied"`
	AmountDue      money.Amount    `json:"amount_due"`
	Lines          []PreviewedLine `json:"lines"`
}

// PreviewedLine is a line of a previewed invoice.
type PreviewedLine struct {
	Kind        string          `json:"kind"`
	ChargeID    string          `json:"charge_id"`
	PlanID      string          `json:"plan_id"`
	PlanVersion int             `json:"plan_version"`
	Description string          `json:"description"`
	Quantity    decimal.Decimal `json:"quantity"`
	Amount      money.Amount    `json:"amount"`
	Tax         money.Amount    `json:"tax"`
	TaxRate     decimal.Decimal `json:"tax_rate"`
	Treatment   string          `json:"treatment"`
	PeriodStart time.Time       `json:"period_start"`
	PeriodEnd   time.Time       `json:"period_end"`
	// Explanation is the arithmetic of the line: invoicing.Explanation.
	Explanation json.RawMessage `json:"explanation"`
}
