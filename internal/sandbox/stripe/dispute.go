package stripe

// dispute is Stripe's dispute object. The sandbox opens disputes for the test cards that ask for one;
// the money is withdrawn at once, with the dispute fee.
type dispute struct {
	ID                  string               `json:"id"`
	Object              string               `json:"object"`
	Amount              int64                `json:"amount"`
	BalanceTransactions []balanceTransaction `json:"balance_transactions"`
	Charge              string               `json:"charge"`
	Created             int64                `json:"created"`
	Currency            string               `json:"currency"`
	Evidence            struct{}             `json:"evidence"`
	EvidenceDetails     evidenceDetails      `json:"evidence_details"`
	IsChargeRefundable  bool                 `json:"is_charge_refundable"`
	Livemode            bool                 `json:"livemode"`
	Metadata            map[string]string    `json:"metadata"`
	PaymentIntent       *string              `json:"payment_intent"`
	Reason              string               `json:"reason"`
	Status              string               `json:"status"`
}

type evidenceDetails struct {
	DueBy           int64 `json:"due_by"`
	HasEvidence     bool  `json:"has_evidence"`
	PastDue         bool  `json:"past_due"`
	SubmissionCount int64 `json:"submission_count"`
}

func (d *dispute) identity() (string, int64) { return d.ID, d.Created }

func (d *dispute) indexed() map[string]string {
	return map[string]string{"charge": d.Charge, "payment_intent": deref(d.PaymentIntent)}
}

var disputes = collection[*dispute]{name: "dispute", prefix: "dp_"}

const (
	daysForEvidence = 9
	// disputeFeeMinimums is the dispute fee of USD 15.00 as a multiple of a currency's minimum charge.
	disputeFeeMinimums = 30
)

func disputeEndpoints() []endpoint {
	filters := datedPageSpec(spec{"charge": filledText(), "payment_intent": filledText()})
	return []endpoint{
		get("/v1/disputes", filters, func(r *call) (any, error) { return disputes.list(r, nil, "charge", "payment_intent") }),
		get("/v1/disputes/{id}", nil, retrieve(disputes, "id")),
	}
}

// openDispute follows a successful charge. An inquiry asks before it takes money; a dispute takes it.
func (r *call) openDispute(c *charge, reason string) {
	inquiry := reason == "inquiry"
	d := &dispute{
		ID: newID(r, disputes), Object: "dispute", Amount: c.Amount, BalanceTransactions: []balanceTransaction{}, Charge: c.ID,
		Created: r.now(), Currency: c.Currency, IsChargeRefundable: inquiry, Metadata: map[string]string{}, PaymentIntent: c.PaymentIntent,
		Reason: reason, Status: "needs_response",
		EvidenceDetails: evidenceDetails{DueBy: r.asOf.AddDate(0, 0, daysForEvidence).Unix()},
	}
	if inquiry {
		d.Reason, d.Status = "fraudulent", "warning_needs_response"
	} else {
		description := "Chargeback withdrawal for " + c.ID
		withdrawal := r.book(&balanceTransaction{
			Amount: -c.Amount, Currency: c.Currency, Description: &description, Fee: disputeFeeMinimums * minimum(c.Currency),
			ReportingCategory: "dispute", Source: &d.ID, Type: "adjustment",
		})
		d.BalanceTransactions = append(d.BalanceTransactions, *withdrawal)
		c.Disputed = true
		charges.put(r.tx, c)
	}
	disputes.put(r.tx, d)
	r.emit("charge.dispute.created", d, nil)
	if !inquiry {
		r.emit("charge.dispute.funds_withdrawn", d, nil)
	}
}
