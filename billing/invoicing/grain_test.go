package invoicing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
)

// Lago's rule: the day of a change belongs to the new plan, the day of an end is paid.
func TestInclusiveDaysAtAChangeAndAtTheEnd(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	small, big := plan(t, "small", catalog.GrainDayInclusive, base("31")), plan(t, "big", catalog.GrainDayInclusive, base("62"))
	v := begun(t, z, "2027-01", terms(small, 0), big)
	require.Equal(t, []string{"proration_credit small/base 1 USD -17.00 17/31", "proration_charge big/base 1 USD 34.00 17/31"},
		shown(v.change("2027-01-15 10:00", terms(big, 0))))
	require.Equal(t, []string{"proration_credit big/base 1 USD -22.00 11/17"}, shown(v.stop("2027-01-20 10:00")))
}

// In arrears the day of the end is paid once, also when service is taken up again on it.
func TestInclusiveDaysInArrears(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	daily := plan(t, "daily", catalog.GrainDayInclusive, recurring("base", catalog.PerSubscription, catalog.Arrears, in("USD", flat("31"))))
	full := month(t, z, "2027-01")
	for _, test := range []struct {
		why      string
		segments [][2]string
		want     []string
	}{
		{"to the end", [][2]string{{"2027-01-01", "2027-02-01"}}, []string{"31.00"}},
		{"ended on the 15th", [][2]string{{"2027-01-01", "2027-01-15 08:00"}}, []string{"15.00 15/31"}},
		{"paused for some days", [][2]string{{"2027-01-01", "2027-01-10 08:00"}, {"2027-01-20 12:00", "2027-02-01"}}, []string{"10.00 10/31", "12.00 12/31"}},
		{"paused for some hours", [][2]string{{"2027-01-01", "2027-01-10 08:00"}, {"2027-01-10 12:00", "2027-02-01"}}, []string{"9.00 9/31", "22.00 22/31"}},
	} {
		f := untaxed(z, full.End)
		f.Closes = &invoicing.Closing{Full: full, Period: calendar.Period{Start: full.Start, End: at(t, z, test.segments[len(test.segments)-1][1])}}
		for _, s := range test.segments {
			f.Closes.Segments = append(f.Closes.Segments, segment(between(t, z, s[0], s[1]), terms(daily, 0), "", ""))
		}
		inv, err := invoicing.Build(f)
		require.NoError(t, err)
		var want []string
		for _, amount := range test.want {
			want = append(want, "recurring daily/base 1 USD "+amount)
		}
		require.Equal(t, want, shown(inv), test.why)
	}
}

// A plan that gives nothing back lets what was paid count towards the terms that take its place, and no more.
func TestCreditsOfAPlanThatGivesNothingBack(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	kept := func(id, price string) catalog.Plan {
		p := plan(t, id, catalog.GrainDay, base(price))
		p.Credits = catalog.CreditNone
		require.NoError(t, p.Validate())
		return p
	}
	small, big := kept("small", "30"), kept("big", "90")
	v := begun(t, z, "2027-04", terms(small, 0), big)
	require.Equal(t, []string{"proration_credit small/base 1 USD -20.00 20/30", "proration_charge big/base 1 USD 60.00 20/30"},
		shown(v.change("2027-04-11", terms(big, 0))), "an upgrade costs the difference")
	down := v.change("2027-04-21", terms(small, 0))
	require.Equal(t, []string{"proration_credit big/base 1 USD -10.00 10/20", "proration_charge small/base 1 USD 10.00 10/30"}, shown(down))
	require.True(t, down.Lines[0].Explanation.Capped)
	require.Equal(t, "-10", down.Lines[0].Exact.String())
	require.True(t, down.Total.IsZero() && down.CreditGranted.IsZero(), "a downgrade gives nothing back")
	v.unbilled("2027-04-25", nil)
}

// Every grain and policy keeps the promise that no line gives back more than it charged: see TestCreditsNeverExceedWhatWasCharged.
func TestMonthOfThirtyDaysOnAnInvoice(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Tokyo")
	a, b := plan(t, "a", catalog.GrainMonth30, base("30")), plan(t, "b", catalog.GrainMonth30, base("60"))
	v := begun(t, z, "2027-02", terms(a, 0), b)
	require.Equal(t, []string{"proration_credit a/base 1 USD -16.00 16/30", "proration_charge b/base 1 USD 32.00 16/30"},
		shown(v.change("2027-02-15", terms(b, 0))))
	require.Equal(t, []string{"proration_credit b/base 1 USD -8.00 4/16"}, shown(v.stop("2027-02-27")))
}
