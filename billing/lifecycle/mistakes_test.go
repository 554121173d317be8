package lifecycle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Mistakes that other systems made with changes in mid-period, each as a scenario; the issues in which they were reported
// are named.
func TestMistakesOthersMade(t *testing.T) {
	t.Parallel()
	dearer := flat("pro", "62", catalog.GrainDay)
	dearer.Version = 2
	newVersion := change("pro")
	newVersion.Terms.PlanVersion = 2
	for _, test := range []struct {
		why   string
		steps func(*testing.T, *life)
		want  []string
	}{
		{
			"the credit is of what was billed, not of the new price (getlago/lago-api#1776): a new version of the plan",
			func(t *testing.T, l *life) { require.Empty(t, l.do("2027-01-16", newVersion)) },
			[]string{"change: proration_credit pro/base USD -16.00 16/31; proration_charge pro/base USD 32.00 16/31;"},
		},
		{
			"a second upgrade in a period credits the first one's line (getlago/lago-api#1778, antiwork/gumroad#6077)",
			func(t *testing.T, l *life) {
				require.Empty(t, l.do("2027-01-11", change("big")))
				require.Empty(t, l.do("2027-01-21", change("huge")))
			},
			[]string{
				"change: proration_credit pro/base USD -21.00 21/31; proration_charge big/base USD 42.00 21/31;",
				"change: proration_credit big/base USD -22.00 11/21; proration_charge huge/base USD 33.00 11/31;",
			},
		},
		{
			"a downgrade at once leaves credit (getlago/lago#170, openmeterio/openmeter#2077)",
			func(t *testing.T, l *life) { require.Empty(t, l.do("2027-01-16", change("small"))) },
			[]string{"change: proration_credit pro/base USD -16.00 16/31; proration_charge small/base USD 8.00 16/31;"},
		},
		{
			"two changes on one day are legitimate (killbill/killbill#877)",
			func(t *testing.T, l *life) {
				require.Empty(t, l.do("2027-01-16 09:00", change("big")))
				require.Empty(t, l.do("2027-01-16 17:00", change("pro")))
			},
			[]string{
				"change: proration_credit pro/base USD -16.00 16/31; proration_charge big/base USD 32.00 16/31;",
				"change: proration_credit big/base USD -32.00; proration_charge pro/base USD 16.00 16/31;",
			},
		},
		{
			"who pauses stops paying and can come back (getlago/lago#194)",
			func(t *testing.T, l *life) {
				require.Empty(t, l.do("2027-01-16", pause(subscription.PauseCredit)))
				require.Empty(t, l.do("2027-04-10", resume))
			},
			[]string{"pause: proration_credit pro/base USD -16.00 16/31;", "cycle: recurring pro/base USD 31.00;"},
		},
	} {
		l := begin(t, "Asia/Kolkata", "2027-01-01", on("pro"), flat("pro", "31", catalog.GrainDay), dearer,
			flat("big", "62", catalog.GrainDay), flat("huge", "93", catalog.GrainDay), flat("small", "15.5", catalog.GrainDay))
		test.steps(t, l)
		require.Equal(t, test.want, l.shown(1), test.why)
		l.requireFair(t)
	}
}
