package usagecsv

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "when,input,output", "when,input,output\n2027-01-01 00:00:00,1,1", "\xef\xbb\xbfwhen,input,output\r\n2027-01-01T00:00:00Z,1,1\r\n",
		"when,input,output\n\"2027-01-01 00:00:00\",\"1\n\",1\n", "when,input,output\n\"", "when,input,output\nx\"y,1,1\n", "when,input,output\n,,\n1,2\n",
		"when,input,output\n2027-01-01 00:00:00,1,1\n2027-01-01 00:00:00,1,1\n", "\xff\xfe", "when,input,output\n\x00,\xff,-0\n",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, named bool) {
		m := tokens
		if named {
			m.ID = "when"
		}
		seen := map[string]bool{}
		summary, err := Read(t.Context(), strings.NewReader(text), m, func(batch []Event) error {
			for _, e := range batch {
				require.False(t, e.Quantity.IsNegative())
				require.False(t, seen[e.ID])
				seen[e.ID] = true
			}
			return nil
		}, Options{BatchSize: 3, MaxRejected: 2})
		require.Equal(t, summary.Rows, summary.Accepted+summary.Rejected)
		require.LessOrEqual(t, len(summary.RejectedLines), 2)
		require.Len(t, seen, summary.Events)
		if err == nil {
			require.Equal(t, 2*(summary.Accepted-summary.Duplicates), summary.Events)
			require.Equal(t, int64(len(text)), summary.Bytes)
		}
	})
}
