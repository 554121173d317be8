package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) invoices() *cobra.Command {
	return p.group("invoice", "List and show invoices", p.listInvoices(), p.showInvoice())
}

func (p *program) listInvoices() *cobra.Command {
	var q service.InvoiceQuery
	c := &cobra.Command{
		Use: "list", Short: "List invoices by date of issue", Args: cobra.NoArgs,
		Example: "  go run ./starter invoice list --customer erika\n  go run ./starter invoice list --status open --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Invoices(ctx, q)
			return printPage(p, found, err, "id|number|issued|customer|subscription|status|total|still owed", func(x store.Invoice) []any {
				return []any{
					x.ID, x.Number, x.IssuedAt, x.CustomerID, x.SubscriptionID, x.Status, amount(x.Total, x.Currency), x.Owed(),
				}
			})
		}),
	}
	f := c.Flags()
	f.StringVar(&q.Entity, "entity", "", "of this legal entity only")
	f.StringVar(&q.Customer, "customer", "", "in the name of this customer, or paid by this customer, only")
	f.StringVar(&q.Subscription, "subscription", "", "of this subscription only")
	f.StringVar(&q.Status, "status", "", "open, paid, void or uncollectible")
	p.paging(c, &q.After, &q.Limit)
	return c
}

func (p *program) showInvoice() *cobra.Command {
	var explain bool
	c := &cobra.Command{
		Use: "show ID", Short: "Show an invoice with its lines and payments", Args: cobra.ExactArgs(1),
		Long: `Show an invoice with its lines and payments. --explain shows of each line for what time it is, on the customer's clock, and
the arithmetic that made it; --json has every step and fact.`,
		Example: "  go run ./starter invoice list --customer erika\n  go run ./starter invoice show inv_3f6c2a7q5rduw4ki --explain",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Invoice(ctx, args[0])
			if err != nil {
				return err
			}
			if !explain || p.json {
				return p.show(found, func(out io.Writer) error { return printInvoice(out, found, plainLines(found)) })
			}
			lines, err := explainedLines(ctx, svc, found)
			if err != nil {
				return err
			}
			return printInvoice(p.out, found, lines)
		}),
	}
	c.Flags().BoolVar(&explain, "explain", false, "show the arithmetic of each line, and the time that it is for")
	return c
}

func printInvoice(out io.Writer, i service.Invoice, lines lineTable) error {
	collection := ""
	if d := i.Dunning; d != nil && (d.Status != "recovered" || d.Attempts > 1) { // paid at the first attempt, nothing had to be recovered
		collection = fmt.Sprintf("%s after %d attempts (%s)", d.Status, d.Attempts, d.Reason)
	}
	rates, err := ratesInWords(i)
	if err != nil {
		return err
	}
	err = facts(out, "Invoice", i.Number, "Id", i.ID, "Customer", i.CustomerID, "Paid by", paidByAnother(i),
		"Subscription", subscriptionsOf(i), "Purchase order", i.PONumber, "Status", i.Status,
		"Zone", i.Zone, "Issued", i.IssuedAt, "Period", cell(i.PeriodStart)+" to "+cell(i.PeriodEnd), "Net", amount(i.Subtotal, i.Currency),
		"Tax", amount(i.Tax, i.Currency), "Total", amount(i.Total, i.Currency), "From earlier invoices", amount(i.CarriedIn, i.Currency),
		"Credit used", amount(i.CreditApplied, i.Currency), "Paid from prepaid credit", amount(i.PrepaidApplied, i.Currency),
		"Left to the next invoice", amount(i.CarriedOut, i.Currency),
		"Credit given", amount(i.CreditGranted, i.Currency), "Due", i.Due(), "Still owed", i.Owed(), "Collection", collection,
		"Rate", rates, "Page", "/invoices/"+i.PageKey)
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := table(out, lines.header, lines.rows); err != nil || len(i.Payments) == 0 {
		return err
	}
	rows := make([][]any, len(i.Payments))
	for n, a := range i.Payments {
		rows[n] = []any{a.Attempt, a.AskedAt, a.Status, amount(a.Amount, a.Currency), a.DeclineCode, a.ProviderCharge}
	}
	fmt.Fprintln(out)
	return table(out, "attempt|asked|status|amount|declined because|charge", rows)
}

// paidByAnother is who pays an invoice that is in another's name.
func paidByAnother(i service.Invoice) string {
	if i.PayerID == i.CustomerID {
		return ""
	}
	return i.PayerID
}

// subscriptionsOf are the ids of the subscriptions that an invoice is for.
func subscriptionsOf(i service.Invoice) string {
	ids := make([]string, len(i.Parts))
	for n, part := range i.Parts {
		ids[n] = part.SubscriptionID
	}
	return strings.Join(ids, ", ")
}

// ratesInWords says at which rates the prices of an invoice were converted, each once; empty if the catalogue has them all.
func ratesInWords(i service.Invoice) (string, error) {
	var rates []string
	for _, line := range i.Lines {
		var explained struct {
			Conversion *catalog.Conversion `json:"conversion"`
		}
		if err := json.Unmarshal(line.Explanation, &explained); err != nil {
			return "", fmt.Errorf("explanation of line %d: %w", line.Position, err)
		}
		if c := explained.Conversion; c != nil {
			rates = append(rates, rateInWords(c.From, i.Currency, c.Rate, c.Source, c.RateDate, c.MarkupPercent))
		}
	}
	slices.Sort(rates)
	return strings.Join(slices.Compact(rates), "; "), nil
}
