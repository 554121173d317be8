package stripe

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// refund is Stripe's refund object.
type refund struct {
	ID                        string             `json:"id"`
	Object                    string             `json:"object"`
	Amount                    int64              `json:"amount"`
	BalanceTransaction        *string            `json:"balance_transaction"`
	Charge                    string             `json:"charge"`
	Created                   int64              `json:"created"`
	Currency                  string             `json:"currency"`
	DestinationDetails        destinationDetails `json:"destination_details"`
	FailureBalanceTransaction *string            `json:"failure_balance_transaction,omitempty"`
	FailureReason             *string            `json:"failure_reason,omitempty"`
	Metadata                  map[string]string  `json:"metadata"`
	PaymentIntent             *string            `json:"payment_intent"`
	Reason                    *string            `json:"reason"`
	ReceiptNumber             *string            `json:"receipt_number"`
	SourceTransferReversal    *string            `json:"source_transfer_reversal"`
	Status                    string             `json:"status"`
	TransferReversal          *string            `json:"transfer_reversal"`
}

type destinationDetails struct {
	Card           *cardDestination `json:"card,omitempty"`
	Type           string           `json:"type"`
	USBankTransfer *bankDestination `json:"us_bank_transfer,omitempty"`
}

type cardDestination struct {
	ReferenceStatus string `json:"reference_status"`
	ReferenceType   string `json:"reference_type"`
	Type            string `json:"type"`
}

type bankDestination struct {
	Reference       *string `json:"reference"`
	ReferenceStatus *string `json:"reference_status"`
}

// destinationOf is where the money goes back to.
func destinationOf(c *charge) destinationDetails {
	switch c.PaymentMethodDetails.Type {
	case cardKind:
		return destinationDetails{Type: "card", Card: &cardDestination{
			ReferenceStatus: "pending", ReferenceType: "acquirer_reference_number", Type: "refund",
		}}
	case usBankAccount:
		return destinationDetails{Type: "us_bank_transfer", USBankTransfer: &bankDestination{ReferenceStatus: optional("pending")}}
	default:
		return destinationDetails{Type: c.PaymentMethodDetails.Type}
	}
}

// newRefundID tells refunds of card charges from those of other payments.
func (r *call) newRefundID(c *charge) string {
	of := refunds
	if c.PaymentMethodDetails.Type != cardKind {
		of.prefix = paymentRefundPrefix
	}
	return newID(r, of)
}

const paymentRefundPrefix = "pyr_"

func (f *refund) identity() (string, int64) { return f.ID, f.Created }

func (f *refund) indexed() map[string]string {
	return map[string]string{"charge": f.Charge, "payment_intent": deref(f.PaymentIntent)}
}

var refunds = collection[*refund]{name: "refund", prefix: "re_"}

// asynchronousRefund is how long the refunds of the asynchronous test cards take, in billing time.
const asynchronousRefund = 24 * time.Hour

func refundEndpoints() []endpoint {
	creation := spec{
		"amount": integer(), "charge": filledText(), "currency": filledText(), "instructions_email": text(), "metadata": metadata(),
		"payment_intent": filledText(), "reason": enum("duplicate", "fraudulent", "requested_by_customer"),
	}
	filters := datedPageSpec(spec{"charge": filledText(), "payment_intent": filledText()})
	return []endpoint{
		post("/v1/refunds", creation, createRefund),
		get("/v1/refunds", filters, func(r *call) (any, error) { return refunds.list(r, nil, "charge", "payment_intent") }),
		get("/v1/refunds/{id}", nil, retrieve(refunds, "id")),
		post("/v1/refunds/{id}", spec{"metadata": metadata()}, updateRefund),
	}
}

func createRefund(r *call) (any, error) {
	c, err := r.chargeToRefund()
	if err != nil {
		return nil, err
	}
	if currency := strings.ToLower(r.args.text("currency")); currency != "" && currency != c.Currency {
		return nil, invalid("", "currency", "Charge %s is in %s and cannot be refunded in %s.", c.ID, c.Currency, currency)
	}
	amount := c.AmountCaptured - c.AmountRefunded
	if r.args.has("amount") {
		amount = r.args.integer("amount")
	}
	if err := c.checkRefund(amount); err != nil {
		return nil, err
	}
	f := &refund{
		ID: r.newRefundID(c), Object: "refund", Amount: amount, Charge: c.ID, Created: r.now(), Currency: c.Currency,
		PaymentIntent: c.PaymentIntent, Reason: optional(r.args.text("reason")), Status: statusSucceeded,
	}
	f.DestinationDetails = destinationOf(c)
	if f.Metadata, err = merged(r.args, nil); err != nil {
		return nil, err
	}
	r.startRefund(f, c)
	return f, nil
}

// startRefund books a checked refund; the asynchronous test cards end it later.
func (r *call) startRefund(f *refund, c *charge) {
	before := snapshot(c)
	f.BalanceTransaction = &r.bookRefund(f).ID
	c.AmountRefunded += f.Amount
	c.Refunded = c.AmountRefunded == c.AmountCaptured
	charges.put(r.tx, c)
	test, _ := cardByNumber(r.traits(c.PaymentMethod).Number)
	if test.refund != "" {
		r.schedule(r.asOf.Add(asynchronousRefund), due{Action: endRefund, ID: f.ID})
	}
	if test.refund == "pending" {
		f.Status = "pending"
	}
	refunds.put(r.tx, f)
	r.closeReviews(c, map[bool]string{true: "refunded_as_fraud", false: "refunded"}[deref(f.Reason) == "fraudulent"])
	r.settleWarnings(c.ID)
	r.emit("refund.created", f, nil)
	r.emitUpdate("charge.refunded", before, c)
}

// chargeToRefund finds the charge behind "charge" or "payment_intent" and checks that its money can go back.
func (r *call) chargeToRefund() (*charge, error) {
	id, intentID := r.args.text("charge"), r.args.text("payment_intent")
	switch {
	case id == "" && intentID == "":
		return nil, invalid("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge.")
	case id != "" && intentID != "":
		return nil, invalid("", "charge", "You may only specify one of these parameters: charge, payment_intent.")
	}
	if id == "" {
		p, found := paymentIntents.get(r.tx, intentID)
		if !found {
			return nil, noSuch("payment_intent", intentID, "payment_intent")
		}
		if id = deref(p.LatestCharge); id == "" || p.Status != statusSucceeded {
			return nil, refused("", "payment_intent", "This PaymentIntent (%s) does not have a successful charge to refund.", intentID)
		}
	}
	c, found := charges.get(r.tx, id)
	if !found {
		return nil, noSuch("charge", id, "charge")
	}
	if !c.Paid || !c.Captured {
		return nil, refused("charge_not_refundable", "charge", "Charge %s cannot be refunded: it was not paid and captured.", id)
	}
	if c.Disputed && r.contested(c.ID) {
		return nil, refused("charge_disputed", "charge", "Charge %s has been charged back; cannot issue a refund.", id)
	}
	return c, nil
}

// contested says whether a dispute of the charge holds its money.
func (r *call) contested(chargeID string) bool {
	holds := false
	disputes.where(r.tx, "charge", chargeID, func(d *dispute) bool {
		holds = holds || (d.Status != disputeWon && !d.inquiry())
		return true
	})
	return holds
}

// checkRefund keeps the sum of refunds within what was captured.
func (c *charge) checkRefund(amount int64) error {
	left := c.AmountCaptured - c.AmountRefunded
	switch {
	case left == 0:
		return refused("charge_already_refunded", "", "Charge %s has already been refunded.", c.ID)
	case amount < 1:
		return invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount > left && c.AmountRefunded == 0:
		return refused("", "amount", "Refund amount (%s) is greater than charge amount (%s)", display(amount, c.Currency), display(left, c.Currency))
	case amount > left:
		return refused("", "amount", "Refund amount (%s) is greater than unrefunded amount on charge (%s)", display(amount, c.Currency), display(left, c.Currency))
	}
	if refusal := checkGranularity(amount, c.Currency); refusal != nil {
		return refusal
	}
	return nil
}

// endRefund is what becomes of an asynchronous refund: pending ones succeed, failing ones give the money back.
func (r *call) endRefund(id string) {
	f, _ := refunds.get(r.tx, id)
	before := snapshot(f)
	c, _ := charges.get(r.tx, f.Charge)
	if test, _ := cardByNumber(r.traits(c.PaymentMethod).Number); test.refund == "failed" {
		reason := "unknown"
		f.Status, f.FailureReason = "failed", &reason
		f.FailureBalanceTransaction = &r.bookRefundFailure(f).ID
		c.AmountRefunded -= f.Amount
		c.Refunded = false
		charges.put(r.tx, c)
	} else {
		f.Status = statusSucceeded
	}
	refunds.put(r.tx, f)
	r.emitUpdate("refund.updated", before, f)
	r.emitUpdate("charge.refund.updated", before, f)
}

func updateRefund(r *call) (any, error) {
	f, found := refunds.get(r.tx, r.id)
	if !found {
		return nil, notFound("refund", r.id, "id")
	}
	before := snapshot(f)
	var err error
	if f.Metadata, err = merged(r.args, f.Metadata); err != nil {
		return nil, err
	}
	refunds.put(r.tx, f)
	r.emitUpdate("refund.updated", before, f)
	r.emitUpdate("charge.refund.updated", before, f)
	return f, nil
}

// chargeRefunds is the list that expanding "refunds" puts into a charge: its first page.
func chargeRefunds(tx *bolt.Tx, chargeID string) (any, bool) {
	made := []json.RawMessage{}
	refunds.where(tx, "charge", chargeID, func(f *refund) bool {
		made = append(made, encode(f))
		return true
	})
	slices.Reverse(made) // newest first
	first := made[:min(len(made), defaultLimit)]
	return page{Object: "list", Data: first, HasMore: len(made) > len(first), URL: fmt.Sprintf("/v1/charges/%s/refunds", chargeID)}, true
}
