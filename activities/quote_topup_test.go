package activities_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/workflows/message"
)

// TestCreditIsSoldAsQuoted plays random time lines in which credit is sold on invoices, paid sooner or later, given back, and
// bought by itself, both as a quote and on Postgres, and requires the same invoices, grants and movements.
func TestCreditIsSoldAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	bought := map[string]int{}
	for seed := range uint64(40) {
		line := randomTimeline(7000+seed, "seats", "roomy", "metered", "metered")
		line.addSales(seed)
		quoted, happened := line.both(b, nil)
		require.Equal(t, quotedGrants(quoted), happened.grantsLeft(line.customer), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedSales(quoted), happened.sales(line.customer), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, withoutSales(quotedDocuments(quoted)), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d: %s", seed, line.scenario(t))
		for _, invoice := range quoted.Invoices {
			if invoice.Reason == "prepaid" {
				bought[kindOfSale(invoice.Lines[0].Charge)]++
			}
		}
		for _, g := range quoted.Grants {
			for _, m := range g.Movements {
				bought[string(m.Kind)]++
			}
		}
	}
	for _, kind := range []string{"sold", "low", "scheduled", "returned", "spent", "broken"} {
		require.GreaterOrEqual(t, bought[kind], 10, "%s of %v", kind, bought)
	}
}

func kindOfSale(grant string) string {
	for _, kind := range []string{"low", "scheduled"} {
		if strings.HasPrefix(grant, "top-up:EUR:"+kind) {
			return kind
		}
	}
	return "sold"
}

// addSales has the customer buy credit, pay for it or not, give some back, and agree on a top-up.
func (l *timeline) addSales(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 40))
	day := func(n int) time.Time {
		return l.entries[0].at.AddDate(0, 0, n).Add(time.Duration(rng.IntN(24*3600)) * time.Second)
	}
	var more []event
	for n := range 3 {
		in := gift(l.customer, fmt.Sprintf("pack_%d", n), int64(500+rng.IntN(20_000)))
		in.At = day(rng.IntN(90))
		in.Payment, in.Cost, in.AtOnce = message.PaidByInvoice, eur(in.Amount.Minor-rng.Int64N(400)), rng.IntN(3) == 0
		if rng.IntN(2) == 0 {
			in.ValidFor = &calendar.Interval{Unit: calendar.Day, Count: 1 + rng.IntN(90)}
		}
		more = append(more, event{at: in.At, action: "grant", grant: in})
		if rng.IntN(4) > 0 {
			more = append(more, event{at: in.At.Add(time.Duration(rng.IntN(20*24)) * time.Hour), action: "grant_paid", grant: in})
		}
		if rng.IntN(3) == 0 {
			more = append(more, event{at: in.At.AddDate(0, 0, 1+rng.IntN(60)), action: "return_grant", grant: in})
		}
	}
	top := &message.TopUp{Priority: 30 + 10*rng.IntN(4)}
	if seed%2 == 0 {
		top.Below = amountOf(rng.Int64N(3000))
	}
	if seed%2 == 1 || rng.IntN(3) == 0 {
		at := day(10)
		top.Every, top.Anchor = &calendar.Interval{Unit: calendar.Week, Count: 1 + rng.IntN(5)}, calendar.Date{Year: at.Year(), Month: at.Month(), Day: at.Day()}
	}
	if rng.IntN(2) == 0 {
		top.Amount = amountOf(3000 + rng.Int64N(3000))
	} else {
		top.UpTo = amountOf(3500 + rng.Int64N(3000))
	}
	if rng.IntN(2) == 0 {
		top.MostPerMonth = amountOf(5000 + rng.Int64N(5000))
	}
	if rng.IntN(2) == 0 {
		top.ValidFor = &calendar.Interval{Unit: calendar.Month, Count: 1 + rng.IntN(2)}
	}
	agreed := day(12)
	more = append(more, event{at: agreed, action: "top_up", topUp: top})
	for n := range 6 {
		for _, kind := range []string{"low", "scheduled"} {
			id := fmt.Sprintf("top-up:EUR:%s:%d", kind, n+1)
			if kind == "scheduled" && top.Every != nil {
				on := top.Every.Nth(top.Anchor, n+1)
				id = "top-up:EUR:scheduled:" + on.String()
			}
			more = append(more, event{at: agreed.AddDate(0, 0, 7*n+rng.IntN(30)), action: "grant_paid", grant: message.GrantCredit{GrantID: id}})
		}
	}
	if rng.IntN(2) == 0 {
		more = append(more, event{at: agreed.AddDate(0, 0, 60), action: "top_up"})
	}
	l.entries = append(l.entries, more...)
	slices.SortStableFunc(l.entries, func(a, b event) int { return a.at.Compare(b.at) })
	if last := l.entries[len(l.entries)-1].at; last.After(l.until) {
		l.until = last
	}
}

func (e event) topUpEntry(customer string) map[string]any {
	fields := map[string]any{"customer": customer}
	if e.topUp == nil {
		fields["off"] = true
		return fields
	}
	for field, amount := range map[string]*money.Amount{
		"below": e.topUp.Below, "amount": e.topUp.Amount, "up_to": e.topUp.UpTo, "most_per_month": e.topUp.MostPerMonth,
	} {
		if amount != nil {
			fields[field] = amount.Decimal()
		}
	}
	if e.topUp.Every != nil {
		fields["every"], fields["anchor"] = e.topUp.Every, e.topUp.Anchor
	}
	if e.topUp.ValidFor != nil {
		fields["valid_for"] = e.topUp.ValidFor
	}
	fields["priority"] = e.topUp.Priority
	return fields
}

// lookedAt is a wallet that is bought up by itself. It is looked at whenever a quote looks at it.
type lookedAt struct {
	customer string
	zone     calendar.Zone
	topUp    *message.TopUp
	last     time.Time
	// usageEnds is when the quarter of an hour is over in which something was used last.
	usageEnds time.Time
}

// credit carries out an entry about credit that is sold.
func (h *history) credit(customer string, i int, e event) {
	h.t.Helper()
	refused := func(code string) { h.refused = append(h.refused, fmt.Sprintf("timeline[%d] %s", i, code)) }
	switch e.action {
	case "grant_paid":
		g, sold := h.grants(customer)[e.grant.GrantID]
		if !sold {
			refused("invoice_unknown")
			return
		}
		invoice, err := h.Invoice(h.ctx, g.InvoiceID)
		require.NoError(h.t, err)
		if !invoice.Owed().IsPositive() {
			refused("nothing_owed")
			return
		}
		h.pay(invoice.PayerID, "pm_card_visa", e.at)
		require.Equal(h.t, message.Paid, h.chargeAt(g.InvoiceID, 1, e.at).Status)
	case "return_grant":
		_, err := h.billing.ReturnCredit(h.ctx, message.ReturnCredit{CustomerID: customer, GrantID: e.grant.GrantID, Currency: "EUR", At: e.at})
		if refusal, is := errors.AsType[*temporal.ApplicationError](err); is {
			refused(refusal.Type())
			return
		}
		require.NoError(h.t, err)
	case "top_up":
		_, err := h.billing.SetTopUp(h.ctx, message.SetTopUp{CustomerID: customer, Currency: "EUR", At: e.at, TopUp: e.topUp})
		require.NoError(h.t, err)
		owner, err := h.Customer(h.ctx, customer)
		require.NoError(h.t, err)
		zone, err := calendar.LoadZone(owner.Zone)
		require.NoError(h.t, err)
		h.wallet = &lookedAt{customer: customer, zone: zone, topUp: e.topUp}
	}
}

// look looks at the wallet after an entry of the time line.
func (h *history) look(customer string, e event) {
	h.t.Helper()
	if h.wallet == nil || h.wallet.topUp == nil {
		return
	}
	if owner, err := h.Customer(h.ctx, customer); e.action == "usage" && owner.InvoicedTo != "parent" {
		require.NoError(h.t, err)
		h.wallet.usageEnds = e.at.Truncate(15 * time.Minute).Add(15 * time.Minute)
	}
	h.tend(e.at)
}

func (h *history) tend(at time.Time) {
	h.t.Helper()
	if h.wallet == nil || h.wallet.topUp == nil {
		return
	}
	h.wallet.last = at
	h.buys(h.wallet.customer, at)
}

// nextLook is when the wallet is looked at next, until an instant.
func (h *history) nextLook(until time.Time) (next time.Time, looks bool) {
	h.t.Helper()
	if h.wallet == nil || h.wallet.topUp == nil {
		return next, false
	}
	at := []time.Time{h.wallet.usageEnds}
	for _, g := range h.grants(h.wallet.customer) {
		if g.Left.IsPositive() && !g.Waiting {
			at = append(at, g.Grant.ExpiresAt)
		}
	}
	if top := h.wallet.topUp; top.Every != nil {
		row, err := h.PrepaidWallet(h.ctx, h.wallet.customer, "EUR")
		require.NoError(h.t, err)
		at = append(at, calendar.Boundary(top.Anchor, *top.Every, h.wallet.zone, row.Scheduled+1))
	}
	for _, candidate := range at {
		if candidate.After(h.wallet.last) && !candidate.After(until) && (!looks || candidate.Before(next)) {
			next, looks = candidate, true
		}
	}
	return next, looks
}

// quotedSales are the invoices that sell credit, in the order of their keys: when, for how much, and what is owed.
func quotedSales(quoted quote.Result) []string {
	sales := []string{}
	for _, i := range quoted.Invoices {
		if i.Reason == "prepaid" {
			sales = append(sales, fmt.Sprintf("%s at %s: %d, tax %d, owed %d", i.ID, i.IssuedAt.Clock().UTC().Format(time.RFC3339), i.Total.Minor, i.Tax.Minor, i.Owed.Minor))
		}
	}
	slices.Sort(sales)
	return sales
}

func (h *history) sales(customer string) []string {
	sales := []string{}
	for _, g := range h.grants(customer) {
		if g.InvoiceID == "" {
			continue
		}
		i, err := h.Invoice(h.ctx, g.InvoiceID)
		require.NoError(h.t, err)
		sales = append(sales, fmt.Sprintf("%s at %s: %d, tax %d, owed %d", i.BusinessKey, i.IssuedAt.UTC().Format(time.RFC3339), i.Total, i.Tax, i.Owed().Minor))
	}
	slices.Sort(sales)
	return sales
}

func withoutSales(all []document) []document {
	return slices.DeleteFunc(all, func(d document) bool { return len(d.Lines) == 1 && d.Lines[0].Kind == "prepaid_credit" })
}
