package fairbilling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/money"
)

func TestMembersComeAndGo(t *testing.T) {
	t.Parallel()
	ada := fairbilling.Member{ID: "ada", Since: april(5)}
	earlier, err := ada.Act(april(2))
	require.NoError(t, err)
	require.Equal(t, april(2), earlier.Since, "an action before it was known that she joined")
	require.True(t, fairbilling.Policy{WindowDays: 1}.ActiveOn(earlier, april(5)), "to have joined remains an action")

	left, err := ada.Leave(april(10), calendar.Date{})
	require.NoError(t, err)
	require.Equal(t, april(10), left.Until)
	_, err = left.Act(april(10))
	require.NoError(t, err, "on the day itself")
	_, err = left.Act(april(11))
	require.ErrorContains(t, err, `member "ada" has left on 2027-04-10: who comes back gets another id`)
	again, err := left.Leave(april(8), calendar.Date{})
	require.NoError(t, err)
	require.Equal(t, april(8), again.Until, "a better day, which is not settled")
	_, err = left.Leave(april(11), calendar.Date{})
	require.ErrorContains(t, err, "has left on 2027-04-10")
	_, err = ada.Leave(april(4), calendar.Date{})
	require.ErrorContains(t, err, "leaving on 2027-04-04 is too early")

	late, err := ada.Leave(april(10), april(20))
	require.NoError(t, err)
	require.Equal(t, april(20), late.Until, "what is settled stays settled")
	again, err = late.Leave(april(10), april(25))
	require.NoError(t, err)
	require.Equal(t, late, again)
}

func TestAgreementNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	fine := func(ids ...string) fairbilling.Agreement {
		a := fairbilling.Agreement{Policy: fairbilling.DefaultPolicy()}
		for _, id := range ids {
			a.Members = append(a.Members, fairbilling.Arrival{ID: id})
		}
		return a
	}
	members, err := fine("ada", "bob").Begin(april(1))
	require.NoError(t, err)
	require.Equal(t, []fairbilling.Member{{ID: "ada", Since: april(1)}, {ID: "bob", Since: april(1)}}, members)
	late := fine("ada")
	late.Members[0].LastActive = april(2)
	for want, wrong := range map[string]fairbilling.Agreement{
		"window_days must be":                          {},
		`members[1].id: "ada" is the id of an earlier`: fine("ada", "ada"),
		`members[0].id: "" must name the member`:       fine(""),
		"members[0].last_active: 2027-04-02 is after":  late,
		"members: 1001 are too many":                   fine(make([]string, 1001)...),
	} {
		_, err := wrong.Begin(april(1))
		require.ErrorContains(t, err, want)
	}
	for _, id := range []string{" ada", "ada ", "a\tb", "\xff", strings.Repeat("a", 101)} {
		require.Error(t, fairbilling.CheckMemberID(id), "%q", id)
	}
	require.NoError(t, fairbilling.CheckMemberID("a b"))
	require.True(t, (*fairbilling.Agreement)(nil).Same(nil))
	one, two := fine("ada"), fine("bob")
	require.False(t, one.Same(&two) || one.Same(nil))
	require.True(t, one.Same(&one))
}

// Who leaves on the day on which the period begins was charged for it, and has used none of it.
func TestLeavingOnTheFirstDay(t *testing.T) {
	t.Parallel()
	gone := always("bob")
	gone.Until = april(1)
	s, err := fairbilling.DefaultPolicy().Settle(paid(t, "UTC", 2, money.New(1800, "USD")), []fairbilling.Member{always("ada"), gone}, april(31))
	require.NoError(t, err)
	require.Equal(t, []string{"2027-04-01 ada started 30/30 9", "2027-04-01 bob started 30/30 9", "2027-04-01 bob credited 30/30 -9"}, shown(s))
	s, err = fairbilling.DefaultPolicy().Settle(paid(t, "UTC", 1, money.New(900, "USD")), []fairbilling.Member{always("ada"), gone}, april(31))
	require.NoError(t, err)
	require.Equal(t, []string{"2027-04-01 ada started 30/30 9"}, shown(s), "who was not charged for has nothing to get back")
}

// The stretches in which members were active say as much as their actions do.
func TestStretchesStandForActions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := fairbilling.Policy{WindowDays: rapid.IntRange(1, 40).Draw(rt, "window"), MinimumSeats: 1}
		var members, stretches []fairbilling.Member
		for _, id := range []string{"a", "b", "c"} {
			m := fairbilling.Member{ID: id, Since: april(rapid.IntRange(-40, 35).Draw(rt, "since"))}
			for _, d := range rapid.SliceOfN(rapid.IntRange(-60, 40), 0, 8).Draw(rt, "actions") {
				m.Actions = append(m.Actions, april(d))
			}
			if rapid.Bool().Draw(rt, "leaves") {
				m.Until = m.Since.AddDays(rapid.IntRange(0, 60).Draw(rt, "stays"))
			}
			s := m
			s.Actions, s.Active = nil, nil
			open := false
			for day := april(-60); day.Compare(april(120)) < 0; day = day.AddDays(1) {
				stayed := m
				stayed.Until = calendar.Date{}
				active := p.ActiveOn(stayed, day)
				if active && !open {
					s.Active = append(s.Active, fairbilling.Span{From: day})
				}
				if active {
					s.Active[len(s.Active)-1].To = day.AddDays(1)
				}
				open = active
			}
			members, stretches = append(members, m), append(stretches, s)
		}
		line := paid(rt, "UTC", 2, money.New(1800, "USD"))
		want, err := p.Settle(line, members, april(31))
		require.NoError(rt, err)
		got, err := p.Settle(line, stretches, april(31))
		require.NoError(rt, err)
		require.Equal(rt, want, got)
	})
}
