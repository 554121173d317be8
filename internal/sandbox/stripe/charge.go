package stripe

import (
	"fmt"
	"strings"
)

// charge is Stripe's charge object: one attempt to take money.
type charge struct {
	ID                            string            `json:"id"`
	Object                        string            `json:"object"`
	Amount                        int64             `json:"amount"`
	AmountCaptured                int64             `json:"amount_captured"`
	AmountRefunded                int64             `json:"amount_refunded"`
	Application                   *string           `json:"application"`
	ApplicationFee                *string           `json:"application_fee"`
	ApplicationFeeAmount          *int64            `json:"application_fee_amount"`
	BalanceTransaction            *string           `json:"balance_transaction"`
	BillingDetails                billingDetails    `json:"billing_details"`
	CalculatedStatementDescriptor *string           `json:"calculated_statement_descriptor"`
	Captured                      bool              `json:"captured"`
	Created                       int64             `json:"created"`
	Currency                      string            `json:"currency"`
	Customer                      *string           `json:"customer"`
	Description                   *string           `json:"description"`
	Disputed                      bool              `json:"disputed"`
	FailureBalanceTransaction     *string           `json:"failure_balance_transaction"`
	FailureCode                   *string           `json:"failure_code"`
	FailureMessage                *string           `json:"failure_message"`
	FraudDetails                  fraudDetails      `json:"fraud_details"`
	Invoice                       *string           `json:"invoice"`
	Livemode                      bool              `json:"livemode"`
	Metadata                      map[string]string `json:"metadata"`
	OnBehalfOf                    *string           `json:"on_behalf_of"`
	Outcome                       chargeOutcome     `json:"outcome"`
	Paid                          bool              `json:"paid"`
	PaymentIntent                 *string           `json:"payment_intent"`
	PaymentMethod                 string            `json:"payment_method"`
	PaymentMethodDetails          methodDetails     `json:"payment_method_details"`
	ReceiptEmail                  *string           `json:"receipt_email"`
	ReceiptNumber                 *string           `json:"receipt_number"`
	ReceiptURL                    *string           `json:"receipt_url"`
	Refunded                      bool              `json:"refunded"`
	Review                        *string           `json:"review"`
	Shipping                      *shipping         `json:"shipping"`
	Source                        *string           `json:"source"`
	SourceTransfer                *string           `json:"source_transfer"`
	StatementDescriptor           *string           `json:"statement_descriptor"`
	StatementDescriptorSuffix     *string           `json:"statement_descriptor_suffix"`
	Status                        string            `json:"status"`
	TransferData                  *string           `json:"transfer_data"`
	TransferGroup                 *string           `json:"transfer_group"`
}

type chargeOutcome struct {
	NetworkStatus string  `json:"network_status"`
	Reason        *string `json:"reason"`
	RiskLevel     string  `json:"risk_level"`
	RiskScore     int     `json:"risk_score"`
	SellerMessage string  `json:"seller_message"`
	Type          string  `json:"type"`
}

// fraudDetails are what the merchant reports; nothing learns from it here.
type fraudDetails struct {
	UserReport string `json:"user_report,omitempty"`
}

func (c *charge) identity() (string, int64) { return c.ID, c.Created }

func (c *charge) indexed() map[string]string {
	return map[string]string{"customer": deref(c.Customer), "payment_intent": deref(c.PaymentIntent)}
}

var charges = collection[*charge]{name: "charge", prefix: "ch_"}

// newChargeID tells charges of cards from other payments, as Stripe does.
func (r *call) newChargeID(m *paymentMethod) string {
	c := charges
	if m.Card == nil {
		c.prefix = paymentPrefix
	}
	return newID(r, c)
}

const paymentPrefix = "py_"

func chargeEndpoints() []endpoint {
	filters := datedPageSpec(spec{"customer": filledText(), "payment_intent": filledText(), "transfer_group": filledText()})
	update := spec{
		"description": text(), "fraud_details": hash(spec{"user_report": required(clearable(enum("fraudulent", "safe")))}), "metadata": metadata(),
		"receipt_email": email(), "shipping": hash(shippingSpec()), "transfer_group": text(),
	}
	return []endpoint{
		get("/v1/charges", filters, listCharges),
		get("/v1/charges/{id}", nil, retrieve(charges, "charge")),
		post("/v1/charges/{id}", update, updateCharge),
	}
}

func listCharges(r *call) (any, error) {
	group := r.args.text("transfer_group")
	return charges.list(r, func(c *charge) bool { return group == "" || deref(c.TransferGroup) == group }, "payment_intent", "customer")
}

func updateCharge(r *call) (any, error) {
	c, found := charges.get(r.tx, r.id)
	if !found {
		return nil, notFound("charge", r.id, "charge")
	}
	before := snapshot(c)
	var err error
	if c.Metadata, err = merged(r.args, c.Metadata); err != nil {
		return nil, err
	}
	r.args.setText("description", &c.Description)
	r.args.setText("receipt_email", &c.ReceiptEmail)
	r.args.setText("transfer_group", &c.TransferGroup)
	if r.args.has("fraud_details") {
		c.FraudDetails.UserReport = r.args.hash("fraud_details").text("user_report")
	}
	if r.args.has("shipping") {
		c.Shipping = readShipping(r.args.hash("shipping"))
	}
	charges.put(r.tx, c)
	r.emitUpdate("charge.updated", before, c)
	return c, nil
}

// newCharge describes an attempt; the caller stores it. Metadata is the intent's at this moment.
func (r *call) newCharge(p *paymentIntent, m *paymentMethod, o outcome) *charge {
	c := &charge{
		ID: r.newChargeID(m), Object: "charge", Amount: p.Amount, BillingDetails: m.BillingDetails, Created: r.now(),
		Currency: p.Currency, Customer: p.Customer, Description: p.Description, Metadata: p.Metadata, Outcome: judge(o),
		Paid: o.declineCode == "", PaymentIntent: &p.ID, PaymentMethod: m.ID,
		PaymentMethodDetails: detailsOf(m, &p.Amount),
		ReceiptEmail:         p.ReceiptEmail, Shipping: p.Shipping, StatementDescriptor: p.StatementDescriptor,
		StatementDescriptorSuffix: p.StatementDescriptorSuffix, Status: statusSucceeded, TransferGroup: p.TransferGroup,
	}
	if o.authenticated && c.PaymentMethodDetails.Card != nil {
		c.PaymentMethodDetails.Card.ThreeDSecure = &threeDSecure{
			AuthenticationFlow: "challenge", ElectronicCommerceIndicator: "05", Result: "authenticated",
			TransactionID: derive(36, "three_d_secure", c.ID), Version: "2.2.0",
		}
	}
	if o.declineCode != "" {
		code, message := declineErrorCode(o.declineCode), declineMessage(o.declineCode)
		c.Status, c.FailureCode, c.FailureMessage = "failed", &code, &message
		return c
	}
	receipt := r.baseURL + receiptPath + c.ID
	c.ReceiptURL = &receipt
	return c
}

// settleCharge captures an amount and books it on the balance.
func (r *call) settleCharge(c *charge, amount int64) {
	c.Captured, c.AmountCaptured = true, amount
	t := r.bookCharge(c)
	c.BalanceTransaction = &t.ID
}

// riskElevated is the risk from which Radar asks somebody to look.
const riskElevated = "elevated"

// Radar's scores from which risk counts as elevated and highest are 65 and 75 by default.
const (
	normalScore   = 12
	elevatedScore = 68
	highestScore  = 92
)

// judge writes the outcome as Radar and the network would report it.
func judge(o outcome) chargeOutcome {
	verdict := chargeOutcome{
		NetworkStatus: "approved_by_network", RiskLevel: "normal", RiskScore: normalScore,
		SellerMessage: "Payment complete.", Type: "authorized",
	}
	switch o.card.risk {
	case riskElevated:
		reason := "elevated_risk_level"
		verdict.RiskLevel, verdict.RiskScore, verdict.Reason, verdict.Type = o.card.risk, elevatedScore, &reason, "manual_review"
	case "highest":
		verdict.RiskLevel, verdict.RiskScore = o.card.risk, highestScore
	}
	switch {
	case o.card.blocked:
		reason := "highest_risk_level"
		verdict.NetworkStatus, verdict.Type, verdict.Reason = "not_sent_to_network", "blocked", &reason
		verdict.SellerMessage = "Stripe blocked this payment as too risky."
	case o.declineCode != "":
		verdict.NetworkStatus, verdict.Type, verdict.Reason = "declined_by_network", "issuer_declined", &o.declineCode
		verdict.SellerMessage = fmt.Sprintf("The bank returned the decline code `%s`.", o.declineCode)
	}
	return verdict
}

func dashed(code string) string { return strings.ReplaceAll(code, "_", "-") }
