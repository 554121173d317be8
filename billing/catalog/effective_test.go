package catalog

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
)

func TestTheNewestVersionInForce(t *testing.T) {
	t.Parallel()
	version := func(number int, from string) Plan {
		plan := Plan{ID: "team", Version: number}
		if from != "" {
			require.NoError(t, plan.EffectiveFrom.UnmarshalText([]byte(from)))
		}
		return plan
	}
	versions := []Plan{version(3, "2027-06-01T12:00:00+02:00"), version(1, ""), version(2, "2027-01-01")}
	for _, test := range []struct {
		at, zone string
		want     int
	}{
		{"2026-12-31T10:59:59Z", "Pacific/Auckland", 1},
		{"2026-12-31T11:00:00Z", "Pacific/Auckland", 2}, // midnight there, thirteen hours ahead
		{"2026-12-31T11:00:00Z", "America/New_York", 1},
		{"2027-01-01T04:59:59Z", "America/New_York", 1},
		{"2027-01-01T05:00:00Z", "America/New_York", 2},
		{"2027-06-01T09:59:59Z", "Pacific/Auckland", 2},
		{"2027-06-01T10:00:00Z", "Pacific/Auckland", 3},
		{"2027-06-01T10:00:00Z", "America/New_York", 3},
	} {
		zone, err := calendar.LoadZone(test.zone)
		require.NoError(t, err)
		at, err := time.Parse(time.RFC3339, test.at)
		require.NoError(t, err)
		newest, found := Newest(versions, at, zone)
		require.True(t, found)
		require.Equal(t, test.want, newest.Version, "%s in %s", test.at, test.zone)
	}
	_, found := Newest(versions[2:], time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), calendar.Zone{})
	require.False(t, found)
}

func TestEffectiveIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2027-01-01":                "2027-01-01",
		"2027-01-01T09:00:00Z":      "2027-01-01T09:00:00Z",
		"2027-01-01T09:00:00+01:00": "2027-01-01T08:00:00Z",
	} {
		read, err := ParseEffective(text)
		require.NoError(t, err)
		require.Equal(t, want, read.String())
		plan := team(t)
		plan.EffectiveFrom = read
		requireStable(t, []Plan{plan})
	}
	plain, err := json.Marshal(team(t))
	require.NoError(t, err)
	require.NotContains(t, string(plain), "effective_from")
	for _, text := range []string{"", "soon", "2027-02-29", "2027-01-01T09:00", "01.01.2027"} {
		_, err := ParseEffective(text)
		require.ErrorContains(t, err, "is neither a day such as 2027-01-01", text)
	}
}
