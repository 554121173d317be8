package usagecsv

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMappingOfAmountsAndValues(t *testing.T) {
	t.Parallel()
	got, err := ParseMapping([]string{"time=When,payments=Paid,amount:payments=Fee", "value:card=Brand,value:region=Where"})
	require.NoError(t, err)
	require.Equal(t, []MeterColumn{{Meter: "payments", Column: "Fee"}}, got.Amounts)
	require.Equal(t, []ValueColumn{{Dimension: "card", Column: "Brand"}, {Dimension: "region", Column: "Where"}}, got.Values)
	for want, item := range map[string]string{
		`amount:"fees" belongs to no mapped meter: map the quantity of "fees" too`: "time=T,m=M,amount:fees=F",
		"amount:m is given twice":                        "time=T,m=M,amount:m=F,amount:m=G",
		`value:"a" must name a dimension, and each once`: "time=T,m=M,value:a=F,value:a=G",
		`value:"" must name a dimension, and each once`:  "time=T,m=M,value:=F",
	} {
		_, err := ParseMapping([]string{item})
		require.ErrorContains(t, err, want)
	}
}

// Amounts and values belong to a row's identity where they are mapped. An empty cell is none.
func TestAmountsAndValuesOfRows(t *testing.T) {
	t.Parallel()
	m := Mapping{
		Time: "when", Meters: []MeterColumn{{Meter: "paid", Column: "n"}, {Meter: "seen", Column: "n"}},
		Amounts: []MeterColumn{{Meter: "paid", Column: "fee"}}, Values: []ValueColumn{{Dimension: "card", Column: "brand"}},
	}
	text := "when,n,fee,brand\n2027-01-01 00:00:00,1,0.50,visa\n2027-01-01 00:00:00,1,,visa\n2027-01-01 00:00:00,1,0.5,\n" +
		"2027-01-01 00:00:00,1,free,visa\n2027-01-01 00:00:00,1,-1,visa\n"
	events, summary, err := readAll(t, text, m, Options{})
	require.NoError(t, err)
	require.Len(t, ids(events), 6, "three rows that differ")
	require.Equal(t, "0.5", events[0].Amount.String())
	require.Nil(t, events[1].Amount, "the amount is that of one meter")
	require.Equal(t, map[string]string{"card": "visa"}, events[1].Values, "the values are the row's")
	require.Nil(t, events[2].Amount)
	require.Nil(t, events[4].Values)
	require.Equal(t, []Rejected{
		{Line: 5, Field: "fee", Reason: `"free" is not an amount: write at most 18 digits and, after a point, at most 12, such as 0.43`},
		{Line: 6, Field: "fee", Reason: `"-1" is negative: an amount is 0 or more`},
	}, summary.RejectedLines)
	unmapped := Mapping{Time: m.Time, Meters: m.Meters}
	events, _, err = readAll(t, text, unmapped, Options{})
	require.NoError(t, err)
	require.Len(t, ids(events), 10, "five rows that say the same, each for itself")
}
