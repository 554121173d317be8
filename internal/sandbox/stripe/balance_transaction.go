package stripe

import (
	"encoding/json"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// balanceTransaction is one movement on the account's balance, in the currency of the charge unless the admin API
// chose a currency of settlement.
type balanceTransaction struct {
	ID                string       `json:"id"`
	Object            string       `json:"object"`
	Amount            int64        `json:"amount"`
	AvailableOn       int64        `json:"available_on"`
	Created           int64        `json:"created"`
	Currency          string       `json:"currency"`
	Description       *string      `json:"description"`
	ExchangeRate      *json.Number `json:"exchange_rate"`
	Fee               int64        `json:"fee"`
	FeeDetails        []feeDetail  `json:"fee_details"`
	Net               int64        `json:"net"`
	ReportingCategory string       `json:"reporting_category"`
	Source            *string      `json:"source"`
	Status            string       `json:"status"`
	Type              string       `json:"type"`
}

type feeDetail struct {
	Amount      int64   `json:"amount"`
	Application *string `json:"application"`
	Currency    string  `json:"currency"`
	Description string  `json:"description"`
	Type        string  `json:"type"`
}

func (t *balanceTransaction) identity() (string, int64) { return t.ID, t.Created }

func (t *balanceTransaction) indexed() map[string]string {
	return map[string]string{"source": deref(t.Source), "type": t.Type, "currency": t.Currency}
}

var balanceTransactions = collection[*balanceTransaction]{name: "balance_transaction", prefix: "txn_"}

// settlementDelay is from a movement to the day its money is available.
const settlementDelay = 2 * 24 * time.Hour

func balanceTransactionEndpoints() []endpoint {
	filters := datedPageSpec(spec{"currency": filledText(), "payout": filledText(), "source": filledText(), "type": filledText()})
	return []endpoint{
		get("/v1/balance_transactions", filters, listBalanceTransactions),
		get("/v1/balance_transactions/{id}", nil, retrieve(balanceTransactions, "id")),
	}
}

func listBalanceTransactions(r *call) (any, error) {
	id := r.args.text("payout")
	if _, found := payouts.get(r.tx, id); id != "" && !found {
		return nil, noSuch("payout", id, "payout")
	}
	return balanceTransactions.list(r, func(t *balanceTransaction) bool {
		return id == "" || string(bucketOf(r.tx, payoutPartsBucket).get([]byte(t.ID))) == id
	}, "source", "type", "currency")
}

// book stores a movement in the currency it is settled in; its net is the amount less the fee.
func (r *call) book(t *balanceTransaction) *balanceTransaction {
	t.ID, t.Object, t.Created = newID(r, balanceTransactions), "balance_transaction", r.now()
	t.AvailableOn, t.Status = r.asOf.Add(settlementDelay).Unix(), "pending"
	r.exchange(t)
	r.putMovement(t)
	r.schedule(r.asOf.Add(settlementDelay), due{Action: makeAvailable, ID: t.ID})
	return t
}

// bookAvailable stores a movement of money that was available already.
func (r *call) bookAvailable(t *balanceTransaction) *balanceTransaction {
	t.ID, t.Object, t.Created = newID(r, balanceTransactions), "balance_transaction", r.now()
	t.AvailableOn, t.Status = r.now(), "available"
	r.putMovement(t)
	return t
}

func (r *call) putMovement(t *balanceTransaction) {
	t.Net = t.Amount - t.Fee
	t.FeeDetails = []feeDetail{}
	if t.Fee != 0 {
		t.FeeDetails = append(t.FeeDetails, feeDetail{Amount: t.Fee, Currency: t.Currency, Description: "Stripe processing fees", Type: "stripe_fee"})
	}
	balanceTransactions.put(r.tx, t)
}

func (r *call) bookCharge(c *charge) *balanceTransaction {
	t := &balanceTransaction{
		Amount: c.AmountCaptured, Currency: c.Currency, Description: c.Description, Fee: processingFee(c.AmountCaptured, c.Currency),
		ReportingCategory: "charge", Source: &c.ID, Type: "charge",
	}
	if k, _ := kindOf(c.PaymentMethodDetails.Type); k.family != cardFamily {
		t.Fee, t.Type = bankFee(c.AmountCaptured, c.Currency), "payment"
	}
	return r.book(t)
}

// bookRefund takes the money back; Stripe keeps the original fee.
func (r *call) bookRefund(f *refund) *balanceTransaction {
	description := "REFUND FOR CHARGE"
	return r.book(&balanceTransaction{
		Amount: -f.Amount, Currency: f.Currency, Description: &description, ReportingCategory: "refund", Source: &f.ID, Type: f.movement("refund"),
	})
}

func (r *call) bookRefundFailure(f *refund) *balanceTransaction {
	description := "REFUND FAILURE"
	return r.book(&balanceTransaction{
		Amount: f.Amount, Currency: f.Currency, Description: &description, ReportingCategory: "refund_failure", Source: &f.ID, Type: f.movement("refund_failure"),
	})
}

// movement is the type of a refund's balance transactions: those of payments that are no card charges differ.
func (f *refund) movement(kind string) string {
	if !strings.HasPrefix(f.ID, paymentRefundPrefix) {
		return kind
	}
	return map[string]string{"refund": "payment_refund", "refund_failure": "payment_failure_refund"}[kind]
}

// balanceSource finds what a movement was for.
func balanceSource(tx *bolt.Tx, id string) (any, bool) {
	switch {
	case strings.HasPrefix(id, charges.prefix), strings.HasPrefix(id, paymentPrefix):
		return from(charges)(tx, id)
	case strings.HasPrefix(id, refunds.prefix), strings.HasPrefix(id, paymentRefundPrefix):
		return from(refunds)(tx, id)
	case strings.HasPrefix(id, disputes.prefix):
		return from(disputes)(tx, id)
	case strings.HasPrefix(id, payouts.prefix):
		return from(payouts)(tx, id)
	default:
		return nil, false
	}
}
