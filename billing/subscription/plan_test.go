package subscription_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
)

func named(id string, c subscription.Command) subscription.Command {
	c.ID = id
	return c
}

func ids(commands []subscription.Command) []string {
	list := make([]string, len(commands))
	for i, c := range commands {
		list[i] = c.ID
	}
	return list
}

func TestPlannedCommandsWaitInTheOrderOfTheirDays(t *testing.T) {
	t.Parallel()
	s := active(0)
	for _, planned := range []struct {
		id  string
		day int
	}{{"b", 20}, {"a", 10}, {"c", 20}, {"d", 40}} {
		s = apply(t, s, named(planned.id, on(day(planned.day), command(subscription.ChangeTerms, day(5)))))
	}
	require.Equal(t, []string{"a", "b", "c", "d"}, ids(s.Planned))
	require.Equal(t, team, s.Terms, "nothing has happened yet")
	requireDue(t, s, day(10))
	require.Equal(t, s, carried(t, s))

	c, rest, is := s.PlannedFor(day(10))
	require.True(t, is)
	require.Equal(t, "a", c.ID)
	require.Equal(t, day(10), c.At, "it is carried out as of its day")
	require.True(t, c.On.IsZero())
	require.Equal(t, []string{"a", "b", "c", "d"}, ids(s.Planned), "the state before is as it was")
	requireDue(t, rest, day(20))
	_, _, is = rest.PlannedFor(day(19))
	require.False(t, is)

	withdraw := command(subscription.Withdraw, day(11))
	withdraw.Withdraws = "b"
	rest = apply(t, rest, withdraw)
	require.Equal(t, []string{"c", "d"}, ids(rest.Planned))
	require.Equal(t, "not_planned", code(t, rest, withdraw))
	rest = rest.WithdrawPlanned(subscription.Command{Withdraws: "c", At: day(11)}).WithdrawPlanned(subscription.Command{Withdraws: "d", At: day(11)})
	require.Nil(t, rest.Planned)
	requireDue(t, rest, day(30))
}

// A cancellation, pause or change for the instant of the boundary must not be preceded by the bill of the next period.
func TestPlannedForTheInstantOfTheBoundary(t *testing.T) {
	t.Parallel()
	planned := func(c subscription.Command) subscription.State {
		return apply(t, active(0), on(day(30), c))
	}
	s := planned(command(subscription.Cancel, day(5)))
	_, _, is := s.PlannedFor(day(30))
	require.False(t, is, "it is no matter of its own")
	requireEnds(t, s.MeetBoundary(day(30)), "canceled_by_customer")
	require.Empty(t, s.MeetBoundary(day(30)).Planned)

	require.True(t, planned(command(subscription.Pause, day(5))).MeetBoundary(day(30)).PausesAtBoundary())
	require.Equal(t, pro, planned(command(subscription.ChangeTerms, day(5))).MeetBoundary(day(30)).TermsAtBoundary())
	require.Equal(t, "cus_2", planned(command(subscription.Transfer, day(5))).MeetBoundary(day(30)).CustomerAtBoundary())

	s = planned(command(subscription.Resume, day(5))).MeetBoundary(day(30))
	require.Equal(t, "cannot_resume", s.Missed[0].Refusal.Code)
	requireGoesOn(t, s)

	before := apply(t, scheduled(0), on(day(0), command(subscription.Cancel, day(-5))))
	require.Equal(t, subscription.Canceled, before.MeetBoundary(day(0)).Status, "it never begins")
}

func TestPlannedForWhatCannotBe(t *testing.T) {
	t.Parallel()
	cancel := named("end", on(day(20), command(subscription.Cancel, day(5))))
	ending := apply(t, active(0), cancel)
	for _, test := range []struct {
		want  string
		state subscription.State
		c     subscription.Command
	}{
		{"two_dates", active(0), atPeriodEnd(on(day(10), command(subscription.Cancel, day(5))))},
		{"date_passed", active(0), on(day(5), command(subscription.Cancel, day(5)))},
		{"date_passed", active(0), on(day(4), command(subscription.Cancel, day(5)))},
		{"before_start", scheduled(0), on(day(0), command(subscription.Pause, day(-5)))},
		{"", scheduled(0), on(day(1), command(subscription.Pause, day(-5)))},
		{"", scheduled(0), on(day(-1), command(subscription.Cancel, day(-5)))},
		{"after_the_end", ending, on(day(20), command(subscription.Pause, day(6)))},
		{"", ending, on(day(19), command(subscription.Pause, day(6)))},
		{"after_the_end", active(1), on(day(30), command(subscription.Pause, day(6)))},
		{"terms_missing", active(0), on(day(9), subscription.Command{ID: "c", Kind: subscription.ChangeTerms, At: day(5)})},
	} {
		require.Equal(t, test.want, code(t, test.state, test.c))
	}
	s := active(0)
	for i := range 50 {
		s = apply(t, s, named(fmt.Sprint(i), on(day(10+i), command(subscription.ChangeTerms, day(5)))))
	}
	require.Equal(t, "too_many_planned", code(t, s, on(day(99), command(subscription.ChangeTerms, day(5)))))
}

func TestMissedCommandsAreRemembered(t *testing.T) {
	t.Parallel()
	s := active(0)
	for i := range 12 {
		c := named(fmt.Sprint(i), command(subscription.Resume, day(i)))
		s = s.Miss(c, s.Check(c))
	}
	require.Len(t, s.Missed, 10, "the latest ones")
	require.Equal(t, "11", s.Missed[9].CommandID)
	require.Equal(t, "cannot_resume", s.Missed[9].Refusal.Code)
	require.Equal(t, day(11), s.LastAt)
	require.Equal(t, s, carried(t, s))
}

// Reactivating takes back whatever would end the subscription, and nothing else.
func TestReactivateBeforeTheEnd(t *testing.T) {
	t.Parallel()
	reactivate := command(subscription.Reactivate, day(7))
	s := apply(t, ending(), reactivate)
	require.Nil(t, s.AtPeriodEnd)
	requireGoesOn(t, s)

	s = apply(t, active(0), named("pause", on(day(20), command(subscription.Pause, day(4)))))
	s = apply(t, s, named("end", on(day(40), command(subscription.Cancel, day(5)))))
	s = apply(t, apply(t, s, atPeriodEnd(command(subscription.ChangeTerms, day(6)))), reactivate)
	require.Equal(t, []string{"pause"}, ids(s.Planned))
	require.Equal(t, pro, s.TermsAtBoundary())
	require.Equal(t, "nothing_to_reactivate", code(t, s, reactivate))
}

func TestReactivateAfterTheEnd(t *testing.T) {
	t.Parallel()
	again := command(subscription.Reactivate, day(50))
	s := apply(t, canceled(), again)
	require.Equal(t, subscription.Active, s.Status)
	require.Nil(t, s.EndedAt)
	require.Empty(t, s.EndReason)
	require.Equal(t, []int{1, 1}, []int{s.Cycle, s.AnchorCycle})
	require.Equal(t, team, s.Terms)
	requireDue(t, s, day(80))
	require.Equal(t, pro, apply(t, canceled(), to(pro, again)).Terms)

	for why, s := range map[string]subscription.State{
		"never began":         trialing().End(day(3), "canceled"),
		"ended as it began":   active(0).End(day(0), "checkout_expired"),
		"a fixed term":        active(3).End(day(3), "canceled"),
		"owes an invoice":     pastDue().End(day(3), "canceled"),
		"ended by collection": active(0).End(day(3), subscription.Unpaid),
	} {
		require.Equal(t, "cannot_reactivate", code(t, s, again), why)
	}
	require.Equal(t, "command_too_old", code(t, canceled(), command(subscription.Reactivate, day(2))))
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	s := apply(t, pastDue(), command(subscription.Transfer, day(5)))
	require.Equal(t, "cus_2", s.CustomerID)
	require.Equal(t, subscription.Active, s.Status, "what the former customer owes is not the new one's debt")
	require.Equal(t, subscription.Active, s.CollectionEnded("inv_1").Status)

	s = apply(t, active(0), atPeriodEnd(command(subscription.Transfer, day(5))))
	require.Equal(t, "cus_1", s.CustomerID)
	require.Equal(t, "nothing_to_change", code(t, s, atPeriodEnd(command(subscription.Transfer, day(6)))))
	s = apply(t, s, atPeriodEnd(command(subscription.ChangeTerms, day(6))))
	s = s.BeginCycle(monthFrom(30))
	require.Equal(t, "cus_2", s.CustomerID)
	require.Equal(t, pro, s.Terms, "both were asked for")
	require.Equal(t, "nothing_to_change", code(t, s, command(subscription.Transfer, day(31))))
	require.Equal(t, "customer_missing", code(t, s, subscription.Command{ID: "c", Kind: subscription.Transfer, At: day(31)}))
	require.Equal(t, "last_period", code(t, active(1), atPeriodEnd(command(subscription.Transfer, day(5)))))
}
