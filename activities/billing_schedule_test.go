package activities_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// scheduled sells a plan of EUR 31 a month in advance, with a schedule or trial of its own.
func (b *bundle) scheduled(id string, with func(*catalog.Plan)) {
	b.t.Helper()
	plan := catalog.Plan{
		ID: id, Version: 1, Name: id, Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Proration: catalog.GrainDay, BilledBy: catalog.ByRenewal,
		Charges: []catalog.Charge{{
			ID: "fee", Name: "fee", Kind: catalog.Recurring, Per: catalog.PerSubscription, Timing: catalog.Advance, TaxCategory: "saas_b2c",
			Prices: map[money.Currency]catalog.Price{"EUR": {Model: catalog.Flat, FlatAmount: decimal.NewFromInt(31)}},
		}},
	}
	with(&plan)
	require.NoError(b.t, plan.Validate())
	require.NoError(b.t, b.AddPlan(b.ctx, "acme", plan, day0))
}

// begin subscribes ada, in Berlin, at a local time.
func (b *bundle) begin(plan, local string, with func(*message.Subscribe)) message.Turned {
	b.t.Helper()
	in := agreement("sub", "ada", plan, 0, "EUR")
	in.StartAt = berlin(b.t, local)
	if with != nil {
		with(&in)
	}
	return b.subscribe(in)
}

func berlin(t *testing.T, local string) time.Time {
	t.Helper()
	z, err := calendar.LoadZone("Europe/Berlin")
	require.NoError(t, err)
	at, err := z.ParseTime(local)
	require.NoError(t, err)
	return at
}

func calendarMonths(stub calendar.Stub) func(*catalog.Plan) {
	return func(p *catalog.Plan) { p.Alignment = calendar.Alignment{To: calendar.ToCalendar, Stub: stub} }
}

func TestAlignedPeriodsBeginWithAStub(t *testing.T) {
	t.Parallel()
	for stub, first := range map[calendar.Stub]int64{"": 1700, calendar.StubWhole: 3100, calendar.StubFree: 0} {
		b := setup(t)
		b.customer("ada", "EUR", "pm_card_visa")
		b.scheduled("months", calendarMonths(stub))
		turned := b.begin("months", "2027-03-15T10:00", nil)
		require.Equal(t, calendar.Period{Start: berlin(t, "2027-03-15T10:00"), End: berlin(t, "2027-04-01")}, turned.State.Period)
		if first == 0 {
			require.Nil(t, turned.Invoice)
		} else {
			require.Equal(t, first, turned.Invoice.Total.Minor, "17 of 31 days")
		}
		for _, month := range []string{"2027-05-01", "2027-06-01", "2027-07-01"} {
			turned = b.turn(turned.State)
			require.EqualValues(t, 3100, turned.Invoice.Total.Minor)
			require.Equal(t, berlin(t, month), turned.State.Period.End)
			require.Zero(t, turned.State.Full)
		}
		b.sound()
	}
}

// In a stub the line that was prorated is credited by its own days, and the new plan costs its part of the whole month.
func TestChangeInAStubOnRecord(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.scheduled("months", calendarMonths(calendar.StubProrated))
	b.scheduled("more", func(p *catalog.Plan) {
		calendarMonths(calendar.StubProrated)(p)
		p.Charges[0].Prices["EUR"] = catalog.Price{Model: catalog.Flat, FlatAmount: decimal.NewFromInt(62)}
	})
	turned := b.begin("months", "2027-03-15", nil)
	changed := b.carryOut(turned.State, changeTo("up", berlin(t, "2027-03-22"), "more", 0))
	require.Nil(t, changed.Refusal)
	require.EqualValues(t, 2000-1000, changed.Invoice.Total.Minor, "10 of 31 days of EUR 62 less 10 of 17 days of EUR 17")
	require.EqualValues(t, 6200, b.turn(changed.State).Invoice.Total.Minor)

	// To the anniversary: the stub ends here, and the rest of what it cost comes back.
	other := b.begin("months", "2027-03-15", func(in *message.Subscribe) { in.SubscriptionID = "other" })
	changed = b.carryOut(other.State, changeTo("anniversary", berlin(t, "2027-03-25"), "seats", 1))
	require.Nil(t, changed.Refusal)
	require.EqualValues(t, 1000-700, changed.Invoice.Total.Minor, "a whole month of EUR 10 less 7 of 17 days of EUR 17")
	require.Equal(t, calendar.Period{Start: berlin(t, "2027-03-25"), End: berlin(t, "2027-04-25")}, changed.State.Period)
	b.sound()
}

func TestTrialThatEndsAtItsTimeOfDay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.scheduled("tried", func(p *catalog.Plan) {
		p.Trial = calendar.Trial{Interval: calendar.Interval{Unit: calendar.Week, Count: 2}, Ends: calendar.AtTimeOfDay}
		p.Alignment = calendar.Alignment{To: calendar.ToDayOfMonth, Day: 31}
	})
	trial := b.begin("tried", "2027-03-20T15:30", nil)
	require.Equal(t, subscription.Trialing, trial.State.Status)
	require.Equal(t, berlin(t, "2027-04-03T15:30"), *trial.State.TrialEnd, "over the change to summer time")
	paid := b.turn(trial.State)
	require.Equal(t, calendar.Period{Start: *trial.State.TrialEnd, End: berlin(t, "2027-04-30")}, paid.State.Period)
	require.EqualValues(t, 2790, paid.Invoice.Total.Minor, "27 of 30 days")
	next := b.turn(paid.State)
	require.Equal(t, berlin(t, "2027-05-31"), next.State.Period.End)
	require.EqualValues(t, 3100, next.Invoice.Total.Minor)
}

func TestTermToADate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.scheduled("months", func(*catalog.Plan) {})
	until := func(local string) func(*message.Subscribe) {
		return func(in *message.Subscribe) { in.EndsAt = berlin(t, local) }
	}
	turned := b.turn(b.begin("months", "2027-01-31", until("2027-03-15")).State)
	require.Equal(t, berlin(t, "2027-03-15"), turned.State.Period.End)
	require.EqualValues(t, 1500, turned.Invoice.Total.Minor, "15 of 31 days, from 28 February")
	late := changeTo("late", berlin(t, "2027-03-01"), "seats", 1)
	late.AtPeriodEnd = true
	require.Equal(t, "last_period", b.carryOut(turned.State, late).Refusal.Code)
	ended := b.turn(turned.State)
	require.Equal(t, subscription.Canceled, ended.State.Status)
	require.Equal(t, "term_ended", ended.State.EndReason)
	require.Equal(t, berlin(t, "2027-03-15"), *ended.State.EndedAt)
	require.Nil(t, ended.Invoice)

	for want, term := range map[string]func(*message.Subscribe){
		"ends_at must be after the start, 2027-01-30T23:00:00Z, not 2027-01-30T22:00:00Z": func(in *message.Subscribe) { in.EndsAt = in.StartAt.Add(-time.Hour) },
		"ends_after and ends_at exclude each other":                                       func(in *message.Subscribe) { in.EndsAfter, in.EndsAt = 1, in.StartAt.Add(time.Hour) },
		"ends_at must be after the end of the trial, 2027-02-13T23:00:00Z, not 2027-02-13T23:00:00Z": func(in *message.Subscribe) {
			in.Terms.PlanID, in.EndsAt = "trial", berlin(t, "2027-02-14")
		},
		"plan api is billed by the monthly run": func(in *message.Subscribe) {
			in.Terms.PlanID, in.EndsAt = "api", berlin(t, "2027-02-14")
		},
	} {
		in := agreement("refused", "ada", "months", 0, "EUR")
		in.StartAt = berlin(t, "2027-01-31")
		term(&in)
		opened, err := b.billing.OpenSubscription(b.ctx, in)
		require.NoError(t, err)
		require.NotNil(t, opened.Refusal, want)
		require.Equal(t, "term_invalid", opened.Refusal.Code)
		require.Contains(t, opened.Refusal.Message, want)
	}
	b.sound()
}

// A term goes on while the subscription is paused, and ends it.
func TestTermEndsInAPause(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.scheduled("months", func(*catalog.Plan) {})
	turned := b.begin("months", "2027-01-31", func(in *message.Subscribe) { in.EndsAt = berlin(t, "2027-06-01") })
	held := b.carryOut(turned.State, subscription.Command{ID: "hold", Kind: subscription.Pause, At: berlin(t, "2027-02-10")})
	require.Nil(t, held.Refusal)
	late := b.carryOut(held.State, subscription.Command{ID: "late", Kind: subscription.Resume, At: berlin(t, "2027-06-02")})
	require.Equal(t, "term_ended", late.Refusal.Code)
	ended := b.turn(held.State)
	require.Equal(t, subscription.Canceled, ended.State.Status)
	require.Equal(t, berlin(t, "2027-06-01"), *ended.State.EndedAt)
	require.Nil(t, ended.Invoice)
}

// A customer moves: the period under way keeps its end, the next one begins there and ends by the new zone.
func TestZoneChangeLeavesNoGap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.scheduled("months", func(*catalog.Plan) {})
	first := b.begin("months", "2027-01-31", nil)
	b.exec(`UPDATE customer SET zone = 'Asia/Tokyo' WHERE id = 'ada'; UPDATE subscription SET zone = 'Asia/Tokyo' WHERE id = 'sub'`)
	second := b.turn(first.State)
	require.Equal(t, berlin(t, "2027-02-28"), second.State.Period.Start)
	require.Equal(t, time.Date(2027, time.March, 30, 15, 0, 0, 0, time.UTC), second.State.Period.End, "31 March in Tokyo")
	require.EqualValues(t, 3100, second.Invoice.Total.Minor)
	require.Equal(t, second.State.Period.End, b.turn(second.State).State.Period.Start)
}
