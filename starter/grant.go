package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) grants() *cobra.Command {
	return p.group("grant", "Give or sell prepaid credit to customers", p.addGrant(), p.returnGrant())
}

// The ways to say which grants are used first.
const (
	presentsFirst = "presents"
	paidFirst     = "paid"
)

func (p *program) setPrepaid() *cobra.Command {
	var first string
	c := &cobra.Command{
		Use: "set-prepaid ID", Short: "Say which prepaid credit is used first where priority and expiry are the same", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter entity set-prepaid acme --first paid",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			if first != presentsFirst && first != paidFirst {
				return wrong("first", "%q must be one of %s, %s", first, presentsFirst, paidFirst)
			}
			entity, err := svc.SetPrepaid(ctx, args[0], wallet.Policy{PaidFirst: first == paidFirst})
			if err != nil {
				return err
			}
			return p.printEntities(entity, []store.Entity{entity})
		}),
	}
	c.Flags().StringVar(&first, "first", "", "presents (the usual) or paid")
	return needs(c, "first")
}

// firstUsed is which grants are used first, in a word.
func firstUsed(policy wallet.Policy) string {
	if policy.PaidFirst {
		return paidFirst
	}
	return presentsFirst
}

// grantFlags are what people write where a request has numbers.
type grantFlags struct {
	in                                                 service.NewGrant
	amount, cost, expires, rollover, limit, validAfter string
	number                                             int
}

func (p *program) addGrant() *cobra.Command {
	var g grantFlags
	c := &cobra.Command{
		Use: "add CUSTOMER", Short: "Give or sell a customer credit that pays invoices", Args: cobra.ExactArgs(1),
		Long: `Give or sell a customer credit that pays invoices after tax. Without --payment it is a present. --payment invoice sells it on an invoice,
which is collected like any other; it can be used when that is paid, or at once. --payment outside records what was paid elsewhere.
No tax is on the sale: what the credit pays is taxed. Repeating an id grants nothing more. The rules are in docs/credits.md.`,
		Example: `  go run ./starter grant add cus_1 --id welcome --amount 20
  go run ./starter grant add cus_1 --id annual-2027 --amount 1200 --cost 1000 --payment invoice --valid-for "1 year"
  go run ./starter grant add cus_1 --id april --amount 50 --expires 2027-05-01T00:00:00Z --meters tokens --rollover 50 --rollover-for month`,
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			customer, err := svc.Customer(ctx, args[0])
			if err != nil {
				return err
			}
			if err := g.read(customer.Currency); err != nil {
				return err
			}
			granted, err := svc.GrantCredit(ctx, args[0], g.in)
			if err != nil {
				return err
			}
			return p.show(granted, func(out io.Writer) error {
				return facts(out, "Grant", granted.ID, "Amount", amount(granted.Amount, granted.Currency), "Cost", amount(granted.Cost, granted.Currency),
					"Status", granted.Status, "Expires", granted.ExpiresAt, "Invoice", granted.Invoice)
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&g.in.ID, "id", "", "your id for the grant; it makes repeating the command safe")
	f.StringVar(&g.amount, "amount", "", "what it can pay, such as 100.00")
	f.StringVar(&g.in.Currency, "currency", "", "the customer's when left out")
	f.StringVar(&g.in.Payment, "payment", "", "invoice (sold on an invoice) or outside (paid elsewhere); a present when left out")
	f.StringVar(&g.cost, "cost", "", "what it is paid for without tax; the amount when left out")
	f.StringVar(&g.in.Usable, "usable", "", "when credit that is sold on an invoice can be used: when_paid or at_once; when_paid when left out")
	f.IntVar(&g.number, "priority", wallet.DefaultPriority, "0 to 100, the lowest is used first")
	f.StringVar(&g.expires, "expires", "", "from when it cannot be used any more, such as 2027-05-01T00:00:00Z")
	f.StringVar(&g.in.ValidFor, "valid-for", "", `for how long it can be used, such as "1 year"`)
	f.StringSliceVar(&g.in.Charges, "charges", nil, "the charges that it pays; with --meters, all when both are left out")
	f.StringSliceVar(&g.in.Meters, "meters", nil, "the meters that it pays")
	f.StringVar(&g.rollover, "rollover", "", "the percentage of what is left that goes on when it expires")
	f.StringVar(&g.limit, "rollover-cap", "", "the most that goes on")
	f.StringVar(&g.validAfter, "rollover-for", "", "for how long it can be used then, such as month")
	return needs(c, "id", "amount")
}

// read turns what people write into the request.
func (g *grantFlags) read(customers money.Currency) error {
	currency := customers
	if g.in.Currency != "" {
		currency = money.Currency(strings.ToUpper(g.in.Currency))
	}
	g.in.Priority = &g.number
	sum, err := money.Parse(g.amount, currency)
	if err != nil {
		return wrong("amount", "%s", err)
	}
	g.in.Amount = sum.Minor
	if g.cost != "" {
		cost, err := money.Parse(g.cost, currency)
		if err != nil {
			return wrong("cost", "%s", err)
		}
		g.in.Cost = &cost.Minor
	}
	if g.expires != "" {
		if g.in.ExpiresAt, err = time.Parse(time.RFC3339, g.expires); err != nil {
			return wrong("expires", "%q is not an instant: write it as 2027-06-01T00:00:00Z", g.expires)
		}
	}
	return g.readRollover(currency)
}

func (g *grantFlags) readRollover(currency money.Currency) error {
	if g.rollover == "" {
		return nil
	}
	percent, err := money.ParseDecimal(g.rollover)
	if err != nil {
		return wrong("rollover", "%s", err)
	}
	g.in.Rollover = &wallet.Rollover{Percent: percent}
	if g.in.Rollover.For, err = calendar.ParseInterval(g.validAfter); err != nil {
		return wrong("rollover-for", "%s", err)
	}
	if g.limit != "" {
		limit, err := money.Parse(g.limit, currency)
		if err != nil {
			return wrong("rollover-cap", "%s", err)
		}
		g.in.Rollover.Cap = &limit
	}
	return nil
}

func (p *program) returnGrant() *cobra.Command {
	return &cobra.Command{
		Use: "return CUSTOMER GRANT", Short: "Take back what is left of a grant", Args: cobra.ExactArgs(2),
		Long: `Take back what is left of a grant. What was paid for it becomes the customer's credit, which pays later invoices; "payment refund"
pays it out. Repeating it returns nothing more.`,
		Example: "  go run ./starter grant return cus_1 annual-2027",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			returned, err := svc.ReturnCredit(ctx, args[0], args[1])
			if err != nil {
				return err
			}
			return p.show(returned, func(out io.Writer) error {
				return facts(out, "Grant", returned.ID, "Taken back", amount(returned.Amount, returned.Currency),
					"Became the customer's credit", amount(returned.Cost, returned.Currency))
			})
		}),
	}
}

func (p *program) wallets() *cobra.Command {
	return p.group("wallet", "See customers' prepaid credit, and have it topped up", p.showWallet(), p.topUp())
}

func (p *program) showWallet() *cobra.Command {
	var currency string
	c := &cobra.Command{
		Use: "show CUSTOMER", Short: "Show a customer's prepaid credit, and what of it is spoken for", Args: cobra.ExactArgs(1),
		Long: `Show a customer's prepaid credit. What is spoken for is what the grants would pay of usage that is not invoiced yet, were it invoiced now:
the open periods are rated by the rules that will bill them.`,
		Example: "  go run ./starter wallet show cus_1\n  go run ./starter wallet show cus_1 --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Wallet(ctx, args[0], currency)
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error { return printWallet(out, found) })
		}),
	}
	c.Flags().StringVar(&currency, "currency", "", "the customer's when left out")
	return c
}

func printWallet(out io.Writer, w service.Wallet) error {
	in := func(minor int64) any { return amount(minor, w.Currency) }
	err := facts(out, "Customer", w.Customer, "At", w.At, "Balance", in(w.Balance), "of which paid for", in(w.Paid), "Spoken for", in(w.SpokenFor),
		"Not covered", in(w.Uncovered), "Available", in(w.Available))
	if err != nil {
		return err
	}
	rows := make([][]any, len(w.Grants))
	for i, g := range w.Grants {
		rows[i] = []any{g.ID, g.Basis, g.Status, in(g.Amount), in(g.Left), in(g.CostLeft), g.Priority, g.From, g.ExpiresAt}
	}
	fmt.Fprintln(out)
	return table(out, "grant|basis|status|amount|left|paid for|priority|from|expires", rows)
}
