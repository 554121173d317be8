package usagecsv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func ids(events []Event) map[string]bool {
	set := map[string]bool{}
	for _, e := range events {
		set[e.ID] = true
	}
	return set
}

func TestIdentityWithoutAnIDColumn(t *testing.T) {
	t.Parallel()
	row := func(second int, in string) string { return fmt.Sprintf("2027-01-01 00:00:%02d,%s,1\n", second, in) }
	head := "when,input,output\n"
	first, _, err := readAll(t, head+row(0, "5")+row(0, "5")+row(1, "7"), tokens, Options{})
	require.NoError(t, err)
	require.Len(t, ids(first), 6, "two identical rows stay two")

	again, _, err := readAll(t, "output,extra,when,input\n1,x,2027-01-01T00:00:00Z,5.00\n1,y,2027-01-01T00:00:00Z,5\n1,z,2027-01-01T00:00:01Z,7\n", tokens, Options{})
	require.NoError(t, err)
	require.Equal(t, ids(first), ids(again), "layout and notation do not matter")

	swapped := Mapping{Time: "when", Meters: []MeterColumn{tokens.Meters[1], tokens.Meters[0]}}
	reordered, _, err := readAll(t, head+row(0, "5")+row(0, "5")+row(1, "7"), swapped, Options{})
	require.NoError(t, err)
	require.Equal(t, ids(first), ids(reordered))

	overlap, _, err := readAll(t, head+row(1, "7")+row(2, "5"), tokens, Options{})
	require.NoError(t, err)
	union := ids(first)
	for id := range ids(overlap) {
		union[id] = true
	}
	require.Len(t, union, 8, "the overlapping row is the same, the new one is new")
}

func TestIdentityWithAnIDColumn(t *testing.T) {
	t.Parallel()
	m := tokens
	m.ID = "request"
	text := "request,when,input,output\n" +
		"r1,2027-01-01 00:00:00,1,1\n" +
		"r1,2027-01-01T00:00:00Z,1.0,1\n" +
		"r1,2027-01-01 00:00:00,2,1\n" +
		",2027-01-01 00:00:00,2,1\n" +
		"\x00,2027-01-01 00:00:00,2,1\n" +
		strings.Repeat("x", 201) + ",2027-01-01 00:00:00,2,1\n" +
		"r2,2027-01-01 00:00:00,1,1\n"
	events, summary, err := readAll(t, text, m, Options{})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"r1:in": true, "r1:out": true, "r2:in": true, "r2:out": true}, ids(events))
	require.Equal(t, 1, summary.Duplicates)
	require.Equal(t, 4, summary.Rejected)
	require.Equal(t, Rejected{Line: 4, Field: "request", Reason: `id "r1" occurs before with other values`}, summary.RejectedLines[0])
}

// A file split anywhere between instants imports to the same events as the whole, however the parts overlap.
func TestOverlappingExportsProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var rows []string
		var starts []int // first row of each instant
		for second := range rapid.IntRange(1, 8).Draw(rt, "instants") {
			starts = append(starts, len(rows))
			for range rapid.IntRange(1, 4).Draw(rt, "rows") {
				rows = append(rows, fmt.Sprintf("2027-01-01 00:00:%02d,%d,1", second, rapid.IntRange(0, 1).Draw(rt, "in")))
			}
		}
		read := func(part []string) map[string]bool {
			text := "when,input,output\n" + strings.Join(part, "\n")
			set := map[string]bool{}
			_, err := Read(t.Context(), strings.NewReader(text), tokens, func(batch []Event) error {
				for _, e := range batch {
					require.False(rt, set[e.ID], "ids are unique in a file")
					set[e.ID] = true
				}
				return nil
			}, Options{})
			require.NoError(rt, err)
			return set
		}
		whole := read(rows)
		require.Len(rt, whole, 2*len(rows))
		from := rapid.SampledFrom(starts).Draw(rt, "from")
		to := rapid.SampledFrom(append(starts, len(rows))).Draw(rt, "to")
		if from >= to {
			return
		}
		for id := range read(rows[from:to]) {
			require.True(rt, whole[id])
		}
	})
}
