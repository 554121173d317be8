package stripe

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// reportData is what a report is made from: every movement on the balance, and what was asked of them.
type reportData struct {
	movements  []movement
	parameters reportParameters
	zone       *time.Location
}

// movement is a balance transaction with all that is known around it.
type movement struct {
	at       int64 // when it changes the balance, in reports: automatic payouts do when they arrive
	charge   *charge
	customer *customer
	dispute  *dispute
	intent   *paymentIntent
	partOf   *payout // the automatic payout that took it
	payout   *payout // that it is itself
	refund   *refund
	t        *balanceTransaction
	zone     *time.Location
}

func (r *call) reportData(p reportParameters) *reportData {
	zone, err := time.LoadLocation(p.Timezone)
	if err != nil {
		zone = time.UTC // cannot be: it was loaded when the run was created
	}
	d := &reportData{parameters: p, zone: zone}
	balanceTransactions.all(r.tx, func(t *balanceTransaction) bool {
		if (p.Currency == "" || t.Currency == p.Currency) && (p.ReportingCategory == "" || t.ReportingCategory == p.ReportingCategory) {
			d.movements = append(d.movements, r.movement(t, zone))
		}
		return true
	})
	slices.SortStableFunc(d.movements, func(a, b movement) int { return int(a.at - b.at) })
	return d
}

func (r *call) movement(t *balanceTransaction, zone *time.Location) movement {
	m := movement{at: t.Created, t: t, zone: zone}
	source := deref(t.Source)
	m.charge, _ = charges.get(r.tx, source)
	m.refund, _ = refunds.get(r.tx, source)
	m.dispute, _ = disputes.get(r.tx, source)
	m.payout, _ = payouts.get(r.tx, source)
	m.partOf, _ = payouts.get(r.tx, string(bucketOf(r.tx, payoutPartsBucket).get([]byte(t.ID))))
	switch {
	case m.refund != nil:
		m.charge, _ = charges.get(r.tx, m.refund.Charge)
	case m.dispute != nil:
		m.charge, _ = charges.get(r.tx, m.dispute.Charge)
	case m.payout != nil && m.payout.Automatic && t.ReportingCategory == "payout":
		m.at = m.payout.ArrivalDate
	}
	if m.charge != nil {
		m.customer, _ = customers.get(r.tx, deref(m.charge.Customer))
		m.intent, _ = paymentIntents.get(r.tx, deref(m.charge.PaymentIntent))
	}
	return m
}

func (m movement) isPayout() bool { return strings.HasPrefix(m.t.ReportingCategory, "payout") }

func (d *reportData) within(m movement) bool {
	return m.at >= d.parameters.IntervalStart && m.at < d.parameters.IntervalEnd
}

func (d *reportData) items(keep func(movement) bool) (rows []reportRow) {
	for _, m := range d.movements {
		if keep(m) {
			rows = append(rows, m.cell)
		}
	}
	return rows
}

func activityItems(d *reportData) []reportRow {
	return d.items(func(m movement) bool { return d.within(m) && !m.isPayout() })
}

func payoutItems(d *reportData) []reportRow {
	return d.items(func(m movement) bool { return d.within(m) && m.isPayout() })
}

// payoutParts are what the automatic payouts that arrived in the interval consisted of.
func payoutParts(d *reportData) []reportRow {
	return d.items(func(m movement) bool {
		p := m.partOf
		return p != nil && deref(m.t.Source) != p.ID && p.ArrivalDate >= d.parameters.IntervalStart && p.ArrivalDate < d.parameters.IntervalEnd
	})
}

// endingBalanceItems are what the balance at the end consisted of: all that no automatic payout had taken by then.
func endingBalanceItems(d *reportData) []reportRow {
	return d.items(func(m movement) bool {
		return m.at < d.parameters.IntervalEnd && (m.partOf == nil || m.partOf.ArrivalDate >= d.parameters.IntervalEnd)
	})
}

func activitySummary(d *reportData) []reportRow {
	return d.summary(func(m movement) bool { return !m.isPayout() })
}

func payoutSummary(d *reportData) []reportRow { return d.summary(movement.isPayout) }

// summary adds up by reporting category and currency.
func (d *reportData) summary(keep func(movement) bool) (rows []reportRow) {
	type sum struct{ count, fee, gross, net int64 }
	sums := map[[2]string]sum{}
	for _, m := range d.movements {
		if d.within(m) && keep(m) {
			key := [2]string{m.t.ReportingCategory, m.t.Currency}
			s := sums[key]
			sums[key] = sum{count: s.count + 1, fee: s.fee + m.t.Fee, gross: s.gross + m.t.Amount, net: s.net + m.t.Net}
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(sums), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		s, currency := sums[key], key[1]
		rows = append(rows, row(map[string]string{
			"count": strconv.FormatInt(s.count, 10), "currency": currency, "fee": majorUnits(s.fee, currency), "gross": majorUnits(s.gross, currency),
			"net": majorUnits(s.net, currency), "reporting_category": key[0],
		}))
	}
	return rows
}

func row(cells map[string]string) reportRow {
	return func(column string) string { return cells[column] }
}

// balanceSummary is like a bank statement: what there was, what came, what was paid out, what is left.
func balanceSummary(d *reportData) (rows []reportRow) {
	type sum struct{ activity, payouts, starting int64 }
	sums := map[string]sum{}
	for _, m := range d.movements {
		s := sums[m.t.Currency]
		switch {
		case m.at < d.parameters.IntervalStart:
			s.starting += m.t.Net
		case m.at >= d.parameters.IntervalEnd:
		case m.isPayout():
			s.payouts += m.t.Net
		default:
			s.activity += m.t.Net
		}
		sums[m.t.Currency] = s
	}
	day := func(at int64) string { return time.Unix(at, 0).In(d.zone).Format(time.DateOnly) }
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		s := sums[currency]
		for _, line := range []struct {
			category, description string
			amount                int64
		}{
			{"starting_balance", "Starting balance (" + day(d.parameters.IntervalStart) + ")", s.starting},
			{"activity", "Activity", s.activity},
			{"payouts", "Total payouts", s.payouts},
			{"ending_balance", "Ending balance (" + day(d.parameters.IntervalEnd) + ")", s.starting + s.activity + s.payouts},
		} {
			rows = append(rows, row(map[string]string{
				"category": line.category, "currency": currency, "description": line.description, "net_amount": majorUnits(line.amount, currency),
			}))
		}
	}
	return rows
}

// majorUnits writes an amount as reports do: 10.00 for a thousand cents.
func majorUnits(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	number, _, _ := strings.Cut(display(amount, currency), " ")
	return fmt.Sprint(sign, number)
}
