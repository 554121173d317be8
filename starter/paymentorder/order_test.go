package paymentorder_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/webhook"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/proof"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/worker/host"
)

const secret = "whsec_order"

var (
	running = startertest.Stack{NoWorker: true}
	wire    = &line{scripts: map[string]*script{}, intents: map[string]*script{}}
)

func TestMain(m *testing.M) {
	os.Exit(startertest.Run(m, &running, func() (func() error, error) {
		worker, err := host.Start(running.Temporal, running.Store, wire.client(running.Config.StripeURL, running.Config.StripeKey))
		if err != nil {
			return nil, err
		}
		return func() error { worker.Stop(); return nil }, nil
	}))
}

// payment is a way to pay.
type payment string

const (
	// byCard succeeds when it is confirmed.
	byCard payment = "card"
	// byBank is under way when it is confirmed; its end is told later.
	byBank payment = "bank debit"
	// byOwner wants the card's owner, who is fast: the payment is made before we know that we have to ask for it.
	byOwner payment = "owner at once"
	// byOwnerLater is made when the collection has begun to wait for the owner.
	byOwnerLater payment = "owner later"
)

// moments are when the webhook arrives, and how often: before our request is answered, at the same time as the answer, and
// when everything rests.
type moments struct{ before, meanwhile, after int }

// order is one way in which it can go.
type order struct {
	pay     payment
	confirm answer
	ask     answer
	webhook moments
}

func (o order) String() string {
	return fmt.Sprintf("%s: the answer to the confirmation %s, to the question %s; the webhook comes %d times before it, %d meanwhile, %d after",
		o.pay, o.confirm, o.ask, o.webhook.before, o.webhook.meanwhile, o.webhook.after)
}

// missed says that no webhook ever comes.
func (o order) missed() bool { return o.webhook == moments{} }

// orders are all of them.
func orders() []order {
	var all []order
	arrivals := []moments{{2, 0, 0}, {0, 0, 2}}
	for _, before := range []int{0, 1} {
		for _, meanwhile := range []int{0, 1} {
			for _, after := range []int{0, 1} {
				arrivals = append(arrivals, moments{before, meanwhile, after})
			}
		}
	}
	for _, pay := range []payment{byCard, byBank, byOwner, byOwnerLater} {
		for _, confirm := range []answer{arrives, lost, timeout, failed} {
			for _, webhook := range arrivals {
				if pay == byOwnerLater && webhook.before+webhook.meanwhile > 0 {
					continue // there is nothing yet to tell
				}
				all = append(all, order{pay: pay, confirm: confirm, ask: arrives, webhook: webhook})
				if pay != byCard && confirm == arrives { // with a card nobody has to ask
					all = append(all, order{pay: pay, confirm: confirm, ask: lost, webhook: webhook})
				}
			}
		}
	}
	return all
}

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

// TestEveryOrderLeadsToTheSameBooks plays every order of the provider's answer and its webhooks, and looks at the books.
func TestEveryOrderLeadsToTheSameBooks(t *testing.T) { //nolint:paralleltest // it is the only one
	seller, ctx := running.Seller(t), t.Context()
	door := api.New(api.Options{Service: running.Service, WebhookSecrets: []string{secret}})
	applying, stop := context.WithCancel(ctx)
	defer stop()
	var background sync.WaitGroup
	background.Go(func() { applyEvents(applying) })

	plays := make([]*play, len(orders()))
	var group errgroup.Group
	group.SetLimit(16)
	for i, o := range orders() {
		plays[i] = &play{order: o, ctx: ctx, door: door, id: fmt.Sprintf("%s-%d", seller, i)}
		group.Go(func() error {
			if err := plays[i].run(seller); err != nil {
				return fmt.Errorf("%s: %w", o, err)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())

	open, hidden := 0, 0
	for _, p := range plays {
		if p.pay == byOwner && p.confirm == failed {
			hidden++
		}
		if p.missed() && p.status(t) == "open" {
			open++
		}
	}
	require.Positive(t, open, "some payments are known to nobody until they are looked for")
	found, due, err := running.Service.SweepEvents(ctx, 0)
	require.NoError(t, err)
	require.True(t, due)
	require.Positive(t, found.New)
	for _, p := range plays {
		require.Eventually(t, func() bool { return p.status(t) == "paid" }, patience, 20*time.Millisecond, "%s", p.order)
	}

	want := books{Status: "paid", AmountPaid: 1000, Successes: 1, Received: 1, Receipts: 1, Charged: 1, Taken: 1000}
	for _, p := range plays {
		require.Equal(t, want, p.books(t), "%s", p.order)
		require.NoError(t, p.webhookComes(1)) // and once more, very late
	}
	again, _, err := running.Service.SweepEvents(ctx, 0)
	require.NoError(t, err)
	require.Zero(t, again.New)
	require.Eventually(t, func() bool {
		return running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE status = 'waiting'`) == 0
	}, patience, 20*time.Millisecond)
	for _, p := range plays {
		require.Equal(t, want, p.books(t), "%s, told again", p.order)
	}
	require.Zero(t, running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE status = 'given_up'`))
	stop()
	background.Wait()
	requireProof(t, hidden)
}

// requireProof checks all the books. A decline that we never heard of, because the provider answered with an error of its
// own and the owner had paid before we looked, moved no money and is not in them; there are at most hidden of these.
func requireProof(t *testing.T, hidden int) {
	t.Helper()
	report, err := proof.Run(t.Context(), running.Store, running.Config.StripeURL)
	require.NoError(t, err)
	for _, claim := range report.Proofs {
		for _, fault := range claim.Faults {
			require.Contains(t, fault, "(failed) is in the provider's books and not in ours")
		}
		require.LessOrEqual(t, claim.FaultCount, hidden)
	}
}

// patience is for machines that are busy with other things.
const patience = 2 * time.Minute

// applyEvents is what `starter serve` does with stored events. An event whose application fails is tried again.
func applyEvents(ctx context.Context) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := running.Service.ProcessEvents(ctx); err != nil && ctx.Err() == nil {
			slog.Warn("events were not applied", "error", err)
		}
	}
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
