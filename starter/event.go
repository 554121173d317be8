package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) events() *cobra.Command {
	return p.group("event", "See, replay and look for what the providers tell us",
		p.listEvents(), p.showEvent(), p.replayEvent(), p.sweepEvents(), p.purgeEvents())
}

func (p *program) listEvents() *cobra.Command {
	var f service.EventFilter
	c := &cobra.Command{
		Use: "list", Short: "List received events, newest first", Args: cobra.NoArgs,
		Example: "  go run ./starter event list --status given_up\n  go run ./starter event list --object pi_3Q",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Events(ctx, f)
			return printPage(p, found, err, "received|id|type|object|source|status|tries|note", func(e store.InboundEvent) []any {
				return []any{e.ReceivedAt, e.ID, e.Type, e.ObjectID, e.Source, e.Status, e.Tries, e.Note + e.Error}
			})
		}),
	}
	c.Flags().StringVar(&f.Status, "status", "", "waiting, applied, ignored or given_up")
	c.Flags().StringVar(&f.Provider, "provider", "", "stripe or sendgrid")
	c.Flags().StringVar(&f.Type, "type", "", "kind of event, such as payment_intent.succeeded")
	c.Flags().StringVar(&f.Object, "object", "", "id of what it is about, such as a payment intent or a message's key")
	p.paging(c, &f.After, &f.Limit)
	return c
}

func (p *program) showEvent() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show an event and what is kept of its content", Args: cobra.ExactArgs(1), Example: "  go run ./starter event show evt_1Q",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Event(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printEvent(found)
		}),
	}
}

func (p *program) replayEvent() *cobra.Command {
	return &cobra.Command{
		Use: "replay ID", Short: "Apply an event again", Args: cobra.ExactArgs(1), Example: "  go run ./starter event replay evt_1Q",
		Long: "Apply an event again, whatever became of it before. Everything an event leads to happens once: replaying one that was\n" +
			"applied changes nothing.",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.ReplayEvent(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printEvent(found)
		}),
	}
}

func (p *program) printEvent(e store.InboundEvent) error {
	return p.show(e, func(out io.Writer) error {
		err := facts(out, "Event", e.ID, "Provider", e.Provider, "Type", e.Type, "About", e.ObjectID, "Came by", e.Source, "Happened", e.OccurredAt,
			"Received", e.ReceivedAt, "Status", e.Status, "Note", e.Note, "Problem", e.Error, "Tries", e.Tries, "Next try", e.NextTryAt,
			"Over since", e.ProcessedAt)
		if err != nil || e.Payload == nil {
			return err
		}
		kept, err := json.MarshalIndent(e.Payload, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "\nKept of its content:\n%s\n", kept)
		return err
	})
}

// sweepResult is what a sweep on demand did.
type sweepResult struct {
	service.Swept

	Processed service.Processed `json:"processed"`
}

func (p *program) sweepEvents() *cobra.Command {
	return &cobra.Command{
		Use: "sweep", Short: "Look now for what webhooks missed", Args: cobra.NoArgs, Example: "  go run ./starter event sweep",
		Long: "List the payment provider's events since the last sweep, ask about up to 100 open payments, and apply what is found.\n" +
			"`starter serve` does this every few minutes.",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			var did sweepResult
			var due bool
			var err error
			if did.Swept, due, err = svc.SweepEvents(ctx, 0); err != nil {
				return err
			}
			if !due {
				return &service.Error{Kind: service.Refused, Code: "sweep_running", Message: "somebody else is sweeping: repeat it in a moment"}
			}
			if did.Processed, err = svc.ProcessEvents(ctx); err != nil {
				return err
			}
			return p.show(did, func(out io.Writer) error {
				_, err := fmt.Fprintf(out, "%d events listed, %d of them new; %d open payments asked about, %d of them had moved.\n"+
					"Due events: %d applied, %d ignored, %d wait, %d given up.\n", did.Listed, did.New, did.Asked, did.Moved,
					did.Processed.Applied, did.Processed.Ignored, did.Processed.Waiting, len(did.Processed.GivenUp))
				return err
			})
		}),
	}
}

func (p *program) purgeEvents() *cobra.Command {
	var before instant
	c := &cobra.Command{
		Use: "purge", Short: "Delete old events", Args: cobra.NoArgs, Example: "  go run ./starter event purge --before 2027-01-01",
		Long: "Delete the events that ended and were received before an instant, at least 35 days ago: younger ones keep an event that is\n" +
			"told again from being applied again. Events that wait stay.",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			n, err := svc.PurgeEvents(ctx, before.Time)
			if err != nil {
				return err
			}
			return p.show(map[string]any{"purged": n, "before": before.Time}, func(out io.Writer) error {
				_, err := fmt.Fprintf(out, "%d events that were received before %s are deleted.\n", n, before.UTC().Format(time.RFC3339))
				return err
			})
		}),
	}
	c.Flags().Var(&before, "before", "events received before this day or time")
	return needs(c, "before")
}

func (p *program) mails() *cobra.Command {
	return p.group("mail", "See the mail that was queued and what became of it", p.listMails())
}

func (p *program) listMails() *cobra.Command {
	var f service.MailFilter
	c := &cobra.Command{
		Use: "list", Short: "List messages, newest first", Args: cobra.NoArgs, Example: "  go run ./starter mail list --status suppressed",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
			found, err := svc.Mails(ctx, f)
			return printPage(p, found, err, "id|message|customer|as of|status|delivery|problem", func(m store.QueuedMail) []any {
				return []any{m.ID, m.MessageKey, m.CustomerID, m.AsOf, m.Status, m.Delivery, m.Error}
			})
		}),
	}
	c.Flags().StringVar(&f.Status, "status", "", "pending, sending, sent, refused, uncertain or suppressed")
	c.Flags().StringVar(&f.Customer, "customer", "", "of this customer only")
	p.paging(c, &f.After, &f.Limit)
	return c
}

func (p *program) setEmail() *cobra.Command {
	return &cobra.Command{
		Use: "set-email ID ADDRESS", Short: "Set the address that mail goes to", Args: cobra.ExactArgs(2),
		Long: "Set the address that mail goes to. Mail that had been stopped because the address was dead, or did not want it, goes out\n" +
			"again, also if the address stays the same. What was suppressed meanwhile is not sent afterwards.",
		Example: "  go run ./starter customer set-email erika erika@example.org",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			changed, err := svc.SetEmail(ctx, args[0], args[1])
			if err != nil {
				return err
			}
			return p.printCustomer(changed)
		}),
	}
}
