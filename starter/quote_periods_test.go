package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// quotePure runs a command that needs no servers.
func quotePure(t *testing.T, input string, args ...string) (code int, out, complaint string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{dir: t.TempDir(), in: strings.NewReader(input), out: &stdout, err: &stderr, now: time.Now}
	code = p.run(t.Context(), append([]string{"quote"}, args...))
	return code, stdout.String(), stderr.String()
}

func TestQuotePeriods(t *testing.T) {
	t.Parallel()
	code, out, _ := quotePure(t, "", "periods", "--start", "2027-01-20T18:00", "--zone", "America/Havana", "--interval", "month",
		"--align", "day_of_month", "--day", "31", "--trial", "3 days", "--trial-ends", "time_of_day", "--ends-at", "2027-04-10",
		"--move", "2027-03-01=Asia/Tokyo")
	require.Equal(t, exitOK, code)
	rows := strings.Split(out, "\n")
	for i, want := range [][]string{
		{"NO", "PERIOD", "FROM", "UP", "TO,", "EXCLUDED", "DAYS", "FROM", "(UTC)", "UP", "TO", "(UTC)", "ZONE", "CHARGED"},
		{"0", "trial", "2027-01-20T18:00:00-04:00", "2027-01-23T18:00:00-04:00", "3", "2027-01-20", "22:00:00Z", "2027-01-23", "22:00:00Z", "America/Havana", "free"},
		{"1", "stub", "2027-01-23T18:00:00-04:00", "2027-01-31T00:00:00-04:00", "8", "2027-01-23", "22:00:00Z", "2027-01-31", "04:00:00Z", "America/Havana", "8", "of", "31", "days"},
		{"2", "whole", "2027-01-31T00:00:00-04:00", "2027-02-28T00:00:00-04:00", "28", "2027-01-31", "04:00:00Z", "2027-02-28", "04:00:00Z", "America/Havana", "whole"},
		{"3", "whole", "2027-02-28T00:00:00-04:00", "2027-03-31T00:00:00-04:00", "31", "2027-02-28", "04:00:00Z", "2027-03-31", "04:00:00Z", "America/Havana", "whole"},
		{"4", "cut", "2027-03-31T13:00:00+09:00", "2027-04-10T13:00:00+09:00", "10", "2027-03-31", "04:00:00Z", "2027-04-10", "04:00:00Z", "Asia/Tokyo", "10", "of", "30", "days"},
	} {
		require.Equal(t, want, strings.Fields(rows[i]))
	}

	code, out, _ = quotePure(t, "", "periods", "--start", "2027-01-31", "--zone", "UTC", "--interval", "2 weeks", "--align", "calendar",
		"--week-start", "sunday", "--stub", "whole", "--ends-after", "2", "--json")
	require.Equal(t, exitOK, code)
	var answer struct {
		Periods []struct {
			Start   time.Time `json:"start"`
			Charged string    `json:"charged"`
		} `json:"periods"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	require.Len(t, answer.Periods, 2)
	require.Equal(t, "2027-02-14", answer.Periods[1].Start.Format(time.DateOnly), "31 January 2027 is a Sunday")
}

func TestQuotePeriodsRefuses(t *testing.T) {
	t.Parallel()
	flags := func(more ...string) []string {
		return append([]string{"periods", "--start", "2027-01-31", "--zone", "UTC", "--interval", "month"}, more...)
	}
	for want, args := range map[string][]string{
		"at least one of the flags in the group [start stream] is required": {"periods"},
		"missing [interval]": {"periods", "--start", "2027-01-31", "--zone", "UTC"},
		"if any flags in the group [start stream] are set none of the others": flags("--stream"),
		`--interval: interval "often": write a number and a unit`:             {"periods", "--start", "2027-01-31", "--zone", "UTC", "--interval", "often 1"},
		"--trial: interval.unit \"moon\" must be":                             flags("--trial", "2 moons"),
		"trial.unit \"year\" must be one of day, week, month":                 flags("--trial", "year"),
		`--move: "tomorrow": write it as AT=ZONE`:                             flags("--move", "tomorrow"),
		"zone_changes[0].zone: unknown time zone \"Mars\"":                    flags("--move", "2027-02-01=Mars"),
		"ends_at 2027-01-01T00:00:00Z must be after the start":                flags("--ends-at", "2027-01-01"),
		"alignment.day must be between 1 and 31 for day_of_month, got 0":      flags("--align", "day_of_month"),
		"alignment.stub free: an anniversary has no partial first period":     flags("--stub", "free"),
		"periods 20000 must be between 1 and 10000":                           flags("--periods", "20000"),
	} {
		code, out, complaint := quotePure(t, "", args...)
		require.Equal(t, exitRefused, code, want)
		require.Contains(t, complaint, strings.Replace(want, `"often"`, `"often 1"`, 1))
		require.Empty(t, out)
	}
}

func TestStreamOfCasesNeverStops(t *testing.T) {
	t.Parallel()
	month := func(id string) string {
		return `{"id": ` + id + `, "start": "2027-01-31", "zone": "UTC", "interval": {"unit": "month", "count": 1}, "ends_after": 1}`
	}
	long := strings.Repeat(" ", longestLine) + month(`"long"`)
	code, out, complaint := quotePure(t, strings.Join([]string{month(`"a"`), "{", "", strings.Replace(month("2"), "31", "32", 1), long, "  ", month(`{"b": [1]}`)}, "\n"),
		"periods", "--stream")
	require.Equal(t, exitRejected, code, complaint)
	var got []string
	for line := range strings.Lines(out) {
		var answer struct {
			ID      json.RawMessage `json:"id"`
			Line    int             `json:"line"`
			Periods []any           `json:"periods"`
			Error   lineError       `json:"error"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &answer), line)
		require.NotEqual(t, len(answer.Periods) == 0, answer.Error.Message == "", line)
		got = append(got, string(answer.ID)+" "+answer.Error.Message)
		if answer.Error.Message != "" {
			require.Equal(t, []int{2, 4, 5}[len(got)-2], answer.Line)
		}
	}
	require.Equal(t, []string{
		`"a" `, " a case is one JSON object: it is not complete",
		`2 start: time "2027-01-32": write a date such as 2027-01-31, a local time such as 2027-01-31T15:30 or an instant such as 2027-01-31T14:30:00Z`,
		" the line is longer than 1048576 bytes", `{"b":[1]} `,
	}, got)

	code, out, _ = quotePure(t, month("1")+"\n"+month("2"), "periods", "--stream")
	require.Equal(t, exitOK, code)
	require.Equal(t, 2, strings.Count(out, "\n"))
}
