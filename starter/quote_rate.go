package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/starter/ratecase"
)

const rateManual = `Price one charge for one quantity, with every step of the arithmetic.

The price is what a plan has for a charge in one currency. Instead of a quantity, --usage takes what some models need: events,
groups by dimension values, amounts. With --already-billed the answer is the price of all of it less what was billed before,
so that a cycle billed in parts costs what it costs in one. --part and --of prorate: of a recurring charge the whole price, of
a usage charge only the commitment, the minimum and the maximum.

With --stream every line of standard input is a case in JSON and is answered by one line: the price, or what is wrong with the
case. A wrong case stops nothing; the exit code is then 3. The format is in docs/quote.md, "Rate one charge":
{"id": "c1", "price": {"model": "per_unit", "unit_amount": "0.000003"}, "currency": "USD", "quantity": "18059974"}`

// rateFlags are a case as it is written on a command line.
type rateFlags struct {
	ratecase.Case

	price, priceFile, quantity, usage, alreadyBilled string
	part, of                                         int64
	stream                                           bool
}

func (p *program) quoteRate() *cobra.Command {
	var in rateFlags
	c := &cobra.Command{
		Use: "rate", Short: "Price one charge for one quantity", Args: cobra.NoArgs, Long: rateManual,
		Example: `  go run ./starter quote rate --currency USD --price-file price.json --quantity 12000.5
  go run ./starter quote rate --currency USD --price-file price.json --quantity 12000.5 --already-billed 105.00 --json
  go run ./starter quote rate --currency EUR --price-file seats.json --quantity 10 --kind recurring --part 16 --of 31
  go run ./starter quote rate --currency EUR --price-file card-fees.json --usage usage.json
  cat cases.jsonl | go run ./starter quote rate --stream`,
	}
	c.RunE = p.do(func(_ context.Context, _ []string) error {
		if in.stream {
			return p.answerLines(answerRate)
		}
		if err := in.read(p, c); err != nil {
			return err
		}
		answer, err := in.Answer()
		if err != nil {
			return wrong("rate", "%s", err)
		}
		return p.show(answer, func(out io.Writer) error { return printRate(out, answer) })
	})
	in.register(c)
	return c
}

func (in *rateFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&in.price, "price", "", "the price in JSON")
	f.StringVar(&in.priceFile, "price-file", "", "a file with the price in JSON; - reads standard input")
	f.StringVar((*string)(&in.Currency), "currency", "", "the price's currency")
	f.StringVar(&in.quantity, "quantity", "", "how much was used, or how many seats")
	f.StringVar(&in.usage, "usage", "", "a file with the usage in JSON instead: quantity, event_count, events, groups, amount, prorated_quantity")
	f.StringVar(&in.alreadyBilled, "already-billed", "", "what was billed for the first part of it")
	f.StringVar((*string)(&in.Kind), "kind", "", "of the charge: recurring or usage; needed with --part")
	f.Int64Var(&in.part, "part", 0, "days or seconds of the period that are charged")
	f.Int64Var(&in.of, "of", 0, "days or seconds that the period has")
	f.BoolVar(&in.stream, "stream", false, "answer the cases in standard input, one JSON object a line")
	c.MarkFlagsOneRequired("price", "price-file", "stream")
	c.MarkFlagsMutuallyExclusive("price", "price-file", "stream")
	c.MarkFlagsMutuallyExclusive("quantity", "usage", "stream")
	c.MarkFlagsRequiredTogether("part", "of")
}

// read completes the case from flags and files.
func (in *rateFlags) read(p *program, c *cobra.Command) error {
	price := []byte(in.price)
	if in.priceFile != "" {
		var err error
		if price, err = p.content("price-file", in.priceFile); err != nil {
			return err
		}
	}
	fields := map[string]any{"price": json.RawMessage(price), "currency": in.Currency}
	if in.usage != "" {
		usage, err := p.content("usage", in.usage)
		if err != nil {
			return err
		}
		fields["usage"] = json.RawMessage(usage)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return wrong("price", "price or usage is not JSON: %s", err)
	}
	parsed, err := ratecase.Parse(text)
	if err != nil {
		return wrong("price", "%s", err)
	}
	in.Price, in.Usage = parsed.Price, parsed.Usage
	if in.Quantity, err = optional("quantity", in.quantity); err != nil {
		return err
	}
	if in.AlreadyBilled, err = optional("already-billed", in.alreadyBilled); err != nil {
		return err
	}
	if c.Flags().Changed("of") {
		in.Part, in.Of = &in.part, &in.of
	}
	return nil
}

// optional reads a number that may be absent.
func optional(flag, text string) (*decimal.Decimal, error) {
	if text == "" {
		return nil, nil
	}
	number, err := money.ParseDecimal(text)
	if err != nil {
		return nil, wrong(flag, "%s", err)
	}
	return &number, nil
}

// content reads a file that a flag names, as far as anybody would write one by hand.
func (p *program) content(flag, name string) ([]byte, error) {
	var content []byte
	err := p.withFile(name, func(r io.Reader) (err error) {
		content, err = io.ReadAll(io.LimitReader(r, longestLine))
		return err
	})
	if err != nil {
		return nil, wrong(flag, "%s", err)
	}
	return content, nil
}

func answerRate(line []byte) (any, json.RawMessage, error) {
	question, err := ratecase.Parse(line)
	if err != nil {
		return nil, question.ID, err
	}
	answer, err := question.Answer()
	return answer, question.ID, err
}

func printRate(out io.Writer, answer ratecase.Answer) error {
	rows := make([][]any, len(answer.Steps))
	for i, s := range answer.Steps {
		rows[i] = []any{stepInWords(s), s.Quantity, s.UnitAmount, s.FlatAmount, s.Amount}
	}
	if err := table(out, "step|quantity|× unit amount|+ flat amount|= amount", rows); err != nil {
		return err
	}
	pairs := []any{"Exact", answer.Exact}
	if answer.Of != nil {
		pairs = append(pairs, "Part", fmt.Sprintf("%d of %d", *answer.Part, *answer.Of), "Prorated", answer.Prorated)
	}
	pairs = append(pairs, "Rounded", fmt.Sprintf("%s %s", answer.Currency, answer.Total))
	if answer.AlreadyBilled != nil {
		pairs = append(pairs, "Already billed", fmt.Sprintf("%s %s", answer.Currency, answer.AlreadyBilled))
	}
	return facts(out, append(pairs, "Amount", fmt.Sprintf("%s %s", answer.Currency, answer.Amount))...)
}

// stepInWords names a step: its tier, its cell, or what it is for.
func stepInWords(s rating.Step) string {
	switch {
	case s.What != "":
		return strings.ReplaceAll(string(s.What), "_", " ")
	case s.Tier > 0:
		return fmt.Sprintf("tier %d", s.Tier)
	}
	return cellInWords(s.Values)
}
