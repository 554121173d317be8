package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/demo"
)

func (p *program) demo() *cobra.Command {
	options := demo.Options{Env: p.env, Out: p.out, Progress: p.err, Today: calendar.Zone{}.DateOf(p.now())}
	start := ""
	c := &cobra.Command{
		Use: "demo", Short: "Watch three companies bill for a year, and see every cent accounted for", Args: cobra.NoArgs,
		Long: `Start everything with throw-away data, let a year pass on a test clock, and print the year in figures, three proofs and
links. It then stays for you to look around; with --exit it ends, with code 1 if a proof fails.`,
		Example: "  go run ./starter demo\n  go run ./starter demo --months 3 --exit --json",
		RunE: p.do(func(ctx context.Context, _ []string) error {
			if start != "" {
				var err error
				if options.Start, err = calendar.ParseDate(start); err != nil {
					return wrong("start", "%s", err)
				}
			}
			options.JSON = p.json
			return p.runDemo(ctx, options)
		}),
	}
	c.Flags().IntVar(&options.Months, "months", 12, "months to play, 1 to 36")
	c.Flags().BoolVar(&options.Exit, "exit", false, "end after the proofs")
	c.Flags().StringVar(&start, "start", "", "first day (default: the next 1 January)")
	c.Flags().Uint64Var(&options.Seed, "seed", 1, "seed of the usage")
	return c
}

// runDemo plays the demo with the API beside it, so that webhooks come in and invoices can be looked at.
func (p *program) runDemo(ctx context.Context, options demo.Options) error {
	listener, err := listen(ctx, defaultAddr)
	if err != nil { // somebody else's port: the demo needs no particular one
		if listener, err = listen(ctx, "127.0.0.1:0"); err != nil {
			return err
		}
	}
	public := "http://" + listener.Addr().String()
	options.Env = options.Env.With("PUBLIC_URL", public)
	began := false
	options.WithStack = func(system *stack.Stack) func() {
		began = true
		serving, stop := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- p.serveDemo(serving, listener, system, public) }()
		return func() {
			stop()
			if failed := <-served; failed != nil {
				fmt.Fprintln(p.err, "the API of the demo:", failed)
			}
		}
	}
	err = demo.Run(ctx, options)
	if !began {
		return errors.Join(err, listener.Close())
	}
	return err
}

func (p *program) serveDemo(ctx context.Context, listener net.Listener, system *stack.Stack, public string) error {
	handler, err := p.apiOn(ctx, system, public, "")
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return api.Serve(ctx, listener, handler)
}
