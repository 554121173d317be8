package stripe

import (
	"slices"
	"strings"
	"time"
)

// payout is Stripe's payout object: money on its way from the balance to our bank account.
type payout struct {
	ID                        string            `json:"id"`
	Object                    string            `json:"object"`
	Amount                    int64             `json:"amount"`
	ApplicationFee            *string           `json:"application_fee"`
	ApplicationFeeAmount      *int64            `json:"application_fee_amount"`
	ArrivalDate               int64             `json:"arrival_date"`
	Automatic                 bool              `json:"automatic"`
	BalanceTransaction        *string           `json:"balance_transaction"`
	Created                   int64             `json:"created"`
	Currency                  string            `json:"currency"`
	Description               *string           `json:"description"`
	Destination               string            `json:"destination"`
	FailureBalanceTransaction *string           `json:"failure_balance_transaction"`
	FailureCode               *string           `json:"failure_code"`
	FailureMessage            *string           `json:"failure_message"`
	Livemode                  bool              `json:"livemode"`
	Metadata                  map[string]string `json:"metadata"`
	Method                    string            `json:"method"`
	OriginalPayout            *string           `json:"original_payout"`
	ReconciliationStatus      string            `json:"reconciliation_status"`
	ReversedBy                *string           `json:"reversed_by"`
	SourceType                string            `json:"source_type"`
	StatementDescriptor       *string           `json:"statement_descriptor"`
	Status                    string            `json:"status"`
	Type                      string            `json:"type"`
}

// The states of a payout, besides "canceled" and "pending".
const (
	payoutFailed = "failed"
	payoutPaid   = "paid"
)

func (p *payout) identity() (string, int64) { return p.ID, p.Created }

func (p *payout) indexed() map[string]string { return map[string]string{"status": p.Status} }

var payouts = collection[*payout]{name: "payout", prefix: "po_"}

func payoutEndpoints() []endpoint {
	creation := spec{
		"amount": required(integer()), "currency": required(text()), "description": text(), "destination": text(), "metadata": metadata(),
		"method": enum("standard"), "source_type": enum("bank_account", "card"), "statement_descriptor": textUpTo(22),
	}
	filters := datedPageSpec(spec{
		"arrival_date": {kind: createdParam}, "destination": filledText(), "status": enum(payoutPaid, "pending", payoutFailed, statusCanceled, "in_transit"),
	})
	return []endpoint{
		post("/v1/payouts", creation, createPayout),
		get("/v1/payouts", filters, listPayouts),
		get("/v1/payouts/{id}", nil, retrieve(payouts, "payout")),
		post("/v1/payouts/{id}", spec{"metadata": metadata()}, updatePayout),
		post("/v1/payouts/{id}/cancel", nil, cancelPayout),
	}
}

func listPayouts(r *call) (any, error) {
	arrival, to := createdFilter(r.args.field("arrival_date")), r.args.text("destination")
	return payouts.list(r, func(p *payout) bool { return arrival.contains(p.ArrivalDate) && (to == "" || p.Destination == to) }, "status")
}

// createPayout sends a part of the available balance.
func createPayout(r *call) (any, error) {
	currency, refusal := parseCurrency(r.args.text("currency"))
	if refusal != nil {
		return nil, refusal
	}
	amount := r.args.integer("amount")
	switch {
	case amount < 1:
		return nil, invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	case amount%payoutUnit(currency) != 0:
		return nil, invalid("", "amount", "Payouts in %s must be divisible by %d.", strings.ToUpper(currency), payoutUnit(currency))
	case r.args.has("destination") && r.args.text("destination") != ownAccount:
		return nil, noSuch("external account", r.args.text("destination"), "destination")
	}
	if available := r.available(currency); amount > available {
		return nil, refused("balance_insufficient", "", "You have insufficient funds in your Stripe account for this transfer. Your %s balance is %s.",
			strings.ToUpper(currency), display(available, currency))
	}
	p := &payout{Amount: amount, Currency: currency, Description: optional(r.args.text("description")), ReconciliationStatus: "not_applicable", StatementDescriptor: optional(r.args.text("statement_descriptor"))}
	var err error
	if p.Metadata, err = merged(r.args, nil); err != nil {
		return nil, err
	}
	r.send(p)
	return p, nil
}

// available adds up what can be paid out.
func (r *call) available(currency string) (sum int64) {
	balanceTransactions.where(r.tx, "currency", currency, func(t *balanceTransaction) bool {
		if t.Status == "available" {
			sum += t.Net
		}
		return true
	})
	return sum
}

// payoutUnit is what payouts must be divisible by: banks pay these currencies in whole units.
func payoutUnit(currency string) int64 {
	if among("huf twd "+wholeUnits, currency) {
		return 100
	}
	return 1
}

// ownAccount is the bank account that all payouts go to.
const ownAccount = "ba_sandbox"

// send takes a payout off the balance; it arrives on the next business day.
func (r *call) send(p *payout) {
	p.ID, p.Object, p.Created, p.Status = newID(r, payouts), "payout", r.now(), "pending"
	p.Destination, p.Method, p.SourceType, p.Type = ownAccount, "standard", "card", "bank_account"
	description := "STRIPE PAYOUT"
	p.BalanceTransaction = &r.bookAvailable(&balanceTransaction{
		Amount: -p.Amount, Currency: p.Currency, Description: &description, ReportingCategory: "payout", Source: &p.ID, Type: "payout",
	}).ID
	arrival := businessDays(r.asOf, 1).Truncate(24 * time.Hour)
	if !arrival.After(r.asOf) {
		arrival = r.asOf
	}
	p.ArrivalDate = arrival.Unix()
	payouts.put(r.tx, p)
	r.emit("payout.created", p, nil)
	r.schedule(arrival, due{Action: endPayout, ID: p.ID})
}

// endPayout is the arrival of the money, or its return if the admin API asked for a failure.
func (r *call) endPayout(id string) {
	p, _ := payouts.get(r.tx, id)
	if p.Status != "pending" {
		return
	}
	before := snapshot(p)
	if code := r.takePayoutFailure(); code != "" {
		message := "The bank account could not be credited (" + code + ")."
		p.Status, p.FailureCode, p.FailureMessage = payoutFailed, &code, &message
		p.FailureBalanceTransaction = &r.bookReturn(p, "payout_failure").ID
	} else {
		p.Status = payoutPaid
	}
	payouts.put(r.tx, p)
	r.emitUpdate("payout.updated", before, p)
	r.emit("payout."+p.Status, p, nil)
	if p.Automatic && p.Status == payoutPaid {
		before := snapshot(p)
		p.ReconciliationStatus = "completed"
		payouts.put(r.tx, p)
		r.emitUpdate("payout.reconciliation_completed", before, p)
	}
}

// bookReturn puts the money of a payout back on the balance.
func (r *call) bookReturn(p *payout, kind string) *balanceTransaction {
	description := "STRIPE PAYOUT RETURN"
	t := r.bookAvailable(&balanceTransaction{
		Amount: p.Amount, Currency: p.Currency, Description: &description, ReportingCategory: "payout_reversal", Source: &p.ID, Type: kind,
	})
	r.awaitPayout(t)
	return t
}

func updatePayout(r *call) (any, error) {
	p, found := payouts.get(r.tx, r.id)
	if !found {
		return nil, notFound("payout", r.id, "payout")
	}
	before := snapshot(p)
	var err error
	if p.Metadata, err = merged(r.args, p.Metadata); err != nil {
		return nil, err
	}
	payouts.put(r.tx, p)
	r.emitUpdate("payout.updated", before, p)
	return p, nil
}

func cancelPayout(r *call) (any, error) {
	p, found := payouts.get(r.tx, r.id)
	if !found {
		return nil, notFound("payout", r.id, "payout")
	}
	if p.Status != "pending" || p.Automatic {
		return nil, refused("", "", "Payouts can only be canceled while they are pending and were not created automatically; this one is %s.", p.Status)
	}
	p.Status = statusCanceled
	p.FailureBalanceTransaction = &r.bookReturn(p, "payout_cancel").ID
	payouts.put(r.tx, p)
	r.emit("payout.canceled", p, nil)
	return p, nil
}

// payOut sends all that is available, one payout for each currency, and remembers what each of them consists of.
func (r *call) payOut() {
	bucketOf(r.tx, payoutSettingsBucket).delete([]byte(payoutDueKey))
	sums, parts := map[string]int64{}, map[string][]*balanceTransaction{}
	bucketOf(r.tx, unpaidBucket).each(nil, func(id, _ []byte) bool {
		t, _ := balanceTransactions.get(r.tx, string(id))
		sums[t.Currency] += t.Net
		parts[t.Currency] = append(parts[t.Currency], t)
		return true
	})
	for _, currency := range slices.Sorted(keys(sums)) {
		amount := min(sums[currency], r.available(currency)) / payoutUnit(currency) * payoutUnit(currency)
		if amount < 1 {
			continue // a negative balance waits for money to come in
		}
		p := &payout{Amount: amount, Automatic: true, Currency: currency, Metadata: map[string]string{}, ReconciliationStatus: "in_progress"}
		r.send(p)
		own, _ := balanceTransactions.get(r.tx, *p.BalanceTransaction)
		for _, t := range append(parts[currency], own) {
			bucketOf(r.tx, payoutPartsBucket).put([]byte(t.ID), []byte(p.ID))
			bucketOf(r.tx, unpaidBucket).delete([]byte(t.ID))
		}
	}
}
