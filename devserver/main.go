// Command devserver is a whole Temporal server for development in one process: frontend, history,
// matching, worker and web UI, over SQLite. It listens on the loopback interface only, has no
// authentication, and is tuned for fast test clocks rather than for load. Never use it in production.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "devserver:", err)
		os.Exit(1)
	}
}

// ready is the one line printed on standard output once the server answers requests.
type ready struct {
	Address   string `json:"address"`
	UI        string `json:"ui,omitempty"`
	Namespace string `json:"namespace"`
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	opts, err := parseOptions(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if opts.stopWithStdin {
		ctx = endsWith(ctx, stdin)
	}
	return serve(ctx, opts, stdout)
}

func serve(ctx context.Context, opts options, stdout io.Writer) error {
	if err := opts.portsAreFree(); err != nil {
		return err
	}
	temporal, err := startTemporal(ctx, opts)
	if err != nil {
		return err
	}
	defer temporal.stop()
	line := ready{Address: temporal.address, Namespace: opts.namespace}
	if opts.uiPort != noUI {
		ui, err := startUI(ctx, opts.uiPort, line.Address, opts.namespace)
		if err != nil {
			return err
		}
		defer ui.stop()
		line.UI = ui.url
	}
	if err := json.NewEncoder(stdout).Encode(line); err != nil {
		return fmt.Errorf("reporting readiness on standard output: %w", err)
	}
	<-ctx.Done()
	return nil
}

// endsWith returns a context that is cancelled when r ends. A parent that is killed cannot say
// goodbye, but the kernel closes its end of our standard input.
func endsWith(ctx context.Context, r io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, r)
	}()
	return ctx
}
