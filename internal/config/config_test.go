package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/config"
)

func TestFromEnv(t *testing.T) {
	t.Parallel()
	_, err := config.FromEnv(nil)
	require.ErrorContains(t, err, "DATABASE_URL is not set")
	require.ErrorContains(t, err, "starter dev")

	database := config.Environment{"DATABASE_URL=postgres://db/perennial"}
	sandboxed, err := config.FromEnv(database)
	require.NoError(t, err)
	require.Equal(t, []string{"Stripe at " + config.DefaultStripeSandbox, "SendGrid at " + config.DefaultSendGridSandbox}, sandboxed.Sandboxed())

	_, err = config.FromEnv(database.With("SENDGRID_API_KEY", "SG.real"))
	require.ErrorContains(t, err, "MAIL_FROM is not set")

	live, err := config.FromEnv(database.With("SENDGRID_API_KEY", "SG.real").With("MAIL_FROM", "billing@example.com").
		With("STRIPE_API_KEY", "sk_live").With("PUBLIC_URL", "https://pay.example.com/"))
	require.NoError(t, err)
	require.Empty(t, live.Sandboxed(), "nothing stands in for a provider whose key is set")
	require.Empty(t, live.StripeURL)
	require.Equal(t, "https://pay.example.com", live.PublicURL)
}

func TestTheLastEntryOfAnEnvironmentCounts(t *testing.T) {
	t.Parallel()
	env := config.Environment{"A=1", "B=", "A=2"}
	require.Equal(t, "2", env.Getenv("A"))
	value, set := env.LookupEnv("B")
	require.True(t, set)
	require.Empty(t, value)
	_, set = env.LookupEnv("C")
	require.False(t, set)
}

// The profiles of whoever runs the program are read for an environment that has a home: one put together for a test has none.
func TestTemporalAddress(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	folder, err := os.UserConfigDir()
	require.NoError(t, err)
	file := filepath.Join(folder, "temporalio", "temporal.toml")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte("[profile.default]\naddress = \"default:7233\"\n[profile.cloud]\naddress = \"cloud:7233\"\n"), 0o600))
	atHome := config.Environment{"HOME=" + home}
	for name, tt := range map[string]struct {
		env  config.Environment
		want string
	}{
		"no home":             {nil, ""},
		"the default profile": {atHome, "default:7233"},
		"another profile":     {atHome.With("TEMPORAL_PROFILE", "cloud"), "cloud:7233"},
		"the variable first":  {atHome.With("TEMPORAL_ADDRESS", "mine:7233"), "mine:7233"},
		"our own server":      {atHome.With("TEMPORAL_PROFILE", "cloud").WithLocalTemporal("127.0.0.1:1", "default"), "127.0.0.1:1"},
	} {
		address, err := config.TemporalAddress(tt.env)
		require.NoError(t, err, name)
		require.Equal(t, tt.want, address, name)
	}
	_, err = config.TemporalAddress(atHome.With("TEMPORAL_PROFILE", "nobody's"))
	require.ErrorContains(t, err, "read Temporal's environment")
	require.ErrorContains(t, err, "nobody's")
}
