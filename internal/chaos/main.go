// Command chaos proves that nothing is charged twice and nothing is lost: it bills subscriptions for periods on the real
// development server while the worker, the API, Temporal and Postgres are killed at random and the payment provider fails
// a part of all calls; then it checks the books from several sides. See docs/reliability.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const manual = `chaos bills N subscriptions for M periods while every part of the system is killed without warning, again and again, and
the payment provider fails a part of all calls. Then it checks that no invoice was charged twice, no payment was lost, every
posting balances, our books equal the provider's, and everything the API accepted is there. It needs nothing set up.

Usage:
  go run ./internal/chaos [flags]

Examples:
  go run ./internal/chaos
  go run ./internal/chaos --subscriptions 40 --periods 3 --kills 4 --seed 7
  go run ./internal/chaos --json --keep > report.json

Exit codes: 0 everything holds; 1 something does not, or could not be carried out: the data directory is kept then, and
the last lines say where it is and how to repeat the run; 2 the flags are wrong.

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := program(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// program carries out a command line and returns the exit code.
func program(ctx context.Context, args []string, out, progress io.Writer) int {
	o, err := parse(args, out)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(progress, "chaos:", err)
		return 2
	}
	o.out, o.progress = out, progress
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(progress, "chaos:", err)
		return 1
	}
	return 0
}

// options say how much is billed and how much goes wrong.
type options struct {
	subscriptions int
	periods       int
	kills         int
	seed          uint64
	faults        float64
	json          bool
	keep          bool

	out, progress io.Writer
}

// Limits of the options.
const (
	mostSubscriptions = 20_000
	mostPeriods       = 60
	mostKills         = 1_000
	mostFaults        = 50
)

func parse(args []string, help io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.IntVar(&o.subscriptions, "subscriptions", 300, "`number` of subscriptions that are billed on test clocks")
	flags.IntVar(&o.periods, "periods", 12, "`number` of months that each is billed")
	flags.IntVar(&o.kills, "kills", 20, "`number` of times that each of worker, API, Temporal and Postgres is killed")
	flags.Uint64Var(&o.seed, "seed", 1, "`number` from which everything random is drawn")
	flags.Float64Var(&o.faults, "faults", 5, "`percentage` of the calls to the payment provider that fail")
	flags.BoolVar(&o.json, "json", false, "print the report as one JSON object")
	flags.BoolVar(&o.keep, "keep", false, "keep the data directory even if everything holds")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, manual)
		flags.SetOutput(help)
		flags.PrintDefaults()
		return o, err
	} else if err != nil {
		return o, fmt.Errorf("%w; see --help", err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see --help", flags.Arg(0))
	}
	return o, o.validate()
}

func (o options) validate() error {
	for _, given := range []struct {
		name                string
		value, least, worst float64
	}{
		{"subscriptions", float64(o.subscriptions), 1, mostSubscriptions},
		{"periods", float64(o.periods), 1, mostPeriods},
		{"kills", float64(o.kills), 0, mostKills},
		{"faults", o.faults, 0, mostFaults},
	} {
		if !(given.value >= given.least && given.value <= given.worst) { // also what is not a number
			return fmt.Errorf("--%s is %v; want %v to %v", given.name, given.value, given.least, given.worst)
		}
	}
	return nil
}

// again is the command that repeats a run.
func (o options) again() string {
	return fmt.Sprintf("go run ./internal/chaos --subscriptions %d --periods %d --kills %d --seed %d --faults %g",
		o.subscriptions, o.periods, o.kills, o.seed, o.faults)
}
