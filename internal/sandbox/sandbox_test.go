package sandbox_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func answers(url string) bool {
	res, err := http.Get(url + "/_sandbox/")
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return true
}

func TestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := sandbox.Start(ctx, sandbox.Options{})
	require.NoError(t, err)
	require.True(t, answers(s.StripeURL()))
	require.True(t, answers(s.SendGridURL()))
	cancel()
	require.Eventually(t, func() bool { return !answers(s.StripeURL()) && !answers(s.SendGridURL()) }, 5*time.Second, time.Millisecond)
	require.NoError(t, s.Close())
}

func TestTwoSandboxesDoNotShareAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	_, err = sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.ErrorContains(t, err, "is another sandbox using it?")
}

func TestTakenAddressIsAnError(t *testing.T) {
	t.Parallel()
	s, err := sandbox.Start(context.Background(), sandbox.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	_, err = sandbox.Start(context.Background(), sandbox.Options{StripeAddr: s.StripeURL()[len("http://"):]})
	require.ErrorContains(t, err, "start the Stripe sandbox")
}
