package entitlement

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
)

func limit(n int64) *int64 { return &n }

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, good := range []Entitlement{
		{Feature: "sso"},
		{Feature: "video.generate", Limit: limit(3), Per: Life},
		{Feature: "exports", Limit: limit(0), Per: Day},
		{Feature: "storage_gb", Limit: limit(10), Per: Period, PerSeat: true},
	} {
		require.NoError(t, good.Validate(), good.Feature)
	}
	for says, bad := range map[string]Entitlement{
		`feature "" must be 1 to 64 letters`:                            {},
		`feature "a b" must be`:                                         {Feature: "a b"},
		"limit must be 0 or more, got -1":                               {Feature: "a", Limit: limit(-1), Per: Day},
		`per "" must be one of life, period, month, day`:                {Feature: "a", Limit: limit(1)},
		`per "week" must be one of life, period, month, day`:            {Feature: "a", Limit: limit(1), Per: "week"},
		"limit is required with per or per_seat; leave all three out":   {Feature: "a", Per: Day},
		"limit is required with per or per_seat; leave all three out f": {Feature: "a", PerSeat: true},
	} {
		require.ErrorContains(t, bad.Validate(), says)
	}
}

func TestLimitFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		entitlement Entitlement
		seats, want int64
		limited     bool
	}{
		{Entitlement{}, 5, 0, false},
		{Entitlement{Limit: limit(3)}, 5, 3, true},
		{Entitlement{Limit: limit(3), PerSeat: true}, 5, 15, true},
		{Entitlement{Limit: limit(3), PerSeat: true}, 0, 0, true},
		{Entitlement{Limit: limit(math.MaxInt64 / 2), PerSeat: true}, 3, math.MaxInt64, true},
	} {
		got, limited := test.entitlement.LimitFor(test.seats)
		require.Equal(t, test.want, got)
		require.Equal(t, test.limited, limited)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	zone, err := calendar.LoadZone("America/New_York")
	require.NoError(t, err)
	instant := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return at.UTC()
	}
	period := calendar.Period{Start: instant("2027-02-15T05:00:00Z"), End: instant("2027-03-15T04:00:00Z")}
	at := instant("2027-03-14T04:30:00Z") // 23:30 on the 13th, the night before clocks go forward
	for per, want := range map[Span]calendar.Period{
		Life:   {},
		Period: period,
		Month:  {Start: instant("2027-03-01T05:00:00Z"), End: instant("2027-04-01T04:00:00Z")},
		Day:    {Start: instant("2027-03-13T05:00:00Z"), End: instant("2027-03-14T05:00:00Z")},
	} {
		require.Equal(t, want, Entitlement{Per: per}.Window(at, zone, period), per)
	}
	short := Entitlement{Per: Day}.Window(instant("2027-03-14T12:00:00Z"), zone, period)
	require.Equal(t, 23*time.Hour, short.End.Sub(short.Start), "the day on which clocks go forward")
	late := Entitlement{Per: Period}.Window(period.End, zone, period)
	require.Equal(t, calendar.Period{Start: period.End}, late, "the period that follows has begun, though nobody has billed it yet")
}
