package stripe

import (
	"bufio"
	"io"
	"net/http"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

const booksTimeout = time.Minute

// books streams every charge, dispute, payout and refund, the totals added up from them and, by itself, the balance.
func (s *Server) books(w http.ResponseWriter, r *http.Request) {
	if format := r.URL.Query().Get("format"); format != "" && format != "json" {
		http.Error(w, "format must be json", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A reader that stalls must not keep old pages of the store alive for ever.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(booksTimeout))
	err := s.view(func(tx *bolt.Tx) error {
		out := bufio.NewWriterSize(w, 1<<16)
		if err := writeBooks(tx, out); err != nil {
			return err
		}
		return out.Flush()
	})
	if err != nil {
		panic(http.ErrAbortHandler) // the answer has begun: a broken connection is the only honest end
	}
}

func writeBooks(tx *bolt.Tx, out *bufio.Writer) error {
	totals := bookTotals{}
	rows := &rowWriter{out: out}
	rows.begin(`{"cash":[`)
	bucketOf(tx, cashBalancesBucket).each(nil, func(_, value []byte) bool {
		var b cashBalance
		decode(value, &b)
		for _, currency := range slices.Sorted(keys(b.Available)) {
			rows.write(control.BookedCash{Available: b.Available[currency], Currency: currency, Customer: b.Customer})
		}
		return rows.err == nil
	})
	rows.begin(`],"charges":[`)
	charges.all(tx, func(c *charge) bool {
		row := bookedCharge(tx, c)
		totals.addCharge(row)
		return rows.write(row)
	})
	rows.begin(`],"disputes":[`)
	disputes.all(tx, func(d *dispute) bool {
		row := bookedDispute(d)
		totals.addDispute(row)
		return rows.write(row)
	})
	rows.begin(`],"payouts":[`)
	payouts.all(tx, func(p *payout) bool {
		row := bookedPayout(p)
		totals.addPayout(row)
		return rows.write(row)
	})
	rows.begin(`],"refunds":[`)
	refunds.all(tx, func(f *refund) bool {
		row := bookedRefund(f)
		totals.addRefund(row)
		return rows.write(row)
	})
	rows.begin(`],"balances":[`)
	balances := bookedBalances(tx)
	for _, currency := range slices.Sorted(keys(balances)) {
		rows.write(control.BookedBalance{Currency: currency, Amount: balances[currency]})
	}
	rows.begin(`],"totals":`)
	if rows.err != nil {
		return rows.err
	}
	_, err := out.Write(append(encode(totals.list()), '}'))
	return err
}

// bookedBalances adds up the movements of the balance: the totals come from the charges and the rest, so that the two can
// contradict each other.
func bookedBalances(tx *bolt.Tx) map[string]int64 {
	balances := map[string]int64{}
	balanceTransactions.all(tx, func(t *balanceTransaction) bool {
		balances[t.Currency] += t.Net
		return true
	})
	return balances
}

// rowWriter writes comma-separated JSON values and stops at the first failed write.
type rowWriter struct {
	err  error
	more bool
	out  *bufio.Writer
}

func (w *rowWriter) begin(opening string) {
	w.more = false
	if w.err == nil {
		_, w.err = io.WriteString(w.out, opening)
	}
}

func (w *rowWriter) write(row any) bool {
	encoded := encode(row)
	if w.more {
		encoded = append([]byte{','}, encoded...)
	}
	w.more = true
	if w.err == nil {
		_, w.err = w.out.Write(encoded)
	}
	return w.err == nil
}

func bookedCharge(tx *bolt.Tx, c *charge) control.BookedCharge {
	row := control.BookedCharge{
		Amount: c.Amount, AmountCaptured: c.AmountCaptured, AmountRefunded: c.AmountRefunded, Created: time.Unix(c.Created, 0).UTC(),
		Currency: c.Currency, Customer: deref(c.Customer), ID: c.ID, Metadata: c.Metadata, PaymentIntent: deref(c.PaymentIntent),
		PaymentMethod: c.PaymentMethod, Status: c.Status,
	}
	if c.Status == "failed" {
		row.DeclineCode = deref(c.Outcome.Reason)
	}
	if c.BalanceTransaction != nil {
		if t, _ := balanceTransactions.get(tx, *c.BalanceTransaction); t.Currency == c.Currency {
			row.Fee = t.Fee // of an exchanged charge the fee is in the currency of settlement
		}
	}
	return row
}

func bookedRefund(f *refund) control.BookedRefund {
	return control.BookedRefund{
		Amount: f.Amount, Charge: f.Charge, Created: time.Unix(f.Created, 0).UTC(), Currency: f.Currency, ID: f.ID,
		Metadata: f.Metadata, PaymentIntent: deref(f.PaymentIntent), Status: f.Status,
	}
}

func bookedPayout(p *payout) control.BookedPayout {
	return control.BookedPayout{
		Amount: p.Amount, Arrival: time.Unix(p.ArrivalDate, 0).UTC(), Automatic: p.Automatic, Created: time.Unix(p.Created, 0).UTC(), Currency: p.Currency,
		ID: p.ID, Status: p.Status,
	}
}

func bookedDispute(d *dispute) control.BookedDispute {
	row := control.BookedDispute{
		Amount: d.Amount, Charge: d.Charge, Created: time.Unix(d.Created, 0).UTC(), Currency: d.Currency, ID: d.ID,
		PaymentIntent: deref(d.PaymentIntent), Reason: d.Reason, Status: d.Status,
	}
	for _, t := range d.BalanceTransactions {
		switch {
		case t.Currency == d.Currency:
			row.Fee += t.Fee
			row.Withdrawn -= t.Amount
		case t.Amount < 0: // exchanged: the fee is in the currency of settlement
			row.Withdrawn += d.Amount
		default:
			row.Withdrawn -= d.Amount
		}
	}
	return row
}

type bookTotals map[string]*control.BookTotal

func (t bookTotals) of(currency string) *control.BookTotal {
	if t[currency] == nil {
		t[currency] = &control.BookTotal{Currency: currency}
	}
	return t[currency]
}

func (t bookTotals) addCharge(c control.BookedCharge) {
	total := t.of(c.Currency)
	switch c.Status {
	case "failed":
		total.Declined++
		return
	case "pending":
		total.Pending++
		return
	}
	total.Succeeded++
	total.Captured += c.AmountCaptured
	total.Fees += c.Fee
	total.Net += c.AmountCaptured - c.Fee
}

func (t bookTotals) addDispute(d control.BookedDispute) {
	total := t.of(d.Currency)
	total.Disputed += d.Withdrawn
	total.Fees += d.Fee
	total.Net -= d.Withdrawn + d.Fee
}

func (t bookTotals) addPayout(p control.BookedPayout) {
	if p.Status == "pending" || p.Status == payoutPaid {
		t.of(p.Currency).PaidOut += p.Amount
	}
}

func (t bookTotals) addRefund(f control.BookedRefund) {
	if f.Status == "failed" {
		return
	}
	total := t.of(f.Currency)
	total.Refunded += f.Amount
	total.Net -= f.Amount
}

func (t bookTotals) list() []control.BookTotal {
	totals := []control.BookTotal{}
	for _, currency := range slices.Sorted(keys(t)) {
		totals = append(totals, *t[currency])
	}
	return totals
}
