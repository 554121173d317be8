package wallet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Line is what a charge still costs on an invoice, tax included. Lines of zero or less cannot be paid.
type Line struct {
	ChargeID string
	// Meter is empty for what is not usage.
	Meter string
	// Arose is the last instant that the charge is for: a grant that has expired since still pays for what was used before.
	Arose time.Time
	Open  money.Amount
}

// Payment is what one grant pays of an invoice.
type Payment struct {
	GrantID string       `json:"grant"`
	Basis   Basis        `json:"basis"`
	Amount  money.Amount `json:"amount"`
	// Cost is the part of Amount that the customer had paid for: it becomes revenue. The rest was a present.
	Cost money.Amount `json:"cost"`
}

// Policy says which of two grants is used first that have the same priority and expire together.
type Policy struct {
	// PaidFirst spends what was paid for before presents. By default presents go first, as at Stripe: customers keep what
	// they paid for, and its revenue comes later.
	PaidFirst bool `json:"paid_first,omitzero"`
}

// Spend says which grants pay an invoice issued at an instant, and how much of it each pays: at most the given amount in all,
// at most what is left of a grant that can be spent by then, and at most what the lines cost that the grant is for and that
// arose before it expired. Grants are used by
// priority, then the soonest to expire, then by the policy, then the oldest, then by id; neither the order of the grants nor
// that of the lines matters. A grant for everything begins with the lines that the fewest of the grants after it can pay.
//
// With lines for what was used and is not invoiced yet, the payments tell what of the wallet is spoken for at this moment.
func Spend(p Policy, held []Held, at time.Time, lines []Line, most money.Amount) ([]Payment, error) {
	usable := slices.DeleteFunc(slices.Clone(held), func(h Held) bool { return !h.Left.IsPositive() || at.Before(h.Grant.From) })
	slices.SortFunc(usable, p.compare)
	open := slices.Clone(lines)
	var payments []Payment
	for i, h := range usable {
		if h.Left.Currency != most.Currency {
			return nil, fmt.Errorf("grant %q of %s for an invoice in %s: %w", h.Grant.ID, h.Left, most.Currency, money.ErrCurrencyMismatch)
		}
		amount, err := h.pay(open, usable[i+1:], most)
		if err != nil {
			return nil, fmt.Errorf("grant %q: %w", h.Grant.ID, err)
		}
		if amount.IsZero() {
			continue
		}
		if most, err = most.Sub(amount); err != nil {
			return nil, err
		}
		_, cost, err := h.less(amount)
		if err != nil {
			return nil, fmt.Errorf("grant %q: %w", h.Grant.ID, err)
		}
		payments = append(payments, Payment{GrantID: h.Grant.ID, Basis: h.Grant.Basis, Amount: amount, Cost: cost})
	}
	return payments, nil
}

func (p Policy) compare(a, b Held) int {
	return cmp.Or(
		cmp.Compare(a.Grant.Priority, b.Grant.Priority),
		compareExpiry(a.Grant.ExpiresAt, b.Grant.ExpiresAt),
		p.compareBasis(a.Grant.Basis, b.Grant.Basis),
		a.Grant.From.Compare(b.Grant.From),
		strings.Compare(a.Grant.ID, b.Grant.ID),
	)
}

func (p Policy) compareBasis(a, b Basis) int {
	switch {
	case a == b:
		return 0
	case (a == Paid) == p.PaidFirst:
		return -1
	}
	return 1
}

// compareExpiry puts what never expires last.
func compareExpiry(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// pay lowers the open lines by what the grant pays of them and returns the sum.
func (h Held) pay(open []Line, later []Held, most money.Amount) (money.Amount, error) {
	budget := most
	if h.Left.Cmp(budget) < 0 {
		budget = h.Left
	}
	paid := money.Zero(most.Currency)
	for _, i := range h.payable(open, later) {
		left, err := budget.Sub(paid)
		if err != nil {
			return paid, err
		}
		if !left.IsPositive() {
			break
		}
		share := open[i].Open
		if share.Cmp(left) > 0 {
			share = left
		}
		if open[i].Open, err = open[i].Open.Sub(share); err != nil {
			return paid, err
		}
		if paid, err = paid.Add(share); err != nil {
			return paid, err
		}
	}
	return paid, nil
}

// payable lists the lines that the grant can pay, those first that the fewest later grants can.
func (h Held) payable(open []Line, later []Held) []int {
	var lines []int
	for i, line := range open {
		if line.Open.IsPositive() && h.pays(line) {
			lines = append(lines, i)
		}
	}
	rivals := func(i int) (n int) {
		for _, other := range later {
			if other.pays(open[i]) {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(lines, func(a, b int) int {
		return cmp.Or(cmp.Compare(rivals(a), rivals(b)), open[a].compare(open[b]))
	})
	return lines
}

// compare keeps the order in which lines are listed from mattering.
func (l Line) compare(o Line) int {
	return cmp.Or(
		cmp.Compare(l.ChargeID, o.ChargeID), cmp.Compare(l.Meter, o.Meter), l.Arose.Compare(o.Arose), l.Open.Cmp(o.Open),
	)
}

func (h Held) pays(l Line) bool { return h.Grant.AppliesTo.covers(l) && !h.expired(l.Arose) }

func (p Purpose) covers(l Line) bool {
	if len(p.Charges) == 0 && len(p.Meters) == 0 {
		return true
	}
	return slices.Contains(p.Charges, l.ChargeID) || l.Meter != "" && slices.Contains(p.Meters, l.Meter)
}

// Pay spends the wallet on an invoice, by the rules of Spend, and books it under the invoice's key. Paying the same invoice
// again books nothing and returns what was booked.
func (w Wallet) Pay(p Policy, invoiceKey string, at time.Time, lines []Line, most money.Amount) (Wallet, []Movement, error) {
	if earlier := w.paid(invoiceKey); len(earlier) > 0 {
		return w, earlier, nil
	}
	payments, err := Spend(p, w.Held(), at, lines, most)
	if err != nil {
		return w, nil, err
	}
	return w.Book(invoiceKey, at, payments)
}

// Book books what grants pay of an invoice, under the invoice's key. The same payment of the same invoice is booked once.
func (w Wallet) Book(invoiceKey string, at time.Time, payments []Payment) (Wallet, []Movement, error) {
	next, movements := w, make([]Movement, len(payments))
	for i, payment := range payments {
		movement := Movement{
			Key: SpentKey(invoiceKey, payment.GrantID), GrantID: payment.GrantID, Kind: Spent, Amount: payment.Amount.Neg(), At: at,
		}
		var err error
		if next, movements[i], err = next.take(movement); err != nil {
			return w, nil, err
		}
	}
	return next, movements, nil
}

// SpentKey is the business identity of what a grant pays of an invoice.
func SpentKey(invoiceKey, grantID string) string { return "spend:" + invoiceKey + ":" + grantID }

// paid lists what an invoice was paid with, by grant id.
func (w Wallet) paid(invoiceKey string) []Movement {
	var earlier []Movement
	for _, h := range w.Held() {
		if m, booked := w.booked.find(SpentKey(invoiceKey, h.Grant.ID)); booked {
			earlier = append(earlier, m)
		}
	}
	return earlier
}
