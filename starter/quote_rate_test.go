package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const graduatedPrice = `{"model":"graduated","tiers":[{"up_to":"1000","unit_amount":"0.10","flat_amount":"5"},{"unit_amount":"0.05"}]}`

func TestQuoteRate(t *testing.T) {
	t.Parallel()
	got := starterWith(t, "", "quote", "rate", "--currency", "USD", "--price", graduatedPrice, "--quantity", "1500.1", "--already-billed", "105")
	require.Equal(t, exitOK, got.code)
	for _, want := range []string{"tier 1", "500.1", "130.005", "USD 130.01", "USD 105", "USD 25.01"} {
		require.Contains(t, got.out, want)
	}
	got = starterWith(t, graduatedPrice, "quote", "rate", "--currency", "EUR", "--price-file", "-", "--quantity", "10", "--kind", "recurring",
		"--part", "16", "--of", "31", "--json")
	require.Equal(t, exitOK, got.code)
	require.Equal(t, "3.10", decoded(t, got.out)["amount"])
	usage := file(t, `{"groups":[{"values":{"region":"eu"},"quantity":"3"}]}`)
	got = starterWith(t, "", "quote", "rate", "--currency", "USD", "--usage", usage, "--price",
		`{"model":"matrix","dimensions":["region"],"cells":[{"values":{"region":"eu"},"unit_amount":"2"}],"default_unit_amount":"1"}`)
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.out, "region eu")
}

func TestQuoteRateRefuses(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"price.tiers[0].up_to must be left out":  {"--currency", "USD", "--quantity", "1", "--price", `{"model":"volume","tiers":[{"up_to":5}]}`},
		"--quantity: \"1e3\" is not a number":    {"--currency", "USD", "--quantity", "1e3", "--price", graduatedPrice},
		"currency: unknown currency":             {"--quantity", "1", "--price", graduatedPrice},
		"price or usage is not JSON":             {"--currency", "USD", "--quantity", "1", "--price", `{`},
		"no such file":                           {"--currency", "USD", "--quantity", "1", "--price-file", "/no/such/file"},
		"kind is required with a part":           {"--currency", "USD", "--quantity", "1", "--price", graduatedPrice, "--part", "1", "--of", "2"},
		"at least one of the flags in the group": {"--quantity", "1"},
		"flags in the group [part of] are set":   {"--price", graduatedPrice, "--part", "1"},
	} {
		got := starter(t, append([]string{"quote", "rate"}, args...)...)
		require.Equal(t, exitRefused, got.code, want)
		require.Contains(t, got.err, want)
	}
}

// A stream answers every line, also after one that is wrong or far too long.
func TestQuoteRateStream(t *testing.T) {
	t.Parallel()
	good := `{"id":"good","price":` + graduatedPrice + `,"currency":"USD","quantity":"2000"}`
	in := strings.Join([]string{good, `{"id":"bad","price":{"model":"dear"},"currency":"USD","quantity":1}`, "", "nonsense", strings.Repeat("x", 3<<20), good}, "\n")
	got := starterWith(t, in, "quote", "rate", "--stream")
	require.Equal(t, exitRejected, got.code)
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	require.Len(t, lines, 5)
	require.Equal(t, "155.00", decoded(t, lines[0])["amount"])
	require.Equal(t, "bad", decoded(t, lines[1])["id"])
	require.Contains(t, lines[1], `price.model: \"dear\" must be one of`)
	require.Contains(t, lines[2], `"line":4`)
	require.Contains(t, lines[3], "longer than")
	require.JSONEq(t, lines[0], lines[4])
	for _, in := range []string{good, byteOrderMark + good + "\r\n"} {
		got = starterWith(t, in, "quote", "rate", "--stream")
		require.Equal(t, exitOK, got.code, got.out)
	}
}
