package catalog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// seated is a plan with bounds of its seats.
func seated(seats, per string) string {
	return `[{"id":"p","version":1,"name":"P","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","seats":` + seats + `,
	 "charges":[{"id":"c","name":"C","kind":"recurring","per":"` + per + `","timing":"advance","tax_category":"saas_b2b","prices":{"USD":{"model":"per_unit","unit_amount":"1"}}}]}]`
}

func TestBoundsOfSeats(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]int64{
		`{}`: {1, catalog.MostSeats}, `{"minimum":0}`: {0, catalog.MostSeats}, `{"minimum":3,"maximum":3}`: {3, 3}, `{"maximum":500}`: {1, 500},
	} {
		plans, err := catalog.Parse(strings.NewReader(seated(text, "seat")))
		require.NoError(t, err, text)
		require.Equal(t, want, [2]int64{plans[0].Seats.Least(), plans[0].Seats.Most()}, text)
	}
	for text, says := range map[string]string{
		seated(`{"minimum":-1}`, "seat"):            "seats.minimum must be between 0 and 10000000, got -1",
		seated(`{"minimum":10000001}`, "seat"):      "seats.minimum must be between 0 and 10000000, got 10000001",
		seated(`{"maximum":10000001}`, "seat"):      "seats.maximum must be between 1 and 10000000, got 10000001",
		seated(`{"maximum":-5}`, "seat"):            "seats.maximum must be between 1 and 10000000, got -5",
		seated(`{"minimum":5,"maximum":4}`, "seat"): "seats.maximum must not be below seats.minimum 5, got 4",
		seated(`{"minimum":0}`, "subscription"):     "seats needs a charge per seat of the plan itself",
		seated(`{"minimum":0,"most":4}`, "seat"):    "most",
		seated(`{"minimum":0.5}`, "seat"):           "seats",
	} {
		_, err := catalog.Parse(strings.NewReader(text))
		require.ErrorContains(t, err, says, text)
	}
}

// What a plan without bounds says by leaving them out is no difference.
func TestTheUsualBoundIsNoDifference(t *testing.T) {
	t.Parallel()
	read := func(seats string) catalog.Plan {
		plans, err := catalog.Parse(strings.NewReader(seated(seats, "seat")))
		require.NoError(t, err)
		return plans[0]
	}
	differences, err := catalog.Diff(read(`{}`), read(`{"minimum":1}`))
	require.NoError(t, err)
	require.Empty(t, differences)
	differences, err = catalog.Diff(read(`{}`), read(`{"minimum":0}`))
	require.NoError(t, err)
	require.Len(t, differences, 1)
	require.Equal(t, "seats", differences[0].Path[:5])
}
