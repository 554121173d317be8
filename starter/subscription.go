package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (p *program) subscriptions() *cobra.Command {
	return p.group("subscription", "Start, show and steer subscriptions",
		append(p.steer(), p.subscribe(), p.showSubscription(), p.listSubscriptions(), p.planned(), p.previews(), p.setBillingGroup())...)
}

func (p *program) subscribe() *cobra.Command {
	var in service.NewSubscription
	var start, end instant
	var prices string
	c := &cobra.Command{
		Use: "create", Short: "Start a subscription and show its first invoice; repeating it changes nothing", Args: cobra.NoArgs,
		Example: `  go run ./starter subscription create --id erika-pro --customer erika --plan pro
  go run ./starter subscription create --id cafe-team --customer cafe --plan team --seats 8 --ends-after 12
  go run ./starter subscription create --id roastery-team --customer roastery --plan team --seats 90 --prices docs/examples/agreed-prices.yaml
  go run ./starter subscription create --id acme-team --customer acme-inc --plan team --fair-billing --member U024BE7LH --member U0G9QF9C6`,
	}
	f := c.Flags()
	f.StringVar(&in.ID, "id", "", "your id for the subscription")
	f.StringVar(&in.Customer, "customer", "", "who buys")
	f.StringVar(&in.Plan, "plan", "", "what is bought")
	f.IntVar(&in.PlanVersion, "plan-version", 0, "version of the plan (default: the newest)")
	f.Int64Var(&in.Seats, "seats", 0, "for plans priced per seat")
	fair := fairFlags(f)
	f.Var((*addOns)(&in.AddOns), "add-on", "what is bought with the plan, as ID=QUANTITY (repeat for several)")
	pricesFlag(f, &prices)
	f.StringVar(&in.Currency, "currency", "", "ISO 4217 (default: the quote's, else the customer's)")
	f.StringVar(&in.Quote, "quote", "", "the local price that the customer was shown, by \"plan price\"")
	f.StringVar(&in.Device, "device", "", "an opaque id of the customer's device, for limits on free trials; only a hash is kept")
	f.Var(&start, "start-at", "when it begins, a day at the customer's midnight (default: at once); in the past, what has passed since is billed")
	f.IntVar(&in.EndsAfter, "ends-after", 0, "fixed term in billing periods (default: no end)")
	f.Var(&end, "ends-at", "fixed term to a time, or to the beginning of a day where the customer lives; the last period is prorated")
	billingGroupFlags(c, &in.BillingGroup)
	c.RunE = p.askWorkflow(func(ctx context.Context, svc *service.Service, _ []string) error {
		var err error
		if in.StartAt, err = start.inZoneOf(ctx, svc, in.Customer); err != nil {
			return err
		}
		if in.EndsAt, err = end.inZoneOf(ctx, svc, in.Customer); err != nil {
			return err
		}
		if in.Prices, err = p.readPrices(prices); err != nil {
			return err
		}
		if in.FairBilling, err = fair.read(); err != nil {
			return err
		}
		started, err := svc.Subscribe(ctx, in)
		if err != nil {
			return err
		}
		return p.printSubscription(started, started)
	})
	return needs(c, "id", "customer", "plan")
}

func (p *program) showSubscription() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a subscription", Args: cobra.ExactArgs(1), Example: "  go run ./starter subscription show erika-pro",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.ShowSubscription(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printSubscription(found, found)
		}),
	}
}

func (p *program) listSubscriptions() *cobra.Command {
	var entity, customer, after string
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List subscriptions", Args: cobra.NoArgs, Example: "  go run ./starter subscription list --customer erika",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Subscriptions(ctx, entity, customer, after, limit)
			return printPage(p, found, err, "id|customer|status|terms|currency|period ends|acts next", func(x store.Subscription) []any {
				return []any{x.ID, x.CustomerID, x.Status, terms(x), x.Currency, x.PeriodEnd, x.NextActionAt}
			})
		}),
	}
	c.Flags().StringVar(&entity, "entity", "", "of this legal entity only")
	c.Flags().StringVar(&customer, "customer", "", "of this customer only")
	p.paging(c, &after, &limit)
	return c
}

func terms(s store.Subscription) string { return termsInWords(s.Terms()) }

func termsInWords(t subscription.Terms) string {
	parts := []string{fmt.Sprintf("%s version %d", t.PlanID, t.PlanVersion)}
	if t.Seats > 0 {
		seats := "seats"
		if t.Seats == 1 {
			seats = "seat"
		}
		parts = append(parts, fmt.Sprintf("%d %s", t.Seats, seats))
	}
	for _, held := range t.AddOns.List() {
		parts = append(parts, fmt.Sprintf("%d × %s", held.Quantity, held.ID))
	}
	return strings.Join(parts, ", ")
}

// waiting is what follows at the period's end; that the subscription ends then is part of the status.
func waiting(s store.Subscription) string {
	next := s.AtPeriodEnd
	if next == nil {
		return ""
	}
	var parts []string
	if next.Terms != nil {
		parts = append(parts, termsInWords(*next.Terms))
	}
	if next.Pause != "" {
		parts = append(parts, fmt.Sprintf("paused (%s)", next.Pause))
	}
	if next.Resume {
		parts = append(parts, "resumed")
	}
	if next.Customer != "" {
		parts = append(parts, "owned by "+next.Customer)
	}
	return strings.Join(parts, "; ")
}

func (p *program) printSubscription(result any, s service.Subscription) error {
	return p.show(result, func(out io.Writer) error {
		status := string(s.Status)
		if s.CancelAtPeriodEnd {
			status += ", ends with its period"
		}
		period := ""
		if s.PeriodStart != nil {
			period = fmt.Sprintf("%s to %s", cell(s.PeriodStart), cell(s.PeriodEnd))
		}
		began := "Started"
		if s.Status == subscription.Scheduled {
			began = "Starts"
		}
		return facts(out, "Subscription", s.ID, "Customer", s.CustomerID, "Status", status, "Terms", terms(s.Subscription),
			"Agreed", agreedInWords(s.AgreedPrices), "Currency", s.Currency, "Billed by", s.BilledBy, "Zone", s.Zone, began, s.StartedAt,
			"Period", period, "From then on", waiting(s.Subscription), "Acts next", s.NextActionAt,
			"Billing group", s.BillingGroup, "Purchase order", s.PONumber, "Ended", s.EndedAt, "Why", s.EndReason, "Invoice", billed(s.Invoice))
	})
}

// billed is an invoice in a line.
func billed(b *message.Billed) string {
	if b == nil {
		return ""
	}
	text := fmt.Sprintf("%s (%s) over %s", b.Number, b.InvoiceID, b.Total)
	if b.AmountDue != b.Total {
		text += fmt.Sprintf(", due %s", b.AmountDue)
	}
	if b.Payment != "" {
		text += ": " + string(b.Payment)
	}
	return text
}
