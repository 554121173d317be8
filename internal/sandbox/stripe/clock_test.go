package stripe_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
	server "github.com/perennial-billing/perennial/internal/sandbox/stripe"
)

// advance moves the settlement clock.
func (b *bundle) advance(t testing.TB, by time.Duration) sandbox.Clock {
	t.Helper()
	clock, err := sandbox.AdvanceClock(b.ctx, b.StripeURL(), sandbox.Advance{By: by.String()})
	require.NoError(t, err)
	return clock
}

func TestClockSettlesOnceAndSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	b := &bundle{Sandbox: first, api: clientFor(first.StripeURL(), sandbox.StripeKey), ctx: t.Context(), url: first.StripeURL()}
	c := b.customer(t)
	p, err := b.api.PaymentIntents.New(offSession(c.ID, "pm_card_pendingRefund", 2000, "usd"))
	require.NoError(t, err)
	f, err := b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID})
	require.NoError(t, err)
	waiting, err := sandbox.FetchClock(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.Equal(t, 3, waiting.Due, "a refund ends and two movements become available")
	moved := b.advance(t, 25*time.Hour)
	require.Equal(t, 2, moved.Due)
	require.NoError(t, first.Close())

	b = setupIn(t, dir)
	later, err := sandbox.FetchClock(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.False(t, later.Now.Before(moved.Now), "a restart does not turn the clock back")
	require.Zero(t, b.advance(t, 48*time.Hour).Due)
	f, err = b.api.Refunds.Get(f.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.RefundStatusSucceeded, f.Status)
	it := b.api.Events.List(&stripego.EventListParams{Type: stripego.String("refund.updated")})
	require.True(t, it.Next())
	require.False(t, it.Next(), "the refund ended once")
	fresh := b.customer(t)
	require.GreaterOrEqual(t, fresh.Created, moved.Now.Unix(), "requests without a billing time are dated by the clock")
}

// Where nobody sends billing times, the wall clock settles things without anybody asking.
func TestWallClockSettlesByItself(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	s, err := server.Open(server.Options{
		Path: filepath.Join(t.TempDir(), "stripe.db"), WallClock: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	site := httptest.NewServer(s)
	t.Cleanup(site.Close)
	api := clientFor(site.URL, sandbox.StripeKey)
	told := make(chan string, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { told <- "refund.updated" }))
	t.Cleanup(shop.Close)
	_, err = api.WebhookEndpoints.New(&stripego.WebhookEndpointParams{URL: &shop.URL, EnabledEvents: stripego.StringSlice([]string{"refund.updated"})})
	require.NoError(t, err)
	p, err := api.PaymentIntents.New(onSession("pm_card_pendingRefund", 2000, "usd"))
	require.NoError(t, err)
	_, err = api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID})
	require.NoError(t, err)
	ahead.Store(int64(25 * time.Hour))
	select {
	case <-told:
	case <-time.After(20 * time.Second):
		require.Fail(t, "the refund did not end")
	}
}

func TestClockRefusesNonsense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for want, a := range map[string]sandbox.Advance{
		"exactly one of to":    {},
		"cannot go back":       {To: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)},
		"by is not a duration": {By: "tomorrow"},
		"before the year 2201": {To: time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		_, err := sandbox.AdvanceClock(b.ctx, b.StripeURL(), a)
		require.ErrorContains(t, err, want)
	}
}
