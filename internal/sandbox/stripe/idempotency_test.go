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

func keyed(customer, method string, amount int64, key string) *stripego.PaymentIntentParams {
	p := offSession(customer, method, amount, "usd")
	p.SetIdempotencyKey(key)
	return p
}

func countCharges(t *testing.T, b *bundle, customer string) (n int) {
	it := b.api.Charges.List(&stripego.ChargeListParams{Customer: &customer})
	for it.Next() {
		n++
	}
	require.NoError(t, it.Err())
	return n
}

func TestReplays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	first, err := b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "charge:1"))
	require.NoError(t, err)
	again, err := b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "charge:1"))
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, first.LastResponse.RawJSON, again.LastResponse.RawJSON)
	require.Empty(t, first.LastResponse.Header.Get("Idempotent-Replayed"))
	require.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
	require.Equal(t, first.LastResponse.RequestID, again.LastResponse.Header.Get("Original-Request"))
	require.NotEqual(t, first.LastResponse.RequestID, again.LastResponse.RequestID)
	require.Equal(t, 1, countCharges(t, b, c.ID))

	_, err = b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2001, "charge:1"))
	e := refusal(t, err)
	require.Equal(t, stripego.ErrorTypeIdempotency, e.Type)
	require.Equal(t, http.StatusBadRequest, e.HTTPStatusCode)
	require.Contains(t, e.Msg, "Try using a key other than 'charge:1' if you meant to execute a different request.")
	other := &stripego.CustomerParams{}
	other.SetIdempotencyKey("charge:1")
	_, err = b.api.Customers.New(other)
	require.Equal(t, stripego.ErrorTypeIdempotency, refusal(t, err).Type)
}

// The same parameters are the same however they were written, and others are others.
func TestKeyIsComparedByWhatTheFormSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := map[string]string{"Idempotency-Key": "customer:1"}
	_, first := b.raw(t, http.MethodPost, "/v1/customers", "name=a;b&metadata[k]=x+y", key)
	_, again := b.raw(t, http.MethodPost, "/v1/customers", "metadata%5Bk%5D=x%20y&&name=a%3Bb", key)
	require.Equal(t, first["id"], again["id"])
	res, _ := b.raw(t, http.MethodPost, "/v1/customers", "name=a;c&metadata[k]=x+y", key)
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
}

func TestDeclineIsReplayed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_chargeCustomerFail")
	_, err := b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "attempt:1"))
	first := refusal(t, err)
	_, err = b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "attempt:1"))
	again := refusal(t, err)
	require.Equal(t, http.StatusPaymentRequired, again.HTTPStatusCode)
	require.Equal(t, first.ChargeID, again.ChargeID)
	require.Equal(t, 1, countCharges(t, b, c.ID))
}

func TestValidationFailureIsNotKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	_, err := b.api.PaymentIntents.New(keyed(c.ID, m.ID, 1, "fixed"))
	require.Equal(t, stripego.ErrorCodeAmountTooSmall, refusal(t, err).Code)
	_, err = b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "fixed"))
	require.NoError(t, err)
}

func TestExecutedRefusalIsReplayed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	confirm := func() *http.Response {
		res, _ := b.raw(t, http.MethodPost, "/v1/payment_intents/"+p.ID+"/confirm", "", map[string]string{"Idempotency-Key": "late"})
		return res
	}
	require.Equal(t, http.StatusBadRequest, confirm().StatusCode)
	require.Equal(t, "true", confirm().Header.Get("Idempotent-Replayed"))
}

func TestFaults(t *testing.T) {
	t.Parallel()
	cases := []struct {
		kind    sandbox.FaultKind
		status  int // of the faulty answer; 0: no answer
		again   int // of the repetition with the same key
		charges int // after both
	}{
		{sandbox.ServerError, 500, 500, 0},
		{sandbox.ServerErrorAfter, 500, 500, 1},
		{sandbox.TooManyRequests, 429, 200, 1},
		{sandbox.HTML502, 502, 200, 1},
		{sandbox.DropBefore, 0, 200, 1},
		{sandbox.DropAfterCommit, 0, 200, 1},
		{sandbox.TimeoutAfterCommit, 0, 200, 1},
	}
	for _, tc := range cases {
		t.Run(string(tc.kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c, m := b.customerWith(t, "pm_card_visa")
			require.NoError(t, sandbox.AddFault(b.ctx, b.StripeURL(), sandbox.Fault{
				Method: "POST", PathPrefix: "/v1/payment_intents", Kind: tc.kind, IdempotencyKeyPrefix: "charge:",
			}))
			ctx, cancel := context.WithTimeout(b.ctx, 300*time.Millisecond)
			defer cancel()
			params := keyed(c.ID, m.ID, 2000, "charge:1")
			params.Context = ctx
			_, err := b.api.PaymentIntents.New(params)
			require.Error(t, err)
			switch tc.status {
			case 500, 429:
				require.Equal(t, tc.status, refusal(t, err).HTTPStatusCode)
			default:
				var e *stripego.Error
				require.NotErrorAs(t, err, &e)
			}
			_, err = b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "charge:1"))
			if tc.again == http.StatusOK {
				require.NoError(t, err)
			} else {
				require.Equal(t, tc.again, refusal(t, err).HTTPStatusCode)
			}
			require.Equal(t, tc.charges, countCharges(t, b, c.ID))
		})
	}
}

func TestFaultRefusesNonsense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, f := range []sandbox.Fault{{Kind: "earthquake"}, {Kind: sandbox.HTML502, Count: -1}, {Kind: sandbox.Delay, DelayMS: 1 << 30}} {
		require.ErrorContains(t, sandbox.AddFault(b.ctx, b.StripeURL(), f), "400")
	}
}

func TestConcurrentUseOfAKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	require.NoError(t, sandbox.AddFault(b.ctx, b.StripeURL(), sandbox.Fault{Kind: sandbox.Delay, DelayMS: 60_000, IdempotencyKeyPrefix: "same"}))
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	slow := make(chan error, 1)
	go func() {
		params := keyed(c.ID, m.ID, 2000, "same")
		params.Context = ctx
		_, err := b.api.PaymentIntents.New(params)
		slow <- err
	}()
	// The first request holds the key as soon as the fault is used up; until then ours would be the first.
	require.Eventually(t, func() bool {
		var health struct{ Faults int }
		b.admin(t, "/_sandbox/", &health)
		return health.Faults == 0
	}, 5*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		_, err := b.api.Customers.Update(c.ID, keyedCustomer("same"))
		e := refusal(t, err)
		return e.HTTPStatusCode == http.StatusConflict && e.Code == stripego.ErrorCodeIdempotencyKeyInUse
	}, 5*time.Second, 5*time.Millisecond)
	cancel()
	require.Error(t, <-slow)
}

func keyedCustomer(key string) *stripego.CustomerParams {
	p := &stripego.CustomerParams{Name: stripego.String("x"), Balance: stripego.Int64(1)}
	p.SetIdempotencyKey(key)
	return p
}

func TestKeysExpireByWallTime(t *testing.T) {
	t.Parallel()
	var offset atomic.Int64
	s, err := server.Open(server.Options{Path: filepath.Join(t.TempDir(), "stripe.db"), WallClock: func() time.Time {
		return time.Now().Add(time.Duration(offset.Load()))
	}})
	require.NoError(t, err)
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		web.Close()
		require.NoError(t, s.Close())
	})
	api := clientFor(web.URL, sandbox.StripeKey)
	first, err := api.Customers.New(keyedCustomer("k"))
	require.NoError(t, err)
	offset.Store(int64(23 * time.Hour))
	again, err := api.Customers.New(keyedCustomer("k"))
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	offset.Store(int64(25 * time.Hour))
	fresh, err := api.Customers.New(keyedCustomer("k"))
	require.NoError(t, err)
	require.NotEqual(t, first.ID, fresh.ID)
}

func TestRestartKeepsStateAndKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	b := &bundle{Sandbox: before, api: clientFor(before.StripeURL(), sandbox.StripeKey), ctx: context.Background()}
	c, m := b.customerWith(t, "pm_card_visa")
	p, err := b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "charge:1"))
	require.NoError(t, err)
	require.NoError(t, before.Close())

	after := setupIn(t, dir)
	again, err := after.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "charge:1"))
	require.NoError(t, err)
	require.Equal(t, p.ID, again.ID)
	require.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
	require.NotEqual(t, p.LastResponse.RequestID, again.LastResponse.RequestID)
	require.Equal(t, 1, countCharges(t, after, c.ID))
}

func TestIdsRepeatBetweenRuns(t *testing.T) {
	t.Parallel()
	charge := func() string {
		b := setup(t)
		c, err := b.api.Customers.New(keyedCustomer("customer:1"))
		require.NoError(t, err)
		p, err := b.api.PaymentIntents.New(keyed(c.ID, "pm_card_visa", 2000, "charge:1"))
		require.NoError(t, err)
		return c.ID + p.ID + p.LatestCharge.ID + p.PaymentMethod.ID
	}
	first, second := charge(), charge()
	require.Equal(t, first, second)
}
