package stripe

import (
	"fmt"
	"net/url"
	"slices"
)

// webhookEndpoint is where events are sent. Secret is in the answer to the creation only.
type webhookEndpoint struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	APIVersion    *string           `json:"api_version"`
	Application   *string           `json:"application"`
	Created       int64             `json:"created"`
	Description   *string           `json:"description"`
	EnabledEvents []string          `json:"enabled_events"`
	Livemode      bool              `json:"livemode"`
	Metadata      map[string]string `json:"metadata"`
	Secret        string            `json:"secret,omitempty"`
	Status        string            `json:"status"`
	URL           string            `json:"url"`
}

func (w *webhookEndpoint) identity() (string, int64) { return w.ID, w.Created }

func (w *webhookEndpoint) indexed() map[string]string { return nil }

func (w *webhookEndpoint) wants(kind string) bool {
	return w.Status == "enabled" && (slices.Contains(w.EnabledEvents, "*") || slices.Contains(w.EnabledEvents, kind))
}

var webhookEndpoints = collection[*webhookEndpoint]{name: "webhook_endpoint", prefix: "we_"}

const maxWebhookEndpoints = 16

func webhookEndpointEndpoints() []endpoint {
	creation := spec{
		"api_version": text(), "connect": boolean(), "description": text(), "enabled_events": required(list(text())),
		"metadata": metadata(), "url": required(text()),
	}
	update := spec{
		"description": text(), "disabled": boolean(), "enabled_events": list(text()), "metadata": metadata(), "url": text(),
	}
	return []endpoint{
		post("/v1/webhook_endpoints", creation, createWebhookEndpoint),
		get("/v1/webhook_endpoints", pageSpec(nil), func(r *call) (any, error) { return webhookEndpoints.list(r, nil) }),
		get("/v1/webhook_endpoints/{id}", nil, retrieve(webhookEndpoints, "id")),
		post("/v1/webhook_endpoints/{id}", update, updateWebhookEndpoint),
		del("/v1/webhook_endpoints/{id}", deleteWebhookEndpoint),
	}
}

// webhookSecret is derived, not stored: it is the same in every run with the same requests.
func webhookSecret(id string) string { return "whsec_" + derive(32, "webhook_secret", id) }

func createWebhookEndpoint(r *call) (any, error) {
	if webhookEndpoints.count(r.tx) >= maxWebhookEndpoints {
		return nil, refused("", "", "You have reached the maximum of %d test webhook endpoints.", maxWebhookEndpoints)
	}
	version := r.args.textOr("api_version", APIVersion)
	if version != APIVersion {
		return nil, invalid("", "api_version", "Invalid API version: %s. This sandbox speaks %s only.", version, APIVersion)
	}
	w := &webhookEndpoint{
		ID: newID(r, webhookEndpoints), Object: "webhook_endpoint", APIVersion: optional(r.args.text("api_version")),
		Created: r.now(), Status: "enabled",
	}
	if err := w.apply(r); err != nil {
		return nil, err
	}
	webhookEndpoints.put(r.tx, w)
	shown := *w
	shown.Secret = webhookSecret(w.ID)
	return &shown, nil
}

func (w *webhookEndpoint) apply(r *call) error {
	var err error
	if w.Metadata, err = merged(r.args, w.Metadata); err != nil {
		return err
	}
	r.args.setText("description", &w.Description)
	if r.args.has("enabled_events") {
		w.EnabledEvents = r.args.list("enabled_events")
		if len(w.EnabledEvents) == 0 {
			return invalid("parameter_invalid_empty", "enabled_events", "You must enable at least one event, or \"*\" for all.")
		}
		for i, kind := range w.EnabledEvents {
			if kind != "*" && !among(eventTypes, kind) {
				return invalid("", fmt.Sprintf("enabled_events[%d]", i), "Invalid enabled_events[%d]: %s is not an event of API version %s.", i, kind, APIVersion)
			}
		}
	}
	if r.args.has("url") {
		w.URL = r.args.text("url")
		if target, err := url.Parse(w.URL); err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https") {
			return invalid("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided.")
		}
	}
	return nil
}

func updateWebhookEndpoint(r *call) (any, error) {
	w, found := webhookEndpoints.get(r.tx, r.id)
	if !found {
		return nil, notFound("webhook_endpoint", r.id, "id")
	}
	if err := w.apply(r); err != nil {
		return nil, err
	}
	if r.args.has("disabled") {
		w.Status = "enabled"
		if r.args.boolean("disabled") {
			w.Status = "disabled"
		}
	}
	webhookEndpoints.put(r.tx, w)
	return w, nil
}

func deleteWebhookEndpoint(r *call) (any, error) {
	w, found := webhookEndpoints.get(r.tx, r.id)
	if !found {
		return nil, notFound("webhook_endpoint", r.id, "id")
	}
	dropDeliveries(r.tx, w.ID)
	webhookEndpoints.remove(r.tx, w)
	return deleted{ID: w.ID, Object: "webhook_endpoint", Deleted: true}, nil
}
