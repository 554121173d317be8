package fairbilling_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/money"
)

// BenchmarkSettle settles a month of a workspace whose members act on every third day on average, some of whom come and go.
func BenchmarkSettle(b *testing.B) {
	month := calendar.Period{Start: time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC)}
	for _, size := range []int{1_000, 10_000, 100_000} {
		members := make([]fairbilling.Member, size)
		for i := range members {
			members[i] = fairbilling.Member{ID: fmt.Sprintf("u%06d", i), Since: calendar.Date{Year: 2027, Month: 2, Day: 1 + i%28}}
			for day := i % 7; day < 60; day += 3 + i%41 {
				members[i].Actions = append(members[i].Actions, members[i].Since.AddDays(day))
			}
		}
		paid := fairbilling.Paid{Period: month, Zone: calendar.Zone{}, Amount: money.New(int64(size)*800, "USD")}
		policy := fairbilling.DefaultPolicy()
		paid.Seats = policy.Seats(members, calendar.Date{Year: 2027, Month: 4, Day: 1})
		b.Run(fmt.Sprintf("members=%d", size), func(b *testing.B) {
			for range b.N {
				settled, err := policy.Settle(paid, members, calendar.Date{Year: 2027, Month: 5, Day: 1})
				require.NoError(b, err)
				require.NotEmpty(b, settled.Entries)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/member")
		})
	}
}
