package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/api"
)

func TestEveryCommandHasItsPlaceInAScenario(t *testing.T) {
	t.Parallel()
	told, seen := auditedCommands(), 0
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			visit(sub)
		}
		if name := strings.TrimPrefix(c.CommandPath(), "starter "); !c.HasSubCommands() && !isOnlyShown(name) {
			text, known := told[name]
			require.True(t, known, "the command %q is new: give it a place in scenarios (billing/quote), or a reason why it needs none", name)
			requireCounterpart(t, text, name)
			seen++
		}
	}
	visit((&program{now: time.Now}).root())
	require.Len(t, told, seen, "a command that is told of does not exist")
}

// isOnlyShown says that a command changes nothing, by its name.
func isOnlyShown(name string) bool {
	words := strings.Fields(name)
	switch words[0] {
	case "quote", "simulate", "help", "demo", "dev", "serve", "sandbox", "check":
		return true
	}
	switch words[len(words)-1] {
	case "list", "show", "planned", "discounts", "price", "offer", "test", "export", "diff", "statement", "suspense":
		return true
	}
	return strings.HasPrefix(name, "subscription preview ")
}

func TestEveryEndpointHasItsPlaceInAScenario(t *testing.T) {
	t.Parallel()
	answer := httptest.NewRecorder()
	api.New(api.Options{}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/openapi.json", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	var described struct {
		Paths map[string]map[string]struct{ OperationID string }
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &described))
	told, seen := auditedEndpoints(), 0
	for _, methods := range described.Paths {
		for method, operation := range methods {
			name := operation.OperationID
			if method == "get" || strings.HasPrefix(name, "preview-") {
				continue
			}
			text, known := told[name]
			require.True(t, known, "the endpoint %q is new: give it a place in scenarios (billing/quote), or a reason why it needs none", name)
			requireCounterpart(t, text, name)
			seen++
		}
	}
	require.Len(t, told, seen, "an endpoint that is told of does not exist")
}
