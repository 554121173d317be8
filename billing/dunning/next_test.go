package dunning_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/dunning"
)

func zone(t *testing.T, name string) calendar.Zone {
	t.Helper()
	z, err := calendar.LoadZone(name)
	require.NoError(t, err)
	return z
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return instant.UTC()
}

func declined(n int, when time.Time, code string) dunning.Attempt {
	return dunning.Attempt{Number: n, At: when, Outcome: dunning.Declined, DeclineCode: code, PaymentMethodID: "pm_1"}
}

var visa = dunning.Method{ID: "pm_1", Network: "visa"}

func TestScheduledRetriesCountFromTheFirstFailureInTheCustomersZone(t *testing.T) {
	t.Parallel()
	// Half past eleven at night in New York, just before clocks change on 8 March 2026.
	first := at(t, "2026-03-08T04:30:00Z")
	c := dunning.Case{Method: visa, Zone: zone(t, "America/New_York"), Attempts: []dunning.Attempt{declined(1, first, "insufficient_funds")}}

	step, err := dunning.Next(dunning.DefaultPolicy(), c, first)
	require.NoError(t, err)
	require.Equal(t, dunning.Step{Kind: dunning.Retry, At: at(t, "2026-03-08T10:00:00-04:00"), Attempt: 2, Reason: dunning.ReasonScheduled}, step)

	c.Attempts = append(c.Attempts, declined(2, step.At, "insufficient_funds"))
	step, err = dunning.Next(dunning.DefaultPolicy(), c, step.At)
	require.NoError(t, err)
	require.Equal(t, at(t, "2026-03-10T10:00:00-04:00"), step.At, "day 3, not 3 days after the second attempt")
}

func TestOpaqueDeclinesChangeTheHour(t *testing.T) {
	t.Parallel()
	c := dunning.Case{Method: visa, Zone: zone(t, "Asia/Kolkata"), Attempts: []dunning.Attempt{declined(1, at(t, "2027-01-01T00:00:00Z"), "do_not_honor")}}
	var hours []int
	for range 3 {
		step, err := dunning.Next(dunning.DefaultPolicy(), c, c.Attempts[len(c.Attempts)-1].At)
		require.NoError(t, err)
		local := step.At.In(time.FixedZone("IST", 19800))
		hours = append(hours, local.Hour())
		c.Attempts = append(c.Attempts, declined(step.Attempt, step.At, "do_not_honor"))
	}
	require.Equal(t, []int{14, 18, 10}, hours)
}

func TestTechnicalDeclinesRetryWithinHoursButNotAtNight(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T12:00:00Z")
	c := dunning.Case{Method: visa, Zone: zone(t, "UTC"), Attempts: []dunning.Attempt{declined(1, first, "processing_error")}}
	want := []string{"2027-01-01T14:00:00Z", "2027-01-01T20:00:00Z", "2027-01-02T10:00:00Z"}
	for i, w := range want {
		step, err := dunning.Next(dunning.DefaultPolicy(), c, c.Attempts[i].At)
		require.NoError(t, err)
		require.Equal(t, at(t, w), step.At)
		c.Attempts = append(c.Attempts, declined(i+2, step.At, "processing_error"))
	}

	c.Attempts = []dunning.Attempt{declined(1, at(t, "2027-01-01T23:00:00Z"), "processing_error")}
	step, err := dunning.Next(dunning.DefaultPolicy(), c, c.Attempts[0].At)
	require.NoError(t, err)
	require.Equal(t, at(t, "2027-01-02T10:00:00Z"), step.At, "01:00 is moved out of the night")
}

func TestHardDeclineWaitsForAnotherMethodThenGivesUp(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T12:00:00Z")
	end := at(t, "2027-01-15T20:00:00Z")
	for code, reason := range map[string]string{"stolen_card": dunning.ReasonHardDecline, "authentication_required": dunning.ReasonNeedsCustomer} {
		c := dunning.Case{Method: visa, Zone: zone(t, "UTC"), Attempts: []dunning.Attempt{declined(1, first, code)}}
		step, err := dunning.Next(dunning.DefaultPolicy(), c, first)
		require.NoError(t, err)
		require.Equal(t, dunning.Step{Kind: dunning.WaitForCustomer, At: end, Reason: reason}, step)

		step, err = dunning.Next(dunning.DefaultPolicy(), c, step.At)
		require.NoError(t, err)
		require.Equal(t, dunning.Step{Kind: dunning.GiveUp, At: end, Reason: dunning.ReasonEnded}, step)

		now := first.Add(5 * time.Hour)
		changed := c
		changed.Method = dunning.Method{ID: "pm_2", Network: "visa"}
		step, err = dunning.Next(dunning.DefaultPolicy(), changed, now)
		require.NoError(t, err)
		require.Equal(t, dunning.Step{Kind: dunning.Retry, At: now, Attempt: 2, Reason: dunning.ReasonMethodChanged}, step)

		updated := c
		updated.Method.UpdatedAt = first.Add(time.Hour)
		step, err = dunning.Next(dunning.DefaultPolicy(), updated, now)
		require.NoError(t, err)
		require.Equal(t, dunning.ReasonMethodChanged, step.Reason)
	}
}

func TestSwitchingBackToAStolenCardDoesNotRetryIt(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T12:00:00Z")
	second := declined(2, first.Add(time.Hour), "insufficient_funds")
	second.PaymentMethodID = "pm_2"
	c := dunning.Case{Method: visa, Zone: zone(t, "UTC"), Attempts: []dunning.Attempt{declined(1, first, "stolen_card"), second}}
	step, err := dunning.Next(dunning.DefaultPolicy(), c, second.At)
	require.NoError(t, err)
	require.Equal(t, dunning.WaitForCustomer, step.Kind)
	require.Equal(t, dunning.ReasonHardDecline, step.Reason)
}

func TestNoMethodWaits(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T12:00:00Z")
	c := dunning.Case{Zone: zone(t, "UTC"), Attempts: []dunning.Attempt{declined(1, first, "insufficient_funds")}}
	step, err := dunning.Next(dunning.DefaultPolicy(), c, first)
	require.NoError(t, err)
	require.Equal(t, dunning.ReasonNoMethod, step.Reason)
}

func TestLateWorkerRetriesOnceAndSkipsTheRungsItMissed(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T12:00:00Z")
	c := dunning.Case{Method: visa, Zone: zone(t, "UTC"), Attempts: []dunning.Attempt{declined(1, first, "insufficient_funds")}}
	now := at(t, "2027-01-06T02:00:00Z")
	step, err := dunning.Next(dunning.DefaultPolicy(), c, now)
	require.NoError(t, err)
	require.Equal(t, at(t, "2027-01-06T10:00:00Z"), step.At, "overdue, but not at night")
	c.Attempts = append(c.Attempts, declined(2, step.At, "insufficient_funds"))
	step, err = dunning.Next(dunning.DefaultPolicy(), c, step.At)
	require.NoError(t, err)
	require.Equal(t, at(t, "2027-01-08T10:00:00Z"), step.At)
}

func TestMastercardCapMovesTheRetry(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T00:00:00Z")
	c := dunning.Case{
		Method: dunning.Method{ID: "pm_1", Network: "mastercard"}, Zone: zone(t, "UTC"),
		Attempts: []dunning.Attempt{declined(1, first, "processing_error")},
	}
	for i := range 9 {
		c.OtherTries = append(c.OtherTries, first.Add(time.Duration(i+1)*time.Minute))
	}
	step, err := dunning.Next(dunning.DefaultPolicy(), c, first.Add(10*time.Minute))
	require.NoError(t, err)
	require.Equal(t, dunning.ReasonNetworkCap, step.Reason)
	require.Equal(t, at(t, "2027-01-02T10:00:00Z"), step.At, "24 h after the first of ten, then out of the night")
}

// Each network's cap, filled by tries of the same card for other invoices a second apart, holds until its window has
// passed since the first of them.
func TestCapsOfTheNetworks(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T08:00:00Z")
	policy := dunning.Policy{RetryAfter: []int{1, 60}, MaxAttempts: 50, EndAfter: 60, End: dunning.EndCancel}
	for _, test := range []struct {
		network string
		tries   int
		want    string
	}{
		{"visa", 14, "2027-01-02T10:00:00Z"},
		{"visa", 15, "2027-01-31T08:00:00Z"},
		{"mastercard", 9, "2027-01-02T10:00:00Z"},
		{"mastercard", 34, "2027-01-02T10:00:00Z"},
		{"mastercard", 35, "2027-01-31T08:00:00Z"},
		{"amex", 15, "2027-01-31T08:00:00Z"},
		{"discover", 15, "2027-01-31T08:00:00Z"},
		{"cartes_bancaires", 15, "2027-01-31T08:00:00Z"},
	} {
		c := dunning.Case{
			Method: dunning.Method{ID: "pm_1", Network: test.network}, Zone: zone(t, "UTC"),
			Attempts: []dunning.Attempt{declined(1, first, "insufficient_funds")},
		}
		for i := range test.tries - 1 {
			c.OtherTries = append(c.OtherTries, first.Add(time.Duration(i+1)*time.Second))
		}
		step, err := dunning.Next(policy, c, first.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, dunning.Retry, step.Kind, "%s after %d tries", test.network, test.tries)
		require.Equal(t, at(t, test.want), step.At, "%s after %d tries", test.network, test.tries)
	}
}

func TestExhaustedLadderWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T12:00:00Z")
	policy := dunning.Policy{RetryAfter: []int{1}, MaxAttempts: 5, EndAfter: 3, End: dunning.EndUncollectible}
	c := dunning.Case{Method: visa, Zone: zone(t, "UTC"), Attempts: []dunning.Attempt{
		declined(1, first, "insufficient_funds"), declined(2, at(t, "2027-01-02T10:00:00Z"), "insufficient_funds"),
	}}
	step, err := dunning.Next(policy, c, c.Attempts[1].At)
	require.NoError(t, err)
	require.Equal(t, dunning.Step{Kind: dunning.WaitForCustomer, At: at(t, "2027-01-04T20:00:00Z"), Reason: dunning.ReasonExhausted}, step)
	policy.MaxAttempts = 1
	step, err = dunning.Next(policy, dunning.Case{Method: visa, Zone: c.Zone, Attempts: c.Attempts[:1]}, first)
	require.NoError(t, err)
	require.Equal(t, dunning.ReasonExhausted, step.Reason)
}

func TestNextRefusesImpossibleHistories(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T12:00:00Z")
	paid, pending, odd := declined(2, first.Add(time.Hour), ""), declined(2, first.Add(time.Hour), ""), declined(2, first.Add(time.Hour), "")
	paid.Outcome, pending.Outcome, odd.Outcome = dunning.Succeeded, dunning.Unknown, "maybe"
	tests := []struct {
		attempts []dunning.Attempt
		asOf     time.Time
		want     string
	}{
		{nil, first, "none is recorded"},
		{[]dunning.Attempt{declined(2, first, "")}, first, "without a gap"},
		{[]dunning.Attempt{declined(1, first, ""), declined(2, first, "")}, first, "not later than attempt 1"},
		{[]dunning.Attempt{declined(1, first, ""), paid}, first.Add(time.Hour), dunning.ErrSettled.Error()},
		{[]dunning.Attempt{declined(1, first, ""), pending}, first.Add(time.Hour), dunning.ErrOutcomeUnknown.Error()},
		{[]dunning.Attempt{declined(1, first, ""), odd}, first.Add(time.Hour), `outcome "maybe"`},
		{[]dunning.Attempt{declined(1, first, "")}, first.Add(-time.Second), "before its last attempt"},
	}
	for _, tc := range tests {
		_, err := dunning.Next(dunning.DefaultPolicy(), dunning.Case{Method: visa, Zone: zone(t, "UTC"), Attempts: tc.attempts}, tc.asOf)
		require.ErrorContains(t, err, tc.want)
	}
	_, err := dunning.Next(dunning.Policy{}, dunning.Case{}, first)
	require.ErrorContains(t, err, "max_attempts")
}

func TestChoose(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T12:00:00Z")
	a, b, c := dunning.Method{ID: "pm_1"}, dunning.Method{ID: "pm_2"}, dunning.Method{ID: "pm_3"}
	with := func(method string, n int, code string) dunning.Attempt {
		attempt := declined(n, first.Add(time.Duration(n)*time.Hour), code)
		attempt.PaymentMethodID = method
		return attempt
	}
	updated := a
	updated.UpdatedAt = first.Add(24 * time.Hour)
	for _, test := range []struct {
		why      string
		methods  []dunning.Method
		attempts []dunning.Attempt
		want     string
		fallback bool
	}{
		{"none", nil, nil, "", false},
		{"the first", []dunning.Method{a, b}, nil, "pm_1", false},
		{"no money today may be money tomorrow", []dunning.Method{a, b}, []dunning.Attempt{with("pm_1", 1, "insufficient_funds")}, "pm_1", false},
		{"stolen", []dunning.Method{a, b}, []dunning.Attempt{with("pm_1", 1, "stolen_card")}, "pm_2", true},
		{"needs the customer, who may be asleep", []dunning.Method{a, b}, []dunning.Attempt{with("pm_1", 1, "expired_card")}, "pm_2", true},
		{"two ruled out", []dunning.Method{a, b, c}, []dunning.Attempt{with("pm_1", 1, "lost_card"), with("pm_2", 2, "expired_card")}, "pm_3", true},
		{"all ruled out", []dunning.Method{a, b}, []dunning.Attempt{with("pm_1", 1, "lost_card"), with("pm_2", 2, "lost_card")}, "pm_1", false},
		{"the first was updated since", []dunning.Method{updated, b}, []dunning.Attempt{with("pm_1", 1, "expired_card")}, "pm_1", false},
	} {
		chosen, fallback := dunning.Choose(test.methods, test.attempts)
		require.Equal(t, test.want, chosen.ID, test.why)
		require.Equal(t, test.fallback, fallback, test.why)
	}
}

func TestNextMethodIsTriedAtOnce(t *testing.T) {
	t.Parallel()
	first := at(t, "2027-01-01T02:00:00Z") // at night, and still: nobody was asked yet
	c := dunning.Case{
		Attempts: []dunning.Attempt{declined(1, first, "stolen_card")}, Method: dunning.Method{ID: "pm_2", Network: "visa"}, Fallback: true, Zone: zone(t, "UTC"),
	}
	step, err := dunning.Next(dunning.DefaultPolicy(), c, first)
	require.NoError(t, err)
	require.Equal(t, dunning.Retry, step.Kind)
	require.Equal(t, dunning.ReasonNextMethod, step.Reason)
	require.Equal(t, first.Add(time.Minute), step.At)
}
