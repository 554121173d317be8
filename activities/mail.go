package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"sync"
	"time"

	"github.com/sendgrid/rest"

	"github.com/perennial-billing/perennial/internal/store"
)

// Mailer sends the mail that waits in the outbox, through SendGrid. SendGrid does not notice a second copy, so a
// message is sent at most once: one whose fate cannot be known becomes 'uncertain' and is left to a person.
// Several Mailers, in one program or in many, may share an outbox.
type Mailer struct {
	Store *store.Store
	Key   string // SendGrid API key
	Host  string // base URL without a path; empty: SendGrid's own
	From  string // verified sender; without a display name each mail shows its seller's
	// InvoiceURL is the address to which an invoice's page key is added to get its page.
	InvoiceURL string
	// PayURL is the address to which it is added to get the page on which the invoice is paid.
	PayURL string

	Batch     int           // messages claimed and sent at a time; 0: 8
	FirstWait time.Duration // after a first failure that sent nothing, doubling to an hour; 0: 1 s
	HTTP      *rest.Client  // nil, or without a client of its own: one that follows no redirect
	Idle      time.Duration // between looks into an empty outbox; 0: 250 ms
	Log       *slog.Logger  // nil: slog.Default
	Timeout   time.Duration // of one request; 0: 30 s
}

const (
	defaultBatch     = 8
	defaultFirstWait = time.Second
	defaultIdle      = 250 * time.Millisecond
	defaultTimeout   = 30 * time.Second
	longestWait      = time.Hour

	// A claim older than abandonedAfter belongs to a sender that died. A living one is done much sooner: it sends all it
	// has claimed at once, with a time-out.
	abandonedAfter = 5 * time.Minute
	sweepInterval  = time.Minute

	claimTimeout = 10 * time.Second
	outageWait   = 5 * time.Second
)

// Relay sends what is queued until ctx ends; then it finishes what it has claimed and returns nil. It returns an error
// only for a configuration it cannot work with. Outages are logged and waited out.
func (m *Mailer) Relay(ctx context.Context) error {
	if err := m.validate(); err != nil {
		return err
	}
	var swept time.Time
	for ctx.Err() == nil {
		if time.Since(swept) >= sweepInterval {
			m.sweep(ctx)
			swept = time.Now()
		}
		sent, err := m.RunOnce(ctx)
		switch {
		case err != nil:
			m.log().Error("sending mail failed; trying again", "in", outageWait, "error", err)
			pause(ctx, outageWait)
		case sent == 0:
			pause(ctx, orDefault(m.Idle, defaultIdle))
		}
	}
	return nil
}

// RunOnce claims one batch and deals with each of its messages. n is the number of messages claimed, whatever became
// of them. Once claimed, they are dealt with even if ctx ends: nobody else would.
func (m *Mailer) RunOnce(ctx context.Context) (n int, err error) {
	if err := errors.Join(m.validate(), ctx.Err()); err != nil {
		return 0, err
	}
	ctx = context.WithoutCancel(ctx)
	claimed, err := m.claim(ctx)
	if err != nil {
		return 0, err
	}
	var sending sync.WaitGroup
	failures := make([]error, len(claimed))
	for i, queued := range claimed {
		sending.Go(func() { failures[i] = m.deliver(ctx, queued) })
	}
	sending.Wait()
	return len(claimed), errors.Join(failures...)
}

// claim does not end with the program: a claim that is made but not heard of would be lost until it is abandoned.
func (m *Mailer) claim(ctx context.Context) ([]store.Mail, error) {
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	return m.Store.ClaimMail(ctx, orDefault(m.Batch, defaultBatch))
}

// sweep marks what senders that died have left behind.
func (m *Mailer) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	n, err := m.Store.AbandonedMail(ctx, abandonedAfter)
	if err != nil {
		m.log().Error("looking for abandoned mail failed; trying again later", "error", err)
	}
	if n > 0 {
		m.log().Error("MAIL IS UNCERTAIN: its sender stopped before it knew; it is not sent again", "messages", n)
	}
}

// deliver sends one message and records its fate.
func (m *Mailer) deliver(ctx context.Context, queued store.Mail) error {
	end := m.attempt(ctx, queued)
	m.report(queued, end)
	if err := m.record(ctx, queued, end); err != nil {
		m.log().Error("MAIL WILL BE UNCERTAIN: what became of it could not be recorded",
			"message", queued.MessageKey, "fate", end.status, "provider_id", end.providerID, "error", err)
		return err
	}
	return nil
}

func (m *Mailer) attempt(ctx context.Context, queued store.Mail) fate {
	stopped, err := m.Store.MailSuppression(ctx, queued.CustomerID)
	if err == nil {
		return fate{status: mailSuppressed, problem: stopped.Reason + ": " + stopped.Detail, cause: stopped.Reason}
	}
	if !errors.Is(err, store.ErrNotFound) {
		return m.notSent(queued, err)
	}
	letter, err := m.compose(ctx, queued)
	if err != nil {
		return m.notSent(queued, fmt.Errorf("compose: %w", err))
	}
	return m.send(ctx, queued, letter)
}

// validate names the first field that makes sending impossible.
func (m *Mailer) validate() error {
	if m.Store == nil {
		return errors.New("mailer: Store is missing")
	}
	if m.Key == "" {
		return errors.New("mailer: Key is empty: give a SendGrid API key")
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		return fmt.Errorf("mailer: From %q is no mail address: %w", m.From, err)
	}
	for _, field := range []struct{ name, value string }{{"Host", m.Host}, {"InvoiceURL", m.InvoiceURL}, {"PayURL", m.PayURL}} {
		if field.name == "Host" && field.value == "" {
			continue
		}
		if parsed, err := url.Parse(field.value); err != nil || parsed.Host == "" {
			return fmt.Errorf("mailer: %s %q is no address: write it as https://billing.example.com", field.name, field.value)
		}
	}
	return nil
}

func (m *Mailer) log() *slog.Logger {
	if m.Log == nil {
		return slog.Default()
	}
	return m.Log
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// pause waits, but not beyond the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
