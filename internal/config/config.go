// Package config reads the environment that the worker and the starter share.
package config

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/stripe/stripe-go/v79"
	stripeclient "github.com/stripe/stripe-go/v79/client"
)

// Config says which neighbours to talk to. Without keys the sandbox stands in for Stripe and SendGrid.
type Config struct {
	DatabaseURL string
	// StripeKey and SendGridKey are the providers' API keys.
	StripeKey   string
	SendGridKey string
	// StripeURL and SendGridURL are the sandbox's addresses; empty means the providers' own.
	StripeURL   string
	SendGridURL string
	// MailFrom is the sender of all mail; PublicURL is where customers reach our pages.
	MailFrom  string
	PublicURL string
	// StripeWebhookSecrets verify what Stripe sends us: each of them does, so that one can take the place of another.
	StripeWebhookSecrets []string
	// SendGridWebhookKeys are the public keys (base64, as SendGrid shows them) that verify its event webhook.
	SendGridWebhookKeys []string
}

// The sandbox's addresses and keys when nothing else is configured.
const (
	DefaultStripeSandbox   = "http://127.0.0.1:12111"
	DefaultSendGridSandbox = "http://127.0.0.1:12112"
	sandboxStripeKey       = "sk_test_fake_sandbox"
	sandboxSendGridKey     = "SG.fake-sandbox"
)

// FromEnv reads the configuration. Errors name the variable and the remedy.
func FromEnv(env Environment) (Config, error) {
	getenv := env.Getenv
	c := Config{
		DatabaseURL: getenv("DATABASE_URL"), StripeKey: getenv("STRIPE_API_KEY"), SendGridKey: getenv("SENDGRID_API_KEY"),
		MailFrom: getenv("MAIL_FROM"), PublicURL: strings.TrimSuffix(getenv("PUBLIC_URL"), "/"),
		StripeWebhookSecrets: list(getenv("STRIPE_WEBHOOK_SECRET")), SendGridWebhookKeys: list(getenv("SENDGRID_WEBHOOK_KEY")),
	}
	if c.DatabaseURL == "" {
		return c, errors.New("DATABASE_URL is not set: give the Postgres to use, e.g. postgres://user@host:5432/perennial, " +
			"or run `go run ./starter dev`, which starts one")
	}
	if c.StripeKey == "" {
		c.StripeKey, c.StripeURL = sandboxStripeKey, orDefault(getenv("SANDBOX_URL"), DefaultStripeSandbox)
	}
	if c.SendGridKey == "" {
		c.SendGridKey, c.SendGridURL = sandboxSendGridKey, orDefault(getenv("SANDBOX_SENDGRID_URL"), DefaultSendGridSandbox)
	} else if c.MailFrom == "" {
		return c, errors.New("MAIL_FROM is not set: SENDGRID_API_KEY is, and mail needs a verified sender")
	}
	c.MailFrom = orDefault(c.MailFrom, "billing@perennial.example")
	c.PublicURL = orDefault(c.PublicURL, "http://127.0.0.1:8080")
	return c, nil
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// list reads values that are separated by commas.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// StripeLive says that the key works in Stripe's live mode.
func (c Config) StripeLive() bool {
	return strings.HasPrefix(c.StripeKey, "sk_live_") || strings.HasPrefix(c.StripeKey, "rk_live_")
}

// Sandboxed lists the providers for which the sandbox stands in.
func (c Config) Sandboxed() []string {
	var names []string
	if c.StripeURL != "" {
		names = append(names, "Stripe at "+c.StripeURL)
	}
	if c.SendGridURL != "" {
		names = append(names, "SendGrid at "+c.SendGridURL)
	}
	return names
}

// Stripe makes the client. Its own retries are off: Temporal retries, and knows when an outcome is unknown.
func (c Config) Stripe() *stripeclient.API {
	backend := &stripe.BackendConfig{
		EnableTelemetry:   stripe.Bool(false),
		HTTPClient:        &http.Client{Timeout: 30 * time.Second},
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		MaxNetworkRetries: stripe.Int64(0),
	}
	if c.StripeURL != "" {
		backend.URL = stripe.String(c.StripeURL)
	}
	return stripeclient.New(c.StripeKey, stripe.NewBackendsWithConfig(backend))
}
