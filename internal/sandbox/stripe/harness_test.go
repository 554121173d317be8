package stripe_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/client"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/sandbox/contract"
)

// bundle is a running sandbox with the real client library pointed at it, through a validator: a test fails when anything
// it makes the sandbox say or accept is not as Stripe describes it.
type bundle struct {
	*sandbox.Sandbox
	api *client.API
	ctx context.Context
	url string
}

// StripeURL leads through the validator.
func (b *bundle) StripeURL() string { return b.url }

func setup(t testing.TB) *bundle { return setupIn(t, t.TempDir()) }

func setupIn(t testing.TB, dir string) *bundle {
	s, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	url := contract.Between(t, s.StripeURL())
	return &bundle{Sandbox: s, api: clientFor(url, sandbox.StripeKey), ctx: context.Background(), url: url}
}

func clientFor(baseURL, key string) *client.API {
	config := &stripego.BackendConfig{
		URL: stripego.String(baseURL), EnableTelemetry: stripego.Bool(false), MaxNetworkRetries: stripego.Int64(0),
		LeveledLogger: &stripego.LeveledLogger{Level: stripego.LevelNull}, HTTPClient: &http.Client{Timeout: 10 * time.Second},
	}
	return client.New(key, stripego.NewBackendsWithConfig(config))
}

// asOf dates a request with billing time.
func asOf(p *stripego.Params, at time.Time) {
	if p.Headers == nil {
		p.Headers = http.Header{}
	}
	p.Headers.Set(sandbox.AsOfHeader, at.Format(time.RFC3339))
}

func (b *bundle) customer(t testing.TB) *stripego.Customer {
	c, err := b.api.Customers.New(&stripego.CustomerParams{Email: stripego.String("ada@example.com"), Name: stripego.String("Ada")})
	require.NoError(t, err)
	return c
}

// customerWith makes a customer with a saved test card.
func (b *bundle) customerWith(t testing.TB, token string) (*stripego.Customer, *stripego.PaymentMethod) {
	c := b.customer(t)
	m, err := b.api.PaymentMethods.Attach(token, &stripego.PaymentMethodAttachParams{Customer: &c.ID})
	require.NoError(t, err)
	return c, m
}

// offSession describes a charge of a saved card without the customer present.
func offSession(customer, method string, amount int64, currency string) *stripego.PaymentIntentParams {
	return &stripego.PaymentIntentParams{
		Amount: &amount, Currency: &currency, Customer: &customer, PaymentMethod: &method,
		Confirm: stripego.Bool(true), OffSession: stripego.Bool(true),
	}
}

// tester is a test or one run of a property.
type tester interface {
	require.TestingT
	Helper()
}

// refusal asserts that an error came from the API and returns it.
func refusal(t tester, err error) *stripego.Error {
	t.Helper()
	var e *stripego.Error
	require.ErrorAs(t, err, &e, "not an API error: %v", err)
	return e
}

// raw sends a form as any HTTP client would.
func (b *bundle) raw(t testing.TB, method, path, form string, headers map[string]string) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(b.ctx, method, b.StripeURL()+path, strings.NewReader(form))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+sandbox.StripeKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(body, &decoded), string(body))
	return res, decoded
}

// authenticate plays the customer at the page an intent's next action points to.
func authenticate(t testing.TB, page, outcome string) *http.Response {
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.PostForm(page, url.Values{"outcome": {outcome}})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}

// admin reads JSON from the sandbox's own API.
func (b *bundle) admin(t testing.TB, path string, into any) {
	res, err := http.Get(b.StripeURL() + path)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.NoError(t, json.NewDecoder(res.Body).Decode(into))
}
