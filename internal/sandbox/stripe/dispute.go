package stripe

import (
	"slices"
	"time"
)

// dispute is Stripe's dispute object: a payment that the customer's bank contests.
type dispute struct {
	ID                   string               `json:"id"`
	Object               string               `json:"object"`
	Amount               int64                `json:"amount"`
	BalanceTransactions  []balanceTransaction `json:"balance_transactions"`
	Charge               string               `json:"charge"`
	Created              int64                `json:"created"`
	Currency             string               `json:"currency"`
	Evidence             map[string]*string   `json:"evidence"`
	EvidenceDetails      evidenceDetails      `json:"evidence_details"`
	IsChargeRefundable   bool                 `json:"is_charge_refundable"`
	Livemode             bool                 `json:"livemode"`
	Metadata             map[string]string    `json:"metadata"`
	NetworkReasonCode    *string              `json:"network_reason_code,omitempty"`
	PaymentIntent        *string              `json:"payment_intent"`
	PaymentMethodDetails *disputedMethod      `json:"payment_method_details,omitempty"`
	Reason               string               `json:"reason"`
	Status               string               `json:"status"`
}

type evidenceDetails struct {
	DueBy           int64 `json:"due_by"`
	HasEvidence     bool  `json:"has_evidence"`
	PastDue         bool  `json:"past_due"`
	SubmissionCount int64 `json:"submission_count"`
}

type disputedMethod struct {
	Card disputedCard `json:"card"`
	Type string       `json:"type"`
}

type disputedCard struct {
	Brand             string  `json:"brand"`
	CaseType          string  `json:"case_type"`
	NetworkReasonCode *string `json:"network_reason_code"`
}

func (d *dispute) identity() (string, int64) { return d.ID, d.Created }

func (d *dispute) indexed() map[string]string {
	return map[string]string{"charge": d.Charge, "payment_intent": deref(d.PaymentIntent)}
}

var disputes = collection[*dispute]{name: "dispute", prefix: "dp_"}

// The states of a dispute. An inquiry asks before it takes money; its states begin with "warning".
const (
	disputeLost       = "lost"
	disputeOpen       = "needs_response"
	disputeReviewed   = "under_review"
	disputeWon        = "won"
	inquiryClosed     = "warning_closed"
	inquiryOpen       = "warning_needs_response"
	inquiryUnanswered = 120 * 24 * time.Hour // until an inquiry that led to nothing is closed
	inquiryReviewed   = "warning_under_review"
)

const (
	daysForEvidence = 9
	// disputeFeeMinimums is the dispute fee of USD 15.00 as a multiple of a currency's minimum charge.
	disputeFeeMinimums = 30
)

func disputeEndpoints() []endpoint {
	filters := datedPageSpec(spec{"charge": filledText(), "payment_intent": filledText()})
	update := spec{"evidence": hash(evidenceSpec()), "metadata": metadata(), "submit": boolean()}
	return []endpoint{
		get("/v1/disputes", filters, func(r *call) (any, error) { return disputes.list(r, nil, "charge", "payment_intent") }),
		get("/v1/disputes/{id}", nil, retrieve(disputes, "id")),
		post("/v1/disputes/{id}", update, updateDispute),
		post("/v1/disputes/{id}/close", nil, closeDispute),
	}
}

// openDispute follows a successful charge. A dispute takes what was not refunded, at once; that of a bank debit is final.
func (r *call) openDispute(c *charge, reason string) {
	inquiry := reason == "inquiry"
	d := &dispute{
		ID: newID(r, disputes), Object: "dispute", Amount: c.AmountCaptured - c.AmountRefunded, BalanceTransactions: []balanceTransaction{}, Charge: c.ID,
		Created: r.now(), Currency: c.Currency, Evidence: noEvidence(), IsChargeRefundable: inquiry, Metadata: map[string]string{},
		PaymentIntent: c.PaymentIntent, Reason: reason, Status: disputeOpen,
		EvidenceDetails: evidenceDetails{DueBy: r.asOf.AddDate(0, 0, daysForEvidence).Unix()},
	}
	if card := c.PaymentMethodDetails.Card; card != nil {
		code := networkReason(reason)
		d.NetworkReasonCode = &code
		d.PaymentMethodDetails = &disputedMethod{Type: cardKind, Card: disputedCard{Brand: card.Brand, CaseType: "chargeback", NetworkReasonCode: &code}}
	}
	final := d.PaymentMethodDetails == nil
	switch {
	case inquiry:
		d.Reason, d.Status, d.PaymentMethodDetails.Card.CaseType = "fraudulent", inquiryOpen, "inquiry"
		r.schedule(r.asOf.Add(inquiryUnanswered), due{Action: endInquiry, ID: d.ID})
	case final:
		d.Status = disputeLost
	default:
		r.schedule(time.Unix(d.EvidenceDetails.DueBy, 0), due{Action: missEvidence, ID: d.ID})
	}
	if !inquiry {
		r.withdraw(d, c)
	}
	disputes.put(r.tx, d)
	r.emit("charge.dispute.created", d, nil)
	if !inquiry {
		r.emit("charge.dispute.funds_withdrawn", d, nil)
	}
	if final {
		r.emit("charge.dispute.closed", d, nil)
	}
	r.closeReviews(c, "disputed")
	r.settleWarnings(c.ID)
}

// networkReason is the card network's code for a reason (those of Visa).
func networkReason(reason string) string {
	if reason == "product_not_received" {
		return "13.1"
	}
	return "10.4"
}

// withdraw takes the disputed money off the balance, with the fee.
func (r *call) withdraw(d *dispute, c *charge) {
	description := "Chargeback withdrawal for " + c.ID
	withdrawal := r.book(&balanceTransaction{
		Amount: -d.Amount, Currency: c.Currency, Description: &description, Fee: disputeFeeMinimums * minimum(c.Currency),
		ReportingCategory: "dispute", Source: &d.ID, Type: "adjustment",
	})
	d.BalanceTransactions = append(d.BalanceTransactions, *withdrawal)
	c.Disputed = true
	charges.put(r.tx, c)
}

// reinstate gives the money of a won dispute back, and the fee.
func (r *call) reinstate(d *dispute) {
	description := "Chargeback reversal for " + d.Charge
	t := r.book(&balanceTransaction{
		Amount: d.Amount, Currency: d.Currency, Description: &description, Fee: -disputeFeeMinimums * minimum(d.Currency),
		ReportingCategory: "dispute_reversal", Source: &d.ID, Type: "adjustment",
	})
	d.BalanceTransactions = append(d.BalanceTransactions, *t)
}

func (r *call) openDisputeOf(id string) (*dispute, error) {
	d, found := disputes.get(r.tx, id)
	if !found {
		return nil, notFound("dispute", id, "id")
	}
	return d, nil
}

// answerable says whether evidence is still taken.
func (d *dispute) answerable() bool {
	return slices.Contains([]string{disputeOpen, inquiryOpen}, d.Status)
}

func (d *dispute) inquiry() bool {
	return slices.Contains([]string{inquiryClosed, inquiryOpen, inquiryReviewed}, d.Status)
}

// closeDispute gives in.
func closeDispute(r *call) (any, error) {
	d, err := r.openDisputeOf(r.id)
	if err != nil {
		return nil, err
	}
	if !d.answerable() {
		return nil, refused("", "", "This dispute is already closed, or its evidence was submitted.")
	}
	r.endDispute(d, disputeLost)
	return d, nil
}

// endDispute closes a dispute; a won one brings its money back.
func (r *call) endDispute(d *dispute, status string) {
	if d.inquiry() {
		status = inquiryClosed
	}
	d.Status = status
	if status == disputeWon {
		r.reinstate(d)
	}
	disputes.put(r.tx, d)
	if status == disputeWon {
		r.emit("charge.dispute.funds_reinstated", d, nil)
	}
	r.emit("charge.dispute.closed", d, nil)
}

// missEvidence is what becomes of a dispute that nobody answers in time.
func (r *call) missEvidence(id string) {
	d, _ := disputes.get(r.tx, id)
	if d.Status != disputeOpen {
		return
	}
	d.EvidenceDetails.PastDue = true
	r.endDispute(d, disputeLost)
}

// endInquiry closes an inquiry that did not turn into a dispute.
func (r *call) endInquiry(id string) {
	if d, _ := disputes.get(r.tx, id); d.inquiry() && d.Status != inquiryClosed {
		r.endDispute(d, inquiryClosed)
	}
}
