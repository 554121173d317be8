package periods

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func answer(t require.TestingT, line string) Answer {
	c, err := Parse([]byte(line))
	require.NoError(t, err, line)
	a, err := c.Answer()
	require.NoError(t, err, line)
	return a
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(answer(t, `{"id": 7, "start": "2027-01-15T10:00", "zone": "America/New_York", "interval": {"unit": "month", "count": 1},
		"alignment": {"to": "calendar"}, "trial": {"unit": "day", "count": 3, "ends": "time_of_day"}, "ends_at": "2027-02-11"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"id": 7, "tz_version": "2026f", "more": false, "periods": [
		{"number": 0, "start": "2027-01-15T15:00:00Z", "end": "2027-01-18T15:00:00Z", "zone": "America/New_York", "days": 3,
		 "local_start": "2027-01-15T10:00:00-05:00", "local_end": "2027-01-18T10:00:00-05:00",
		 "trial": true, "stub": false, "cut": false, "charged": "free"},
		{"number": 1, "start": "2027-01-18T15:00:00Z", "end": "2027-02-01T05:00:00Z", "zone": "America/New_York", "days": 14,
		 "local_start": "2027-01-18T10:00:00-05:00", "local_end": "2027-02-01T00:00:00-05:00",
		 "trial": false, "stub": true, "cut": false, "charged": "prorated",
		 "full": {"start": "2027-01-01T05:00:00Z", "end": "2027-02-01T05:00:00Z", "days": 31}},
		{"number": 2, "start": "2027-02-01T05:00:00Z", "end": "2027-02-11T05:00:00Z", "zone": "America/New_York", "days": 10,
		 "local_start": "2027-02-01T00:00:00-05:00", "local_end": "2027-02-11T00:00:00-05:00",
		 "trial": false, "stub": false, "cut": true, "charged": "prorated",
		 "full": {"start": "2027-02-01T05:00:00Z", "end": "2027-03-01T05:00:00Z", "days": 28}}
	]}`, string(got))
}

func TestHowManyPeriods(t *testing.T) {
	t.Parallel()
	month := `{"start": "2027-01-31", "zone": "Asia/Tokyo", "interval": {"unit": "month", "count": 1}`
	for settings, want := range map[string]int{
		``: 12, `, "periods": 3`: 3, `, "ends_after": 24`: 24, `, "ends_after": 24, "periods": 5`: 5, `, "ends_at": "2029-01-31"`: 24,
		`, "trial": {"unit": "week", "count": 1}, "periods": 1`: 2,
	} {
		got := answer(t, month+settings+"}")
		require.Len(t, got.Periods, want, settings)
		last := got.Periods[want-1]
		require.Equal(t, got.More, last.Number != 24, settings)
		require.Nil(t, last.Full, settings)
	}
}

func TestStubsAsTheyAreCharged(t *testing.T) {
	t.Parallel()
	for stub, want := range map[string]string{``: "prorated", `, "stub": "prorated"`: "prorated", `, "stub": "whole"`: "whole", `, "stub": "free"`: "free"} {
		got := answer(t, `{"start": "2027-01-10", "zone": "UTC", "interval": {"unit": "week", "count": 2},
			"alignment": {"to": "calendar", "week_start": "sunday"}, "periods": 1}`)
		require.Equal(t, "whole", got.Periods[0].Charged, "10 January 2027 is a Sunday")
		got = answer(t, `{"start": "2027-01-10", "zone": "UTC", "interval": {"unit": "week", "count": 2}, "alignment": {"to": "calendar"`+stub+`}}`)
		require.Equal(t, want, got.Periods[0].Charged)
		require.Equal(t, []int{1, 14, 14}, []int{got.Periods[0].Days, got.Periods[0].Full.Days, got.Periods[1].Days})
	}
}

func TestZoneChangeInACase(t *testing.T) {
	t.Parallel()
	got := answer(t, `{"start": "2027-01-31", "zone": "Europe/Berlin", "interval": {"unit": "month", "count": 1}, "periods": 3, "zone_changes": [
		{"at": "2027-02-10T09:00", "zone": "Asia/Tokyo"}, {"at": "2027-02-10T17:30", "zone": "America/Los_Angeles"}]}`)
	require.Equal(t, "2027-02-28T00:00:00+01:00", got.Periods[0].LocalEnd, "the period under way keeps its end")
	require.Equal(t, got.Periods[0].End, got.Periods[1].Start)
	require.Equal(t, []string{"2027-02-27T15:00:00-08:00", "2027-03-31T00:00:00-07:00", "America/Los_Angeles"},
		[]string{got.Periods[1].LocalStart, got.Periods[1].LocalEnd, got.Periods[1].Zone})
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"id": "x", "start": "2027-01-31", "zone": "Europe/Berlin", "interval": {"unit": "month", "count": 1}, "periods": 12}`
	with := func(settings string) string {
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(strings.Replace(good, `"periods": 12`, settings, 1)), &fields)) // the later one of two
		text, err := json.Marshal(fields)
		require.NoError(t, err)
		return string(text)
	}
	for line, want := range map[string]string{
		``:           "a case is one JSON object: it is not complete",
		`{"id": "x"`: "a case is one JSON object: it is not complete",
		`nonsense`:   "invalid character",
		strings.Replace(good, "{", `{"zone": "UTC", `, 1): "zone: is given twice",
		`[1]`:                       "case: fields with values are expected, not a list",
		good + good:                 "a case is one JSON object: unexpected data after the end",
		with(`"interval": "month"`): `interval: fields with values are expected, not "month"`,
		with(`"interval": {"unit": "day", "count": 1.5}`):             `interval.count: "1.5" must be a whole number`,
		with(`"zone_changes": {}`):                                    "zone_changes: a list is expected, not fields with values",
		with(`"zone_changes": [{"at": 1, "zone": "UTC"}]`):            `zone_changes[0].at: time "1": write a date`,
		with(`"start": true`):                                         `start: time "true": write a date`,
		with(`"timezone": "UTC"`):                                     "timezone: no such field: use one of id, start, zone",
		with(`"periods": -1`):                                         "periods -1 must be between 1 and 10000",
		with(`"periods": 10001`):                                      "periods 10001 must be between 1 and 10000",
		with(`"start": "31 January"`):                                 `start: time "31 January": write a date such as`,
		with(`"zone": "CEST"`):                                        `zone: unknown time zone "CEST"`,
		with(`"zone": ""`):                                            "zone: time zone is empty",
		with(`"interval": {"unit": "month", "count": 0}`):             "interval.count 0 must be between 1 and 120 for unit month",
		with(`"ends_at": "2027-01-31"`):                               "ends_at 2027-01-30T23:00:00Z must be after the start, 2027-01-30T23:00:00Z",
		with(`"ends_at": "never"`):                                    `ends_at: time "never"`,
		with(`"ends_after": -3`):                                      "ends_after -3 must be a number of periods",
		with(`"alignment": {"to": "week"}`):                           `alignment.to: "week" must be one of`,
		with(`"trial": {"unit": "day"}`):                              "trial.count: is missing",
		with(`"zone_changes": [{"at": "x"}]`):                         "zone_changes[0].zone: is missing",
		with(`"zone_changes": [{"at": "2027-02-01", "zone": "X"}]`):   `zone_changes[0].zone: unknown time zone "X"`,
		with(`"zone_changes": [{"at": "2027-01-31", "zone": "UTC"}]`): "zone_changes[0].at 2027-01-30T23:00:00Z must be after the start",
		with(`"start": "9998-12-31"`):                                 "period 1 ends after the year 9998: ask for fewer",
		with(`"zone": "Etc/GMT+12", "zone_changes": [{"at": "2027-02-01", "zone": "Etc/GMT-14"}]`): "period 2: cycle 1 begins on 2027-02-28 in Etc/GMT-14",
	} {
		c, err := Parse([]byte(line))
		if err == nil {
			_, err = c.Answer()
		}
		require.ErrorContains(t, err, want, line)
		if strings.Contains(line, `"id":"x"`) {
			require.JSONEq(t, `"x"`, string(c.ID), "the id is known although the case is wrong")
		}
	}
}

// The examples in the documentation are cases, and the answers that it shows are the answers.
func TestExamplesOfTheDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/quote.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "## Print boundaries\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var cases int
	for i, block := range strings.Split(section, "```") {
		lines, isJSON := strings.CutPrefix(block, "json\n")
		if i%2 == 0 || !isJSON {
			continue
		}
		for line := range strings.Lines(lines) {
			c, err := Parse([]byte(line))
			require.NoError(t, err, line)
			_, err = c.Answer()
			require.NoError(t, err, line)
			cases++
		}
	}
	require.Greater(t, cases, 3)
}

func FuzzCase(f *testing.F) {
	for _, seed := range []string{
		`{"id": "a", "start": "2027-01-31", "zone": "Europe/Berlin", "interval": {"unit": "month", "count": 1}}`,
		`{"start": "2011-12-29T09:00", "zone": "Pacific/Apia", "interval": {"unit": "day", "count": 1}, "trial": {"unit": "day", "count": 1, "ends": "time_of_day"}}`,
		`{"start": "2027-02-10", "zone": "America/Havana", "interval": {"unit": "year", "count": 1}, "alignment": {"to": "day_of_month", "day": 31}, "ends_after": 3}`,
		`{"start": "2027-01-10", "zone": "Pacific/Pago_Pago", "interval": {"unit": "week", "count": 1}, "alignment": {"to": "calendar", "week_start": "sunday", "stub": "free"},
			"zone_changes": [{"at": "2027-01-11", "zone": "Pacific/Kiritimati"}], "ends_at": "2028-01-01T12:00:00Z"}`,
		`{"start": "0001-01-01", "zone": "UTC", "interval": {"unit": "year", "count": 10}, "periods": 900}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, err := Parse(line)
		if err != nil {
			return
		}
		c.Periods = min(max(c.Periods, 1), 50)
		a, err := c.Answer()
		if err != nil {
			return
		}
		var end time.Time
		for _, p := range a.Periods {
			require.True(t, end.IsZero() || p.Start.Equal(end), "no gap, no overlap")
			require.True(t, p.End.After(p.Start))
			end = p.End
		}
		_, err = json.Marshal(a)
		require.NoError(t, err)
	})
}
