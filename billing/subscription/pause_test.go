package subscription_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

func TestPauseThatKeepsThePeriod(t *testing.T) {
	t.Parallel()
	s := apply(t, active(3), pausing(subscription.PauseKeep, command(subscription.Pause, day(5))))
	require.Equal(t, subscription.Paused, s.Status)
	require.False(t, s.Running())
	require.True(t, s.InPeriod() && s.PassesBoundary())
	requireDue(t, s, day(30))

	soon := apply(t, s, command(subscription.Resume, day(9)))
	require.Equal(t, subscription.Active, soon.Status)
	require.Equal(t, monthFrom(0), soon.Period)
	require.False(t, soon.Uncharged)

	s = s.PassCycle(monthFrom(30), monthFrom(30))
	require.True(t, s.Uncharged)
	require.Equal(t, 1, s.Cycle, "periods in a pause count in a fixed term")
	later := apply(t, s, command(subscription.Resume, day(40)))
	require.Equal(t, monthFrom(30), later.Period)
	require.Equal(t, 0, later.AnchorCycle, "the anchor stays")

	ends := apply(t, s, atPeriodEnd(command(subscription.Resume, day(40))))
	require.False(t, ends.PassesBoundary())
	begun := ends.BeginCycle(monthFrom(60))
	require.Equal(t, subscription.Active, begun.Status)
	require.Nil(t, begun.PausedAt)
	require.Empty(t, begun.PauseMode)
	require.False(t, begun.Uncharged)

	over := s.PassCycle(monthFrom(60), monthFrom(60))
	requireEnds(t, over, "term_ended")
	ended := over.End(day(90), "term_ended")
	require.Nil(t, ended.PausedAt)
	require.False(t, ended.InPeriod())
}

func TestPauseThatExtendsThePeriod(t *testing.T) {
	t.Parallel()
	s := apply(t, active(0), pausing(subscription.PauseExtend, command(subscription.Pause, day(5))))
	_, due := s.NextDue()
	require.False(t, due, "its clock stands still")
	s = apply(t, s, command(subscription.Resume, day(12)))
	require.Equal(t, calendar.Period{Start: day(0), End: day(37)}, s.Period)
	require.Equal(t, 7, s.Extended)
	require.Equal(t, calendar.Date{Year: 2027, Month: time.March, Day: 9}, s.Anchor)
	require.Equal(t, []int{0, 1}, []int{s.Cycle, s.AnchorCycle}, "the next cycle begins on the new anchor")
	s = apply(t, s, pausing(subscription.PauseExtend, command(subscription.Pause, day(20))))
	s = apply(t, s, command(subscription.Resume, day(23)))
	require.Equal(t, 10, s.Extended)
	requireDue(t, s, day(40))
	require.Zero(t, s.BeginCycle(monthFrom(40)).Extended)
}

func TestPauseAtPeriodEnd(t *testing.T) {
	t.Parallel()
	for mode, kept := range map[subscription.PauseMode]bool{
		"": false, subscription.PauseCredit: false, subscription.PauseExtend: false, subscription.PauseKeep: true,
	} {
		s := apply(t, active(0), atPeriodEnd(command(subscription.ChangeTerms, day(4))))
		s = apply(t, s, atPeriodEnd(pausing(mode, command(subscription.Pause, day(5)))))
		require.True(t, s.PausesAtBoundary())
		require.Equal(t, subscription.Active, s.Status)
		paused := s.PauseAtBoundary(day(30))
		require.Equal(t, subscription.Paused, paused.Status)
		require.Equal(t, day(30), *paused.PausedAt)
		require.Equal(t, kept, paused.InPeriod(), "where no paid time is left, extending is the same as crediting")
		require.False(t, paused.PausesAtBoundary())
		require.Equal(t, pro, paused.TermsAtBoundary(), "what else was agreed waits")
	}
}

// The monthly run charges in arrears: a pause has nothing paid ahead to keep or to serve later.
func TestPauseUnderTheMonthlyRun(t *testing.T) {
	t.Parallel()
	s := subscription.New("sub_1", "cus_1", team, catalog.ByInvoiceRun, day(0), 0).Reanchor(anchor).BeginCycle(monthFrom(0))
	require.Equal(t, "cannot_extend", code(t, s, pausing(subscription.PauseExtend, command(subscription.Pause, day(5)))))
	kept := apply(t, s, pausing(subscription.PauseKeep, command(subscription.Pause, day(5))))
	require.Equal(t, apply(t, s, command(subscription.Pause, day(5))), kept)
	require.False(t, kept.InPeriod())
}

func TestPauseModeThatIsNone(t *testing.T) {
	t.Parallel()
	require.Equal(t, "pause_mode_unknown", code(t, active(0), pausing("freeze", command(subscription.Pause, day(5)))))
	last := active(1)
	require.Empty(t, code(t, last, pausing(subscription.PauseKeep, command(subscription.Pause, day(5)))))
	require.Equal(t, "last_period", code(t, last, pausing(subscription.PauseExtend, command(subscription.Pause, day(5)))))
	require.Equal(t, "last_period", code(t, last, atPeriodEnd(pausing(subscription.PauseKeep, command(subscription.Pause, day(5))))))
}
