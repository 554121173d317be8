package calendar

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseDate(t *testing.T) {
	t.Parallel()
	d, err := ParseDate("2028-02-29")
	require.NoError(t, err)
	require.Equal(t, Date{Year: 2028, Month: time.February, Day: 29}, d)
	require.Equal(t, "2028-02-29", d.String())
	for _, text := range []string{"", "2027-02-29", "2027-13-01", "2027-1-1", "27-01-01", "2027-01-01T00:00:00Z", "0000-01-01", "tomorrow"} {
		_, err := ParseDate(text)
		require.ErrorContains(t, err, "YYYY-MM-DD", text)
	}
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2027-01-31", "2028-02-29", "0000-00-00", "9999-12-31", "-001-01-01", "2027-02-30"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDate(s)
		if err == nil {
			require.Equal(t, s, d.String())
		}
	})
}

func TestDateJSON(t *testing.T) {
	t.Parallel()
	type contract struct {
		Start Date `json:"start"`
		End   Date `json:"end"`
	}
	data, err := json.Marshal(contract{Start: day(t, "2027-01-31")})
	require.NoError(t, err)
	require.Equal(t, `{"start":"2027-01-31","end":""}`, string(data))
	var back contract
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, contract{Start: day(t, "2027-01-31")}, back)
	require.True(t, back.End.IsZero())
	require.ErrorContains(t, json.Unmarshal([]byte(`{"start":"2027-02-30"}`), &back), "existing day")
}

func TestDateArithmetic(t *testing.T) {
	t.Parallel()
	require.Equal(t, day(t, "2028-03-01"), day(t, "2028-02-28").AddDays(2))
	require.Equal(t, day(t, "2027-12-31"), day(t, "2028-01-01").AddDays(-1))
	require.Equal(t, 366, day(t, "2028-01-01").DaysUntil(day(t, "2029-01-01")))
	require.Equal(t, -1, day(t, "2027-01-01").Compare(day(t, "2027-01-02")))
	require.Equal(t, 1, day(t, "2028-01-01").Compare(day(t, "2027-12-31")))
	require.Equal(t, 0, day(t, "2028-01-01").Compare(day(t, "2028-01-01")))
	rapid.Check(t, func(t *rapid.T) {
		d, n := dates().Draw(t, "date"), rapid.IntRange(-100_000, 100_000).Draw(t, "days")
		require.Equal(t, n, d.DaysUntil(d.AddDays(n)))
		require.Equal(t, d, d.AddDays(n).AddDays(-n))
	})
}

func TestNth(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		anchor   string
		interval Interval
		want     []string
	}{
		{"2026-01-31", Interval{Month, 1}, []string{"2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"}},
		{"2026-01-30", Interval{Month, 1}, []string{"2026-01-30", "2026-02-28", "2026-03-30"}},
		{"2028-01-31", Interval{Month, 1}, []string{"2028-01-31", "2028-02-29", "2028-03-31"}},
		{"2024-02-29", Interval{Year, 1}, []string{"2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"}},
		{"2026-11-30", Interval{Month, 3}, []string{"2026-11-30", "2027-02-28", "2027-05-30"}},
		{"2027-11-30", Interval{Month, 3}, []string{"2027-11-30", "2028-02-29", "2028-05-30"}},
		{"2026-12-31", Interval{Month, 1}, []string{"2026-12-31", "2027-01-31", "2027-02-28"}},
		{"2026-02-25", Interval{Day, 7}, []string{"2026-02-25", "2026-03-04", "2026-03-11"}},
	} {
		for n, want := range test.want {
			require.Equal(t, day(t, want), test.interval.Nth(day(t, test.anchor), n), "%s + %d × %s", test.anchor, n, test.interval)
		}
	}
	require.Equal(t, day(t, "2026-02-28"), Interval{Month, 1}.Nth(day(t, "2026-03-31"), -1))
	require.Equal(t, day(t, "2024-02-29"), Interval{Month, 1}.Nth(day(t, "2026-01-31"), -23))
}

func TestNthKeepsTheAnchorDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		anchor, months, n := dates().Draw(t, "anchor"), rapid.IntRange(1, 24).Draw(t, "months"), rapid.IntRange(-50, 50).Draw(t, "n")
		got := Interval{Month, months}.Nth(anchor, n)
		require.Equal(t, int(anchor.Month)-1+12*anchor.Year+n*months, int(got.Month)-1+12*got.Year)
		if got.Day != anchor.Day {
			require.Equal(t, 1, got.AddDays(1).Day, "%s is clamped but not at the end of its month", got)
			require.Less(t, got.Day, anchor.Day)
		}
	})
}

func TestInterval(t *testing.T) {
	t.Parallel()
	require.Equal(t, "1 month", Interval{Month, 1}.String())
	require.Equal(t, "3 months", Interval{Month, 3}.String())
	for _, good := range []Interval{{Day, 1}, {Day, 3660}, {Week, 520}, {Month, 120}, {Quarter, 40}, {Year, 10}} {
		require.NoError(t, good.Validate())
		parsed, err := ParseInterval(good.String())
		require.NoError(t, err)
		require.Equal(t, good, parsed)
	}
	require.ErrorContains(t, Interval{"fortnight", 1}.Validate(), `interval.unit "fortnight" must be one of day, week, month, quarter, year`)
	require.ErrorContains(t, Interval{Month, 0}.Validate(), "interval.count 0 must be between 1 and 120 for unit month")
	require.ErrorContains(t, Interval{Year, 11}.Validate(), "between 1 and 10")
	require.ErrorContains(t, Interval{Week, 521}.Validate(), "between 1 and 520")
	require.ErrorContains(t, Interval{Quarter, 41}.Validate(), "between 1 and 40")
	require.ErrorContains(t, Interval{Day, -1}.Validate(), "between 1 and 3660")
	require.False(t, Interval{Month, 1}.Equal(Interval{Day, 30}))
	require.True(t, Interval{Year, 1}.Equal(Interval{Quarter, 4}))
}

func TestParseInterval(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Interval{"quarter": {Quarter, 1}, "Weeks": {Week, 1}, "1 days": {Day, 1}, "18 month": {Month, 18}} {
		got, err := ParseInterval(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for text, want := range map[string]string{
		"": "write a number and a unit", "1": "write a number and a unit", "1 2 months": "write a number and a unit", "-1 month": "write a number",
		"1 fortnight": "interval.unit", "0 months": "interval.count 0", "99999 days": "interval.count 99999", "123456 days": "write a number",
	} {
		_, err := ParseInterval(text)
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzParseInterval(f *testing.F) {
	for _, seed := range []string{"month", "3 months", "1 s", "ss", "00002 weeks", "1  month", "QUARTER"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		i, err := ParseInterval(text)
		if err != nil {
			require.Less(t, len(err.Error()), 600)
			return
		}
		require.NoError(t, i.Validate())
		again, err := ParseInterval(i.String())
		require.NoError(t, err)
		require.Equal(t, i, again)
	})
}
