// Package records is how services tell Perennial what is only written down, and starts no workflow: coupons, usage, and who of a
// subscription's members was active. It needs the address of the HTTP API and nothing else; package client does the rest over
// Temporal. Every call that may be repeated is safe to repeat.
package records

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// Client tells the HTTP API what is to be written down. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// New makes a client of the API at an address such as "https://billing.internal". The API has no authentication of its own: what
// stands before it may ask for some, which is up to the transport of the HTTP client (nil: http.DefaultClient).
func New(base string, over *http.Client) *Client {
	if over == nil {
		over = http.DefaultClient
	}
	return &Client{base: strings.TrimRight(base, "/"), http: over}
}

// largestAnswer keeps something else than the API from filling the memory.
const largestAnswer = 16 << 20

// problem is an error as the API writes it.
type problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

// refusal is a problem that is the request's fault. The fields at fault are named where the detail does not name them.
func (p problem) refusal() *subscription.Refusal {
	message := p.Detail
	for _, fault := range p.Errors {
		if !strings.Contains(message, fault.Message) {
			message += "; " + fault.Location + ": " + fault.Message
		}
	}
	return &subscription.Refusal{Code: p.Code, Message: message}
}

// path is a path of the API, of segments that may hold anything.
func path(segments ...string) string {
	escaped := []string{"", "v1"}
	for _, segment := range segments {
		escaped = append(escaped, url.PathEscape(segment))
	}
	return strings.Join(escaped, "/")
}

// send sends a request and reads the answer. A *subscription.Refusal says what is wrong with the request; after any other error
// it may have been carried out, and is safe to repeat.
func send[Out any](ctx context.Context, c *Client, method, to string, body any) (Out, error) {
	var out Out
	status, answer, err := c.exchange(ctx, method, to, body)
	if err != nil {
		return out, fmt.Errorf("%s %s: %w", method, to, err)
	}
	if status >= http.StatusBadRequest {
		var wrong problem
		if err := json.Unmarshal(answer, &wrong); err != nil || wrong.Code == "" || status >= http.StatusInternalServerError {
			return out, fmt.Errorf("%s %s: the API answered %d: %.200q", method, to, status, answer)
		}
		return out, wrong.refusal()
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		return out, fmt.Errorf("%s %s: the answer is not as expected: %w", method, to, err)
	}
	return out, nil
}

func (c *Client) exchange(ctx context.Context, method, to string, body any) (status int, answer []byte, err error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+to, content)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	answer, err = io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	return response.StatusCode, answer, errors.Join(err, response.Body.Close())
}
