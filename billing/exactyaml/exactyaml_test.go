package exactyaml_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/exactyaml"
)

type item struct {
	Name   string          `json:"name"`
	Amount decimal.Decimal `json:"amount"`
	Count  int64           `json:"count,omitempty" minimum:"2"`
	Kind   string          `json:"kind,omitempty"  enum:"one,other"`
	On     bool            `json:"on,omitempty"`
	Many   map[string]any  `json:"-"`
}

var items = exactyaml.Format{Name: "list", Manual: "the manual"}

func TestDecodeIsExactAndStrict(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`- {name: yes, amount: 0.10000000000000000000001}`:                     `[{"name":"yes","amount":"0.10000000000000000000001"}]`,
		`[{"name": "\ud83d\ude00", "amount": 1e2, "count": 9007199254740993}]`: `[{"name":"😀","amount":"100","count":9007199254740993}]`,
		"- &a {name: a, amount: 1, on: true}\n- {<<: *a, name: b}":             `[{"name":"a","amount":"1","on":true},{"name":"b","amount":"1","on":true}]`,
	} {
		var read []item
		require.NoError(t, items.Decode(strings.NewReader(text), &read), text)
		written, err := json.Marshal(read)
		require.NoError(t, err)
		require.Equal(t, want, string(written))
	}
	for text, want := range map[string]string{
		"":                                      "the list is empty: see the manual for what belongs into it",
		"{}":                                    "list: a list is expected, not fields with values",
		"[{]":                                   "the list is neither YAML nor JSON",
		"- 7":                                   `[0]: fields with values are expected, not "7"`,
		"- {name: a}":                           "[0].amount: is missing",
		"- {name: a, amount: 1, Count: 3}":      "[0].Count: no such field: use one of name, amount, count, kind, on",
		"- {name: a, amount: 1, count: 1}":      "[0].count: must be at least 2, got 1",
		"- {name: a, amount: 1, count: 2.5}":    `[0].count: "2.5" must be a whole number`,
		"- {name: a, amount: 1, kind: third}":   `[0].kind: "third" must be one of one, other`,
		"- {name: a, amount: 1, on: 1}":         `[0].on: "1" must be true or false`,
		"- {name: a, name: b, amount: 1}":       "[0].name: is given twice",
		"- {name: a, amount: 1_000}":            `[0].amount: "1_000" is no number: write digits, with a point before decimals, such as 1234.5`,
		"- {name: ~, amount: 1}":                "[0].name: a single value is expected, not nothing",
		"&a [*a]":                               "list: line 1: \"a\" is part of what it stands for",
		"[" + strings.Repeat(" ", 8<<20) + "]":  "the list is larger than 8 MiB",
		"- {name: a, amount: 1}\n---\n- {b: 1}": "the list has more than one document",
	} {
		var read []item
		require.ErrorContains(t, items.Decode(strings.NewReader(text), &read), want, "%.80s", text)
	}
}

// A null in a field that may be left out is nothing, but in YAML fields with nothing behind their name are there.
func TestNull(t *testing.T) {
	t.Parallel()
	type settings struct {
		Count int64 `json:"count,omitempty"`
	}
	type entry struct {
		Settings *settings        `json:"settings,omitempty"`
		Amount   *decimal.Decimal `json:"amount,omitempty"`
		Words    []string         `json:"words,omitempty"`
	}
	var read entry
	require.NoError(t, items.Decode(strings.NewReader("settings:\namount: ~\nwords: null"), &read))
	require.Equal(t, entry{Settings: &settings{}}, read)
	read = entry{}
	require.NoError(t, items.DecodeJSON([]byte(`{"settings": null, "amount": null, "words": null}`), &read))
	require.Equal(t, entry{}, read)
}

func TestDecodeJSONIsExactAndStrict(t *testing.T) {
	t.Parallel()
	var read item
	require.NoError(t, items.DecodeJSON([]byte(` {"name": "\ud83d\ude00", "amount": 0.10000000000000000000001} `), &read))
	require.Equal(t, "0.10000000000000000000001", read.Amount.String())
	for text, want := range map[string]string{
		``:                            "a list is one JSON object: it is not complete",
		`{"name": "a"`:                "a list is one JSON object: it is not complete",
		`name: a`:                     "a list is one JSON object: invalid character",
		`{} {}`:                       "a list is one JSON object: unexpected data after the end",
		`7`:                           `list: fields with values are expected, not "7"`,
		`{"name": null}`:              "name: a single value is expected, not nothing",
		`{"name": "a", "name": "b"}`:  "name: is given twice",
		`{"name": "a", "amount": []}`: "amount: a single value is expected, not a list",
		strings.Repeat("[", 5000):     "lists in lists are at most 1000 deep",
	} {
		require.ErrorContains(t, items.DecodeJSON([]byte(text), &read), want, "%.80s", text)
	}
}

func TestEncodeWritesForPeople(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	require.NoError(t, exactyaml.Encode(&text, []item{{Name: "null", Amount: decimal.RequireFromString("8.75"), Count: 9007199254740993, On: true}}))
	require.Equal(t, "- name: \"null\"\n  amount: \"8.75\"\n  count: 9007199254740993\n  \"on\": true\n", text.String())
}
