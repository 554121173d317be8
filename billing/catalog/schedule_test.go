package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
)

func TestScheduleOfAPlan(t *testing.T) {
	t.Parallel()
	parse := func(settings string) Plan {
		plans, err := Parse(strings.NewReader(strings.Replace(teamCatalog, `"trial_days": 14,`, settings, 1)))
		require.NoError(t, err, settings)
		requireStable(t, plans)
		return plans[0]
	}
	old := team(t)
	require.Equal(t, calendar.Schedule{Interval: calendar.Interval{Unit: calendar.Month, Count: 1}}, old.Schedule())
	require.Equal(t, calendar.Trial{Interval: calendar.Interval{Unit: calendar.Day, Count: 14}}, old.FreeTrial())
	written, err := json.Marshal(old)
	require.NoError(t, err)
	require.NotContains(t, string(written), "alignment")
	require.NotContains(t, string(written), `"trial":`)

	plan := parse(`"alignment": {"to": "day_of_month", "day": 15, "stub": "free"}, "trial": {"unit": "month", "count": 1, "ends": "time_of_day"},`)
	require.Equal(t, calendar.Alignment{To: calendar.ToDayOfMonth, Day: 15, Stub: calendar.StubFree}, plan.Schedule().Alignment)
	require.Equal(t, calendar.Trial{Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Ends: calendar.AtTimeOfDay}, plan.FreeTrial())
	require.Equal(t, calendar.StubFree, plan.Stub())

	plan = parse(`"alignment": {"to": "calendar"},`)
	require.False(t, plan.HasTrial())
	require.Equal(t, calendar.StubProrated, plan.Stub())
	plan.Proration = GrainNone
	require.NoError(t, plan.Validate())
	require.Equal(t, calendar.StubWhole, plan.Stub(), "what does not prorate does not prorate the stub")
}

func TestScheduleRefuses(t *testing.T) {
	t.Parallel()
	weekly := calendar.Trial{Interval: calendar.Interval{Unit: calendar.Week, Count: 1}}
	run := func(p *Plan) { p.BilledBy, p.TrialDays, p.Charges[0].Timing = ByInvoiceRun, 0, Arrears }
	for _, test := range []struct {
		want  string
		spoil func(*Plan)
	}{
		{`plan "team": alignment.to "sun" must be one of anniversary, calendar, day_of_month`, func(p *Plan) { p.Alignment.To = "sun" }},
		{`plan "team": alignment.day must be between 1 and 31`, func(p *Plan) { p.Alignment.To = calendar.ToDayOfMonth }},
		{`plan "team": alignment.stub prorated needs a plan that prorates, not proration none`, func(p *Plan) {
			p.Alignment, p.Proration = calendar.Alignment{To: calendar.ToCalendar, Stub: calendar.StubProrated}, GrainNone
		}},
		{`plan "team": trial.unit "year" must be one of`, func(p *Plan) { p.Trial.Interval = calendar.Interval{Unit: calendar.Year, Count: 1} }},
		{`plan "team": trial_days and trial exclude each other`, func(p *Plan) { p.Trial = weekly }},
		{`plan "team": trial must be left out for billed_by invoice_run, got 1 week`, func(p *Plan) { run(p); p.Trial = weekly }},
		{`plan "team": alignment must be left out for billed_by invoice_run`, func(p *Plan) { run(p); p.Alignment.To = calendar.ToCalendar }},
	} {
		plan := team(t)
		test.spoil(&plan)
		require.ErrorContains(t, plan.Validate(), test.want)
	}
}
