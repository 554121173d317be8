package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) dev() *cobra.Command {
	var addr string
	c := &cobra.Command{
		Use: "dev", Short: "Start everything and stay, keeping the data", Args: cobra.NoArgs,
		Long: `Start Postgres, Temporal with its UI, the sandbox, a worker and the API on fixed ports, and stay until Ctrl-C. Data is
kept in ./.perennial. Other commands started in this folder find the stack by themselves. What the environment names
(DATABASE_URL, TEMPORAL_ADDRESS, STRIPE_API_KEY, SENDGRID_API_KEY) is used instead.`,
		Example: "  go run ./starter dev",
		RunE: p.do(func(ctx context.Context, _ []string) error {
			// The port first: a second stack on the same data would only get in the way of the first.
			listener, err := listen(ctx, addr)
			if err != nil {
				return err
			}
			return p.runDev(ctx, listener)
		}),
	}
	c.Flags().StringVar(&addr, "addr", defaultAddr, "address of the API")
	return c
}

func (p *program) runDev(ctx context.Context, listener net.Listener) (err error) {
	defer func() { _ = listener.Close() }() // closed already if it was served on
	folder, err := filepath.Abs(filepath.Join(p.dir, devFolder))
	if err != nil {
		return fmt.Errorf("find the data folder: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	workerLog, err := openWorkerLog(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, workerLog.Close()) }()
	public := "http://" + listener.Addr().String()
	system, err := stack.Start(ctx, stack.Options{
		Env: p.env, DataDir: folder, FixedPorts: true, UI: true, Progress: p.err, WorkerLog: workerLog, PublicURL: public,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, system.Close()) }()
	remove, err := p.tellWhere(system, filepath.Join(folder, envFile))
	if err != nil {
		return err
	}
	defer remove()
	handler, err := p.apiOn(ctx, system, public, filepath.Join(folder, "webhook.json"))
	if err != nil {
		return err
	}
	p.printLinks(system, public, folder)
	return serveWithWorker(ctx, listener, handler, system)
}

// openWorkerLog appends: a start that fails because another stack runs on the folder must not empty that one's log.
func openWorkerLog(folder string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(folder, "worker.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keep the worker's log: %w", err)
	}
	return file, nil
}

// tellWhere writes down, for the other commands in this folder, where the stack is, until remove is called.
func (p *program) tellWhere(system *stack.Stack, file string) (remove func(), err error) {
	lines := []string{
		"DATABASE_URL=" + system.Config.DatabaseURL, "TEMPORAL_NAMESPACE=" + system.Namespace, "PUBLIC_URL=" + system.Config.PublicURL,
	}
	lines = append(lines, system.LocalTemporal...)
	if system.Config.StripeURL != "" {
		lines = append(lines, "SANDBOX_URL="+system.Config.StripeURL)
	}
	if system.Config.SendGridURL != "" {
		lines = append(lines, "SANDBOX_SENDGRID_URL="+system.Config.SendGridURL)
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("write down where the stack is: %w", err)
	}
	return func() { _ = os.Remove(file) }, nil // left behind, it leads to a clear refusal to connect
}

// apiOn makes the API over a running stack. On the sandbox it registers itself for webhooks.
func (p *program) apiOn(ctx context.Context, system *stack.Stack, public, webhookFile string) (*api.API, error) {
	svc := service.New(system.Store, system.Temporal, system.Namespace, p.now).WithStripe(system.Config.Stripe(), system.Config.StripeLive()).
		WithPages(system.Config.PublicURL)
	options := api.Options{Service: svc, Log: p.log()}
	if err := takeWebhooks(ctx, &options, system.Config, public+webhookPath, webhookFile); err != nil {
		return nil, err
	}
	return api.New(options), nil
}

func (p *program) printLinks(system *stack.Stack, public, folder string) {
	fmt.Fprintln(p.out)
	for _, link := range [][2]string{
		{"API", public + "/docs"}, {"Temporal UI", system.TemporalUI}, {"Mailbox", system.Mailbox}, {"Data", folder},
	} {
		if link[1] != "" {
			fmt.Fprintf(p.out, "%-12s %s\n", link[0], link[1])
		}
	}
	fmt.Fprintln(p.out, "\nReady. Try `go run ./starter entity create --help` in a second terminal; Ctrl-C ends it all and keeps the data.")
}

// serveWithWorker serves until ctx ends, or until the worker does, which it should not.
func serveWithWorker(ctx context.Context, listener net.Listener, handler *api.API, system *stack.Stack) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-system.Worker.Done():
			stop(errors.New("the worker ended: see worker.log in the data folder"))
		case <-ctx.Done():
		}
	}()
	err := api.Serve(ctx, listener, handler)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}
