package zonedata

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryNameLoads(t *testing.T) {
	t.Parallel()
	names, err := Names()
	require.NoError(t, err)
	require.True(t, slices.IsSorted(names))
	for _, name := range []string{"UTC", "Europe/Kyiv", "Europe/Kiev", "Asia/Calcutta", "America/Coyhaique"} {
		require.Contains(t, names, name)
	}
	for _, name := range names {
		require.NotRegexp(t, "^(posix|right)/|^(localtime|posixrules|Factory)$", name)
		data, err := Load(name)
		require.NoError(t, err)
		require.Equal(t, "TZif", string(data[:4]), name)
	}
	require.Regexp(t, `^20\d\d[a-z]$`, Version())
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"":                "empty",
		"Local":           "depends on the machine",
		"europe/berlin":   `did you mean "Europe/Berlin"`,
		"Europe/Atlantis": "unknown time zone",
	} {
		_, err := Load(name)
		require.ErrorContains(t, err, want)
	}
}
