package tax_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/tax"
)

func quarter(t *testing.T, s string) tax.Quarter {
	t.Helper()
	q, err := tax.ParseQuarter(s)
	require.NoError(t, err)
	return q
}

func TestQuarter(t *testing.T) {
	t.Parallel()
	q := quarter(t, "2027-Q4")
	require.Equal(t, "2027-10-01", q.Start().String())
	require.Equal(t, "2027-12-31", q.End().String())
	require.Equal(t, "2028-Q1", q.Next().String())
	require.Equal(t, q, tax.QuarterOf(day(t, "2027-10-01")))
	require.Equal(t, q, tax.QuarterOf(day(t, "2027-12-31")))
	for _, bad := range []string{"", "2027Q1", "2027-Q0", "2027-Q5", "27-Q1", "2027-q1", " 2027-Q1"} {
		_, err := tax.ParseQuarter(bad)
		require.ErrorContains(t, err, "2027-Q1", bad)
	}
	var none tax.Quarter
	require.NoError(t, none.UnmarshalText(nil))
	require.True(t, none.IsZero())
	require.Empty(t, none.String())
}

func FuzzParseQuarter(f *testing.F) {
	for _, seed := range []string{"2027-Q1", "", "0000-Q4", "2027-Q5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if q, err := tax.ParseQuarter(s); err == nil && q.Year > 0 {
			require.Equal(t, s, q.String())
			require.Equal(t, q, tax.QuarterOf(q.Start()))
			require.Equal(t, q, tax.QuarterOf(q.End()))
		}
	})
}

func TestDue(t *testing.T) {
	t.Parallel()
	tests := []struct {
		scheme             tax.Scheme
		quarter, file, pay string
	}{
		{tax.SchemeEUOSS, "2026-Q3", "2026-10-31", "2026-10-31"}, // a Saturday, not moved
		{tax.SchemeEUOSS, "2026-Q4", "2027-01-31", "2027-01-31"},
		{tax.SchemeEUOSS, "2027-Q1", "2027-04-30", "2027-04-30"},
		{tax.SchemeUKVAT, "2026-Q3", "2026-11-07", "2026-11-06"}, // a Saturday
		{tax.SchemeUKVAT, "2027-Q1", "2027-05-07", "2027-05-07"},
		{tax.SchemeEUOSS, "2027-Q4", "2028-01-31", "2028-01-31"},
		{tax.SchemeUKVAT, "2026-Q4", "2027-02-07", "2027-02-05"}, // a Sunday
		{tax.SchemeUKVAT, "2027-Q2", "2027-08-07", "2027-08-06"}, // a Saturday
		{tax.SchemeUKVAT, "2027-Q4", "2028-02-07", "2028-02-07"},
		{tax.SchemeUKVAT, "2023-Q1", "2023-05-07", "2023-05-05"}, // a Sunday, after a bank holiday on the 1st
		{tax.SchemeUKVAT, "2029-Q1", "2029-05-07", "2029-05-04"}, // early May bank holiday
	}
	for _, tc := range tests {
		file, pay, err := tax.Due(tc.scheme, quarter(t, tc.quarter))
		require.NoError(t, err)
		require.Equal(t, tc.file, file.String())
		require.Equal(t, tc.pay, pay.String())
	}
	_, _, err := tax.Due(tax.SchemeEUVAT, quarter(t, "2027-Q1"))
	require.ErrorContains(t, err, "eu_vat")
}
