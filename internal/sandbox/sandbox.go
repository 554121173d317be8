// Package sandbox runs local stand-ins for Stripe and SendGrid: servers that speak their wire protocols
// with real state, so that the real client libraries run against them unchanged.
//
// The sandbox shares nothing with our own database or types. Its books hold what it was asked to do, and
// reconciliation compares ours with them.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/perennial-billing/perennial/internal/sandbox/sendgrid"
	"github.com/perennial-billing/perennial/internal/sandbox/stripe"
)

// Fake keys that the servers accept.
const (
	StripeKey   = "sk_test_fake_sandbox"
	SendGridKey = "SG.fake-sandbox"
)

// drainLimit bounds how long Close waits for webhook deliveries; what is left is delivered after the
// next Start on the same folder.
const drainLimit = 2 * time.Second

// Options say where the sandbox keeps its state and listens.
type Options struct {
	DataDir      string // empty: a temporary folder, removed by Close
	SendGridAddr string // host:port; empty: 127.0.0.1 on a free port
	StripeAddr   string // host:port; empty: 127.0.0.1 on a free port
}

// Sandbox is a running pair of servers.
type Sandbox struct {
	closing   sync.Once
	closeErr  error
	mail      *sendgrid.Server
	payments  *stripe.Server
	sendGrid  *site
	stripe    *site
	temporary string
}

// Start opens the state and serves until Close or the end of ctx.
func Start(ctx context.Context, options Options) (*Sandbox, error) {
	s := &Sandbox{}
	if options.DataDir == "" {
		dir, err := os.MkdirTemp("", "perennial-sandbox-")
		if err != nil {
			return nil, fmt.Errorf("make the sandbox's temporary folder: %w", err)
		}
		options.DataDir, s.temporary = dir, dir
	}
	if err := s.open(options); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.stripe.serve(s.payments)
	s.sendGrid.serve(s.mail)
	context.AfterFunc(ctx, func() { _ = s.Close() }) // Close keeps its error for the owner's own call
	return s, nil
}

func (s *Sandbox) open(options Options) (err error) {
	if s.stripe, err = listen(options.StripeAddr); err != nil {
		return fmt.Errorf("start the Stripe sandbox: %w", err)
	}
	if s.sendGrid, err = listen(options.SendGridAddr); err != nil {
		return fmt.Errorf("start the SendGrid sandbox: %w", err)
	}
	s.payments, err = stripe.Open(stripe.Options{Path: filepath.Join(options.DataDir, "stripe.db")})
	if err != nil {
		return err
	}
	s.mail, err = sendgrid.Open(filepath.Join(options.DataDir, "mail.db"))
	return err
}

// StripeURL is the base URL for Stripe clients, without a path.
func (s *Sandbox) StripeURL() string { return s.stripe.url() }

// SendGridURL is the host for SendGrid clients, without a path.
func (s *Sandbox) SendGridURL() string { return s.sendGrid.url() }

// MailboxURL is the page that shows the mail, for a browser.
func (s *Sandbox) MailboxURL() string { return s.sendGrid.url() + "/mailbox" }

// Close delivers waiting webhooks for at most two seconds, stops the servers and releases the state.
// Further calls return the first one's error.
func (s *Sandbox) Close() error {
	s.closing.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

func (s *Sandbox) close() error {
	var errs []error
	if s.payments != nil {
		s.payments.Stop(drainLimit)
	}
	if s.mail != nil {
		s.mail.Stop()
	}
	for _, site := range []*site{s.stripe, s.sendGrid} {
		if site != nil {
			errs = append(errs, site.close())
		}
	}
	if s.payments != nil {
		errs = append(errs, s.payments.Close())
	}
	if s.mail != nil {
		errs = append(errs, s.mail.Close())
	}
	if s.temporary != "" {
		errs = append(errs, os.RemoveAll(s.temporary))
	}
	return errors.Join(errs...)
}

// site is one listening HTTP server.
type site struct {
	listener net.Listener
	server   *http.Server
}

const (
	headerTimeout = 10 * time.Second
	stopTimeout   = 2 * time.Second
)

func listen(addr string) (*site, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return &site{listener: listener}, nil
}

func (s *site) url() string { return "http://" + s.listener.Addr().String() }

func (s *site) serve(handler http.Handler) {
	s.server = &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	go func() { _ = s.server.Serve(s.listener) }() // ends with ErrServerClosed; nothing else can be done about it here
}

// close lets running requests end for a moment, then cuts them off.
func (s *site) close() error {
	if s.server == nil {
		return s.listener.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		return s.server.Close()
	}
	return nil
}
