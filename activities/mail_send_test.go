package activities

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgrid/rest"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/store"
)

func TestMailJudge(t *testing.T) {
	t.Parallel()
	m := &Mailer{FirstWait: time.Second}
	for code, want := range map[int]string{
		200: mailUncertain, 202: mailSent, 301: mailUncertain, 400: mailRefused, 401: mailDelayed, 403: mailDelayed, 404: mailRefused,
		413: mailRefused, 429: mailDelayed, 500: mailUncertain, 502: mailUncertain, 503: mailUncertain,
	} {
		got := m.judge(store.Mail{Tries: 1}, &rest.Response{StatusCode: code, Headers: http.Header{"X-Message-Id": {"id"}}})
		require.Equal(t, want, got.status, "status %d", code)
		require.Equal(t, want == mailSent, got.providerID == "id", "status %d", code)
	}
}

func TestMailWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		headers http.Header
		want    time.Duration
	}{
		"silent":        {http.Header{}, 0},
		"seconds":       {http.Header{"Retry-After": {"120"}}, 2 * time.Minute},
		"date":          {http.Header{"Retry-After": {"Mon, 01 Mar 2027 12:00:30 GMT"}}, 30 * time.Second},
		"past date":     {http.Header{"Retry-After": {"Mon, 01 Mar 2027 11:00:30 GMT"}}, 0},
		"nonsense":      {http.Header{"Retry-After": {"soon"}}, 0},
		"negative":      {http.Header{"Retry-After": {"-1"}}, 0},
		"reset":         {http.Header{"X-Ratelimit-Reset": {"1803902410"}}, 10 * time.Second},
		"seconds first": {http.Header{"Retry-After": {"1"}, "X-Ratelimit-Reset": {"1803902410"}}, time.Second},
	} {
		require.Equal(t, test.want, askedWait(test.headers, now), name)
	}
}

func TestMailBackoff(t *testing.T) {
	t.Parallel()
	m := &Mailer{}
	for tries, want := range map[int]time.Duration{
		0: time.Second, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 13: time.Hour, 1_000_000: time.Hour,
	} {
		require.Equal(t, want, m.backoff(tries), "try %d", tries)
	}
	limited := &rest.Response{StatusCode: 429, Headers: http.Header{"Retry-After": {"999999"}}}
	require.Equal(t, time.Hour, m.judge(store.Mail{Tries: 1}, limited).wait, "no answer can hold a message for days")
}

func TestMailErrorText(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``: ``,
		`{"errors":[{"message":"Bad.","field":"from.email","help":null},{"message":"Worse.","field":null}]}`: `from.email: Bad.; Worse.`,
		`{"errors":[]}`:     `{"errors":[]}`,
		"<html>502</html>":  "<html>502</html>",
		"broken \xff bytes": "broken  bytes",
	} {
		require.Equal(t, want, errorText(body))
	}
	require.Len(t, []rune(errorText(strings.Repeat("é", 10_000))), longestError+1)
}

func FuzzMailErrorText(f *testing.F) {
	f.Add(`{"errors":[{"message":"Bad.","field":"from.email"}]}`)
	f.Add(`{"errors":null}`)
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, body string) {
		require.LessOrEqual(t, len([]rune(errorText(body))), longestError+1)
	})
}
