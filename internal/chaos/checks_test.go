package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

var (
	began   = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	oneEach = options{subscriptions: 1, periods: 1, seed: 1}
)

func pointer[T any](value T) *T { return &value }

// sound are books of one customer on a test clock who paid for one period, with everything that was promised.
func sound() (*books, []promise) {
	subscription := people(oneEach)[0].subscription()
	end := began.AddDate(0, 2, 0)
	b := &books{
		invoices: []invoiceRow{{ID: "inv", SubscriptionID: subscription, Reason: "cycle", Status: "paid", Currency: "USD", AmountDue: 1000, AmountPaid: 1000}},
		payments: []paymentRow{{ID: "pay", InvoiceID: "inv", Status: "succeeded", Currency: "USD", Charge: pointer("ch"), Amount: 1000, Fee: 59}},
		postings: []postingRow{
			{"payment", "Cash", "USD", 941},
			{"payment", "ProcessingFees", "USD", 59},
			{"payment", "AccountsReceivable", "USD", -1000},
			{"payout", "Cash", "USD", -900},
			{"payout", "Bank", "USD", 900},
		},
		cycles:    []cycleRow{{SubscriptionID: subscription, Start: began, End: end, InvoiceID: pointer("inv")}},
		customers: []string{"c0001"},
		subscriptions: []subscriptionRow{
			{ID: subscription, CustomerID: "c0001", Status: "active", BilledBy: "renewal", Seats: 3, PeriodEnd: &end},
		},
		commands: []commandRow{{subscription, "change"}},
		usage:    []usageRow{{"c0001", "e1", "12"}},
		buckets:  []bucketRow{{"c0001", "12", "12"}},
		open:     map[string]bool{"subscription/" + subscription: true},
		theirs: sandbox.Books{
			Charges: []sandbox.BookedCharge{{
				ID: "ch", Status: "succeeded", Amount: 1000, AmountCaptured: 1000, Currency: "usd", Fee: 59, Metadata: map[string]string{"invoice": "inv"},
			}},
			Totals: []sandbox.BookTotal{{Currency: "usd", Captured: 1000, Fees: 59, Net: 941, PaidOut: 900}},
		},
	}
	return b, []promise{
		{kind: "customer", customer: "c0001"},
		{kind: "subscription", customer: "c0001", subscription: subscription, invoice: "inv", due: 1000},
		{kind: "command", customer: "c0001", subscription: subscription, key: "change", seats: 3},
		{kind: "usage", customer: "c0001", events: []usageEvent{{ID: "e1", Quantity: "12"}}},
	}
}

func faultsOf(b *books, promises []promise, wrong ...string) string {
	var all []string
	for _, c := range b.claims(&house{began: began}, oneEach, promises, wrong) {
		all = append(all, c.Faults...)
	}
	return strings.Join(all, "\n")
}

// A check that cannot fail proves nothing: each falsification is found and named.
func TestChecksNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	b, promises := sound()
	require.Empty(t, faultsOf(b, promises))
	for name, tt := range map[string]struct {
		falsify func(b *books)
		says    string
	}{
		"charged twice": {func(b *books) {
			again := b.theirs.Charges[0]
			again.ID = "ch2"
			b.theirs.Charges = append(b.theirs.Charges, again)
		}, "invoice inv was charged 2 times"},
		"charged too much":         {func(b *books) { b.theirs.Charges[0].AmountCaptured = 1001 }, "invoice inv: 1001 were taken, 1000 are due"},
		"a charge for nothing":     {func(b *books) { b.theirs.Charges[0].Metadata = nil }, "charge ch names no invoice"},
		"a lost payment":           {func(b *books) { b.payments = nil }, "charge ch (succeeded, 1000 usd) for invoice inv is no payment of ours"},
		"a payment in doubt":       {func(b *books) { b.payments[0].Status = "pending" }, "payment pay of invoice inv is still pending"},
		"another amount":           {func(b *books) { b.payments[0].Amount = 999 }, "payment pay is succeeded, 999 USD for inv"},
		"another fee":              {func(b *books) { b.payments[0].Fee = 58 }, "the provider kept 59, we booked 58"},
		"a payment out of nowhere": {func(b *books) { b.theirs.Charges = nil }, "the provider knows no charge ch"},
		"an unmarked invoice":      {func(b *books) { b.invoices[0].Status = "open" }, "invoice inv is open: 1000 due, 1000 paid"},
		"an unbalanced posting":    {func(b *books) { b.postings[2].Amount = -999 }, "payment is off by 1 USD"},
		"money astray":             {func(b *books) { b.postings[0].Amount = 940 }, "Cash is 41 usd at the provider, our ledger says 40"},
		"a payout astray":          {func(b *books) { b.postings[4].Amount = 899 }, "Bank is 900 usd at the provider, our ledger says 899"},
		"a lost customer":          {func(b *books) { b.customers = nil }, "customer c0001 is not there"},
		"a lost subscription":      {func(b *books) { b.subscriptions = nil }, "subscription sub-c0001 is not there"},
		"a lost command":           {func(b *books) { b.commands = nil }, "command change of subscription sub-c0001 is there 0 times"},
		"other terms":              {func(b *books) { b.subscriptions[0].Seats = 2 }, "has 2 seats; the last accepted change was to 3"},
		"another answer":           {func(b *books) { b.invoices[0].AmountDue = 900 }, "invoice inv was answered with 1000 due"},
		"lost usage":               {func(b *books) { b.usage = nil }, "event e1 of c0001: 12 was accepted, \"\" is stored"},
		"usage counted twice":      {func(b *books) { b.buckets[0].Quantity = "24" }, "differ by -12"},
		"usage billed twice":       {func(b *books) { b.buckets[0].Claimed = "24" }, "more was billed (24) than used (12)"},
		"a period left out":        {func(b *books) { b.cycles = nil }, "was billed for 0 periods of 1"},
		"an invoice left out":      {func(b *books) { b.invoices[0].Reason = "change" }, "period 0: 0 invoices, recorded 1"},
		"a subscription behind":    {func(b *books) { b.subscriptions[0].PeriodEnd = &began }, "sub-c0001 is behind"},
		"a debt that is forgotten": {func(b *books) {
			b.invoices[0].Status, b.invoices[0].AmountPaid = "open", 0
		}, "is open with 1000 USD, and nobody collects it"},
		"a workflow that is gone":  {func(b *books) { b.open = nil }, "subscription/sub-c0001 does not run"},
		"a workflow too many":      {func(b *books) { b.open["dunning/inv"] = true }, "dunning/inv runs, and nothing is to be done by it"},
		"a collection without end": {func(b *books) { b.dunning = []dunningRow{{"inv", false}} }, "invoice inv is paid and still being collected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, promises := sound()
			tt.falsify(b)
			require.Contains(t, faultsOf(b, promises), tt.says)
		})
	}
	require.Contains(t, faultsOf(b, promises, "answered 409"), "answered 409")
	b.cycles, b.invoices[0].Reason = nil, "change"
	paused := append(slices.Clone(promises), promise{kind: "command", customer: "c0001", subscription: "sub-c0001", key: "change", resumes: true})
	require.Empty(t, faultsOf(b, paused), "whoever paused for a month may have a period less")
}
