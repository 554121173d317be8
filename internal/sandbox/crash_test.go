package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/client"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

const helperFolder = "SANDBOX_HELPER_FOLDER"

// TestHelperProcess is the sandbox that TestKill kills; it does nothing in an ordinary run.
func TestHelperProcess(t *testing.T) {
	dir := os.Getenv(helperFolder)
	if dir == "" {
		return
	}
	s, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	fmt.Println(s.StripeURL())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent goes away
	require.NoError(t, s.Close())
}

func startProcess(t *testing.T, dir string) (url string, kill func()) {
	process := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
	process.Env = append(os.Environ(), helperFolder+"="+dir)
	_, err := process.StdinPipe()
	require.NoError(t, err)
	out, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line), func() {
		require.NoError(t, process.Process.Kill())
		_ = process.Wait() // says that it was killed
	}
}

func stripeClient(url string) *client.API {
	return client.New(sandbox.StripeKey, stripego.NewBackendsWithConfig(&stripego.BackendConfig{
		URL: &url, EnableTelemetry: stripego.Bool(false), MaxNetworkRetries: stripego.Int64(0),
		LeveledLogger: &stripego.LeveledLogger{Level: stripego.LevelNull}, HTTPClient: &http.Client{Timeout: 10 * time.Second},
	}))
}

func charge(api *client.API, key string) (*stripego.PaymentIntent, error) {
	params := &stripego.PaymentIntentParams{
		Amount: stripego.Int64(2000), Currency: stripego.String("usd"), PaymentMethod: stripego.String("pm_card_visa"),
		Confirm: stripego.Bool(true), OffSession: stripego.Bool(true), Metadata: map[string]string{"key": key},
	}
	params.SetIdempotencyKey(key)
	return api.PaymentIntents.New(params)
}

// A sandbox that is killed in the middle of its work loses nothing it acknowledged and keeps no half of anything.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]string{}
	total := 0
	for round := range 3 {
		url, kill := startProcess(t, dir)
		api := stripeClient(url)
		killed := make(chan struct{})
		for n := 0; ; n++ {
			if n == 40+17*round {
				// Not waited for: it dies while requests are under way.
				go func() {
					kill()
					close(killed)
				}()
			}
			key := fmt.Sprintf("charge:%d", total)
			p, err := charge(api, key)
			if err != nil {
				break // the same key is used again in the next round
			}
			acknowledged[key] = p.ID
			total++
		}
		<-killed
	}

	s, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	api := stripeClient(s.StripeURL())
	for key, id := range acknowledged {
		p, err := charge(api, key)
		require.NoError(t, err)
		require.Equal(t, id, p.ID)
	}
	_, err = charge(api, fmt.Sprintf("charge:%d", total))
	require.NoError(t, err)

	books, err := sandbox.FetchBooks(context.Background(), s.StripeURL())
	require.NoError(t, err)
	require.Len(t, books.Charges, total+1)
	require.Equal(t, int64(2000*(total+1)), books.Totals[0].Captured)
	balance, err := api.Balance.Get(nil)
	require.NoError(t, err)
	require.Equal(t, books.Totals[0].Net, balance.Pending[0].Amount)
}
