package paymentorder_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/proof"
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
