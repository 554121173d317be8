package fault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
	"github.com/perennial-billing/perennial/internal/sandbox/fault"
)

func TestFaultsAreUsedUpByMatchingRequests(t *testing.T) {
	t.Parallel()
	q := &fault.Queue{Kinds: []control.FaultKind{control.HTML502, control.DropBefore}}
	require.NoError(t, q.Add(control.Fault{Kind: control.HTML502, Method: "post", PathPrefix: "/v1/refunds", Count: 2}))
	require.NoError(t, q.Add(control.Fault{Kind: control.DropBefore, IdempotencyKeyPrefix: "charge:"}))
	take := func(method, path, key string) control.FaultKind { return q.Take(method, path, key).Kind }

	require.Empty(t, take("GET", "/v1/refunds", ""))
	require.Empty(t, take("POST", "/v1/charges", "refund:1"))
	require.Equal(t, control.HTML502, take("POST", "/v1/refunds/re_1", "charge:1"), "the older fault goes first")
	require.Equal(t, control.HTML502, take("POST", "/v1/refunds", ""))
	require.Empty(t, take("POST", "/v1/refunds", ""))
	require.Equal(t, control.DropBefore, take("POST", "/v1/refunds", "charge:1"))
	require.Zero(t, q.Len())
}

func TestRefusesFaultsItCannotPlay(t *testing.T) {
	t.Parallel()
	q := &fault.Queue{Kinds: []control.FaultKind{control.HTML502}}
	for want, f := range map[string]control.Fault{
		`kind "500" is unknown; use one of [html_502]`: {Kind: control.ServerError},
		"count must be between 1 and":                  {Kind: control.HTML502, Count: -1},
		`goes with kind "429" only`:                    {Kind: control.HTML502, RateLimitedReason: "global-rate"},
		"delay_ms must be between 0 and 60000":         {Kind: control.HTML502, DelayMS: 60_001},
	} {
		require.ErrorContains(t, q.Add(f), want)
	}
	require.Zero(t, q.Len())
}
