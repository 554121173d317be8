package ratecase

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// Prices from the tests and the documentation of other billing systems, each with what it comes to there.
func TestPublishedPrices(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/published.jsonl")
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	require.Greater(t, len(lines), 70)
	for _, line := range lines {
		var published struct {
			Source string
			Case   json.RawMessage
			Want   decimal.Decimal
		}
		require.NoError(t, json.Unmarshal(line, &published))
		require.NotEmpty(t, published.Source)
		c, err := Parse(published.Case)
		require.NoError(t, err, string(line))
		answer, err := c.Answer()
		require.NoError(t, err, string(line))
		require.Equal(t, published.Want.String(), decimal.RequireFromString(answer.Amount).String(), string(line))
	}
}
