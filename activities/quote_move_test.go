package activities_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// moved puts a customer and their subscriptions in another zone.
func (h *history) moved(customer, zone string) {
	h.t.Helper()
	h.exec(fmt.Sprintf(`UPDATE customer SET zone = '%[2]s' WHERE id = '%[1]s'; UPDATE subscription SET zone = '%[2]s' WHERE customer_id = '%[1]s'`,
		customer, zone))
}

// TestMovesAreBilledAsQuoted plays random time lines in which the customer moves to other zones, over the date line too.
func TestMovesAreBilledAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	zones := []string{"Asia/Tokyo", "America/Los_Angeles", "Pacific/Apia", "Europe/London", "Australia/Lord_Howe", "Pacific/Pago_Pago"}
	for seed := range uint64(30) {
		line := randomTimeline(3000+seed, "seats", "seats-yearly", "trial", "metered", "seats-ramp")
		first, last := line.entries[0].at, line.entries[len(line.entries)-1].at
		for n, part := range []time.Duration{3, 2} {
			move := event{at: first.Add(last.Sub(first) / part), action: "customer", plan: zones[(int(seed)+n*3)%len(zones)]}
			line.entries = append(line.entries, move)
		}
		slices.SortStableFunc(line.entries, func(a, b event) int { return a.at.Compare(b.at) })
		quoted, happened := line.both(b, nil)
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d: %s", seed, line.scenario(t))
	}
}
