package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/service"
)

// house is the whole system, each part of it a process of its own that can be killed.
type house struct {
	dir     string
	system  *stack.Stack
	api     *devstack.Program
	apiURL  string
	mail    *postman
	service *service.Service
	began   time.Time // the test clocks' first instant

	closers []func() error
}

// open starts everything on an empty data directory. It must be closed, also after an error.
func open(ctx context.Context, o options) (*house, error) {
	h := &house{}
	return h, h.open(ctx, o)
}

func (h *house) open(ctx context.Context, o options) error {
	var err error
	if h.dir, err = os.MkdirTemp("", "perennial-chaos-"); err != nil {
		return fmt.Errorf("make a data directory: %w", err)
	}
	if err := os.Chmod(h.dir, 0o755); err != nil { //nolint:gosec // Postgres's own user has to pass
		return fmt.Errorf("open the data directory to Postgres: %w", err)
	}
	logs, err := os.OpenFile(filepath.Join(h.dir, "programs.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("keep the programs' logs: %w", err)
	}
	h.onClose(logs.Close)
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	h.apiURL = "http://" + addr
	// The environment is empty: nothing may reach a database or a provider that somebody works with.
	h.system, err = stack.Start(ctx, stack.Options{DataDir: h.dir, Progress: o.progress, WorkerLog: logs, PublicURL: h.apiURL})
	if err != nil {
		return err
	}
	h.onClose(h.system.Close)
	h.service = service.New(h.system.Store, h.system.Temporal, h.system.Namespace, time.Now)
	if err := h.stock(ctx); err != nil {
		return err
	}
	return h.serve(ctx, o, addr, logs)
}

// serve starts the API with the postman between it and the provider.
func (h *house) serve(ctx context.Context, o options, addr string, logs io.Writer) error {
	var err error
	if h.mail, err = newPostman(ctx, h.apiURL+webhookPath, random(o.seed, "webhooks")); err != nil {
		return err
	}
	h.onClose(h.mail.close)
	secret, err := api.RegisterWebhook(ctx, h.system.Config.Stripe(), h.mail.url(), "")
	if err != nil {
		return err
	}
	env := h.system.Environment().With("STRIPE_WEBHOOK_SECRET", secret)
	if h.api, err = devstack.StartAPI(ctx, env, addr, logs); err != nil {
		return err
	}
	h.onClose(h.api.Stop)
	return nil
}

func (h *house) onClose(f func() error) { h.closers = append(h.closers, f) }

func (h *house) close() error {
	var errs []error
	for _, closer := range slices.Backward(h.closers) {
		errs = append(errs, closer())
	}
	h.closers = nil
	return errors.Join(errs...)
}

// stock records the sellers with their plans, and the clocks: they begin with a month that is still to come.
func (h *house) stock(ctx context.Context) error {
	now := time.Now().UTC()
	h.began = time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	if h.began.Sub(now) < 48*time.Hour {
		h.began = h.began.AddDate(0, 1, 0)
	}
	db := h.system.Store
	for _, m := range markets {
		entity := store.Entity{
			ID: m.id, Name: "Seller " + m.id, Country: m.country, Zone: m.zone, BookCurrency: money.Currency(m.currency),
			InvoicePrefix: strings.ToUpper(m.id), Address: "1 Example Street", Dunning: dunning.DefaultPolicy(),
		}
		if err := db.AddEntity(ctx, entity, now.AddDate(-1, 0, 0)); err != nil {
			return err
		}
		plans, err := catalog.Parse(strings.NewReader(m.catalogue()))
		if err != nil {
			return fmt.Errorf("plans of %s: %w", m.id, err)
		}
		for _, plan := range plans {
			if err := db.AddPlan(ctx, m.id, plan, now.AddDate(-1, 0, 0)); err != nil {
				return err
			}
		}
		if m.clock {
			if err := db.AddClock(ctx, store.Clock{ID: m.id, Now: h.began}); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastCall is how long after the last month its invoice run is done.
const lastCall = 14 * time.Hour

// end is the instant to which the clocks are moved.
func (h *house) end(o options) time.Time { return h.began.AddDate(0, o.periods, 0).Add(lastCall) }

// freeAddress is one on which nobody listens now; nothing reserves it.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("look for a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
