package fairbilling_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/money"
)

// april has 30 days.
func april(d int) calendar.Date {
	return calendar.Date{Year: 2027, Month: time.April, Day: 1}.AddDays(d - 1)
}

func paid(t require.TestingT, zone string, seats int64, amount money.Amount) fairbilling.Paid {
	z, err := calendar.LoadZone(zone)
	require.NoError(t, err)
	period, err := calendar.MonthPeriod(z, "2027-04")
	require.NoError(t, err)
	return fairbilling.Paid{Period: period, Zone: z, Seats: seats, Amount: amount}
}

// always is active all the time.
func always(id string) fairbilling.Member {
	m := fairbilling.Member{ID: id, Since: april(-100)}
	for d := -100; d < 60; d += 7 {
		m.Actions = append(m.Actions, april(d))
	}
	return m
}

// seen acted on the given days of April only, but for long ago.
func seen(id string, days ...int) fairbilling.Member {
	m := fairbilling.Member{ID: id, Since: april(-300)}
	for _, d := range days {
		m.Actions = append(m.Actions, april(d))
	}
	return m
}

func joined(id string, day int) fairbilling.Member {
	return fairbilling.Member{ID: id, Since: april(day), Actions: []calendar.Date{april(day + 20)}}
}

func shown(s fairbilling.Statement) []string {
	var lines []string
	for _, e := range s.Entries {
		lines = append(lines, fmt.Sprintf("%s %s %s %d/%d %s", e.On, e.Member, e.Kind, e.Days, e.Of, e.Amount.Decimal()))
	}
	return lines
}

// Slack's own examples (https://slack.com/help/articles/218915077), and prices that they were checked with.
func TestPublishedProrations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		price money.Amount
		left  int
		want  int64
	}{
		{money.New(800, "USD"), 20, 533},
		{money.New(630, "GBP"), 20, 420},
		{money.New(875, "USD"), 20, 583},
		{money.New(875, "USD"), 5, 146},
		{money.New(1250, "USD"), 15, 625},
	} {
		day := 31 - test.left
		p := paid(t, "Europe/Dublin", 1, test.price)
		s, err := fairbilling.DefaultPolicy().Settle(p, []fairbilling.Member{always("ada"), joined("bob", day)}, april(31))
		require.NoError(t, err)
		require.Equal(t, test.want, s.Charges.Minor, "who joins is charged for the days that are left")
		p.Seats, p.Amount.Minor = 2, 2*p.Amount.Minor
		s, err = fairbilling.DefaultPolicy().Settle(p, []fairbilling.Member{always("ada"), seen("bob", day-28)}, april(31))
		require.NoError(t, err)
		require.Equal(t, test.want, s.Credits.Minor, "who is not active any more earns a credit for them")
	}
}

func TestStatement(t *testing.T) {
	t.Parallel()
	left := seen("dan", 0)
	left.Until = april(4)
	rejoined := seen("bob", -10, 25)
	for _, test := range []struct {
		name    string
		members []fairbilling.Member
		want    []string
	}{
		{
			"reactivation ends the credit",
			[]fairbilling.Member{always("ada"), rejoined},
			[]string{
				"2027-04-01 ada started 30/30 9", "2027-04-01 bob started 30/30 9",
				"2027-04-18 bob credited 13/30 -3.9", "2027-04-25 bob charged 6/30 1.8",
			},
		},
		{
			"who leaves is credited from that day",
			[]fairbilling.Member{always("ada"), left},
			[]string{"2027-04-01 ada started 30/30 9", "2027-04-01 dan started 30/30 9", "2027-04-04 dan credited 27/30 -8.1"},
		},
		{
			"one seat stays billed, and the next one to come has it",
			[]fairbilling.Member{seen("ada", -20), seen("bob", -19), joined("cid", 20)},
			[]string{
				"2027-04-01 ada started 30/30 9", "2027-04-01 bob started 30/30 9", "2027-04-08 ada credited 23/30 -6.9",
				"2027-04-09 bob kept 22/30 0", "2027-04-20 cid took_over 11/30 0",
			},
		},
		{
			"who comes on the day on which the last one goes does not take the kept seat",
			[]fairbilling.Member{seen("ada", -20), seen("bob", -20), joined("cid", 8)},
			[]string{
				"2027-04-01 ada started 30/30 9", "2027-04-01 bob started 30/30 9", "2027-04-08 cid charged 23/30 6.9",
				"2027-04-08 ada credited 23/30 -6.9", "2027-04-08 bob credited 23/30 -6.9",
			},
		},
		{
			"a seat more than was paid is charged from the start",
			[]fairbilling.Member{always("ada"), always("bob"), always("cid")},
			[]string{"2027-04-01 ada started 30/30 9", "2027-04-01 bob started 30/30 9", "2027-04-01 cid charged 30/30 9"},
		},
		{
			"a seat that was paid and is nobody's",
			[]fairbilling.Member{always("ada"), joined("bob", 10), joined("cid", 11)},
			[]string{"2027-04-01 ada started 30/30 9", "2027-04-10 bob took_over 21/30 0", "2027-04-11 cid charged 20/30 6"},
		},
	} {
		s, err := fairbilling.DefaultPolicy().Settle(paid(t, "America/New_York", 2, money.New(1800, "USD")), test.members, april(31))
		require.NoError(t, err)
		require.Equal(t, test.want, shown(s), test.name)
		slices.Reverse(test.members)
		again, err := fairbilling.DefaultPolicy().Settle(paid(t, "America/New_York", 2, money.New(1800, "USD")), test.members, april(31))
		require.NoError(t, err)
		require.Equal(t, s, again)
	}
}

func TestStatementOfAMemberAndOfAWeek(t *testing.T) {
	t.Parallel()
	members := []fairbilling.Member{always("ada"), seen("bob", -10, 25)}
	s, err := fairbilling.DefaultPolicy().Settle(paid(t, "UTC", 2, money.New(1800, "USD")), members, april(31))
	require.NoError(t, err)
	require.Len(t, s.Of("bob"), 3)
	require.Len(t, s.Of("ada"), 1)
	week, err := s.Between(april(15), april(22))
	require.NoError(t, err)
	require.Equal(t, fairbilling.Statement{Entries: s.Entries[2:3], Charges: money.Zero("USD"), Credits: money.New(390, "USD")}, week)
	known, err := fairbilling.DefaultPolicy().Settle(paid(t, "UTC", 2, money.New(1800, "USD")), members, april(18))
	require.NoError(t, err)
	require.Len(t, known.Entries, 2, "an action of the day itself could still prevent it")
}

func TestActiveWindow(t *testing.T) {
	t.Parallel()
	p, m := fairbilling.DefaultPolicy(), seen("ada", 1)
	for day, want := range map[int]bool{0: false, 1: true, 28: true, 29: false} {
		require.Equal(t, want, p.ActiveOn(m, april(day)), day)
	}
	require.Equal(t, int64(1), p.Seats(nil, april(1)))
	require.Equal(t, int64(2), p.Seats([]fairbilling.Member{always("a"), always("b"), seen("c", -40)}, april(1)))
}

func TestSettleRefuses(t *testing.T) {
	t.Parallel()
	fine := paid(t, "UTC", 2, money.New(1800, "USD"))
	none, negative, empty := fine, fine, fine
	none.Seats, negative.Amount, empty.Period.End = 0, money.New(-1, "USD"), empty.Period.Start
	gone := fairbilling.Member{ID: "a", Since: april(5), Until: april(4)}
	for _, test := range []struct {
		policy  fairbilling.Policy
		paid    fairbilling.Paid
		members []fairbilling.Member
		want    string
	}{
		{fairbilling.Policy{WindowDays: 0}, fine, nil, "window_days must be between 1 and 366, got 0"},
		{fairbilling.Policy{WindowDays: 1, MinimumSeats: -1}, fine, nil, "minimum_seats must not be negative"},
		{fairbilling.DefaultPolicy(), none, nil, "paid seats must be above 0, got 0"},
		{fairbilling.DefaultPolicy(), negative, nil, "the price of the seats must not be negative, got USD -0.01"},
		{fairbilling.DefaultPolicy(), empty, nil, "must have at least one day"},
		{fairbilling.DefaultPolicy(), fine, []fairbilling.Member{always("a"), always("a")}, `members[1].id "a" must be given and be unique`},
		{fairbilling.DefaultPolicy(), fine, []fairbilling.Member{{ID: "a"}}, `member "a": since is required`},
		{fairbilling.DefaultPolicy(), fine, []fairbilling.Member{gone}, "until 2027-04-04 must not be before since 2027-04-05"},
	} {
		_, err := test.policy.Settle(test.paid, test.members, april(31))
		require.ErrorContains(t, err, test.want)
	}
}

// However members come and go: nobody's seat gives back more than was charged for it, what is paid in the end is at least
// the minimum of seats, and at most a seat for everybody who was ever there.
func TestNoMoreComesBackThanWasPaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := fairbilling.Policy{WindowDays: rapid.IntRange(1, 40).Draw(rt, "window"), MinimumSeats: rapid.Int64Range(0, 3).Draw(rt, "minimum")}
		var members []fairbilling.Member
		for i := range rapid.IntRange(0, 6).Draw(rt, "members") {
			m := fairbilling.Member{ID: fmt.Sprintf("m%d", i), Since: april(rapid.IntRange(-40, 35).Draw(rt, "since"))}
			if rapid.Bool().Draw(rt, "leaves") {
				m.Until = m.Since.AddDays(rapid.IntRange(0, 60).Draw(rt, "stays"))
			}
			for _, d := range rapid.SliceOfN(rapid.IntRange(-60, 40), 0, 8).Draw(rt, "actions") {
				m.Actions = append(m.Actions, april(d))
			}
			members = append(members, m)
		}
		zone := rapid.SampledFrom([]string{"UTC", "Pacific/Apia", "America/Sao_Paulo", "Africa/Cairo"}).Draw(rt, "zone")
		seats := max(p.Seats(members, april(1)), 1)
		line := paid(rt, zone, seats, money.New(rapid.Int64Range(0, 5_000).Draw(rt, "price"), "USD"))
		s, err := p.Settle(line, members, april(31))
		require.NoError(rt, err)
		balance := map[string]int64{}
		charges, credits, rounded := int64(0), int64(0), int64(0)
		for _, e := range s.Entries {
			balance[e.Member] += e.Amount.Minor
			charges += max(0, e.Amount.Minor)
			credits += max(0, -e.Amount.Minor)
			if e.Kind == fairbilling.Started {
				charges -= e.Amount.Minor
			}
			if e.Kind == fairbilling.Charged || e.Kind == fairbilling.Credited {
				rounded++
			}
		}
		require.Equal(rt, []int64{charges, credits}, []int64{s.Charges.Minor, s.Credits.Minor})
		net := line.Amount.Minor + charges - credits
		// Each entry is rounded by itself, by half a unit at most: seats of a few units can lose that to it.
		require.GreaterOrEqual(rt, net+(rounded+1)/2, line.Amount.Minor/seats*min(p.MinimumSeats, seats))
		require.GreaterOrEqual(rt, net, int64(0), "no seat gives back more than was charged for it")
		most := (line.Amount.Minor/seats + 1) * max(int64(len(members)), seats)
		require.LessOrEqual(rt, net, most)
		for _, e := range s.Entries {
			if e.Kind == fairbilling.TookOver || e.Kind == fairbilling.Kept {
				return // seats went from one member to another, so only all of them together can be compared
			}
		}
		for member, paid := range balance {
			require.GreaterOrEqual(rt, paid, int64(0), member)
			require.LessOrEqual(rt, paid, line.Amount.Minor/seats+1, member)
		}
	})
}
