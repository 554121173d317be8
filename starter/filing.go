package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) taxFilings() *cobra.Command {
	return p.group("tax-filing", "Prepare and approve tax returns", p.startFiling(), p.showFiling(), p.listFilings(), p.approveFiling())
}

func filingFlags(c *cobra.Command, f *service.Filing) *cobra.Command {
	c.Flags().StringVar(&f.Entity, "entity", "", "the legal entity")
	c.Flags().StringVar(&f.Scheme, "scheme", "", "uk_vat or eu_oss")
	c.Flags().StringVar(&f.Period, "period", "", "the quarter, such as 2027-Q1")
	return needs(c, "entity", "scheme", "period")
}

func (p *program) startFiling() *cobra.Command {
	var f service.Filing
	return filingFlags(&cobra.Command{
		Use: "start", Short: "Prepare a return, or join the filing that exists", Args: cobra.NoArgs,
		Example: "  go run ./starter tax-filing start --entity acme-ie --scheme eu_oss --period 2027-Q1",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, _ []string) error {
			filing, err := svc.StartTaxFiling(ctx, f)
			if err != nil {
				return err
			}
			return p.printFiling(filing)
		}),
	}, &f)
}

func (p *program) showFiling() *cobra.Command {
	var f service.Filing
	return filingFlags(&cobra.Command{
		Use: "show", Short: "Show where a return stands", Args: cobra.NoArgs,
		Long:    "Show where a return stands and what it declares, for whoever is to approve it. With --json its whole content.",
		Example: "  go run ./starter tax-filing show --entity acme-ie --scheme eu_oss --period 2027-Q1 --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			filing, err := svc.TaxReturn(ctx, f)
			if err != nil {
				return err
			}
			return p.printFiling(filing)
		}),
	}, &f)
}

func (p *program) approveFiling() *cobra.Command {
	var f service.Filing
	var by string
	c := filingFlags(&cobra.Command{
		Use: "approve", Short: "Approve a computed return; it is then filed and paid", Args: cobra.NoArgs,
		Example: "  go run ./starter tax-filing approve --entity acme-ie --scheme eu_oss --period 2027-Q1 --by u-17",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, _ []string) error {
			filing, err := svc.ApproveTaxFiling(ctx, f, by)
			if err != nil {
				return err
			}
			return p.printFiling(filing)
		}),
	}, &f)
	c.Flags().StringVar(&by, "by", "", "the id of who approves")
	return needs(c, "by")
}

func (p *program) listFilings() *cobra.Command {
	var entity string
	c := &cobra.Command{
		Use: "list", Short: "List tax returns", Args: cobra.NoArgs, Example: "  go run ./starter tax-filing list --entity acme-ie",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.TaxReturns(ctx, entity)
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error {
				rows := make([][]any, len(found))
				for i, r := range found {
					rows[i] = []any{r.EntityID, r.Scheme, r.Period, r.Status, amount(r.Payable, r.Currency), r.FileBy, r.PayBy, r.ApprovedBy}
				}
				return table(out, "entity|scheme|period|status|payable|file by|pay by|approved by", rows)
			})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "of this legal entity only")
	return c
}

func (p *program) printFiling(r service.TaxReturn) error {
	return p.show(r, func(out io.Writer) error {
		err := facts(out, "Return", r.ID, "Status", r.Status, "Waiting for", r.WaitingFor, "Payable", amount(r.Payable, r.Currency),
			"File by", r.FileBy, "Pay by", r.PayBy, "Frozen", r.FrozenAt, "Approved by", r.ApprovedBy, "Approved", r.ApprovedAt,
			"Filed", r.FiledAt, "Reference", r.FiledRef, "Paid", r.PaidAt)
		if err != nil || r.Status == store.ReturnFrozen {
			return err
		}
		return printDeclared(out, r.Content)
	})
}

// printDeclared shows the content of a return, which is what somebody approves.
func printDeclared(out io.Writer, content json.RawMessage) error {
	var declared tax.Return
	if err := json.Unmarshal(content, &declared); err != nil {
		return fmt.Errorf("read the content of the return: %w", err)
	}
	var sales, corrections, rates [][]any
	for _, row := range declared.Rows {
		sales = append(sales, []any{row.Country, row.Rate.String() + " %", row.Net, row.Tax})
	}
	for _, c := range declared.Corrections {
		corrections = append(corrections, []any{c.Period, c.Country, c.Tax})
	}
	for _, rate := range declared.RatesUsed {
		rates = append(rates, []any{rate.From, rate.To, rate.Value, rate.Date, rate.Source})
	}
	for _, part := range []struct {
		header string
		rows   [][]any
	}{{"country|rate|net|tax", sales}, {"corrected period|country|tax", corrections}, {"from|to|exchange rate|of|published by", rates}} {
		if len(part.rows) == 0 {
			continue
		}
		fmt.Fprintln(out)
		if err := table(out, part.header, part.rows); err != nil {
			return err
		}
	}
	return nil
}
