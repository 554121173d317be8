package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/api"
)

// TestTheReadmeWorksAsPrinted carries out the README's commands in their order, twice, and then its request over HTTP.
func TestTheReadmeWorksAsPrinted(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	readme := strings.ReplaceAll(string(raw), "\\\n", "")
	_, ourselves, found := strings.Cut(readme, "## Bill something yourself")
	require.True(t, found)
	_, script, found := strings.Cut(ourselves, "```sh\n")
	require.True(t, found)
	script, _, _ = strings.Cut(script, "```")

	var answers []string
	for range 2 {
		for line := range strings.Lines(script) {
			command, _, _ := strings.Cut(strings.TrimSpace(line), "#")
			args := words.FindAllString(strings.TrimPrefix(command, "go run ./starter "), -1)
			for i := range args {
				args[i] = strings.ReplaceAll(strings.Trim(args[i], `"`), "docs/", "../docs/") // tests run in their own folder
			}
			answers = append(answers, ok(t, args...))
		}
	}
	said := strings.Join(answers, "\n")
	require.Contains(t, said, "over USD 43.75: paid")
	require.Regexp(t, `team\s+1\s+team\s+Team\s+1 month\s+renewal\s+seats, input, output\s+EUR, USD\n`, said)
	require.Contains(t, said, "10: 0 new, 10 known already", "the second time")

	body := regexp.MustCompile(`(?s)curl -s http://127.0.0.1:8080(\S+).*?-d '([^']+)'`).FindStringSubmatch(ourselves)
	require.Len(t, body, 3)
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, body[1], strings.NewReader(body[2]))
	request.Header.Set("Content-Type", "application/json")
	api.New(api.Options{Service: running.Service}).ServeHTTP(answer, request)
	require.Equal(t, http.StatusCreated, answer.Code, answer.Body.String())
	require.Equal(t, "paid", decoded(t, answer.Body.String())["invoice"].(map[string]any)["payment"])
}
