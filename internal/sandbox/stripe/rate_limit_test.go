package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func TestRateLimitsSayWhich(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tc := range []struct {
		fault sandbox.Fault
		code  stripego.ErrorCode
		told  string
	}{
		{sandbox.Fault{Kind: sandbox.TooManyRequests}, stripego.ErrorCodeRateLimit, "global-rate"},
		{sandbox.Fault{Kind: sandbox.TooManyRequests, RateLimitedReason: "endpoint-concurrency"}, stripego.ErrorCodeRateLimit, "endpoint-concurrency"},
		{sandbox.Fault{Kind: sandbox.LockTimeout}, stripego.ErrorCodeLockTimeout, ""},
	} {
		require.NoError(t, sandbox.AddFault(b.ctx, b.StripeURL(), tc.fault))
		params := &stripego.CustomerParams{Name: stripego.String("Ada")}
		params.SetIdempotencyKey("customer:" + string(tc.fault.Kind) + tc.told)
		_, err := b.api.Customers.New(params)
		e := refusal(t, err)
		require.Equal(t, 429, e.HTTPStatusCode)
		require.Equal(t, tc.code, e.Code)
		require.Equal(t, tc.told, e.LastResponse.Header.Get("Stripe-Rate-Limited-Reason"))
		c, err := b.api.Customers.New(params)
		require.NoError(t, err, "nothing was kept under the key")
		require.Empty(t, c.LastResponse.Header.Get("Stripe-Rate-Limited-Reason"))
	}
	require.ErrorContains(t, sandbox.AddFault(b.ctx, b.StripeURL(), sandbox.Fault{Kind: sandbox.TooManyRequests, RateLimitedReason: "weather"}), "rate_limited_reason")
}
