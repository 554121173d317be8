package activities_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/sandbox"
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
	require.NotEmpty(t, invoice.PageKey)
	require.Contains(t, sent.HTML, `href="https://billing.example.com/invoices/`+invoice.PageKey+`"`)
	require.Contains(t, sent.HTML, "Ada &lt;b&gt;Moreno&lt;/b&gt;")
	require.Contains(t, sent.Text, "https://billing.example.com/invoices/"+invoice.PageKey)

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
		"PayURL":     func(m *activities.Mailer) { m.PayURL = "pay" },
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
