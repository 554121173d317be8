package activities_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// boundedSeats are plans that may be had without any seat, paid in advance or afterwards, and one that is sold by threes.
const boundedSeats = `,
 {"id":"seats-none","version":1,"name":"None","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","seats":{"minimum":0,"maximum":6},"charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"10"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.01"}}}]},
 {"id":"seats-after","version":1,"name":"After","interval":{"unit":"month","count":1},"proration":"second","billed_by":"renewal","seats":{"minimum":0},
  "spend":{"EUR":{"minimum":"12","tax_category":"saas_b2c"}},"charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"graduated","tiers":[{"up_to":"3","unit_amount":"9","flat_amount":"1"},{"unit_amount":"7"}]}}}]},
 {"id":"seats-three","version":1,"name":"Three","interval":{"unit":"month","count":1},"proration":"month_30","billed_by":"renewal","seats":{"minimum":3},"charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"volume","tiers":[
   {"up_to":"4","unit_amount":"8"},{"unit_amount":"6.5"}],"minimum":"20"}}}]}`

// TestSubscriptionsWithoutSeatsAreBilledAsQuoted plays random time lines of plans that may be had with no seats, and requires that
// the quote and the books agree with what happened.
func TestSubscriptionsWithoutSeatsAreBilledAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	plans, err := catalog.Parse(strings.NewReader("[" + strings.TrimPrefix(boundedSeats, ",") + "]"))
	require.NoError(t, err)
	for _, plan := range plans {
		require.NoError(t, b.AddPlan(b.ctx, "acme", plan, day0))
	}
	var none int
	codes := map[string]int{}
	for seed := range uint64(40) {
		line := randomTimeline(9000+seed, "seats-none", "seats-none", "seats-after", "seats-three", "seats")
		line.sold = boundedSeats
		rng := rand.New(rand.NewPCG(seed, 9))
		for i, e := range line.entries {
			switch begins := e.action == "subscribe"; {
			case begins && e.plan == "seats-three":
				line.entries[i].seats = 3 + rng.Int64N(3)
			case e.plan != "seats" && (begins || e.action == "change" && rng.IntN(3) > 0):
				line.entries[i].seats = rng.Int64N(3)
			}
		}
		quoted, happened := line.both(b, nil)
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d: %s", seed, line.scenario(t))
		for _, refused := range quoted.Refused {
			codes[refused.Code]++
		}
		for _, invoice := range quoted.Invoices {
			for _, line := range invoice.Lines {
				if line.Charge == "seat" && line.Quantity.IsZero() {
					none++
				}
			}
		}
	}
	require.Greater(t, none, 30, "lines for no seats")
	for _, code := range []string{"seats_missing", "seats_too_few", "seats_too_many"} {
		require.Positive(t, codes[code], code)
	}
	b.salesBooked()
}
