package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
)

func TestBankDays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		banks calendar.Banks
		from  string
		days  int
		want  string
	}{
		{"", "2027-01-08", 1, "2027-01-11"},
		{"", "2027-01-09", 0, "2027-01-11"},
		{"", "2027-01-18", 0, "2027-01-18"},
		{calendar.BanksUS, "2027-01-18", 0, "2027-01-19"}, // Martin Luther King's day
		{calendar.BanksUS, "2027-11-24", 1, "2027-11-26"}, // Thanksgiving
		{calendar.BanksTARGET, "2027-03-25", 1, "2027-03-30"},
		{calendar.BanksTARGET, "2027-08-27", 1, "2027-08-30"},
		{calendar.BanksGB, "2027-08-27", 1, "2027-08-31"}, // the summer bank holiday
		{calendar.BanksAU, "2027-01-25", 1, "2027-01-27"}, // Australia day
		{calendar.BanksCA, "2027-06-30", 1, "2027-07-02"}, // Canada day
		{"unknown", "2027-01-08", 1, "2027-01-11"},
	} {
		from, err := calendar.ParseDate(tc.from)
		require.NoError(t, err)
		require.Equal(t, tc.want, tc.banks.Add(from, tc.days).String(), "%s from %s", tc.banks, tc.from)
	}
	require.False(t, calendar.Banks("unknown").Known())
	require.True(t, calendar.BanksTARGET.Works(calendar.Date{Year: 2027, Month: time.January, Day: 4}))
}
