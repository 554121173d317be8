package paymentorder_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/webhook"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// books are what must be the same in the end, whatever the order.
type books struct {
	Status     string
	AmountPaid int64
	Successes  int // payments
	Received   int // postings of money received
	Receipts   int // mails
	Charged    int // by the provider, successfully
	Taken      int64
}

// play is one order being played.
type play struct {
	order

	ctx     context.Context
	door    *api.API
	id      string
	invoice string
	intent  string
	failure error // of what happened on the line
}

func (p *play) run(seller string) error {
	card := map[payment]string{byCard: "pm_card_visa", byBank: "pm_card_visa"}[p.pay]
	if card == "" {
		card = "pm_card_authenticationRequired"
	}
	customer := startertest.NewCustomer(seller, p.id+"-c")
	customer.PaymentMethod = card
	if _, err := running.Service.CreateCustomer(p.ctx, customer); err != nil {
		return err
	}
	var arriving errgroup.Group
	wire.add(p.id, &script{confirm: p.confirm, ask: p.ask, processing: p.pay == byBank, committed: func(intent string) {
		p.intent = intent
		p.failure = p.whenCommitted(&arriving)
	}})
	started, err := running.Service.Subscribe(p.ctx, service.NewSubscription{ID: p.id, Customer: customer.ID, Plan: seller + "-pro"})
	if err := errors.Join(err, arriving.Wait(), p.failure); err != nil {
		return err
	}
	p.invoice = started.Invoice.InvoiceID
	if p.pay == byOwnerLater {
		if err := p.ownerPays(); err != nil {
			return err
		}
	}
	return p.webhookComes(p.webhook.after)
}

// whenCommitted is what happens between the provider's doing and its answer.
func (p *play) whenCommitted(arriving *errgroup.Group) error {
	if p.pay == byOwner {
		if err := p.ownerPays(); err != nil {
			return err
		}
	}
	if err := p.webhookComes(p.webhook.before); err != nil {
		return err
	}
	if p.webhook.meanwhile > 0 {
		arriving.Go(func() error { return p.webhookComes(p.webhook.meanwhile) })
	}
	return nil
}

// ownerPays confirms the payment on the provider's page.
func (p *play) ownerPays() error {
	_, err := running.Config.Stripe().PaymentIntents.Confirm(p.intent, &stripe.PaymentIntentConfirmParams{
		Params: stripe.Params{Context: p.ctx}, PaymentMethod: stripe.String("pm_card_visa"),
	})
	return err
}

// webhookComes brings the event of the payment's success a number of times.
func (p *play) webhookComes(times int) error {
	if times == 0 {
		return nil
	}
	payload, err := p.event()
	if err != nil {
		return err
	}
	for range times {
		signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: payload, Secret: secret, Timestamp: time.Now()})
		req, err := http.NewRequestWithContext(p.ctx, http.MethodPost, "/webhooks/stripe", bytes.NewReader(payload))
		if err != nil {
			return err
		}
		req.Header.Set("Stripe-Signature", signed.Header)
		answered := httptest.NewRecorder()
		p.door.ServeHTTP(answered, req)
		if answered.Code != http.StatusOK {
			return fmt.Errorf("the webhook is answered with %d: %s", answered.Code, answered.Body)
		}
	}
	return nil
}

// event is the provider's event of the payment's success.
func (p *play) event() ([]byte, error) {
	list := running.Config.Stripe().Events.List(&stripe.EventListParams{
		ListParams: stripe.ListParams{Context: p.ctx, Limit: stripe.Int64(100)}, Type: stripe.String("payment_intent.succeeded"),
	})
	for list.Next() {
		event := list.Event()
		if event.Data.Object["id"] == p.intent {
			return json.Marshal(map[string]any{
				"id": event.ID, "object": "event", "api_version": event.APIVersion, "created": event.Created, "livemode": event.Livemode,
				"type": event.Type, "data": map[string]any{"object": event.Data.Raw},
			})
		}
	}
	return nil, errors.Join(fmt.Errorf("the provider has no event of the success of %s", p.intent), list.Err())
}

func (p *play) status(t *testing.T) string {
	t.Helper()
	invoice, err := running.Store.Invoice(t.Context(), p.invoice)
	require.NoError(t, err)
	return invoice.Status
}

func (p *play) books(t *testing.T) books {
	t.Helper()
	invoice, err := running.Store.Invoice(t.Context(), p.invoice)
	require.NoError(t, err)
	b := books{
		Status: invoice.Status, AmountPaid: invoice.AmountPaid,
		Received: running.Count(t, `SELECT COUNT(*) FROM ledger_transaction WHERE kind = 'payment_received'
			AND reference IN (SELECT id FROM payment WHERE invoice_id = $1)`, p.invoice),
		Receipts: running.Count(t, `SELECT COUNT(*) FROM outbox WHERE template = 'receipt' AND invoice_id = $1`, p.invoice),
	}
	payments, err := running.Store.Payments(t.Context(), p.invoice)
	require.NoError(t, err)
	for _, attempt := range payments {
		if attempt.Status == store.PaymentSucceeded {
			b.Successes++
		}
	}
	charges := running.Config.Stripe().Charges.List(&stripe.ChargeListParams{
		ListParams: stripe.ListParams{Context: t.Context()}, PaymentIntent: stripe.String(*invoice.ProviderIntent),
	})
	for charges.Next() {
		if charges.Charge().Status == stripe.ChargeStatusSucceeded {
			b.Charged++
			b.Taken += charges.Charge().Amount
		}
	}
	require.NoError(t, charges.Err())
	return b
}
