package stripe

import (
	"strings"
	"time"
)

const evidenceTexts = "access_activity_log billing_address cancellation_policy_disclosure cancellation_rebuttal customer_email_address " +
	"customer_name customer_purchase_ip duplicate_charge_explanation duplicate_charge_id product_description refund_policy_disclosure " +
	"refund_refusal_explanation service_date shipping_address shipping_carrier shipping_date shipping_tracking_number uncategorized_text"

// evidenceFiles name uploaded files; the sandbox stores no files and keeps only their ids.
const evidenceFiles = "cancellation_policy customer_communication customer_signature duplicate_charge_documentation receipt refund_policy " +
	"service_documentation shipping_documentation uncategorized_file"

// maxEvidence is how many characters all texts together may have.
const maxEvidence = 150_000

// Texts that decide a dispute in test mode (docs.stripe.com/testing#disputes).
const (
	evidenceEscalates = "escalate_inquiry_evidence"
	evidenceLoses     = "losing_evidence"
	evidenceWins      = "winning_evidence"
)

func evidenceSpec() spec {
	s := spec{}
	for name := range strings.FieldsSeq(evidenceTexts) {
		s[name] = textUpTo(20_000)
	}
	for name := range strings.FieldsSeq(evidenceFiles) {
		s[name] = text()
	}
	return s
}

func noEvidence() map[string]*string {
	none := map[string]*string{}
	for name := range keys(evidenceSpec()) {
		none[name] = nil
	}
	return none
}

// updateDispute keeps evidence and, unless submit is false, sends it to the bank.
func updateDispute(r *call) (any, error) {
	d, err := r.openDisputeOf(r.id)
	if err != nil {
		return nil, err
	}
	before := snapshot(d)
	if d.Metadata, err = merged(r.args, d.Metadata); err != nil {
		return nil, err
	}
	sends := r.args.text("submit") != "false" && (r.args.has("evidence") || r.args.has("submit"))
	if (sends || r.args.has("evidence")) && !d.answerable() {
		return nil, refused("", "evidence", "This dispute's status is %s: evidence can no longer be submitted.", d.Status)
	}
	if err := d.keepEvidence(r.args.hash("evidence")); err != nil {
		return nil, err
	}
	if sends {
		d.EvidenceDetails.SubmissionCount++
		d.Status = map[bool]string{true: inquiryReviewed, false: disputeReviewed}[d.inquiry()]
		r.schedule(r.asOf, due{Action: judgeEvidence, ID: d.ID})
	}
	disputes.put(r.tx, d)
	r.emitUpdate("charge.dispute.updated", before, d)
	return d, nil
}

func (d *dispute) keepEvidence(a args) error {
	total := 0
	for name := range d.Evidence {
		if a.has(name) {
			d.Evidence[name] = optional(a.text(name))
		}
		if given := d.Evidence[name]; given != nil {
			d.EvidenceDetails.HasEvidence = true
			total += len([]rune(*given))
		}
	}
	if total > maxEvidence {
		return invalid("", "evidence", "The combined character count of the evidence is %d; at most %d characters are accepted.", total, maxEvidence)
	}
	return nil
}

// judgeEvidence is the bank's decision, right after the submission. Without one of the test texts it never comes.
func (r *call) judgeEvidence(id string) {
	d, _ := disputes.get(r.tx, id)
	switch deref(d.Evidence["uncategorized_text"]) {
	case evidenceWins:
		r.endDispute(d, disputeWon)
	case evidenceLoses:
		r.endDispute(d, disputeLost)
	case evidenceEscalates:
		if d.inquiry() {
			r.escalate(d)
		}
	}
}

// escalate turns an inquiry into a dispute that takes the money.
func (r *call) escalate(d *dispute) {
	before := snapshot(d)
	c, _ := charges.get(r.tx, d.Charge)
	if c.AmountCaptured == c.AmountRefunded { // nothing is left to take
		r.endDispute(d, inquiryClosed)
		return
	}
	d.Status, d.IsChargeRefundable, d.Amount = disputeOpen, false, c.AmountCaptured-c.AmountRefunded
	d.PaymentMethodDetails.Card.CaseType = "chargeback"
	d.EvidenceDetails = evidenceDetails{DueBy: r.asOf.AddDate(0, 0, daysForEvidence).Unix()}
	d.Evidence = noEvidence()
	r.withdraw(d, c)
	disputes.put(r.tx, d)
	r.schedule(time.Unix(d.EvidenceDetails.DueBy, 0), due{Action: missEvidence, ID: d.ID})
	r.emitUpdate("charge.dispute.updated", before, d)
	r.emit("charge.dispute.funds_withdrawn", d, nil)
}
