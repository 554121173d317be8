package subscription_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

func TestLifeFromTrialToEnd(t *testing.T) {
	t.Parallel()
	s := scheduled(2)
	require.Equal(t, -1, s.Cycle)
	requireDue(t, s, day(0))

	s = s.StartTrial(anchor, day(14))
	require.Equal(t, subscription.Trialing, s.Status)
	require.Equal(t, calendar.Period{Start: day(0), End: day(14)}, s.Period)
	require.Equal(t, day(0), s.LastAt)
	require.False(t, s.Running())
	requireDue(t, s, day(14))
	requireGoesOn(t, s)

	s = s.Reanchor(anchor).BeginCycle(calendar.Period{Start: day(14), End: day(44)})
	require.Equal(t, subscription.Active, s.Status)
	require.Equal(t, []int{0, 0}, []int{s.Cycle, s.AnchorCycle})
	require.True(t, s.Running())
	requireDue(t, s, day(44))
	requireGoesOn(t, s)

	s = s.BeginCycle(calendar.Period{Start: day(44), End: day(74)})
	require.Equal(t, []int{1, 0}, []int{s.Cycle, s.AnchorCycle})
	requireEnds(t, s, "term_ended")

	s = s.End(day(74), "term_ended")
	require.True(t, s.Ended())
	require.False(t, s.Running())
	require.Equal(t, "term_ended", s.EndReason)
	_, due := s.NextDue()
	require.False(t, due)
}

func requireDue(t *testing.T, s subscription.State, want time.Time) {
	t.Helper()
	due, ok := s.NextDue()
	require.True(t, ok)
	require.Equal(t, want, due)
}

func requireEnds(t *testing.T, s subscription.State, want string) {
	t.Helper()
	reason, ends := s.EndsAtBoundary()
	require.True(t, ends)
	require.Equal(t, want, reason)
}

func requireGoesOn(t *testing.T, s subscription.State) {
	t.Helper()
	reason, ends := s.EndsAtBoundary()
	require.False(t, ends)
	require.Empty(t, reason)
}

func TestDeferredChange(t *testing.T) {
	t.Parallel()
	asked := atPeriodEnd(command(subscription.ChangeTerms, day(5)))
	asked.Reason = "customer wants pro"
	s := apply(t, active(0), asked)
	require.Equal(t, team, s.Terms)
	require.Equal(t, pro, s.TermsAtBoundary())
	require.Equal(t, "customer wants pro", s.AtPeriodEnd.Reason)
	require.Equal(t, day(5), s.LastAt)
	requireGoesOn(t, s)

	begun := s.BeginCycle(monthFrom(30))
	require.Equal(t, pro, begun.Terms)
	require.Nil(t, begun.AtPeriodEnd)
	require.Equal(t, pro, begun.TermsAtBoundary())

	asked.Terms.Seats = 99
	require.Equal(t, pro, s.TermsAtBoundary(), "a state does not share memory with the command")
}

func TestDeferredCancellation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		actor, reason, want string
	}{
		{"customer", "too expensive", "too expensive"},
		{"customer", "", "canceled_by_customer"},
		{"", "", "canceled"},
	} {
		c := atPeriodEnd(command(subscription.Cancel, day(5)))
		c.Actor, c.Reason = test.actor, test.reason
		for _, s := range []subscription.State{trialing(), active(0), pastDue()} {
			next := apply(t, s, c)
			require.Equal(t, s.Status, next.Status)
			requireEnds(t, next, test.want)
			require.Equal(t, s.Terms, next.TermsAtBoundary())
		}
		c.AtPeriodEnd = false
		require.Equal(t, test.want, apply(t, active(0), c).EndReason)
	}
}

// What happens at the boundary is one thing, and the latest word about it counts.
func TestLatestDeferralCounts(t *testing.T) {
	t.Parallel()
	cancel, change := atPeriodEnd(command(subscription.Cancel, day(5))), atPeriodEnd(command(subscription.ChangeTerms, day(6)))
	s := apply(t, apply(t, active(0), cancel), change)
	requireGoesOn(t, s)
	require.Equal(t, pro, s.TermsAtBoundary())

	change.At, cancel.At = day(5), day(6)
	s = apply(t, apply(t, active(0), change), cancel)
	requireEnds(t, s, "canceled_by_customer")
	require.Equal(t, team, s.TermsAtBoundary())
}

// Keep: a change at the period's end to the terms in force withdraws what was deferred, and then there is nothing left to withdraw.
func TestKeepWithdrawsWhatWasDeferred(t *testing.T) {
	t.Parallel()
	keep := atPeriodEnd(to(team, command(subscription.ChangeTerms, day(6))))
	for _, s := range []subscription.State{trialing(), active(0), pastDue(), active(1)} {
		deferrals := []subscription.Command{atPeriodEnd(command(subscription.Cancel, day(5)))}
		if s.EndsAfter == 0 {
			deferrals = append(deferrals, atPeriodEnd(command(subscription.ChangeTerms, day(5))))
		}
		for _, deferral := range deferrals {
			kept := apply(t, apply(t, s, deferral), keep)
			require.Nil(t, kept.AtPeriodEnd)
			require.Equal(t, s.Status, kept.Status)
			require.Equal(t, s.Terms, kept.TermsAtBoundary())
			require.Equal(t, "nothing_to_change", code(t, kept, keep))
		}
	}
	requireEnds(t, apply(t, apply(t, active(1), atPeriodEnd(command(subscription.Cancel, day(5)))), keep), "term_ended")
}

func TestImmediateChangeAndWhatIsDeferred(t *testing.T) {
	t.Parallel()
	more := subscription.Terms{PlanID: "team", PlanVersion: 2, Seats: 6}
	now := to(more, command(subscription.ChangeTerms, day(6)))

	waits := atPeriodEnd(command(subscription.ChangeTerms, day(5)))
	s := apply(t, apply(t, active(0), waits), now)
	require.Equal(t, more, s.Terms)
	require.Equal(t, &subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: 6}, s.AtPeriodEnd.Terms, "another plan goes on waiting, with the seats")

	fewer := to(subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: 2}, waits)
	require.Equal(t, int64(2), apply(t, apply(t, active(0), fewer), now).AtPeriodEnd.Terms.Seats, "seats that were asked for are not those of today")

	newer := to(subscription.Terms{PlanID: "team", PlanVersion: 3, Seats: 5}, command(subscription.ChangeTerms, day(6)))
	require.Nil(t, apply(t, apply(t, active(0), waits), newer).AtPeriodEnd, "another version takes the place of what waits")

	seats := to(subscription.Terms{PlanID: "team", PlanVersion: 2, Seats: 2}, waits)
	require.Nil(t, apply(t, apply(t, active(0), seats), now).AtPeriodEnd, "and seats that of seats")

	s = apply(t, apply(t, active(0), atPeriodEnd(command(subscription.Cancel, day(5)))), now)
	requireEnds(t, s, "canceled_by_customer")
	require.Equal(t, more, s.Terms)

	same := to(team, command(subscription.ChangeTerms, day(6)))
	s = apply(t, apply(t, active(0), atPeriodEnd(command(subscription.ChangeTerms, day(5)))), same)
	require.Nil(t, s.AtPeriodEnd)

	s = apply(t, active(0), atPeriodEnd(command(subscription.Cancel, day(5))))
	require.ErrorContains(t, s.Check(same), "to withdraw its cancellation, change to them at the period's end")
	require.Equal(t, "nothing_to_change", code(t, s, same))
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	s := apply(t, active(0), atPeriodEnd(command(subscription.ChangeTerms, day(5))))
	s = apply(t, s, command(subscription.Pause, day(6)))
	require.Equal(t, subscription.Paused, s.Status)
	_, due := s.NextDue()
	require.False(t, due)

	s = apply(t, s, command(subscription.Resume, day(50)))
	require.Equal(t, subscription.Active, s.Status)
	require.Equal(t, pro, s.Terms, "what was agreed for the next period begins with it")
	require.Equal(t, []int{1, 1}, []int{s.Cycle, s.AnchorCycle})
	require.Equal(t, calendar.Date{Year: 2027, Month: time.March, Day: 22}, s.Anchor)
	requireDue(t, s, day(80))
	require.Equal(t, day(50), s.LastAt)
}

func TestCancelWhileTrialingOrPaused(t *testing.T) {
	t.Parallel()
	for _, s := range []subscription.State{trialing(), paused()} {
		ended := apply(t, s, command(subscription.Cancel, day(7)))
		require.Equal(t, subscription.Canceled, ended.Status)
		require.Equal(t, day(7), *ended.EndedAt)
		require.Equal(t, "canceled_by_customer", ended.EndReason)
	}
}

func TestStandingFollowsThePayments(t *testing.T) {
	t.Parallel()
	s := active(0).PaymentFailed("inv_1").PaymentFailed("inv_2").PaymentFailed("inv_1")
	require.Equal(t, []string{"inv_1", "inv_2"}, s.Unpaid, "oldest first, each once")
	require.Equal(t, subscription.PastDue, s.Status)
	requireDue(t, s, day(30))

	s = s.CollectionEnded("inv_2")
	require.Equal(t, subscription.PastDue, s.Status)
	s = s.CollectionEnded("inv_unknown")
	require.Equal(t, []string{"inv_1"}, s.Unpaid)
	renewed := s.BeginCycle(monthFrom(30))
	require.Equal(t, subscription.PastDue, renewed.Status)
	s = s.CollectionEnded("inv_1")
	require.Equal(t, subscription.Active, s.Status)
	require.Nil(t, s.Unpaid)
}

func TestStandingOfPausedAndCanceled(t *testing.T) {
	t.Parallel()
	s := apply(t, pastDue(), command(subscription.Pause, day(3))).PaymentFailed("inv_2")
	require.Equal(t, subscription.Paused, s.Status)
	s = s.CollectionEnded("inv_1")
	require.Equal(t, subscription.Paused, s.Status)
	resumed := apply(t, s, command(subscription.Resume, day(9)))
	require.Equal(t, subscription.PastDue, resumed.Status)
	require.Equal(t, subscription.Active, apply(t, s.CollectionEnded("inv_2"), command(subscription.Resume, day(9))).Status)

	gone := canceled().PaymentFailed("inv_1")
	require.Equal(t, subscription.Canceled, gone.Status)
	require.Equal(t, []string{"inv_1"}, gone.Unpaid)
	require.Equal(t, subscription.Canceled, gone.CollectionEnded("inv_1").Status)
}

// The slice of unpaid invoices has room to spare here: appending in place would write into the older state.
func TestStatesDoNotShareMemory(t *testing.T) {
	t.Parallel()
	base := active(0)
	base.Unpaid = append(make([]string, 0, 8), "inv_1", "inv_2")
	one, two := base.PaymentFailed("inv_3"), base.PaymentFailed("inv_4")
	less := base.CollectionEnded("inv_1")
	require.Equal(t, []string{"inv_1", "inv_2", "inv_3"}, one.Unpaid)
	require.Equal(t, []string{"inv_1", "inv_2", "inv_4"}, two.Unpaid)
	require.Equal(t, []string{"inv_2"}, less.Unpaid)
	require.Equal(t, []string{"inv_1", "inv_2"}, base.Unpaid)
}

func TestBilledByTheMonthlyRun(t *testing.T) {
	t.Parallel()
	s := subscription.New("sub_1", "cus_1", team, catalog.ByInvoiceRun, day(0), 0)
	requireDue(t, s, day(0))
	s = s.Reanchor(anchor).BeginCycle(monthFrom(0))
	_, due := s.NextDue()
	require.False(t, due, "the run bills it")

	deferred := apply(t, s, atPeriodEnd(command(subscription.Cancel, day(3))))
	requireDue(t, deferred, day(30))
	kept := apply(t, deferred, atPeriodEnd(to(team, command(subscription.ChangeTerms, day(4)))))
	_, due = kept.NextDue()
	require.False(t, due)
	requireDue(t, s.StartTrial(anchor, day(14)), day(14))
}

// A command may be dated a little ahead of the clock, and so of a boundary that is carried out after it.
func TestTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	ahead := day(30).Add(20 * time.Second)
	s := active(0).ChangeNow(command(subscription.ChangeTerms, ahead))
	require.Equal(t, ahead, s.BeginCycle(monthFrom(30)).LastAt)
	require.Equal(t, ahead, s.End(day(30), "term_ended").LastAt)
}

func TestInstantsAreKeptInUTC(t *testing.T) {
	t.Parallel()
	kolkata := time.FixedZone("IST", 5*3600+1800)
	s := subscription.New("sub_1", "cus_1", team, catalog.ByRenewal, day(0).In(kolkata), 0)
	s = s.StartTrial(anchor, day(14).In(kolkata)).Reanchor(anchor)
	s = s.BeginCycle(calendar.Period{Start: day(14).In(kolkata), End: day(44).In(kolkata)})
	for _, next := range []subscription.State{
		s.Defer(atPeriodEnd(command(subscription.Cancel, day(20).In(kolkata)))),
		s.ChangeNow(command(subscription.ChangeTerms, day(20).In(kolkata))),
		s.PauseNow(command(subscription.Pause, day(20).In(kolkata))),
		s.CancelNow(command(subscription.Cancel, day(20).In(kolkata))),
	} {
		require.Equal(t, day(20), next.LastAt)
		require.Equal(t, next, carried(t, next))
	}
}

// carried is a state as it arrives in the next run of the workflow that carries it.
func carried(t require.TestingT, s subscription.State) subscription.State {
	text, err := json.Marshal(s)
	require.NoError(t, err)
	var back subscription.State
	require.NoError(t, json.Unmarshal(text, &back))
	return back
}
