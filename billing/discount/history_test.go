package discount_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/discount"
)

// The uses of a coupon over the months, in minor units: what each invoice would take off a line.
func TestServes(t *testing.T) {
	t.Parallel()
	with := func(c discount.Coupon, d discount.Duration, n int, rest discount.Rest) discount.Coupon {
		c.Duration, c.Periods, c.Rest = d, n, rest
		return c
	}
	type invoice struct {
		month int
		costs int64
		off   int64
	}
	for _, test := range []struct {
		name     string
		coupon   discount.Coupon
		invoices []invoice
	}{
		{"once is one invoice", with(percent("p", "50"), discount.Once, 0, ""), []invoice{{0, 0, 0}, {1, 1000, 500}, {1, 1000, 0}, {2, 1000, 0}}},
		{
			"a period is all its invoices", with(percent("p", "50"), discount.Periods, 1, ""),
			[]invoice{{0, 1000, 500}, {0, 1000, 500}, {1, 1000, 0}},
		},
		{"three periods", with(percent("p", "10"), discount.Periods, 3, ""), []invoice{{0, 1000, 100}, {1, 0, 0}, {2, 1000, 100}, {3, 1000, 100}, {4, 1000, 0}}},
		{"an amount once, its rest lost", with(amount("a", "50"), discount.Once, 0, ""), []invoice{{0, 2000, 2000}, {0, 2000, 0}, {1, 2000, 0}}},
		{
			"an amount once, its rest carried", with(amount("a", "50"), discount.Once, 0, discount.Carried),
			[]invoice{{0, 2000, 2000}, {1, 2000, 2000}, {2, 2000, 1000}, {3, 2000, 0}},
		},
		{
			"an amount in each period, its rest lost", with(amount("a", "50"), discount.Forever, 0, discount.Lost),
			[]invoice{{0, 2000, 2000}, {0, 2000, 2000}, {0, 2000, 1000}, {1, 9000, 5000}, {1, 9000, 0}},
		},
		{
			"an amount in two periods, its rest carried beyond them", with(amount("a", "50"), discount.Periods, 2, discount.Carried),
			[]invoice{{0, 2000, 2000}, {1, 3000, 3000}, {2, 4000, 4000}, {3, 4000, 1000}, {4, 4000, 0}},
		},
	} {
		d := discount.Discount{ID: "dis_1", Coupon: test.coupon, AppliedAt: day}
		var uses []discount.Use
		for i, inv := range test.invoices {
			period, off := day.AddDate(0, inv.month, 0), int64(0)
			serves, has, err := d.Serves(period, period, "USD", uses)
			require.NoError(t, err)
			if has {
				taken, err := discount.Apply("USD", []discount.InForce{serves}, lines(inv.costs))
				require.NoError(t, err)
				sum, err := discount.Sum("USD", taken[0])
				require.NoError(t, err)
				off = sum.Minor
			}
			require.Equal(t, inv.off, off, "%s, invoice %d", test.name, i+1)
			if off > 0 {
				uses = slices.Insert(uses, 0, discount.Use{Period: period, Amount: usd(off)})
			}
		}
	}
}

func TestServesFromWhenItIsAppliedUntilItIsRemoved(t *testing.T) {
	t.Parallel()
	d := discount.Discount{ID: "dis_1", Coupon: percent("p", "5"), AppliedAt: day, RemovedAt: day.AddDate(0, 1, 0)}
	for at, want := range map[time.Time]bool{day.Add(-1): false, day: true, d.RemovedAt.Add(-1): true, d.RemovedAt: false} {
		_, serves, err := d.Serves(at, at, "USD", nil)
		require.NoError(t, err)
		require.Equal(t, want, serves, at)
	}
	// What was given back with a line is there again, in the same period.
	d = discount.Discount{ID: "dis_1", Coupon: amount("a", "50"), AppliedAt: day}
	serves, has, err := d.Serves(day, day, "USD", []discount.Use{{Period: day, Amount: usd(5000)}, {Period: day, Amount: usd(-1200)}})
	require.NoError(t, err)
	require.True(t, has)
	require.Equal(t, usd(1200), serves.Left)
}
