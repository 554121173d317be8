package stack_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/workflows/message"
)

// profileFile is the file in which Temporal's own tools keep connections, with one of them.
func profileFile(t *testing.T, content string) config.Environment {
	t.Helper()
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("[profile.default]\n"+content), 0o600))
	return config.Environment{"TEMPORAL_CONFIG_FILE=" + file}
}

func startWith(t *testing.T, env config.Environment) *stack.Stack {
	t.Helper()
	system, err := stack.Start(t.Context(), stack.Options{Env: env, UI: true, NoWorker: true, Progress: t.Output()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, system.Close()) })
	return system
}

func TestAProfileNamesTheTemporalServer(t *testing.T) {
	t.Parallel()
	server, err := devstack.StartTemporal(t.Context(), devstack.TemporalOptions{Namespace: "finance", SearchAttributes: message.SearchAttributes()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })

	system := startWith(t, profileFile(t, `address = "`+server.Address()+`"`+"\n"+`namespace = "finance"`))

	require.Empty(t, system.TemporalUI, "no server of its own was started")
	require.Nil(t, system.LocalTemporal)
	require.Equal(t, "finance", system.Namespace)
	_, err = system.Temporal.DescribeTaskQueue(t.Context(), message.BillingQueue, 0)
	require.NoError(t, err)
}

// The key of a profile that names no server is for another one: offered to ours, it would ask for TLS, which ours has not.
func TestAProfileWithoutAnAddressIsNotForOurServer(t *testing.T) {
	t.Parallel()
	env := profileFile(t, `api_key = "secret"`).With("TEMPORAL_TLS", "true")

	system := startWith(t, env)

	require.NotEmpty(t, system.TemporalUI)
	_, err := system.Temporal.DescribeTaskQueue(t.Context(), message.BillingQueue, 0)
	require.NoError(t, err)
	address, err := config.TemporalAddress(system.LocalTemporal)
	require.NoError(t, err)
	require.NotEmpty(t, address)
}
