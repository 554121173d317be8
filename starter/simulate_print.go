package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/perennial-billing/perennial/billing/simulation"
)

func printSimulation(out io.Writer, s simulated) error {
	fmt.Fprintf(out, "Invoices and credit notes of %s issued from %s until before %s (%s), after discounts and without tax\n",
		s.EntityID, cell(s.From), cell(s.To), s.Zone)
	if s.SoFar {
		fmt.Fprintln(out, "That time is not over: more may be issued in it")
	}
	if s.Control.Invoices == 0 && s.Control.Differ == 0 {
		_, err := fmt.Fprintln(out, "None were issued: there is nothing to compare")
		return err
	}
	if err := printControl(out, s.Control); err != nil {
		return err
	}
	for _, part := range []func(io.Writer, simulated) error{printTotals, printCharges, printCustomers} {
		fmt.Fprintln(out)
		if err := part(out, s); err != nil {
			return err
		}
	}
	if len(s.Gaps) > 0 {
		fmt.Fprintln(out, "\nOld prices were taken for what the catalog lacks:")
	}
	for _, gap := range s.Gaps {
		fmt.Fprintf(out, "  %s\n", gap.Message)
	}
	return nil
}

func printControl(out io.Writer, c simulation.Control) error {
	if c.Differ == 0 {
		_, err := fmt.Fprintf(out, "Control: %d invoices with %d lines, billed again with the catalog in force, come to exactly what was issued\n",
			c.Invoices, c.Lines)
		return err
	}
	fmt.Fprintf(out, "CONTROL DIFFERS: %d of %d invoices, billed again with the catalog in force, do not come to what was issued\n", c.Differ, c.Invoices)
	for _, d := range c.Differences {
		fmt.Fprintf(out, "  %s of %s: %s\n", d.Invoice, d.SubscriptionID, d.Message)
	}
	return nil
}

func printTotals(out io.Writer, s simulated) error {
	rows := make([][]any, len(s.Totals))
	for i, t := range s.Totals {
		rows[i] = append([]any{"all"}, append(sumCells(t.Sums), t.More, t.Less, t.Same)...)
	}
	return table(out, "total|old|new|difference|%|customers pay more|less|the same", rows)
}

func printCharges(out io.Writer, s simulated) error {
	rows := make([][]any, len(s.Charges))
	for i, c := range s.Charges {
		rows[i] = append([]any{cmp.Or(c.Plan, "no plan") + " / " + c.Charge}, sumCells(c.Sums)...)
	}
	return table(out, "plan / charge|old|new|difference|%", rows)
}

func printCustomers(out io.Writer, s simulated) error {
	rows := make([][]any, len(s.Customers))
	for i, c := range s.Customers {
		rows[i] = append([]any{c.ID}, sumCells(c.Sums)...)
	}
	return table(out, "customer|old|new|difference|%", rows)
}

func sumCells(s simulation.Sums) []any { return []any{s.Old, s.New, s.Difference, s.Percent} }
