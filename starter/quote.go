package main

import (
	"context"
	"fmt"
	"io"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/starter/service"
)

const quoteManual = `Play a scenario, a contract written down, and show every invoice and credit note that follows from it. Nothing is stored, and
no server is needed: the rules are those of the real thing, so what is quoted is what then happens.

A scenario has a catalogue, customers, a time line and an end. The format is documented in docs/quote.md, with a JSON Schema in
docs/quote.schema.json and examples in docs/examples/quotes. What a scenario expects is compared with the result, and a difference
ends the command with code 1, so that a contract can be kept as a test.`

// quotes holds the commands that only compute: they need no server and no database, and nothing is written.
func (p *program) quotes() *cobra.Command {
	return p.quoteScenario(p.group("quote", "Compute what would be billed; needs no servers", p.quotePeriods(), p.quoteRate(), p.quoteSchema()))
}

// quoteScenario makes the group of commands itself play scenarios.
func (p *program) quoteScenario(c *cobra.Command) *cobra.Command {
	var file string
	c.Args, c.Long = cobra.NoArgs, quoteManual
	c.Example = `  go run ./starter quote -f docs/examples/quotes/seats.yaml
  go run ./starter quote -f contract.json --json
  generate-contract | go run ./starter quote -f -`
	c.Flags().StringVarP(&file, "file", "f", "", "the scenario, in YAML or JSON; - reads standard input")
	c.RunE = p.do(func(ctx context.Context, _ []string) error {
		return p.withFile(file, func(in io.Reader) error { return p.quote(ctx, in) })
	})
	return needs(c, "file")
}

// quoted is a result and, if the scenario expects anything, where it differs.
type quoted struct {
	quote.Result

	Differences []quote.Difference `json:"differences,omitempty"`
}

func (p *program) quote(ctx context.Context, in io.Reader) error {
	scenario, err := quote.Parse(in)
	if err != nil {
		return invalidScenario(err)
	}
	var answer quoted
	if answer.Result, err = quote.Run(ctx, scenario); err != nil {
		return invalidScenario(err)
	}
	if answer.Differences, err = scenario.Expect.Compare(answer.Result); err != nil {
		return invalidScenario(err)
	}
	if err := p.show(answer, func(out io.Writer) error { return printQuote(out, answer) }); err != nil {
		return err
	}
	if n := len(answer.Differences); n > 0 {
		return fmt.Errorf("the result differs from what the scenario expects in %d places", n)
	}
	return nil
}

// atField is an error that begins with the path of the scenario's field that is wrong, as most do.
var atField = regexp.MustCompile(`(?s)^([a-z_]+(?:\[\d+\])?(?:\.[\w-]+(?:\[\d+\])?)*): (.+)$`)

func invalidScenario(err error) error {
	wrong := &service.Error{Kind: service.Invalid, Code: "invalid_scenario", Message: err.Error()}
	if found := atField.FindStringSubmatch(wrong.Message); found != nil && found[1] != "scenario" {
		wrong.Fields = []service.Field{{Name: found[1], Message: found[2]}}
	}
	return wrong
}
