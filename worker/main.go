// Command worker executes Perennial's workflows and activities and sends its mail. It is configured by the environment;
// see docs/production.md.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"go.temporal.io/sdk/log"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/worker/host"
)

// poolSize leaves connections for the mail beside those of the activities.
const poolSize = host.DatabaseSlots + 4

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
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
	db, err := store.Open(ctx, settings.DatabaseURL, poolSize)
	if err != nil {
		return err
	}
	defer db.Close()
	temporal, _, err := config.Temporal(env, log.NewStructuredLogger(slog.Default()))
	if err != nil {
		return err
	}
	defer temporal.Close()
	if err := schedule(ctx, temporal); err != nil {
		return err
	}
	running, err := host.Start(temporal, db, settings.Stripe())
	if err != nil {
		return err
	}
	defer running.Stop()
	fmt.Println("worker: ready") // whoever started it may be waiting for this line
	mailer := &activities.Mailer{
		Store: db, Key: settings.SendGridKey, Host: settings.SendGridURL, From: settings.MailFrom, InvoiceURL: settings.PublicURL + "/invoices/",
		PayURL: settings.PublicURL + "/pay/",
	}
	return mailer.Relay(ctx)
}
