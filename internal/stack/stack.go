// Package stack starts a whole Perennial on one machine: Postgres, a development Temporal server, the sandbox and a
// worker, each only if the environment does not name one to use instead.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Options say how to start.
type Options struct {
	// Env is the environment, as os.Environ returns it.
	Env config.Environment
	// DataDir keeps everything for the next start; empty: everything is thrown away at the end.
	DataDir string
	// Fixed ports, for a stack that people return to; false: free ones.
	FixedPorts bool
	// UI starts Temporal's web UI.
	UI bool
	// Progress is told what is being started; WorkerLog receives the worker's log.
	Progress  io.Writer
	WorkerLog io.Writer
	// PublicURL is where customers reach our pages; empty: the default.
	PublicURL string
	// NoWorker leaves the worker to the caller.
	NoWorker bool
}

// Stack is a running system.
type Stack struct {
	Config    config.Config
	Store     *store.Store
	Temporal  client.Client
	Namespace string
	// TemporalUI and Mailbox are addresses for people; empty when not ours.
	TemporalUI string
	Mailbox    string
	// LocalTemporal leads other programs to the Temporal server; nil when it is not ours.
	LocalTemporal config.Environment
	// Worker, Postgres and TemporalServer are the processes that were started, to be killed and started again by tests;
	// nil when they are somebody else's.
	Worker         *devstack.Program
	Postgres       *devstack.Postgres
	TemporalServer *devstack.Temporal

	options Options
	env     config.Environment
	closers []func() error
}

// Start starts what is missing, migrates the database and starts a worker. The caller must Close the stack.
func Start(ctx context.Context, options Options) (*Stack, error) {
	s := &Stack{options: options, env: options.Env}
	for _, step := range []func(context.Context) error{s.startPostgres, s.startTemporal, s.startSandbox, s.connect, s.startWorker} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// Close stops everything that was started, last first.
func (s *Stack) Close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := s.closers[len(s.closers)-1]
		s.closers = s.closers[:len(s.closers)-1]
		errs = append(errs, last())
	}
	return errors.Join(errs...)
}

// Environment leads another program of ours to this stack.
func (s *Stack) Environment() config.Environment { return s.env }

func (s *Stack) onClose(f func() error) { s.closers = append(s.closers, f) }

func (s *Stack) say(format string, args ...any) {
	if s.options.Progress != nil {
		fmt.Fprintf(s.options.Progress, format+"\n", args...)
	}
}

// dir is the folder of a component; empty when nothing is kept.
func (s *Stack) dir(name string) string {
	if s.options.DataDir == "" {
		return ""
	}
	return filepath.Join(s.options.DataDir, name)
}

func (s *Stack) startPostgres(ctx context.Context) error {
	if s.env.Getenv("DATABASE_URL") != "" {
		s.say("Postgres: from DATABASE_URL")
		return nil
	}
	postgres, err := devstack.StartPostgres(ctx, devstack.PostgresOptions{DataDir: s.dir("postgres"), Progress: s.options.Progress})
	if err != nil {
		return err
	}
	s.Postgres = postgres
	s.onClose(postgres.Stop)
	url, err := postgres.CreateDatabase(ctx, "perennial")
	if err != nil {
		return err
	}
	s.env = s.env.With("DATABASE_URL", url)
	s.say("Postgres: started")
	return nil
}

func (s *Stack) startTemporal(ctx context.Context) error {
	configured, err := config.TemporalAddress(s.env)
	if err != nil {
		return err
	}
	if configured != "" {
		s.say("Temporal: %s, from the environment", configured)
		return nil
	}
	options := devstack.TemporalOptions{SearchAttributes: message.SearchAttributes(), UI: s.options.UI, Progress: s.options.Progress}
	if s.options.FixedPorts {
		options.Port, options.UIPort = 7233, 8233
	}
	if dir := s.dir("temporal"); dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
		options.DBFile = filepath.Join(dir, "temporal.db")
	}
	temporal, err := devstack.StartTemporal(ctx, options)
	if err != nil && options.Port != 0 {
		return fmt.Errorf("%w; to use a Temporal server that runs already, set TEMPORAL_ADDRESS", err)
	}
	if err != nil {
		return err
	}
	s.TemporalServer = temporal
	s.onClose(temporal.Stop)
	s.TemporalUI = temporal.UI()
	s.LocalTemporal = config.LocalTemporal(temporal.Address(), temporal.Namespace())
	s.env = s.env.WithLocalTemporal(temporal.Address(), temporal.Namespace())
	s.say("Temporal: started at %s", temporal.Address())
	return nil
}

func (s *Stack) startSandbox(ctx context.Context) error {
	if s.env.Getenv("SANDBOX_URL") == "" && (s.env.Getenv("STRIPE_API_KEY") == "" || s.env.Getenv("SENDGRID_API_KEY") == "") {
		options := sandbox.Options{DataDir: s.dir("sandbox")}
		if s.options.FixedPorts {
			options.StripeAddr = strings.TrimPrefix(config.DefaultStripeSandbox, "http://")
			options.SendGridAddr = strings.TrimPrefix(config.DefaultSendGridSandbox, "http://")
		}
		stand, err := sandbox.Start(context.WithoutCancel(ctx), options)
		if err != nil {
			return err
		}
		s.onClose(stand.Close)
		s.env = s.env.With("SANDBOX_URL", stand.StripeURL()).With("SANDBOX_SENDGRID_URL", stand.SendGridURL())
		s.Mailbox = stand.MailboxURL()
	}
	if s.options.PublicURL != "" {
		s.env = s.env.With("PUBLIC_URL", s.options.PublicURL)
	}
	var err error
	if s.Config, err = config.FromEnv(s.env); err != nil {
		return err
	}
	for _, neighbour := range s.Config.Sandboxed() {
		s.say("SANDBOX instead of %s: no real money or mail moves", neighbour)
	}
	return nil
}

func (s *Stack) connect(ctx context.Context) error {
	var err error
	if s.Store, err = store.Open(ctx, s.Config.DatabaseURL, 24); err != nil {
		return err
	}
	s.onClose(func() error { s.Store.Close(); return nil })
	from, to, err := s.Store.Migrate(ctx)
	if err != nil {
		return err
	}
	s.say("Schema: version %d (was %d)", to, from)
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if s.Temporal, s.Namespace, err = config.Temporal(s.env, temporallog.NewStructuredLogger(quiet)); err != nil {
		return err
	}
	s.onClose(func() error { s.Temporal.Close(); return nil })
	return nil
}

func (s *Stack) startWorker(ctx context.Context) error {
	if s.options.NoWorker {
		return nil
	}
	output := s.options.WorkerLog
	if output == nil {
		output = io.Discard
	}
	worker, err := devstack.StartWorker(ctx, s.env, output)
	if err != nil {
		return err
	}
	s.Worker = worker
	s.onClose(worker.Stop)
	s.say("Worker: ready")
	return nil
}
