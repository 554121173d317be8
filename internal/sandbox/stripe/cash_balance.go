package stripe

import (
	"slices"
	"strings"
)

// cashBalance is the money a customer has sent that no payment has used.
type cashBalance struct {
	Object    string           `json:"object"`
	Available map[string]int64 `json:"available"`
	Customer  string           `json:"customer"`
	Livemode  bool             `json:"livemode"`
	Settings  cashSettings     `json:"settings"`
}

type cashSettings struct {
	ReconciliationMode   string `json:"reconciliation_mode"`
	UsingMerchantDefault bool   `json:"using_merchant_default"`
}

const cashBalancesBucket = "cash_balances"

func cashBalanceEndpoints() []endpoint {
	funding := spec{"bank_transfer": required(transferSpec("iban", "sort_code", "spei", "zengin")), "currency": required(text()), "funding_type": required(enum("bank_transfer"))}
	mode := enum("automatic", "manual", "merchant_default")
	return []endpoint{
		get("/v1/customers/{id}/cash_balance", nil, getCashBalance),
		post("/v1/customers/{id}/cash_balance", spec{"settings": hash(spec{"reconciliation_mode": mode})}, updateCashBalance),
		get("/v1/customers/{id}/cash_balance_transactions", pageSpec(nil), listCashTransactions),
		get("/v1/customers/{id}/cash_balance_transactions/{item}", nil, getCashTransaction),
		post("/v1/customers/{id}/funding_instructions", funding, createFundingInstructions),
		post("/v1/payment_intents/{id}/apply_customer_balance", spec{"amount": integer(), "currency": text()}, applyCustomerBalance),
		post("/v1/test_helpers/customers/{id}/fund_cash_balance",
			spec{"amount": required(integer()), "currency": required(text()), "reference": text()}, fundCashBalance),
	}
}

func (r *call) cashBalance(customerID string) cashBalance {
	b := cashBalance{
		Object: "cash_balance", Available: map[string]int64{}, Customer: customerID,
		Settings: cashSettings{ReconciliationMode: "automatic", UsingMerchantDefault: true},
	}
	if stored := bucketOf(r.tx, cashBalancesBucket).get([]byte(customerID)); stored != nil {
		decode(stored, &b)
	}
	return b
}

func (r *call) putCashBalance(b cashBalance) {
	bucketOf(r.tx, cashBalancesBucket).put([]byte(b.Customer), encode(b))
}

func getCashBalance(r *call) (any, error) {
	if _, err := r.liveCustomer(r.id, "customer"); err != nil {
		return nil, err
	}
	return r.cashBalance(r.id), nil
}

func updateCashBalance(r *call) (any, error) {
	if _, err := r.liveCustomer(r.id, "customer"); err != nil {
		return nil, err
	}
	b := r.cashBalance(r.id)
	switch mode := r.args.hash("settings").text("reconciliation_mode"); mode {
	case "":
	case "merchant_default":
		b.Settings = cashSettings{ReconciliationMode: "automatic", UsingMerchantDefault: true}
	default:
		b.Settings = cashSettings{ReconciliationMode: mode}
	}
	r.putCashBalance(b)
	return b, nil
}

// fundCashBalance plays a transfer from the customer's bank. Waiting payments take it: those it names, then those of
// exactly this amount, then the oldest.
func fundCashBalance(r *call) (any, error) {
	if _, err := r.liveCustomer(r.id, "customer"); err != nil {
		return nil, err
	}
	currency, amount := strings.ToLower(r.args.text("currency")), r.args.integer("amount")
	switch {
	case transferType(currency) == "":
		return nil, invalid("", "currency", "Bank transfers are not available in %s.", currency)
	case amount < 1 || amount > maxAmount:
		return nil, invalid("parameter_invalid_integer", "amount", "This value must be between 1 and %d.", maxAmount)
	}
	reference := r.args.text("reference")
	t := r.moveCash(r.id, currency, amount, cashTransaction{Type: "funded", Funded: fundedBy(currency, reference)})
	if r.cashBalance(r.id).Settings.ReconciliationMode == "automatic" {
		r.reconcileCash(r.id, currency, amount, reference)
	}
	if left := r.cashBalance(r.id); left.Available[currency] > 0 {
		r.emit("cash_balance.funds_available", left, nil)
	}
	return t, nil
}

func (r *call) reconcileCash(customerID, currency string, received int64, reference string) {
	var waiting []*paymentIntent
	paymentIntents.where(r.tx, "customer", customerID, func(p *paymentIntent) bool {
		if p.Currency == currency && p.awaitsTransfer() {
			waiting = append(waiting, p)
		}
		return true
	})
	rank := func(p *paymentIntent) int {
		switch next := p.NextAction.DisplayBankTransferInstructions; {
		case reference != "" && strings.Contains(reference, next.Reference):
			return 0
		case next.AmountRemaining == received:
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(waiting, func(a, b *paymentIntent) int { return rank(a) - rank(b) })
	for _, p := range waiting {
		available := min(r.cashBalance(customerID).Available[currency], p.NextAction.DisplayBankTransferInstructions.AmountRemaining)
		if available == 0 {
			return
		}
		m, _ := paymentMethods.get(r.tx, *p.PaymentMethod)
		r.applyCash(p, m, available)
	}
}

func (p *paymentIntent) awaitsTransfer() bool {
	return p.Status == statusRequiresAction && p.NextAction != nil && p.NextAction.DisplayBankTransferInstructions != nil
}

// applyCash uses a part of the customer's cash for a payment, which succeeds once all of it is there.
func (r *call) applyCash(p *paymentIntent, m *paymentMethod, amount int64) {
	r.moveCash(*p.Customer, p.Currency, -amount, cashTransaction{Type: "applied_to_payment", AppliedToPayment: &cashPayment{PaymentIntent: p.ID}})
	t := r.transferOf(p.ID)
	t.Applied += amount
	r.putTransfer(p.ID, t)
	if remaining := p.Amount - t.Applied; remaining > 0 {
		before := snapshot(p)
		r.instruct(p, remaining, t.Country)
		paymentIntents.put(r.tx, p)
		r.emitUpdate("payment_intent.partially_funded", before, p)
		return
	}
	// A bank transfer that has arrived is not declined.
	_, _ = r.attempt(p, m, outcome{})
}

// returnCash gives back what a payment had taken that is cancelled, or confirmed anew.
func (r *call) returnCash(p *paymentIntent) {
	if t := r.transferOf(p.ID); t.Applied > 0 {
		r.moveCash(t.Customer, t.Currency, t.Applied, cashTransaction{Type: "unapplied_from_payment", UnappliedFromPayment: &cashPayment{PaymentIntent: p.ID}})
		r.putTransfer(p.ID, transfer{})
	}
}

func applyCustomerBalance(r *call) (any, error) {
	p, err := r.intent()
	if err != nil {
		return nil, err
	}
	if !p.awaitsTransfer() {
		return nil, p.unexpectedState("apply_customer_balance", statusRequiresAction)
	}
	if currency := strings.ToLower(r.args.text("currency")); currency != "" && currency != p.Currency {
		return nil, invalid("", "currency", "This PaymentIntent is in %s, not in %s.", p.Currency, currency)
	}
	available := r.cashBalance(*p.Customer).Available[p.Currency]
	remaining := p.NextAction.DisplayBankTransferInstructions.AmountRemaining
	amount := min(available, remaining)
	if r.args.has("amount") {
		amount = r.args.integer("amount")
	}
	if amount < 1 || amount > min(available, remaining) {
		return nil, refused("", "amount", "The amount must be between 1 and %s: the customer's cash balance is %s and the payment still needs %s.",
			display(min(available, remaining), p.Currency), display(available, p.Currency), display(remaining, p.Currency))
	}
	m, _ := paymentMethods.get(r.tx, *p.PaymentMethod)
	r.applyCash(p, m, amount)
	return p, nil
}
