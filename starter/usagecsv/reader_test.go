package usagecsv

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
)

var tokens = Mapping{Time: "when", Meters: []MeterColumn{{"in", "input"}, {"out", "output"}}}

func readAll(t *testing.T, text string, m Mapping, opts Options) ([]Event, Summary, error) {
	t.Helper()
	var events []Event
	summary, err := Read(t.Context(), strings.NewReader(text), m, func(batch []Event) error {
		events = append(events, batch...)
		return nil
	}, opts)
	require.Len(t, events, summary.Events)
	require.Equal(t, summary.Rows, summary.Accepted+summary.Rejected)
	return events, summary, err
}

func TestReadEventsOfEachMeter(t *testing.T) {
	t.Parallel()
	text := "\xef\xbb\xbfinput,when,note,output\r\n" +
		"10,2027-01-31 09:30:00.1234567,\"two\r\nlines\",2\r\n" +
		"\r\n" +
		"1.50,2027-01-31T10:30:00+01:00,x,0"
	events, summary, err := readAll(t, text, tokens, Options{})
	require.NoError(t, err)
	require.Len(t, events, 4)
	require.Equal(t, "in", events[0].Meter)
	require.Equal(t, "10", events[0].Quantity.String())
	require.Equal(t, time.Date(2027, 1, 31, 9, 30, 0, 123456700, time.UTC), events[0].At)
	require.Equal(t, 2, events[0].Line)
	require.Equal(t, 5, events[2].Line, "physical lines: the row before spans two and a blank one follows")
	require.Equal(t, time.Date(2027, 1, 31, 9, 30, 0, 0, time.UTC), events[2].At)
	require.Equal(t, "11.5", summary.Totals[0].Quantity.String())
	require.Equal(t, int64(len(text)), summary.Bytes)
	require.Equal(t, events[2].At, summary.First)
	require.Equal(t, events[0].At, summary.Last)
}

func TestRejectedRowsAreNamedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{
		"when,input,output",
		"2027-01-01 00:00:00,1,1",
		"2027-01-01 00:00:01,-1,1",
		"2027-01-01 00:00:02,1,abc",
		"yesterday,1,1",
		"2027-01-01 00:00:03,1",
		"2027-01-01 00:00:04,1\"2,1",
		"2027-01-01 00:00:05,\"1\"2,1",
		"2027-01-01 00:00:06,,1",
		"2027-01-01 00:00:07,\"1,5\",1",
		"2027-02-30 00:00:07,1,1",
		"2027-01-01 00:00:08,1e9,1",
		"2027-01-01 00:00:09,2,2",
		"2027-01-01 00:00:09,1,10000000000000001",
		"2027-01-01 00:00:10,\"2,2",
	}, "\n")
	events, summary, err := readAll(t, text, tokens, Options{})
	require.NoError(t, err)
	require.Len(t, events, 4)
	require.Equal(t, 14, summary.Rows)
	require.Equal(t, 12, summary.Rejected)
	want := []struct {
		line          int
		field, reason string
	}{
		{3, "input", `"-1" is negative`},
		{4, "output", "abc"},
		{5, "when", `"yesterday" is not a time`},
		{6, "", "has 2 fields, the header has 3"},
		{7, "", "a quote at column"},
		{8, "", "a quoted field is broken"},
		{9, "input", "is empty"},
		{10, "input", "1,5"},
		{11, "when", "2027-02-30"},
		{12, "input", "1e9"},
		{14, "output", "is too large"},
		{15, "", "a quoted field is broken"},
	}
	require.Len(t, summary.RejectedLines, len(want))
	for i, w := range want {
		require.Equal(t, w.line, summary.RejectedLines[i].Line)
		require.Equal(t, w.field, summary.RejectedLines[i].Field)
		require.Contains(t, summary.RejectedLines[i].Reason, w.reason)
	}
}

func TestRejectedLinesAreBoundedButCounted(t *testing.T) {
	t.Parallel()
	_, summary, err := readAll(t, "when,input,output\n"+strings.Repeat("x,1,1\n", 250), tokens, Options{MaxRejected: 7})
	require.NoError(t, err)
	require.Equal(t, 250, summary.Rejected)
	require.Len(t, summary.RejectedLines, 7)
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "", "is empty"},
		{"byte order mark alone", "\xef\xbb\xbf", "is empty"},
		{"blank lines", "\n\r\n\n", "is empty"},
		{"header alone", "when,input,output\n", "no rows"},
		{"missing column", "when,input,cost\n1,2,3\n", `no column "output": the header has "when", "input", "cost"`},
		{"column twice", "when,input,output,input\n", `"input" occurs twice`},
		{"other delimiter", "when;input;output\n", "is the delimiter right?"},
		{"UTF-16", "\xff\xfew\x00h\x00", "UTF-16"},
		{"gzip", "\x1f\x8b\x08\x00\x00\x00", "zcat"},
		{"spreadsheet", "PK\x03\x04\x14\x00", "save it as CSV"},
		{"broken header", "wh\"en,input,output\n", "header cannot be read"},
		{"endless quote", "when,input,output\n\"" + strings.Repeat("x\n", maxRecord), "closing quote"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			events, _, err := readAll(t, tc.text, tokens, Options{})
			require.ErrorContains(t, err, tc.want)
			require.Empty(t, events)
		})
	}
}

func TestTimeFormats(t *testing.T) {
	t.Parallel()
	berlin, err := calendar.LoadZone("Europe/Berlin")
	require.NoError(t, err)
	noon := time.Date(2027, 3, 28, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		format TimeFormat
		text   string
		want   time.Time
	}{
		{TimeUnix, "1806235200", noon},
		{TimeUnix, "1806235200.25", noon.Add(250 * time.Millisecond)},
		{TimeUnixMilli, "1806235200250", noon.Add(250 * time.Millisecond)},
		{TimeDateTime, "2027-03-28 14:00:00", noon},
		{TimeAuto, "2027-03-28T14:00:00", noon},
		{TimeAuto, "2027-03-28T12:00:00Z", noon},
		{TimeRFC3339, "2027-03-28T17:30:00+05:30", noon},
		{TimeAuto, "2027-03-28 12:00:00.250000+00:00", noon.Add(250 * time.Millisecond)},
		{TimeDateTime, "2027-03-28 02:30:00", time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC)}, // skipped by the clock change
	}
	for _, tc := range tests {
		got, reason := tc.format.parse(tc.text, berlin)
		require.Empty(t, reason)
		require.Equal(t, tc.want, got)
	}
	for text, format := range map[string]TimeFormat{
		"": TimeAuto, "1806235200": TimeAuto, "12:00": TimeUnix, "1806235200000": TimeUnix, "806235200": TimeUnixMilli,
		"2027-03-28 14:00:00": TimeRFC3339, "2027-03-28T14:00:00Z": TimeDateTime,
	} {
		_, reason := format.parse(text, berlin)
		require.NotEmpty(t, reason, text)
	}
	_, reason := TimeAuto.parse("1806235200", berlin)
	require.Contains(t, reason, "unix_ms", "whether it counts seconds is not guessed")
	_, reason = TimeUnix.parse("999999999999999999", berlin)
	require.Contains(t, reason, "outside the years")
	_, err = ParseTimeFormat("iso")
	require.ErrorContains(t, err, "unix_ms")
	auto, err := ParseTimeFormat("auto")
	require.NoError(t, err)
	require.Equal(t, TimeAuto, auto)
}

func TestBatchesKeepRowsTogetherAndProgressIsReported(t *testing.T) {
	t.Parallel()
	text := "when,input,output\n" + strings.Repeat("2027-01-01 00:00:00,1,1\n", 2500)
	var sizes []int
	var reports []Progress
	summary, err := Read(t.Context(), strings.NewReader(text), tokens, func(batch []Event) error {
		sizes = append(sizes, len(batch))
		return nil
	}, Options{BatchSize: 1999, Progress: func(p Progress) { reports = append(reports, p) }})
	require.NoError(t, err)
	require.Equal(t, []int{2000, 2000, 1000}, sizes)
	require.Equal(t, 5000, summary.Events)
	require.Len(t, reports, 3)
	require.Equal(t, Progress{Rows: 2500, Accepted: 2500, Bytes: int64(len(text))}, reports[2])
}

func TestReadStopsOnErrors(t *testing.T) {
	t.Parallel()
	text := "when,input,output\n" + strings.Repeat("2027-01-01 00:00:00,1,1\n", 10)
	full := errors.New("disk full")
	_, err := Read(t.Context(), strings.NewReader(text), tokens, func([]Event) error { return full }, Options{BatchSize: 4})
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, "up to line 3")

	ctx, cancel := context.WithCancel(t.Context())
	summary, err := Read(ctx, strings.NewReader(text), tokens, func([]Event) error { cancel(); return nil }, Options{BatchSize: 2})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, summary.Events)

	broken := io.MultiReader(strings.NewReader(text), errReader{full})
	_, err = Read(t.Context(), broken, tokens, func([]Event) error { return nil }, Options{})
	require.ErrorIs(t, err, full)
	_, err = Read(t.Context(), errReader{full}, tokens, func([]Event) error { return nil }, Options{})
	require.ErrorIs(t, err, full)
	_, err = Read(t.Context(), strings.NewReader(text), Mapping{}, nil, Options{})
	require.ErrorContains(t, err, "no time column")
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestRealTrace(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "shared", "data", "llm-usage-code.csv")
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("TestRealTrace: the trace of 8,819 requests is not part of the repository and is not beside it")
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	m, err := ParseMapping([]string{"time=TIMESTAMP", "input_tokens=ContextTokens", "output_tokens=GeneratedTokens"})
	require.NoError(t, err)
	seen := map[string]bool{}
	summary, err := Read(t.Context(), file, m, func(batch []Event) error {
		for _, e := range batch {
			seen[e.ID] = true
		}
		return nil
	}, Options{})
	require.NoError(t, err)
	require.Equal(t, 8819, summary.Accepted)
	require.Zero(t, summary.Rejected)
	require.Len(t, seen, 2*8819)
	require.Equal(t, "18059974", summary.Totals[0].Quantity.String())
	require.Equal(t, "245896", summary.Totals[1].Quantity.String())
}
