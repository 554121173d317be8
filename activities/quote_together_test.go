package activities_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/workflows/message"
)

// TestWhatIsSharedIsQuoted plays random time lines of three or four subscriptions that share invoices, as a quote and on a real
// Postgres, and requires the same invoices: also where changes, pauses and ends keep some of them apart.
func TestWhatIsSharedIsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	var shared, credited int
	for seed := range uint64(30) {
		line := inOffice(seed)
		scenario, err := quote.Parse(strings.NewReader(line.scenario(t)))
		require.NoError(t, err, "seed %d", seed)
		quoted, err := quote.Run(t.Context(), scenario)
		require.NoError(t, err, "seed %d", seed)
		happened := line.happen(b, nil)
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d: %s", seed, line.scenario(t))
		together := map[string]bool{}
		for _, i := range quoted.Invoices {
			together[i.ID] = len(i.Subscriptions) > 1
			if together[i.ID] {
				shared++
			}
			for _, l := range i.Lines {
				if l.Credits != nil && together[l.Credits.Invoice] {
					credited++
				}
			}
		}
	}
	require.Greater(t, shared, 60)
	require.Greater(t, credited, 20)
}

// inOffice is a random time line with more subscriptions, which begin together and are in one group, and less that keeps them
// apart.
func inOffice(seed uint64) timeline {
	line := randomTimeline(seed+500, "seats", "roomy", "seats-ramp", "metered")
	line.group = "office"
	line.entries = slices.DeleteFunc(line.entries, func(e event) bool {
		return e.action == "cancel" || e.action == "pause" && e.at.Second()%3 > 0
	})
	for n := 7; n < 9; n++ {
		line.entries = slices.Insert(line.entries, 0, event{
			at: line.entries[0].at, action: "subscribe", subscription: fmt.Sprintf("%s_%d", line.customer, n), plan: "seats", seats: int64(n),
		})
	}
	return line
}

// renewTogether turns all subscriptions that are renewed at an instant, as their workflows do: all come, in any order, and those
// who had to wait ask again.
func (h *history) renewTogether(at time.Time) {
	for ask := 1; ask <= 2; ask++ {
		for i, state := range slices.Backward(h.states) {
			if !state.RenewsAt(at) {
				continue
			}
			turned, err := h.billing.Turn(h.ctx, message.TurnInput{State: state, At: at, Ask: ask})
			require.NoError(h.t, err)
			h.states[i] = turned.State
		}
	}
}
