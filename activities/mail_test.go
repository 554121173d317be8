package activities_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
)

// TestMailer runs the relay against a real Postgres and the SendGrid sandbox.
func TestMailer(t *testing.T) {
	t.Parallel()
	postgres, err := devstack.StartPostgres(t.Context(), devstack.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop()) })
	for name, test := range map[string]func(*testing.T, *mailBundle){
		"sent_once":         mailSentOnce,
		"templates":         mailTemplates,
		"shared_outbox":     mailSharedOutbox,
		"rate_limited":      mailRateLimited,
		"lost_answers":      mailLostAnswers,
		"refused_address":   mailRefusedAddress,
		"wrong_key":         mailWrongKey,
		"provider_down":     mailProviderDown,
		"finishes_on_stop":  mailFinishesOnStop,
		"abandoned":         mailAbandoned,
		"unknown_template":  mailUnknownTemplate,
		"bad_configuration": mailBadConfiguration,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, err := postgres.CreateDatabase(t.Context(), name)
			require.NoError(t, err)
			test(t, newMailBundle(t, url))
		})
	}
}

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
		InvoiceURL: "https://billing.example.com/invoices/", FirstWait: time.Millisecond, Idle: 5 * time.Millisecond,
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

func mailSentOnce(t *testing.T, b *mailBundle) {
	invoice := b.queued("ada")
	b.queue(invoice, "invoice", mailDay) // a repeated activity queues nothing more
	b.runOnce(b.mailer(), 1)
	b.runOnce(b.mailer(), 0)

	mails := b.mailbox("ada@example.com")
	require.Len(t, mails, 1)
	sent := mails[0]
	require.Equal(t, "Invoice NW-000001 from Northwind Software Inc.: USD\u00a0$49.00", sent.Subject)
	require.Equal(t, "Northwind Software Inc. <billing@perennial.example>", sent.From)
	require.Equal(t, []string{"invoice"}, sent.Categories)
	require.Equal(t, map[string]string{"message_key": "mail:inv_ada:invoice"}, sent.CustomArgs)
	require.True(t, mailDay.Equal(sent.SentAt), "the sandbox dates it with the header %s: %s", activities.AsOfHeader, sent.SentAt)
	require.Contains(t, sent.HTML, `href="https://billing.example.com/invoices/inv_ada"`)
	require.Contains(t, sent.HTML, "Ada &lt;b&gt;Moreno&lt;/b&gt;")
	require.Contains(t, sent.Text, "https://billing.example.com/invoices/inv_ada")

	report := b.report(invoice)
	require.Equal(t, "sent", report.Status)
	require.Equal(t, sent.MessageID, report.ProviderID)
	require.Empty(t, b.log.String(), "a good day is silent")
}

func mailSharedOutbox(t *testing.T, b *mailBundle) {
	const invoices, templates = 30, 3
	for i := range invoices {
		invoice := b.queued(fmt.Sprintf("c%d", i))
		b.queue(invoice, "receipt", mailDay)
		b.queue(invoice, "payment_failed", mailDay)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var relays errgroup.Group
	for range 3 {
		relays.Go(func() error { return b.mailer().Relay(ctx) })
	}
	require.Eventually(t, func() bool { return len(b.mailbox("")) >= invoices*templates }, 20*time.Second, 10*time.Millisecond)
	stop()
	require.NoError(t, relays.Wait())

	seen := map[string]int{}
	for _, mail := range b.mailbox("") {
		seen[mail.CustomArgs["message_key"]]++
	}
	require.Len(t, seen, invoices*templates)
	for key, copies := range seen {
		require.Equal(t, 1, copies, key)
	}
}

func mailRateLimited(t *testing.T, b *mailBundle) {
	invoice, mailer := b.queued("ada"), b.mailer()
	b.fault(sandbox.Fault{Kind: sandbox.TooManyRequests, Count: 2})
	b.runOnce(mailer, 1)
	report := b.report(invoice)
	require.Equal(t, "pending", report.Status)
	require.Contains(t, report.Error, "429")
	require.Contains(t, b.log.String(), "mail is delayed")
	require.Eventually(t, func() bool {
		_, err := mailer.RunOnce(t.Context())
		return err == nil && b.report(invoice).Status == "sent"
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, 3, b.report(invoice).Tries)
	require.Len(t, b.mailbox("ada@example.com"), 1)
}

// mailLostAnswers: whenever the answer does not come, the message may have left, and no second copy ever does.
func mailLostAnswers(t *testing.T, b *mailBundle) {
	for _, test := range []struct {
		kind   sandbox.FaultKind
		copies int
	}{
		{sandbox.TimeoutAfterCommit, 1}, {sandbox.DropAfterCommit, 1}, {sandbox.DropBefore, 0}, {sandbox.ServerError, 0}, {sandbox.HTML502, 0},
	} {
		id := string(test.kind)
		invoice, mailer := b.queued(id), b.mailer()
		mailer.Timeout = 500 * time.Millisecond
		b.fault(sandbox.Fault{Kind: test.kind})
		b.runOnce(mailer, 1)
		b.runOnce(mailer, 0)
		report := b.report(invoice)
		require.Equal(t, "uncertain", report.Status, id)
		require.NotEmpty(t, report.Error, id)
		require.Len(t, b.mailbox(id+"@example.com"), test.copies, id)
		require.Contains(t, b.log.String(), "mail:inv_"+id+":invoice")
	}
	require.Contains(t, b.log.String(), "MAIL IS UNCERTAIN")
	require.NotContains(t, b.log.String(), "@example.com", "logs name messages, not people")
}

func mailRefusedAddress(t *testing.T, b *mailBundle) {
	invoice := b.invoice("ada", "not an address")
	b.queue(invoice, "invoice", mailDay)
	b.queued("bob")
	b.runOnce(b.mailer(), 2)
	b.runOnce(b.mailer(), 0)
	report := b.report(invoice)
	require.Equal(t, "refused", report.Status)
	require.Equal(t, "SendGrid answered 400: personalizations.0.to.0.email: Does not contain a valid address.", report.Error)
	require.Len(t, b.mailbox("bob@example.com"), 1, "one bad address holds up nobody else")
}

func mailWrongKey(t *testing.T, b *mailBundle) {
	invoice, mailer := b.queued("ada"), b.mailer()
	mailer.Key = "wrong"
	b.runOnce(mailer, 1)
	require.Equal(t, "pending", b.report(invoice).Status)
	require.Contains(t, b.log.String(), "check the key and the sender")
	require.Eventually(t, func() bool {
		n, err := b.mailer().RunOnce(t.Context())
		return err == nil && n == 1
	}, 10*time.Second, 5*time.Millisecond)
	require.Len(t, b.mailbox("ada@example.com"), 1)
}

func mailProviderDown(t *testing.T, b *mailBundle) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	invoice, mailer := b.queued("ada"), b.mailer()
	mailer.Host = "http://" + listener.Addr().String()
	b.runOnce(mailer, 1)
	report := b.report(invoice)
	require.Equal(t, "pending", report.Status)
	require.Contains(t, report.Error, "refused")
	require.Eventually(t, func() bool {
		n, err := b.mailer().RunOnce(t.Context())
		return err == nil && n == 1
	}, 10*time.Second, 5*time.Millisecond)
	require.Len(t, b.mailbox("ada@example.com"), 1)
}

func mailFinishesOnStop(t *testing.T, b *mailBundle) {
	invoice := b.queued("ada")
	arrived, answer := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-answer
		w.Header().Set("X-Message-Id", "late")
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	mailer := b.mailer()
	mailer.Host = server.URL
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var relay errgroup.Group
	relay.Go(func() error { return mailer.Relay(ctx) })
	<-arrived
	stop()
	require.Equal(t, "sending", b.report(invoice).Status)
	close(answer)
	require.NoError(t, relay.Wait())
	require.Equal(t, "sent", b.report(invoice).Status)
	require.Equal(t, "late", b.report(invoice).ProviderID)
}

func mailUnknownTemplate(t *testing.T, b *mailBundle) {
	invoice := b.invoice("ada", "ada@example.com")
	b.queue(invoice, "greeting", mailDay)
	b.runOnce(b.mailer(), 1)
	report := b.report(invoice)
	require.Equal(t, "pending", report.Status, "a newer program may know it")
	require.Contains(t, report.Error, `template "greeting" is unknown`)
	require.Empty(t, b.mailbox(""))
}

func mailBadConfiguration(t *testing.T, b *mailBundle) {
	for want, spoil := range map[string]func(*activities.Mailer){
		"Store":      func(m *activities.Mailer) { m.Store = nil },
		"Key":        func(m *activities.Mailer) { m.Key = "" },
		"From":       func(m *activities.Mailer) { m.From = "billing" },
		"Host":       func(m *activities.Mailer) { m.Host = "api.sendgrid.com" },
		"InvoiceURL": func(m *activities.Mailer) { m.InvoiceURL = "" },
	} {
		mailer := b.mailer()
		spoil(mailer)
		require.ErrorContains(t, mailer.Relay(t.Context()), "mailer: "+want)
	}
}

// mailAbandoned: what a sender claimed before it died is never sent by another, because it may have left.
func mailAbandoned(t *testing.T, b *mailBundle) {
	invoice := b.queued("ada")
	claimed, err := b.ClaimMail(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	b.runOnce(b.mailer(), 0)
	n, err := b.AbandonedMail(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Zero(t, n, "a young claim may still be at work")

	conn, err := pgx.Connect(t.Context(), b.url)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	_, err = conn.Exec(t.Context(), "UPDATE outbox SET claimed_at = now() - interval '6 minutes'")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var relay errgroup.Group
	relay.Go(func() error { return b.mailer().Relay(ctx) })
	require.Eventually(t, func() bool { return b.report(invoice).Status == "uncertain" }, 10*time.Second, 5*time.Millisecond)
	stop()
	require.NoError(t, relay.Wait())
	require.Empty(t, b.mailbox(""))
	require.Contains(t, b.log.String(), "MAIL IS UNCERTAIN")
}
