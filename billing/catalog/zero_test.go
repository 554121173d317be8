package catalog

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// A zero that means something is written, and read back: a phase that is free is not the regular price, and a matrix whose
// other cells are free still says so.
func TestZeroThatMeansSomethingIsKept(t *testing.T) {
	t.Parallel()
	zero := decimal.Zero
	text, err := json.Marshal(Phase{Periods: 1, Percent: &zero})
	require.NoError(t, err)
	require.JSONEq(t, `{"periods":1,"percent":"0"}`, string(text))
	text, err = json.Marshal(Price{Model: Matrix, Dimensions: []string{"kind"}, DefaultUnitAmount: &zero})
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"matrix","dimensions":["kind"],"default_unit_amount":"0"}`, string(text))
	text, err = json.Marshal(Price{Model: Flat})
	require.NoError(t, err)
	require.JSONEq(t, `{"model":"flat"}`, string(text), "what is not there is not written")
}
