package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/stripe/stripe-go/v79"
	stripeclient "github.com/stripe/stripe-go/v79/client"

	"github.com/perennial-billing/perennial/starter/service"
)

// endpoint is a webhook endpoint registered at Stripe, with the secret it told us once.
type endpoint struct {
	ID     string `json:"id"`
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

// RegisterWebhook asks Stripe to send events to url and returns the secret that verifies them. The registration is kept
// in a file and used again; without a file name it is made anew, in place of an earlier one for the same url.
func RegisterWebhook(ctx context.Context, api *stripeclient.API, url, file string) (secret string, err error) {
	if known, err := readEndpoint(file); err != nil {
		return "", err
	} else if known.URL == url && isRegistered(ctx, api, known) {
		return known.Secret, nil
	}
	if err := removeEndpoints(ctx, api, url); err != nil {
		return "", err
	}
	created, err := api.WebhookEndpoints.New(&stripe.WebhookEndpointParams{
		Params: stripe.Params{Context: ctx}, URL: &url, EnabledEvents: stripe.StringSlice(service.StripeEventTypes()), APIVersion: stripe.String(stripe.APIVersion),
	})
	if err != nil {
		return "", fmt.Errorf("register webhook %s at Stripe: %w", url, err)
	}
	return created.Secret, writeEndpoint(file, endpoint{ID: created.ID, URL: url, Secret: created.Secret})
}

func readEndpoint(file string) (endpoint, error) {
	var known endpoint
	if file == "" {
		return known, nil
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &known)
	}
	if err != nil {
		return known, fmt.Errorf("read the webhook's secret: %w; delete %s to register it anew", err, file)
	}
	return known, nil
}

func writeEndpoint(file string, e endpoint) error {
	if file == "" {
		return nil
	}
	raw, err := json.Marshal(e)
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep the webhook's secret: %w", err)
	}
	return nil
}

func isRegistered(ctx context.Context, api *stripeclient.API, known endpoint) bool {
	found, err := api.WebhookEndpoints.Get(known.ID, &stripe.WebhookEndpointParams{Params: stripe.Params{Context: ctx}})
	return err == nil && found.URL == known.URL && found.Status == "enabled" && sameEvents(found.EnabledEvents, service.StripeEventTypes())
}

// sameEvents says that an endpoint hears of what we act on now: a newer version acts on more.
func sameEvents(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// removeEndpoints removes those of which nobody knows the secret any more.
func removeEndpoints(ctx context.Context, api *stripeclient.API, url string) error {
	list := api.WebhookEndpoints.List(&stripe.WebhookEndpointListParams{ListParams: stripe.ListParams{Context: ctx}})
	var stale []string
	for list.Next() {
		if list.WebhookEndpoint().URL == url {
			stale = append(stale, list.WebhookEndpoint().ID)
		}
	}
	if err := list.Err(); err != nil {
		return fmt.Errorf("list webhooks at Stripe: %w", err)
	}
	for _, id := range stale {
		if _, err := api.WebhookEndpoints.Del(id, &stripe.WebhookEndpointParams{Params: stripe.Params{Context: ctx}}); err != nil {
			return fmt.Errorf("remove webhook %s at Stripe: %w", id, err)
		}
	}
	return nil
}
