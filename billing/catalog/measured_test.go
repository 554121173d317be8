package catalog

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

func TestMeasuresOfAPlan(t *testing.T) {
	t.Parallel()
	plan := team(t)
	meter := plan.Charges[1].Meter
	require.Equal(t, Measures{}, plan.Measures()[meter])
	plan.Charges[1].Prices["USD"] = Price{Model: Matrix, Dimensions: []string{"size", "region"}, DefaultUnitAmount: new(n("1"))}
	plan.Charges[1].Prices["JPY"] = Price{Model: Dynamic}
	require.Equal(t, Measures{Dimensions: []string{"region", "size"}, NeedsAmount: true}, plan.Measures()[meter])
	more := Measures{Dimensions: []string{"brand", "size"}}
	require.Equal(t, Measures{Dimensions: []string{"brand", "region", "size"}, NeedsAmount: true}, plan.Measures()[meter].Join(more))
}

func TestCheckEvent(t *testing.T) {
	t.Parallel()
	both := Measures{Dimensions: []string{"region", "size"}, NeedsAmount: true}
	some := new(n("0.000000000001"))
	require.NoError(t, Measures{}.CheckEvent(nil, nil))
	require.NoError(t, both.CheckEvent(some, nil))
	require.NoError(t, both.CheckEvent(new(n("0")), map[string]string{"size": "", "region": strings.Repeat("é", 100)}))
	for want, test := range map[string]struct {
		needed Measures
		amount *decimal.Decimal
		values map[string]string
	}{
		"amount: is missing: the meter is charged by":                            {needed: both},
		"amount: must not be negative, got -1":                                   {needed: both, amount: new(n("-1"))},
		"amount: at most":                                                        {amount: new(n("0.0000000000001"))},
		"values.regoin: no price of the meter has this dimension: use region, s": {both, some, map[string]string{"regoin": "eu"}},
		"values.region: no price of the meter has dimensions: leave values out":  {values: map[string]string{"region": "eu"}},
		"values.size: must have at most 200 bytes, got 201":                      {both, some, map[string]string{"size": strings.Repeat("x", 201)}},
		"values.size: holds characters that are not text":                        {both, some, map[string]string{"size": "a\x00"}},
		"values: must have at most 2000 bytes as JSON, got ":                     {both, some, map[string]string{"size": strings.Repeat("<", 200), "region": strings.Repeat("<", 200)}},
	} {
		require.ErrorContains(t, test.needed.CheckEvent(test.amount, test.values), want)
	}
}
