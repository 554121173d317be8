// Command worker executes Perennial's workflows and activities and sends its mail.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/sendgrid/rest"
	"go.temporal.io/sdk/interceptor"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// databaseSlots is how many activities use the database at a time; the pool has a connection for each.
const databaseSlots = 16

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	env := config.Environment(os.Environ())
	settings, err := config.FromEnv(env)
	if err != nil {
		return err
	}
	for _, neighbour := range settings.Sandboxed() {
		slog.Warn("RUNNING ON THE SANDBOX: no real money or mail moves", "instead_of", neighbour)
	}
	db, err := store.Open(ctx, settings.DatabaseURL, databaseSlots+4)
	if err != nil {
		return err
	}
	defer db.Close()
	temporal, _, err := config.Temporal(env, temporallog.NewStructuredLogger(slog.Default()))
	if err != nil {
		return err
	}
	defer temporal.Close()

	alive := []interceptor.WorkerInterceptor{&activities.Alive{}}
	billing := worker.New(temporal, message.BillingQueue, worker.Options{MaxConcurrentActivityExecutionSize: databaseSlots, Interceptors: alive})
	workflows.Register(billing)
	collection := &activities.Collection{Store: db, Temporal: temporal}
	activities.RegisterBilling(billing, &activities.Billing{Store: db}, collection,
		&activities.Runs{Store: db, Collection: collection}, &activities.Filing{Store: db})
	payments := worker.New(temporal, message.PaymentsQueue, worker.Options{
		MaxConcurrentActivityExecutionSize: databaseSlots, DisableWorkflowWorker: true, Interceptors: alive,
	})
	activities.RegisterPayments(payments, &activities.Payments{Store: db, Stripe: settings.Stripe()})
	for _, w := range []worker.Worker{billing, payments} {
		if err := w.Start(); err != nil {
			return fmt.Errorf("start worker: %w", err)
		}
		defer w.Stop()
	}

	fmt.Println("worker: ready")
	mailer := &activities.Mailer{
		Store: db, Key: settings.SendGridKey, Host: settings.SendGridURL, From: settings.MailFrom,
		InvoiceURL: settings.PublicURL + "/invoices/", HTTP: &rest.Client{},
	}
	if err := mailer.Relay(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
