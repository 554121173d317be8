package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/starter/api"
)

const (
	defaultAddr = "127.0.0.1:8080"
	webhookPath = "/webhooks/stripe"
	mailPath    = "/webhooks/sendgrid"
	// apiConnections is the API's share of the database's connections.
	apiConnections = 16
)

func (p *program) serve() *cobra.Command {
	var addr, webhookURL string
	c := &cobra.Command{
		Use: "serve", Short: "Serve the HTTP API and take webhooks in", Args: cobra.NoArgs,
		Long: `Serve the HTTP API (documentation at /docs, OpenAPI at /openapi.json), the invoice pages, /webhooks/stripe and
/webhooks/sendgrid. Webhooks are verified with STRIPE_WEBHOOK_SECRET and SENDGRID_WEBHOOK_KEY; on the sandbox, where nobody
has them, --webhook-url registers this API. What webhooks missed is looked for every five minutes.
The API has no authentication of its own: keep it behind a gateway that has.`,
		Example: `  go run ./starter serve
  go run ./starter serve --addr 0.0.0.0:8080 --webhook-url http://api:8080/webhooks/stripe`,
		RunE: p.do(func(ctx context.Context, _ []string) error {
			connected, err := p.connectWith(ctx, apiConnections)
			if err != nil {
				return err
			}
			defer connected.close()
			listener, err := listen(ctx, addr)
			if err != nil {
				return err
			}
			options := api.Options{Service: connected.service, Log: p.log()}
			if err := takeWebhooks(ctx, &options, connected.settings, webhookURL, ""); err != nil {
				return err
			}
			for _, neighbour := range connected.settings.Sandboxed() {
				fmt.Fprintf(p.err, "SANDBOX instead of %s: no real money or mail moves\n", neighbour)
			}
			if len(options.WebhookSecrets) == 0 {
				fmt.Fprintln(p.err, "Webhooks are refused: STRIPE_WEBHOOK_SECRET is not set (on the sandbox, --webhook-url does)")
			}
			if len(options.MailKeys) == 0 {
				fmt.Fprintln(p.err, "Reports on mail are refused: SENDGRID_WEBHOOK_KEY is not set (on the sandbox, --webhook-url does)")
			}
			fmt.Fprintf(p.err, "API: http://%s\n", listener.Addr())
			return api.Serve(ctx, listener, api.New(options))
		}),
	}
	c.Flags().StringVar(&addr, "addr", defaultAddr, "address to listen on")
	c.Flags().StringVar(&webhookURL, "webhook-url", "", "where the sandbox reaches this API, which registers there if STRIPE_WEBHOOK_SECRET is not set")
	return c
}

func (p *program) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w: is another one running? --addr takes another address", err)
	}
	return listener, nil
}

// takeWebhooks configures what verifies webhooks: what the environment says or, on the sandbox, what it answers when this
// API registers under url. At the real providers people register endpoints, once for all instances of the API.
func takeWebhooks(ctx context.Context, options *api.Options, settings config.Config, url, file string) error {
	options.WebhookSecrets = settings.StripeWebhookSecrets
	keys := settings.SendGridWebhookKeys
	if url != "" {
		registered, err := register(ctx, options, settings, url, file)
		if err != nil {
			return err
		}
		keys = append(keys, registered...)
	}
	var err error
	options.MailKeys, err = api.MailKeys(keys)
	return err
}

// register registers this API at the sandbox, for what the environment has no keys for.
func register(ctx context.Context, options *api.Options, settings config.Config, url, file string) (mailKeys []string, err error) {
	base, found := strings.CutSuffix(url, webhookPath)
	if !found {
		return nil, wrong("webhook-url", "%q does not end in %s, where webhooks come in", url, webhookPath)
	}
	if len(options.WebhookSecrets) == 0 && settings.StripeURL != "" {
		secret, err := api.RegisterWebhook(ctx, settings.Stripe(), url, file)
		if err != nil {
			return nil, err
		}
		options.WebhookSecrets = []string{secret}
	}
	if len(settings.SendGridWebhookKeys) == 0 && settings.SendGridURL != "" {
		key, err := sandbox.SetEventWebhook(ctx, settings.SendGridURL, base+mailPath)
		return []string{key}, err
	}
	return nil, nil
}
