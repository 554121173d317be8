package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// words splits an example as a shell does, as far as the examples need it.
var words = regexp.MustCompile(`"[^"]*"|[^\s"]+`)

// TestExamplesAreWhatTheySay parses every example in the help: its command exists and takes these flags and arguments.
func TestExamplesAreWhatTheySay(t *testing.T) {
	t.Parallel()
	var commands int
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			visit(sub)
		}
		if c.HasSubCommands() || c.Name() == "help" {
			return
		}
		commands++
		require.NotEmpty(t, c.Short, c.CommandPath())
		require.NotEmpty(t, c.Example, c.CommandPath())
		for example := range strings.SplitSeq(strings.ReplaceAll(c.Example, "\\\n", ""), "\n") {
			_, line, found := strings.Cut(example, "go run ./starter ")
			require.True(t, found, example)
			checkExample(t, line)
		}
	}
	visit((&program{now: time.Now}).root())
	require.Greater(t, commands, 25)
}

func checkExample(t *testing.T, line string) {
	t.Helper()
	args := words.FindAllString(line, -1)
	for i := range args {
		args[i] = strings.Trim(args[i], `"`)
	}
	root := (&program{now: time.Now}).root()
	command, rest, err := root.Find(args)
	require.NoError(t, err, line)
	require.False(t, command.HasSubCommands(), line)
	require.NoError(t, command.ParseFlags(rest), line)
	require.NoError(t, command.ValidateRequiredFlags(), line)
	if command.Args != nil {
		require.NoError(t, command.Args(command, command.Flags().Args()), line)
	}
}

func TestServeAnswersUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	said := make(lines, 10)
	p := &program{env: running.Env, dir: t.TempDir(), out: said, err: said, now: time.Now}
	ended := make(chan int, 1)
	go func() { ended <- p.run(ctx, []string{"serve", "--addr", "127.0.0.1:0"}) }()
	address := ""
	for address == "" {
		select {
		case line := <-said:
			_, address, _ = strings.Cut(strings.TrimSpace(line), "API: ")
		case code := <-ended:
			require.Fail(t, "serve ended", "with code %d", code)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/healthz", http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
	cancel()
	require.Equal(t, exitOK, <-ended)
}

func TestAnAnswerThatIsLongInComing(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	require.NoError(t, sandbox.AddFault(t.Context(), running.Config.StripeURL,
		sandbox.Fault{Kind: sandbox.Delay, DelayMS: 2000, IdempotencyKeyPrefix: "customer:" + id + "-c"}))
	said := make(lines, 10)
	p := &program{env: running.Env, dir: t.TempDir(), out: io.Discard, err: said, now: time.Now, patience: 10 * time.Millisecond}
	require.Equal(t, exitOK, p.run(t.Context(), []string{"subscription", "create", "--id", id + "-s", "--customer", id + "-c", "--plan", id + "-pro"}))
	require.Contains(t, <-said, "is a worker running?")
}

// lines receives what a program says.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}
