package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) transfers() *cobra.Command {
	return p.group("transfer", "Have invoices paid by bank transfer, and see what customers sent",
		p.askTransfer(), p.transferAccount(), p.transferCash(), p.listDeposits())
}

func (p *program) askTransfer() *cobra.Command {
	return &cobra.Command{
		Use: "ask INVOICE", Short: "Have an unpaid invoice paid by bank transfer, and show where to", Args: cobra.ExactArgs(1),
		Long: `Ask the customer of an unpaid invoice for a bank transfer, and show the account and the reference. The customer gets a mail
with a link to them. What they sent before pays at once. Repeating it shows the same. A customer who always pays so has the
payment method customer_balance: payment-method set CUSTOMER customer_balance.`,
		Example: "  go run ./starter payment transfer ask inv_3f6c2a7q5rduw4ki",
		RunE: p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
			told, err := svc.AskTransfer(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(told, func(out io.Writer) error {
				if told == nil {
					_, err := fmt.Fprintf(out, "Invoice %s waits for no transfer: see payment list --invoice %s\n", args[0], args[0])
					return err
				}
				return printTransfer(out, *told)
			})
		}),
	}
}

func (p *program) transferAccount() *cobra.Command {
	var currency string
	c := &cobra.Command{
		Use: "account CUSTOMER", Short: "Show the account to which a customer sends money", Args: cobra.ExactArgs(1),
		Long: `Show the account that the provider keeps for a customer in a currency. What arrives there without a reference pays what waits
for a transfer, or waits itself. The details are the customer's: they are asked of the provider and kept nowhere.`,
		Example: "  go run ./starter payment transfer account erika --currency EUR",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			told, err := svc.FundingInstructions(ctx, args[0], currency)
			if err != nil {
				return err
			}
			return p.show(told, func(out io.Writer) error { return printTransfer(out, told) })
		}),
	}
	c.Flags().StringVar(&currency, "currency", "", "ISO 4217; the customer's own when left out")
	return c
}

func printTransfer(out io.Writer, told service.Transfer) error {
	pairs := []any{"Reference", told.Reference}
	if told.Remaining.IsPositive() {
		pairs = append(pairs, "To be sent", told.Remaining)
	}
	if err := facts(out, pairs...); err != nil {
		return err
	}
	for _, account := range told.Accounts {
		pairs := []any{"Networks", strings.Join(account.Networks, ", ")}
		for _, detail := range account.Details {
			pairs = append(pairs, detail.Label, detail.Value)
		}
		if err := facts(out, pairs...); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) transferCash() *cobra.Command {
	return &cobra.Command{
		Use: "show CUSTOMER", Short: "Show what a customer sent by bank transfer, and what it paid", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter payment transfer show erika",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.CustomerCash(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error {
				for _, d := range found.Deposits {
					if err := facts(out, "Pays nothing yet", amount(d.Amount, d.Currency)); err != nil {
						return err
					}
				}
				rows := make([][]any, len(found.Movements))
				for i, m := range found.Movements {
					rows[i] = []any{m.ID, m.At, m.Kind, amount(m.Net, m.Currency), m.Intent}
				}
				return table(out, "movement|at|kind|amount|payment intent", rows)
			})
		}),
	}
}

func (p *program) listDeposits() *cobra.Command {
	var entity string
	c := &cobra.Command{
		Use: "list", Short: "List money that customers sent and that pays nothing yet", Args: cobra.NoArgs,
		Example: "  go run ./starter payment transfer list --entity acme",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Deposits(ctx, entity)
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error {
				rows := make([][]any, len(found.Data))
				for i, d := range found.Data {
					rows[i] = []any{d.CustomerID, d.EntityID, amount(d.Amount, d.Currency), d.FundedAt}
				}
				return table(out, "customer|entity|pays nothing yet|arrived last", rows)
			})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "of this legal entity only")
	return c
}
