package usagecsv

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseMapping(t *testing.T) {
	t.Parallel()
	want := Mapping{Time: "TIMESTAMP", ID: "Request", Meters: []MeterColumn{{"input_tokens", "ContextTokens"}, {"output_tokens", "GeneratedTokens"}}}
	got, err := ParseMapping([]string{"time=TIMESTAMP", "id=Request", "meter:input_tokens=ContextTokens", "output_tokens=GeneratedTokens"})
	require.NoError(t, err)
	require.Equal(t, want, got)
	got, err = ParseMapping([]string{"time=TIMESTAMP, id = Request,input_tokens=ContextTokens,output_tokens=GeneratedTokens"})
	require.NoError(t, err)
	require.Equal(t, want, got)
	got, err = ParseMapping([]string{"time=T", `"tokens=Tokens, in = out"`, "meter:time=Seconds"})
	require.NoError(t, err)
	require.Equal(t, []MeterColumn{{"tokens", "Tokens, in = out"}, {"time", "Seconds"}}, got.Meters)
}

func TestParseMappingSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"no time column":              {"tokens=T"},
		"no meter":                    {"time=T"},
		"write it as key=COLUMN":      {"time"},
		`mapping "tokens="`:           {"time=T", "tokens="},
		"time is given twice":         {"time=A", "time=B", "m=C"},
		"id is given twice":           {"time=A", "id=B", "id=C", "m=C"},
		"meter tokens is given twice": {"time=A", "tokens=B", "meter:tokens=C"},
		`meter "a b"`:                 {"time=A", "a b=C"},
		`mapping "\"time=A"`:          {`"time=A`},
		`mapping ""`:                  {""},
	}
	for want, items := range tests {
		_, err := ParseMapping(items)
		require.ErrorContains(t, err, want)
	}
}

func FuzzParseMapping(f *testing.F) {
	for _, seed := range []string{"time=T,m=C", "", "=", `"a=b,c"`, "meter:time=X,time=Y", "time=é,m=\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, item string) {
		if m, err := ParseMapping([]string{item}); err == nil {
			require.NoError(t, m.Validate())
		}
	})
}
