package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// spans returns the first n periods of a course, or all if it ends before.
func spans(t require.TestingT, c Course, n int) []Span {
	var all []Span
	for span, err := range c.Spans() {
		require.NoError(t, err)
		if all = append(all, span); len(all) == n {
			break
		}
	}
	return all
}

// starts are the local times, in each period's own zone, at which periods begin.
func starts(spans []Span) []string {
	texts := make([]string, len(spans))
	for i, span := range spans {
		texts[i] = span.Start.In(span.Zone.loc()).Format("2006-01-02T15:04-07:00")
	}
	return texts
}

func begun(t require.TestingT, zoneName, start string, interval Interval) Course {
	z := zone(t, zoneName)
	at, err := z.ParseTime(start)
	require.NoError(t, err)
	return Course{Start: at, Zone: z, Schedule: Schedule{Interval: interval}}
}

func TestTrialsEndWhereTheCustomerLives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, zone, start string
		trial            Trial
		want             string
	}{
		{"at the start of a day", "Asia/Tokyo", "2027-01-01T15:30", Trial{Interval: Interval{Day, 14}}, "2027-01-14T15:00:00Z"},
		{"at the same time", "Asia/Tokyo", "2027-01-01T15:30", Trial{Interval{Day, 14}, AtTimeOfDay}, "2027-01-15T06:30:00Z"},
		{"two weeks", "Asia/Tokyo", "2027-01-01T15:30", Trial{Interval{Week, 2}, AtTimeOfDay}, "2027-01-15T06:30:00Z"},
		{"a month from the 31st", "Europe/Berlin", "2027-01-31T08:00", Trial{Interval{Month, 1}, AtTimeOfDay}, "2027-02-28T07:00:00Z"},
		{"over a clock change", "America/New_York", "2026-03-01T12:00", Trial{Interval{Day, 14}, AtTimeOfDay}, "2026-03-15T16:00:00Z"},
		{"into a gap", "America/New_York", "2026-03-07T02:30", Trial{Interval{Day, 1}, AtTimeOfDay}, "2026-03-08T07:00:00Z"},
		{"into an hour that comes twice", "Europe/Berlin", "2026-10-24T02:30", Trial{Interval{Day, 1}, AtTimeOfDay}, "2026-10-25T00:30:00Z"},
		{"to a midnight that is skipped", "America/Havana", "2026-03-01T12:00", Trial{Interval: Interval{Week, 1}}, "2026-03-08T05:00:00Z"},
		{"to a day that never was", "Pacific/Apia", "2011-12-29T09:00", Trial{Interval{Day, 1}, AtTimeOfDay}, "2011-12-30T19:00:00Z"},
		{"an hour before midnight", "Europe/Berlin", "2027-01-01T23:00", Trial{Interval: Interval{Day, 1}}, "2027-01-01T23:00:00Z"},
		{"after the day has ended once", "America/St_Johns", "2010-11-07T02:45:00Z", Trial{Interval: Interval{Day, 1}}, "2010-11-08T03:30:00Z"},
	} {
		course := begun(t, test.zone, test.start, Interval{Month, 1})
		course.Trial = test.trial
		got := spans(t, course, 2)
		require.True(t, got[0].Trial, test.why)
		require.Zero(t, got[0].Number, test.why)
		require.Equal(t, instant(t, test.want), got[0].End, test.why)
		require.Equal(t, Span{Period: got[1].Period, Full: got[1].Period, Number: 1, Zone: course.Zone}, got[1], test.why)
		require.Equal(t, course.Zone.DayAt(got[0].End), got[1].Zone.DayAt(got[1].Start), test.why)
	}
	aligned := begun(t, "Europe/Berlin", "2027-01-05", Interval{Month, 1})
	aligned.Trial, aligned.Schedule.Alignment = Trial{Interval: Interval{Day, 14}}, Alignment{To: ToCalendar}
	got := spans(t, aligned, 3)
	require.Equal(t, []string{"2027-01-05T00:00+01:00", "2027-01-19T00:00+01:00", "2027-02-01T00:00+01:00"}, starts(got))
	require.True(t, got[1].Stub, "the stub follows the trial")
}

func TestFixedTerms(t *testing.T) {
	t.Parallel()
	course := begun(t, "Europe/Berlin", "2027-01-31", Interval{Month, 1})
	course.EndsAfter = 3
	require.Len(t, spans(t, course, 99), 3)

	course.EndsAfter, course.EndsAt = 0, instant(t, "2027-04-14T22:00:00Z")
	got := spans(t, course, 99)
	require.Len(t, got, 3)
	last := got[2]
	require.True(t, last.Cut)
	require.Equal(t, course.EndsAt, last.End)
	require.Equal(t, []int{15, 30}, []int{course.Zone.Days(last.Period), course.Zone.Days(last.Full)}, "to 15 April of 31 March to 30 April")

	course.EndsAt = got[1].End
	require.Equal(t, got[:2], spans(t, course, 99), "an end on a boundary cuts nothing")

	course.Schedule.Alignment, course.EndsAt = Alignment{To: ToCalendar}, instant(t, "2027-01-30T23:30:00Z")
	got = spans(t, course, 99)
	require.Len(t, got, 1)
	require.True(t, got[0].Stub && got[0].Cut)

	course.EndsAt, course.EndsAfter = time.Time{}, 2
	got = spans(t, course, 99)
	require.Equal(t, []string{"2027-01-31T00:00+01:00", "2027-02-01T00:00+01:00"}, starts(got), "a stub counts")
}

func TestZoneChanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, from, start string
		interval         Interval
		at, to           string
		want             []string
	}{
		{
			"westwards", "Europe/Berlin", "2027-01-31",
			Interval{Month, 1},
			"2027-02-10T12:00:00Z", "America/Los_Angeles",
			[]string{"2027-01-31T00:00+01:00", "2027-02-27T15:00-08:00", "2027-03-31T00:00-07:00", "2027-04-30T00:00-07:00"},
		},
		{
			"eastwards", "America/Los_Angeles", "2027-01-31",
			Interval{Month, 1},
			"2027-02-10T12:00:00Z", "Europe/Berlin",
			[]string{"2027-01-31T00:00-08:00", "2027-02-28T09:00+01:00", "2027-03-31T00:00+02:00", "2027-04-30T00:00+02:00"},
		},
		{
			"on the boundary itself", "Europe/Berlin", "2027-01-31",
			Interval{Month, 1},
			"2027-02-27T23:00:00Z", "Asia/Tokyo",
			[]string{"2027-01-31T00:00+01:00", "2027-02-28T08:00+09:00", "2027-03-31T00:00+09:00"},
		},
		{
			"just after it", "Europe/Berlin", "2027-01-31",
			Interval{Month, 1},
			"2027-02-27T23:00:01Z", "Asia/Tokyo",
			[]string{"2027-01-31T00:00+01:00", "2027-02-28T00:00+01:00", "2027-03-31T07:00+09:00", "2027-04-30T00:00+09:00"},
		},
		{
			"a day gained over the date line", "Pacific/Kiritimati", "2027-01-10",
			Interval{Day, 1},
			"2027-01-10T00:00:00Z", "Pacific/Pago_Pago",
			[]string{"2027-01-10T00:00+14:00", "2027-01-09T23:00-11:00", "2027-01-12T00:00-11:00"},
		},
		{
			"a day lost over the date line", "Pacific/Pago_Pago", "2027-01-10",
			Interval{Day, 1},
			"2027-01-10T12:00:00Z", "Pacific/Kiritimati",
			[]string{"2027-01-10T00:00-11:00", "2027-01-12T01:00+14:00", "2027-01-13T00:00+14:00"},
		},
	} {
		course := begun(t, test.from, test.start, test.interval)
		course.Moves = []Move{{At: instant(t, test.at), Zone: zone(t, test.to)}}
		require.Equal(t, test.want, starts(spans(t, course, len(test.want))), test.why)
	}
	trial := begun(t, "Europe/Berlin", "2027-01-01T10:00", Interval{Month, 1})
	trial.Trial, trial.Moves = Trial{Interval: Interval{Day, 7}}, []Move{{At: instant(t, "2027-01-03T00:00:00Z"), Zone: zone(t, "Asia/Tokyo")}}
	require.Equal(t, []string{"2027-01-01T10:00+01:00", "2027-01-08T08:00+09:00", "2027-02-08T00:00+09:00"}, starts(spans(t, trial, 3)),
		"a trial keeps its end")
}

func TestZonesFurtherApartThanTheEarth(t *testing.T) {
	t.Parallel()
	course := begun(t, "Etc/GMT+12", "2027-01-10", Interval{Month, 1})
	course.Moves = []Move{{At: course.Start.Add(time.Hour), Zone: zone(t, "Pacific/Kiritimati")}}
	var got []Span
	for span, err := range course.Spans() {
		if err != nil {
			require.ErrorContains(t, err, "cycle 1 begins on 2027-02-10 in Pacific/Kiritimati, which is 26h0m0s from 2027-02-10T12:00:00Z")
			break
		}
		got = append(got, span)
	}
	require.Len(t, got, 1)
}

func TestCourseRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want  string
		spoil func(*Course)
	}{
		{"start is required", func(c *Course) { c.Start = time.Time{} }},
		{"interval.unit \"\" must be one of", func(c *Course) { c.Schedule.Interval.Unit = "" }},
		{"interval.count 0 must be between 1 and 120 for unit month", func(c *Course) { c.Schedule.Interval.Count = 0 }},
		{"alignment.to \"moon\" must be one of anniversary, calendar, day_of_month", func(c *Course) { c.Schedule.Alignment.To = "moon" }},
		{"alignment.stub \"half\" must be one of", func(c *Course) { c.Schedule.Alignment = Alignment{To: ToCalendar, Stub: "half"} }},
		{"alignment.stub free: an anniversary has no partial first period", func(c *Course) { c.Schedule.Alignment.Stub = StubFree }},
		{"alignment.day must be between 1 and 31 for day_of_month, got 32", func(c *Course) { c.Schedule.Alignment = Alignment{To: ToDayOfMonth, Day: 32} }},
		{"alignment.day 1 is only for day_of_month", func(c *Course) { c.Schedule.Alignment = Alignment{To: ToCalendar, Day: 1} }},
		{"alignment.month must be between 1 and 12, got 13", func(c *Course) { c.Schedule.Alignment = Alignment{To: ToDayOfMonth, Day: 1, Month: 13} }},
		{"alignment.month 4 is only for day_of_month", func(c *Course) { c.Schedule.Alignment = Alignment{To: ToCalendar, Month: 4} }},
		{"alignment.month 4 is for intervals that begin in the same months every year, not 1 month", func(c *Course) {
			c.Schedule.Alignment = Alignment{To: ToDayOfMonth, Day: 1, Month: 4}
		}},
		{"alignment.week_start \"monday\" is only for calendar", func(c *Course) { c.Schedule.Alignment.WeekStart = "monday" }},
		{"alignment.week_start \"Monday\" must be a day such as monday", func(c *Course) { c.Schedule.Alignment = Alignment{To: ToCalendar, WeekStart: "Monday"} }},
		{"alignment.week_start is only for an interval of weeks, not 1 month", func(c *Course) { c.Schedule.Alignment = Alignment{To: ToCalendar, WeekStart: "sunday"} }},
		{"alignment.to day_of_month needs an interval of months, quarters or years, not 2 weeks", func(c *Course) {
			c.Schedule = Schedule{Interval{Week, 2}, Alignment{To: ToDayOfMonth, Day: 1}}
		}},
		{"trial.unit \"year\" must be one of day, week, month", func(c *Course) { c.Trial = Trial{Interval: Interval{Year, 1}} }},
		{"trial.count 25 must be between 1 and 24 for unit month", func(c *Course) { c.Trial = Trial{Interval: Interval{Month, 25}} }},
		{"trial.ends \"noon\" must be one of start_of_day, time_of_day", func(c *Course) { c.Trial = Trial{Interval{Day, 1}, "noon"} }},
		{"ends_after -1 must be", func(c *Course) { c.EndsAfter = -1 }},
		{"ends_after and ends_at exclude each other", func(c *Course) { c.EndsAfter, c.EndsAt = 1, c.Start.Add(1) }},
		{"ends_at 2027-01-01T00:00:00Z must be after the start", func(c *Course) { c.EndsAt = c.Start }},
		{"ends_at 2026-12-31T00:00:00Z must be after the start", func(c *Course) { c.EndsAt = c.Start.AddDate(0, 0, -1) }},
		{"ends_at 2027-01-02T00:00:00Z must be after the end of the trial, 2027-01-08T00:00:00Z", func(c *Course) {
			c.Trial, c.EndsAt = Trial{Interval: Interval{Day, 7}}, c.Start.AddDate(0, 0, 1)
		}},
		{"zone_changes[0].at 2027-01-01T00:00:00Z must be after the start", func(c *Course) { c.Moves = []Move{{At: c.Start}} }},
		{"zone_changes[1].at 2027-01-01T00:00:00.000000001Z must be after", func(c *Course) { c.Moves = []Move{{At: c.Start.Add(2)}, {At: c.Start.Add(1)}} }},
	} {
		course := begun(t, "UTC", "2027-01-01", Interval{Month, 1})
		require.NoError(t, course.Validate())
		test.spoil(&course)
		require.ErrorContains(t, course.Validate(), test.want)
		for span, err := range course.Spans() {
			require.ErrorContains(t, err, test.want)
			require.Zero(t, span)
		}
	}
}
