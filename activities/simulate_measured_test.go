package activities_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/simulation"
)

// Invoices keep what they knew of events: billed again at other prices, by number, amount, dimension values and each by
// itself, they come to what a quote says of the same time line.
func TestSimulatedEventsAreThoseOfAQuote(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellMeasured()
	other := strings.NewReplacer(
		`"percent":"1.5","event_amount":"0.25"`, `"percent":"1.1","event_amount":"0.4"`, `"multiplier":"1.2"`, `"multiplier":"1.7"`,
		`"unit_amount":"0.03"`, `"unit_amount":"0.05"`, `"event_minimum":"20","event_maximum":"45"`, `"event_minimum":"10","event_maximum":"50"`,
		`{"model":"per_unit","unit_amount":"0.01"}`, `{"model":"percentage","percent":"1","event_amount":"0.3"}`,
	).Replace("[" + strings.TrimPrefix(measuredPlans, ",") + "]")
	quoted := map[string]quote.Result{}
	for seed := range uint64(15) {
		line := measuredTimeline(4000 + seed)
		line.entries = slices.DeleteFunc(line.entries, func(e event) bool { return e.action == "redeem" })
		quoted[line.customer] = quoteWith(t, line, other)
		line.happen(b, nil)
	}
	changed := 0
	for month := range 12 {
		in := monthOf(time.January + time.Month(month))
		r := b.simulated(other, in)
		require.Empty(t, r.Gaps)
		for customer, result := range quoted {
			at := slices.IndexFunc(r.Customers, func(c simulation.Customer) bool { return c.ID == customer })
			if at < 0 {
				require.Zero(t, netOf(result, in), "%s in month %d", customer, month+1)
				continue
			}
			require.Equal(t, netOf(result, in), r.Customers[at].New.Minor, "%s in month %d", customer, month+1)
			if !r.Customers[at].Difference.IsZero() {
				changed++
			}
		}
	}
	require.Greater(t, changed, 30)
}

// What no invoice has kept is a gap, which the old price fills: each event, amounts, and values of other dimensions.
func TestEventsThatNoInvoiceHasKept(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellMeasured()
	line := timeline{customer: "kept", zone: "Europe/London", until: day0.AddDate(0, 2, 0), entries: []event{
		{at: day0, action: "subscribe", subscription: "sub_kept", plan: "sums"},
		{at: day0.Add(time.Hour), action: "usage", meter: "transfers", quantity: 100, happened: day0},
	}}
	line.happen(b, nil)
	r := b.simulated(strings.NewReplacer(
		`{"model":"per_unit","unit_amount":"0.01"}`, `{"model":"percentage","percent":"1","event_minimum":"0.3"}`,
		`{"model":"package","unit_amount":"2","package_size":"500"}`, `{"model":"dynamic"}`,
		`{"model":"per_unit","unit_amount":"0.02"}`, `{"model":"matrix","dimensions":["zone"],"default_unit_amount":"1"}`,
	).Replace("["+strings.TrimPrefix(measuredPlans, ",")+"]"), monthOf(day0.AddDate(0, 1, 0).Month()))
	var messages []string
	for _, gap := range r.Gaps {
		require.Equal(t, "usage_unknown", gap.Code)
		messages = append(messages, gap.Message)
	}
	require.Len(t, messages, 3)
	require.Contains(t, messages[0], "which needs usage by zone")
	require.Contains(t, messages[1], "which needs the amounts of events")
	require.Contains(t, messages[2], "which needs each event by itself for its event_minimum: version 1 was not charged by that")
}
