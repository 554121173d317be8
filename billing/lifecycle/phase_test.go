package lifecycle_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// ramped costs 30 a month, half of it in the first month and 24 in the second, with support in arrears at the same shares
// and calls at 1, for nothing in the second month.
func ramped(id string) catalog.Plan {
	plan := flat(id, "30", catalog.GrainDay, inArrears("support", "30"), metered("calls", "1"))
	half := decimal.NewFromInt(50)
	plan.Phases = []catalog.Phase{{Periods: 1, Percent: &half}, {Periods: 1, Prices: map[string]map[money.Currency]catalog.Price{
		"base":    {"USD": {Model: catalog.Flat, FlatAmount: decimal.NewFromInt(24)}},
		"support": {"USD": {Model: catalog.Flat, FlatAmount: decimal.NewFromInt(24)}},
		"calls":   {"USD": {Model: catalog.PerUnit}},
	}}}
	return plan
}

// Each period is charged at its own phase's prices, also what of it is charged when the next one has begun.
func TestPeriodsAreChargedAtTheirPhase(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), ramped("a"))
	l.use("2027-04-05", "calls", 4)
	l.use("2027-05-05", "calls", 4)
	l.use("2027-06-05", "calls", 4)
	l.until(l.local("2027-07-01"))
	require.Equal(t, []string{
		"cycle: recurring a/base USD 15.00;",
		"cycle: recurring a/support USD 15.00; usage a/calls USD 2.00; recurring a/base USD 24.00;",
		"cycle: recurring a/support USD 24.00; usage a/calls USD 0.00; recurring a/base USD 30.00;",
		"cycle: recurring a/support USD 30.00; usage a/calls USD 4.00; recurring a/base USD 30.00;",
	}, l.shown(0))
	var phases []int
	for _, invoice := range l.invoices {
		for _, line := range invoice.Lines {
			phases = append(phases, line.Explanation.Phase)
		}
	}
	require.Equal(t, []int{1, 1, 1, 2, 2, 2, 0, 0, 0, 0}, phases, "each line names the phase whose price it is")
}

// A plan that comes into force in the midst of a period begins its phases there; the other one is settled in its own phase.
func TestAnotherPlanBeginsItsPhases(t *testing.T) {
	t.Parallel()
	for name, give := range map[string]func(subscription.Command) subscription.Command{
		"billed now":  func(c subscription.Command) subscription.Command { return c },
		"billed next": func(c subscription.Command) subscription.Command { c.BillNext = true; return c },
	} {
		l := begin(t, "UTC", "2027-04-01", on("a"), ramped("a"), ramped("b"))
		require.Empty(t, l.do("2027-05-22", give(change("b"))), name)
		l.until(l.local("2027-06-01"))
		want := []string{
			"change: proration_credit a/base USD -7.74 10/31; proration_charge b/base USD 4.84 10/31;",
			"cycle: recurring a/support USD 16.26 21/31; recurring b/support USD 4.84 10/31; recurring b/base USD 24.00;",
		}
		if name == "billed next" {
			want = []string{"cycle: recurring a/support USD 16.26 21/31; recurring b/support USD 4.84 10/31; " +
				"proration_credit a/base USD -7.74 10/31; proration_charge b/base USD 4.84 10/31; recurring b/base USD 24.00;"}
		}
		require.Equal(t, want, l.shown(2), name)
	}
}

// A pause with credit does not use up a phase, one that keeps the periods does, and its rest is charged in the phase it is in.
func TestPausesAndPhases(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), ramped("a"))
	require.Empty(t, l.do("2027-04-16", pause("")))
	require.Empty(t, l.do("2027-09-01", resume))
	require.Equal(t, []string{
		"pause: recurring a/support USD 7.50 15/30; proration_credit a/base USD -7.50 15/30;", "cycle: recurring a/base USD 24.00;",
	}, l.shown(1))

	l = begin(t, "UTC", "2027-04-01", on("a"), ramped("a"))
	require.Empty(t, l.do("2027-04-16", pause(subscription.PauseKeep)))
	require.Empty(t, l.do("2027-05-17", resume))
	l.until(l.local("2027-06-01"))
	require.Equal(t, []string{
		"cycle: recurring a/support USD 7.50 15/30;",
		"change: proration_charge a/base USD 11.61 15/31;",
		"cycle: recurring a/support USD 11.61 15/31; recurring a/base USD 30.00;",
	}, l.shown(1))
}

// Who is canceled and begins again goes on where the plan's phases stood.
func TestBeginningAgainGoesOnInThePhases(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), ramped("a"))
	require.Empty(t, l.do("2027-04-16", credit))
	require.Empty(t, l.do("2027-08-01", again))
	require.Equal(t, []string{"cycle: recurring a/base USD 24.00;"}, l.shown(2))
}
