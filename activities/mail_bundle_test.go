package activities_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
)

// mailBundle is an outbox of a database of the test's own, with a seller and a sandbox.
type mailBundle struct {
	*store.Store
	t       *testing.T
	sandbox *sandbox.Sandbox
	log     *lockedBuffer
	url     string
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

var mailDay = time.Date(2027, time.March, 1, 5, 0, 0, 0, time.UTC)

func newMailBundle(t *testing.T, url string) *mailBundle {
	s, err := store.Open(t.Context(), url, 8)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	_, _, err = s.Migrate(t.Context())
	require.NoError(t, err)
	provider, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, provider.Close()) })
	b := &mailBundle{Store: s, t: t, sandbox: provider, log: &lockedBuffer{}, url: url}
	b.addSeller()
	return b
}

func (b *mailBundle) addSeller() {
	ctx := b.t.Context()
	require.NoError(b.t, b.AddEntity(ctx, store.Entity{
		ID: "northwind", Name: "Northwind Software Inc.", Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: "NW",
		Address: "500 Harbor Street\nBoston, MA 02110", Dunning: dunning.DefaultPolicy(),
	}, mailDay))
	require.NoError(b.t, b.AddPlan(ctx, "northwind", catalog.Plan{
		ID: "pro", Version: 1, Name: "Pro", Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Proration: catalog.GrainDay,
		BilledBy: catalog.ByRenewal, Charges: []catalog.Charge{{
			ID: "base", Name: "Subscription", Kind: catalog.Recurring, Per: catalog.PerSubscription, Timing: catalog.Advance, TaxCategory: "saas_b2c",
			Prices: map[money.Currency]catalog.Price{"USD": {Model: catalog.Flat, FlatAmount: decimal.NewFromInt(49)}},
		}},
	}, mailDay))
}

// invoice issues an open invoice of USD 49 to a new customer.
func (b *mailBundle) invoice(id, email string) store.Invoice {
	ctx := b.t.Context()
	require.NoError(b.t, b.AddCustomer(ctx, store.Customer{
		ID: "cus_" + id, EntityID: "northwind", Name: "Ada <b>Moreno</b>", Email: email, Country: "US", Zone: "America/New_York",
		Currency: "USD", Locale: "en-US", CreatedAt: mailDay,
	}))
	state := subscription.New("sub_"+id, "cus_"+id, subscription.Terms{PlanID: "pro", PlanVersion: 1}, catalog.ByRenewal, mailDay, 0)
	state.Anchor = calendar.Date{Year: 2027, Month: time.March, Day: 1}
	require.NoError(b.t, b.AddSubscription(ctx, "northwind", "America/New_York", "USD", state))
	row := store.Invoice{
		ID: "inv_" + id, BusinessKey: "invoice:sub_" + id, EntityID: "northwind", CustomerID: "cus_" + id, SubscriptionID: "sub_" + id,
		Reason: "cycle", Status: "open", Currency: "USD", Subtotal: 4900, Total: 4900, AmountDue: 4900, PeriodStart: mailDay,
		PeriodEnd: time.Date(2027, time.April, 1, 4, 0, 0, 0, time.UTC), Zone: "America/New_York", TZVersion: calendar.TZVersion(), IssuedAt: mailDay,
	}
	line := store.InvoiceLine{
		Position: 1, Kind: "recurring", ChargeID: "base", PlanID: "pro", PlanVersion: 1, Description: "Pro: Subscription",
		Quantity: decimal.NewFromInt(1), Exact: decimal.NewFromInt(49), Amount: 4900, Treatment: "out_of_scope", Jurisdiction: "US",
		TaxReason: "no_regime", PeriodStart: row.PeriodStart, PeriodEnd: row.PeriodEnd, Explanation: json.RawMessage("{}"),
	}
	err := b.Tx(ctx, func(tx store.Tx) (err error) {
		row, err = tx.AddInvoice(ctx, row, []store.InvoiceLine{line})
		return err
	})
	require.NoError(b.t, err)
	return row
}

func (b *mailBundle) queue(invoice store.Invoice, template string, asOf time.Time) {
	require.NoError(b.t, b.Tx(b.t.Context(), func(tx store.Tx) error {
		return tx.QueueMail(b.t.Context(), template, invoice.CustomerID, invoice.ID, asOf)
	}))
}

// queued issues an invoice and queues its mail.
func (b *mailBundle) queued(id string) store.Invoice {
	invoice := b.invoice(id, id+"@example.com")
	b.queue(invoice, "invoice", mailDay)
	return invoice
}

func (b *mailBundle) mailer() *activities.Mailer {
	return &activities.Mailer{
		Store: b.Store, Key: sandbox.SendGridKey, Host: b.sandbox.SendGridURL(), From: "billing@perennial.example",
		InvoiceURL: "https://billing.example.com/invoices/", PayURL: "https://billing.example.com/pay/", FirstWait: time.Millisecond, Idle: 5 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(b.log, nil)),
	}
}

func (b *mailBundle) runOnce(m *activities.Mailer, claimed int) {
	b.t.Helper()
	n, err := m.RunOnce(b.t.Context())
	require.NoError(b.t, err)
	require.Equal(b.t, claimed, n)
}

// report is what became of the only mail about an invoice.
func (b *mailBundle) report(invoice store.Invoice) store.MailReport {
	b.t.Helper()
	reports, err := b.InvoiceMail(b.t.Context(), invoice.ID)
	require.NoError(b.t, err)
	require.Len(b.t, reports, 1)
	return reports[0]
}

func (b *mailBundle) mailbox(to string) []sandbox.Mail {
	b.t.Helper()
	mails, err := sandbox.Mailbox(b.t.Context(), b.sandbox.SendGridURL(), to)
	require.NoError(b.t, err)
	return mails
}

func (b *mailBundle) fault(f sandbox.Fault) {
	b.t.Helper()
	require.NoError(b.t, sandbox.AddFault(b.t.Context(), b.sandbox.SendGridURL(), f))
}
