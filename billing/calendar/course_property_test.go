package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func schedules() *rapid.Generator[Schedule] {
	return rapid.Custom(func(t *rapid.T) Schedule {
		unit := rapid.SampledFrom([]Unit{Day, Week, Month, Quarter, Year}).Draw(t, "unit")
		s := Schedule{Interval: Interval{Unit: unit, Count: rapid.IntRange(1, 10).Draw(t, "count")}}
		s.Alignment.To = rapid.SampledFrom([]AlignTo{"", ToAnniversary, ToCalendar, ToDayOfMonth}).Draw(t, "to")
		if s.Alignment.To == ToDayOfMonth {
			s.Interval.Unit = rapid.SampledFrom([]Unit{Month, Quarter, Year}).Draw(t, "unit")
			s.Alignment.Day = rapid.IntRange(1, 31).Draw(t, "day")
		}
		if s.Alignment.To == ToCalendar && unit == Week {
			s.Alignment.WeekStart = rapid.SampledFrom([]Weekday{"", "monday", "sunday", "saturday"}).Draw(t, "week start")
		}
		return s
	})
}

func courses(zones *rapid.Generator[Zone]) *rapid.Generator[Course] {
	return rapid.Custom(func(t *rapid.T) Course {
		c := Course{
			Start: time.Unix(rapid.Int64Range(0, 2_500_000_000).Draw(t, "start"), 0).UTC(),
			Zone:  zones.Draw(t, "zone"), Schedule: schedules().Draw(t, "schedule"),
		}
		if rapid.Bool().Draw(t, "with trial") {
			unit := rapid.SampledFrom([]Unit{Day, Week, Month}).Draw(t, "trial unit")
			ends := rapid.SampledFrom([]TrialEnd{"", AtStartOfDay, AtTimeOfDay}).Draw(t, "trial ends")
			c.Trial = Trial{Interval{unit, rapid.IntRange(1, 5).Draw(t, "trial count")}, ends}
		}
		at := c.Start
		for range rapid.IntRange(0, 2).Draw(t, "moves") {
			at = at.Add(time.Duration(rapid.Int64Range(1, 100_000_000).Draw(t, "later")) * time.Second)
			c.Moves = append(c.Moves, Move{At: at, Zone: zones.Draw(t, "to")})
		}
		return c
	})
}

// Whatever the zone, the alignment, the trial and the moves: periods follow each
// other without gap or overlap, their days add up, and a period under way does not
// change its end.
func TestSpansCoverTime(t *testing.T) {
	t.Parallel()
	generator := courses(zones(t))
	rapid.Check(t, func(t *rapid.T) {
		course := generator.Draw(t, "course")
		require.NoError(t, course.Validate())
		end := course.Start
		for _, span := range spans(t, course, 12) {
			require.Equal(t, end, span.Start)
			require.True(t, span.End.After(span.Start))
			require.False(t, span.Full.Start.After(span.Start))
			require.Equal(t, span.Full.End, span.End)
			require.Equal(t, span.Stub, span.Full.Start.Before(span.Start))
			require.LessOrEqual(t, span.Zone.Days(span.Period), span.Zone.Days(span.Full))
			end = span.End
		}
	})
}

// Without moves, boundaries are where the anchor's rule puts them, however many
// periods were stepped through before.
func TestSpansDependOnlyOnTheAnchor(t *testing.T) {
	t.Parallel()
	generator := courses(zones(t))
	rapid.Check(t, func(t *rapid.T) {
		course := generator.Draw(t, "course")
		course.Moves = nil
		from := course.paidFrom()
		anchor, cycle := course.Schedule.Begin(course.Zone, from)
		boundaries := map[time.Time]bool{}
		for n := range 20 {
			at := course.Schedule.Boundary(anchor, course.Zone, n)
			boundaries[at] = true
			require.False(t, course.Schedule.Boundary(anchor, course.Zone, n+1).Before(at), "boundaries never go back")
		}
		stub := cycle < 0
		for _, span := range spans(t, course, 10) {
			if !span.Trial {
				require.True(t, boundaries[span.End], "%s", span.Period)
				require.Equal(t, stub, span.Stub)
				stub = false
			}
		}
	})
}

// A move changes no boundary before it, and afterwards no boundary by a day and
// two hours or more.
func TestMovesShiftBoundariesLittle(t *testing.T) {
	t.Parallel()
	generator := courses(zones(t))
	rapid.Check(t, func(t *rapid.T) {
		course := generator.Draw(t, "course")
		course.Schedule.Interval = Interval{Month, rapid.IntRange(1, 10).Draw(t, "months")}
		course.Schedule.Alignment.WeekStart = ""
		stays := course
		stays.Moves = nil
		moved, stayed := spans(t, course, 12), spans(t, stays, 12)
		if len(course.Moves) > 0 && course.Moves[0].At.Before(course.paidFrom()) {
			return // the anchor can be another day where the customer lives when the trial ends
		}
		for i := range moved {
			require.Less(t, moved[i].End.Sub(stayed[i].End).Abs(), widestMove)
			if len(course.Moves) == 0 || !course.Moves[0].At.Before(moved[i].End) {
				require.Equal(t, stayed[i], moved[i])
			}
		}
	})
}
