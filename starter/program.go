package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/starter/service"
)

// program is one run of the command line.
type program struct {
	env config.Environment
	// dir is where the development stack keeps its folder.
	dir     string
	in      io.Reader
	out     io.Writer
	err     io.Writer
	now     func() time.Time
	json    bool
	started bool // the arguments were understood
	// patience is how long an answer may take before something is said; 0 is the usual time.
	patience time.Duration
}

// Exit codes, as the help says.
const (
	exitOK       = 0
	exitFailed   = 1
	exitRefused  = 2
	exitRejected = 3
)

const manual = `Perennial: billing that keeps its promises for years.

Begin with "demo", which needs nothing set up, or with "dev", which starts everything and stays; in a second terminal
all other commands then find it by themselves. Elsewhere they need DATABASE_URL and TEMPORAL_ADDRESS.

Exit codes: 0 done; 1 something failed, a proof does not hold or "catalog diff" found something to do; 2 the request was
wrong or refused, and nothing was written; 3 rows of a file were rejected, and the others carried out. With --json an error
is the last line of standard error: {"error": {"kind", "code", "message", "fields"}}. "go run" makes a 1 of every code and
adds a line of its own: for scripts, go build -o perennial ./starter.`

// run carries out a command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	root.SetOut(p.out)
	root.SetErr(p.err)
	command, err := root.ExecuteContextC(ctx)
	// A mistake in front of the flag must not keep it from being heard.
	p.json = p.json || slices.Contains(args, "--json")
	var refused *service.Error
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errRowsRejected):
		return exitRejected
	case errors.Is(err, errDiffers):
		return exitFailed
	case errors.As(err, &refused):
		p.complain(command, refused)
		if refused.Kind == service.Unfinished {
			return exitFailed
		}
		return exitRefused
	case !p.started:
		p.complain(command, &service.Error{Kind: service.Invalid, Code: "invalid_command", Message: err.Error() + "; see --help"})
		return exitRefused
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		p.complain(command, &service.Error{Kind: failed, Code: "interrupted", Message: "interrupted"})
		return exitFailed
	}
	p.complain(command, &service.Error{Kind: failed, Code: "failed", Message: err.Error()})
	return exitFailed
}

// failed is the kind of an error that is not the request's own.
const failed service.Kind = "failed"

// complain says what went wrong: in text, or with --json in one line of JSON after whatever progress was shown.
func (p *program) complain(command *cobra.Command, wrong *service.Error) {
	if p.json {
		_ = json.NewEncoder(p.err).Encode(map[string]any{ // there is no other place to say that the error cannot be written
			"error": map[string]any{"kind": wrong.Kind, "code": wrong.Code, "message": wrong.Error(), "fields": append([]service.Field{}, wrong.Fields...)},
		})
		return
	}
	if len(wrong.Fields) == 0 {
		fmt.Fprintln(p.err, "starter:", wrong.Message)
		return
	}
	for _, field := range wrong.Fields {
		fmt.Fprintf(p.err, "starter: %s: %s\n", flagOf(command, field.Name), field.Message)
	}
}

// flagNames are the flags that are not called as the field is in the API.
var flagNames = map[string]string{"test_clock": "clock", "book_currency": "currency", "invoice_prefix": "prefix"}

// flagOf is the flag with which a field was given, or the field's own name.
func flagOf(command *cobra.Command, field string) string {
	name, _, _ := strings.Cut(field, "[") // tax_registrations[0] is one of several
	name = strings.ReplaceAll(strings.ToLower(cmp.Or(flagNames[name], name)), "_", "-")
	for _, flag := range []string{name, strings.TrimSuffix(name, "s")} {
		if command.Flags().Lookup(flag) != nil {
			return "--" + flag
		}
	}
	return field
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use: "starter", Short: "Start and steer Perennial", Long: manual, SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().BoolVar(&p.json, "json", false, "print JSON for scripts instead of tables")
	root.AddGroup(&cobra.Group{ID: "run", Title: "Run:"}, &cobra.Group{ID: "bill", Title: "Bill:"})
	for _, c := range []*cobra.Command{p.demo(), p.dev(), p.serve(), p.sandbox(), p.migrate(), p.check(), p.reconcile()} {
		c.GroupID = "run"
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{
		p.entities(), p.plans(), p.catalogues(), p.customers(), p.subscriptions(), p.members(), p.usage(), p.invoices(), p.payments(), p.paymentMethods(),
		p.checkouts(), p.frauds(), p.coupons(), p.charges(), p.grants(), p.wallets(), p.entitlements(), p.invoiceRuns(), p.taxFilings(), p.quotes(), p.simulate(),
		p.rates(), p.clocks(), p.events(), p.mails(),
	} {
		c.GroupID = "bill"
		root.AddCommand(c)
	}
	root.RunE = p.onlyGroups
	root.Args = cobra.ArbitraryArgs
	return root
}

// group holds commands and does nothing itself.
func (p *program) group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: p.onlyGroups}
	g.AddCommand(commands...)
	return g
}

func (p *program) onlyGroups(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
	}
	return c.Help()
}

// do makes a function a command's action; from then on errors are no longer about how the command was written.
func (p *program) do(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		p.started = true
		return f(c.Context(), args)
	}
}

// ask makes a function that needs the service a command's action.
func (p *program) ask(f func(ctx context.Context, svc *service.Service, args []string) error) func(*cobra.Command, []string) error {
	return p.do(func(ctx context.Context, args []string) error {
		connected, err := p.connect(ctx)
		if err != nil {
			return err
		}
		defer connected.close()
		return f(ctx, connected.service, args)
	})
}

// askWorkflow is ask for a command that waits for a workflow's answer. It waits as long as it takes, but says what may be
// missing: without a worker there is no answer.
func (p *program) askWorkflow(f func(ctx context.Context, svc *service.Service, args []string) error) func(*cobra.Command, []string) error {
	return p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
		late := time.AfterFunc(cmp.Or(p.patience, usualPatience), func() {
			fmt.Fprintln(p.err, "Still waiting for the workflow's answer: is a worker running? To give up and repeat the command later is safe.")
		})
		defer late.Stop()
		return f(ctx, svc, args)
	})
}

// usualPatience is several times what a workflow with a worker takes to answer.
const usualPatience = 10 * time.Second

// needs marks flags without which a command cannot do anything.
func needs(c *cobra.Command, flags ...string) *cobra.Command {
	for _, name := range flags {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is not defined: a mistake in this program
		}
	}
	return c
}
