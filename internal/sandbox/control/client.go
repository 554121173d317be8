package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// FetchBooks reads the whole books of the Stripe side at stripeURL.
func FetchBooks(ctx context.Context, stripeURL string) (Books, error) {
	var books Books
	err := call(ctx, http.MethodGet, stripeURL+"/_sandbox/books?format=json", nil, &books)
	return books, err
}

// SetPayouts says how money leaves the balance at stripeURL.
func SetPayouts(ctx context.Context, stripeURL string, p Payouts) error {
	return call(ctx, http.MethodPost, stripeURL+"/_sandbox/payouts", p, nil)
}

// SetSettlement says in which currency money reaches the balance of the Stripe side at stripeURL.
func SetSettlement(ctx context.Context, stripeURL string, s Settlement) error {
	return call(ctx, http.MethodPost, stripeURL+"/_sandbox/settlement", s, nil)
}

// AddMovement books something that Stripe does to the balance by itself, and returns the id of the balance transaction.
func AddMovement(ctx context.Context, stripeURL string, m Movement) (id string, err error) {
	var booked MovementBooked
	err = call(ctx, http.MethodPost, stripeURL+"/_sandbox/movements", m, &booked)
	return booked.ID, err
}

// AddScenario scripts charges at stripeURL.
func AddScenario(ctx context.Context, stripeURL string, s Scenario) error {
	return call(ctx, http.MethodPost, stripeURL+"/_sandbox/scenarios", s, nil)
}

// AddWebhookFault spoils coming webhooks of the Stripe side at stripeURL.
func AddWebhookFault(ctx context.Context, stripeURL string, f WebhookFault) error {
	return call(ctx, http.MethodPost, stripeURL+"/_sandbox/webhook_faults", f, nil)
}

// UpdateCard plays the card network's account updater at stripeURL.
func UpdateCard(ctx context.Context, stripeURL string, u CardUpdate) error {
	return call(ctx, http.MethodPost, stripeURL+"/_sandbox/card_updates", u, nil)
}

// RevokeMandates takes back every permission to debit a bank account at stripeURL.
func RevokeMandates(ctx context.Context, stripeURL string, r Revocation) error {
	return call(ctx, http.MethodPost, stripeURL+"/_sandbox/mandate_revocations", r, nil)
}

// AddFault injects a fault into the Stripe or SendGrid side at baseURL.
func AddFault(ctx context.Context, baseURL string, f Fault) error {
	return call(ctx, http.MethodPost, baseURL+"/_sandbox/faults", f, nil)
}

// AdvanceClock moves the settlement clock at stripeURL and lets everything happen that is due by then.
func AdvanceClock(ctx context.Context, stripeURL string, a Advance) (Clock, error) {
	var clock Clock
	err := call(ctx, http.MethodPost, stripeURL+"/_sandbox/clock", a, &clock)
	return clock, err
}

// FetchClock reads the settlement clock at stripeURL.
func FetchClock(ctx context.Context, stripeURL string) (Clock, error) {
	var clock Clock
	err := call(ctx, http.MethodGet, stripeURL+"/_sandbox/clock", nil, &clock)
	return clock, err
}

// Mailbox reads the newest messages to one address, or to anybody when to is empty: at most 1,000.
func Mailbox(ctx context.Context, sendGridURL, to string) ([]Mail, error) {
	query := url.Values{"limit": {strconv.Itoa(1000)}}
	if to != "" {
		query.Set("to", to)
	}
	var mails []Mail
	err := call(ctx, http.MethodGet, sendGridURL+"/mailbox.json?"+query.Encode(), nil, &mails)
	return mails, err
}

// Authenticate plays the customer who is asked to authenticate a payment or setup intent. The intent's state
// afterwards tells the outcome.
func Authenticate(ctx context.Context, stripeURL, intentID, clientSecret string, succeed bool) error {
	outcome := "fail"
	if succeed {
		outcome = "succeed"
	}
	page := stripeURL + "/_sandbox/authenticate/" + url.PathEscape(intentID) + "?" + url.Values{"client_secret": {clientSecret}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader(url.Values{"outcome": {outcome}}.Encode()))
	if err != nil {
		return fmt.Errorf("build request to sandbox: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// The redirect goes to the shop's return_url, which need not exist.
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Do(req)
	if err != nil {
		return fmt.Errorf("call sandbox: %w", err)
	}
	if err := res.Body.Close(); err != nil {
		return fmt.Errorf("read the sandbox's answer: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("sandbox refused to authenticate %s with %d: it does not wait for its customer, or the client secret is wrong", intentID, res.StatusCode)
	}
	return nil
}

// Pay plays the customer on a page that asks for a payment method: a checkout or the billing portal. It returns where
// the customer is sent next, which is the shop or a page that authenticates, and may be empty.
func Pay(ctx context.Context, pageURL string, p Payer) (next string, err error) {
	fields := url.Values{"email": {p.Email}, "name": {p.Name}, "payment_method": {p.PaymentMethod}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, pageURL, strings.NewReader(fields.Encode()))
	if err != nil {
		return "", fmt.Errorf("build request to sandbox: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Do(req)
	if err != nil {
		return "", fmt.Errorf("call sandbox: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= http.StatusBadRequest {
		shown, _ := io.ReadAll(io.LimitReader(res.Body, 1<<16))
		reason := string(shown)
		if _, after, found := strings.Cut(reason, "<strong>"); found {
			reason, _, _ = strings.Cut(after, "</strong>")
		}
		return "", fmt.Errorf("the sandbox's page answered %d: %s", res.StatusCode, html.UnescapeString(reason))
	}
	return res.Header.Get("Location"), nil
}

func call(ctx context.Context, method, url string, in, out any) error {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request to sandbox: %w", err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return fmt.Errorf("build request to sandbox: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("call sandbox: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= http.StatusBadRequest {
		reason, _ := io.ReadAll(io.LimitReader(res.Body, 1<<12))
		return fmt.Errorf("sandbox refused %s %s with %d: %s", method, url, res.StatusCode, strings.TrimSpace(string(reason)))
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("decode the sandbox's answer to %s %s: %w", method, url, err)
	}
	return nil
}
