package fraud_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/fraud"
)

// TestTallyCountsAsOneWouldByHand compares the one pass with counting all attempts anew for each of them.
func TestTallyCountsAsOneWouldByHand(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := rapid.SliceOfN(attempts(), 1, 200).Draw(t, "history")
		slices.SortStableFunc(history, func(a, b fraud.Tried) int { return a.At.Compare(b.At) })
		for i := range history {
			history[i].PaymentID = fmt.Sprintf("p%d", i)
		}
		var tally fraud.Tally
		added := 0
		for _, self := range history {
			for ; added < len(history) && !history[added].At.After(self.At); added++ {
				tally.Add(history[added])
			}
			got, found := tally.Before(self.PaymentID)
			require.True(t, found)
			require.Equal(t, byHand(history, self), got)
		}
		_, found := tally.Before("p_unknown")
		require.False(t, found)
	})
}

var noon = time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)

// attempts are made by few, at few instants, so that they meet each other at the edges of the windows.
func attempts() *rapid.Generator[fraud.Tried] {
	return rapid.Custom(func(t *rapid.T) fraud.Tried {
		at := noon.Add(time.Duration(rapid.IntRange(0, 45*24).Draw(t, "hour")) * time.Hour / time.Duration(rapid.SampledFrom([]int{1, 24}).Draw(t, "pace")))
		tried := fraud.Tried{
			At: at, CustomerID: rapid.SampledFrom([]string{"ada", "bob", "cyd"}).Draw(t, "customer"),
			Fingerprint: rapid.SampledFrom([]string{"", "f1", "f2"}).Draw(t, "card"), EmailDomain: rapid.SampledFrom([]string{"a.example", "b.example"}).Draw(t, "domain"),
		}
		if rapid.Bool().Draw(t, "failed") {
			failed := at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 24, 100, 2000}).Draw(t, "later")) * time.Hour)
			tried.FailedAt = &failed
		}
		return tried
	})
}

func byHand(history []fraud.Tried, self fraud.Tried) fraud.Velocity {
	count := func(same func(fraud.Tried) bool) *fraud.Counts {
		var counts fraud.Counts
		for i, hours := range []int{1, 24, 7 * 24, 30 * 24} {
			cards, customers := map[string]bool{}, map[string]bool{}
			for _, o := range history {
				if o.PaymentID == self.PaymentID || o.At.After(self.At) || !o.At.After(self.At.Add(-time.Duration(hours)*time.Hour)) || !same(o) {
					continue
				}
				counts.Payments[i]++
				if o.FailedAt != nil && !o.FailedAt.After(self.At) {
					counts.Declines[i]++
				}
				customers[o.CustomerID] = true
				if o.Fingerprint != "" {
					cards[o.Fingerprint] = true
				}
			}
			counts.Cards[i], counts.Customers[i] = int64(len(cards)), int64(len(customers))
		}
		return &counts
	}
	velocity := fraud.Velocity{
		Customer:    *count(func(o fraud.Tried) bool { return o.CustomerID == self.CustomerID }),
		EmailDomain: count(func(o fraud.Tried) bool { return o.EmailDomain == self.EmailDomain }),
	}
	if self.Fingerprint != "" {
		velocity.Card = count(func(o fraud.Tried) bool { return o.Fingerprint == self.Fingerprint })
	}
	return velocity
}
