package subscription

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCohortsGrow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.String().Draw(t, "id")
		small := rapid.IntRange(0, 100).Draw(t, "small")
		large := rapid.IntRange(small, 100).Draw(t, "large")
		require.False(t, InCohort(id, 0))
		require.True(t, InCohort(id, 100))
		if InCohort(id, small) {
			require.True(t, InCohort(id, large))
		}
	})
	members := 0
	for i := range 10_000 {
		if InCohort(fmt.Sprintf("sub_%d", i), 10) {
			members++
		}
	}
	require.InDelta(t, 1000, members, 100, "a tenth")
	require.True(t, InCohort("sub_1", 100))
}
