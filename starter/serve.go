package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/starter/api"
)

const (
	defaultAddr = "127.0.0.1:8080"
	webhookPath = "/webhooks/stripe"
	// apiConnections is the API's share of the database's connections.
	apiConnections = 16
)

func (p *program) serve() *cobra.Command {
	var addr, webhookURL string
	c := &cobra.Command{
		Use: "serve", Short: "Serve the HTTP API and take webhooks in", Args: cobra.NoArgs,
		Long: `Serve the HTTP API (documentation at /docs, OpenAPI at /openapi.json), the invoice pages, and /webhooks/stripe.
Webhooks are verified with STRIPE_WEBHOOK_SECRET; on the sandbox, where nobody has one, --webhook-url registers this API.
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
			if options.WebhookSecret, err = webhookSecret(ctx, connected.settings, webhookURL, ""); err != nil {
				return err
			}
			for _, neighbour := range connected.settings.Sandboxed() {
				fmt.Fprintf(p.err, "SANDBOX instead of %s: no real money or mail moves\n", neighbour)
			}
			if options.WebhookSecret == "" {
				fmt.Fprintln(p.err, "Webhooks are refused: STRIPE_WEBHOOK_SECRET is not set (on the sandbox, --webhook-url does)")
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

// webhookSecret is the configured secret, or that of an endpoint registered at the sandbox. At the real Stripe people
// register endpoints, once for all instances of the API.
func webhookSecret(ctx context.Context, settings config.Config, url, file string) (string, error) {
	if settings.StripeWebhookSecret != "" || settings.StripeURL == "" || url == "" {
		return settings.StripeWebhookSecret, nil
	}
	if !strings.HasSuffix(url, webhookPath) {
		return "", wrong("webhook-url", "%q does not end in %s, where webhooks come in", url, webhookPath)
	}
	return api.RegisterWebhook(ctx, settings.Stripe(), url, file)
}
