package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"

	"github.com/getkin/kin-openapi/openapi3"
)

// anyKey is a key that the sandbox accepts, like any other of a test account.
const anyKey = "sk_test_contract"

type eventPage struct {
	Data []struct {
		Data struct {
			Object             map[string]any `json:"object"`
			PreviousAttributes map[string]any `json:"previous_attributes"`
		} `json:"data"`
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"data"`
	HasMore bool `json:"has_more"`
}

// checkEvents reads all events of the sandbox through the proxy, which checks their envelopes. Webhooks send the same.
// What an event is about is only "an object" in the description: it is held to the schema of what it says it is.
func (p *Proxy) checkEvents(ctx context.Context) error {
	if gone, err := p.forgetFaults(ctx); gone || err != nil {
		return err
	}
	for after, more := "", true; more; {
		page, err := p.events(ctx, after)
		if err != nil {
			return err
		}
		for _, e := range page.Data {
			p.checkObject(e.Type, e.Data.Object, e.Data.PreviousAttributes)
			after = e.ID
		}
		more = page.HasMore
	}
	return nil
}

// forgetFaults keeps faults that a test has left over away from the questions about events. A sandbox that the test has
// stopped itself has nothing to say any more.
func (p *Proxy) forgetFaults(ctx context.Context) (gone bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, p.target.JoinPath("/_sandbox/faults").String(), nil)
	if err != nil {
		return false, fmt.Errorf("forget faults: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("forget faults: %w", err)
	}
	return false, res.Body.Close()
}

func (p *Proxy) events(ctx context.Context, after string) (page eventPage, err error) {
	path := p.URL + "/v1/events?limit=100"
	if after != "" {
		path += "&starting_after=" + after
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if err != nil {
		return page, fmt.Errorf("ask for events: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+anyKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return page, fmt.Errorf("ask for events: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return page, fmt.Errorf("ask for events: %s", res.Status)
	}
	return page, json.NewDecoder(res.Body).Decode(&page)
}

func (p *Proxy) checkObject(kind string, object, previous map[string]any) {
	name, _ := object["object"].(string)
	schema := p.description.objects[name]
	if schema == nil {
		p.note(fmt.Sprintf("event %s is about %q, which is not in the description", kind, name))
		return
	}
	for _, deviation := range deviations(schema, object) {
		p.note("event " + kind + " is about " + deviation)
	}
	p.checkPrevious(kind, schema, previous)
}

// checkPrevious holds what changed to the fields of the object. Fields that were not there before are null.
func (p *Proxy) checkPrevious(kind string, schema *openapi3.Schema, previous map[string]any) {
	for field, value := range previous {
		known := schema.Properties[field]
		if known == nil {
			p.note("event " + kind + " says that " + field + " changed, which the object does not have")
			continue
		}
		if value == nil {
			continue
		}
		for _, deviation := range deviations(known.Value, value) {
			if !strings.Contains(deviation, " is missing") { // it may tell only what changed of a hash
				p.note("event " + kind + " says that before it was /" + field + deviation)
			}
		}
	}
}
