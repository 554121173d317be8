// Command starter starts and steers Perennial: it plays the demo, runs a development stack and the HTTP API, and is the
// command line for customers, subscriptions, usage, invoices, runs and returns.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := &program{env: os.Environ(), dir: ".", in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
