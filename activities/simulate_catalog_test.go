package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/simulation"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/simulate"
)

// fixed is a seller with a subscription of each kind in January and February, and a local price.
func fixed(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.localPrices()
	b.published("2027-01-29", "0.8543")
	b.customer("ada", "EUR", "")
	b.customer("bob", "GBP", "")
	b.subscribe(agreement("sub_ada", "ada", "seats", 3, "EUR"))
	b.turn(b.subscribe(agreement("sub_bob", "bob", "trial", 0, "GBP")).State)
	return b
}

// In pounds, the price of 20 euro is 20 × 0.8543 × 1.02 = 17.43 → 16.99 by the rate and the rule that 25 euro were sold at:
// 25 × 0.8543 × 1.02 = 21.78 → 21.99. A price of its own in pounds takes its place.
func TestLocalPricesAreConvertedAsTheyWere(t *testing.T) {
	t.Parallel()
	b := fixed(t)
	b.published("2027-02-01", "0.5")
	february := monthOf(time.February)
	r := b.simulated(otherCatalogue, february)
	require.Equal(t, simulation.Customer{ID: "bob", Sums: simulation.Sums{
		Old: money.New(2199, "GBP"), New: money.New(1699, "GBP"), Difference: money.New(-500, "GBP"), Percent: "-22.74",
	}}, r.Customers[0])
	own := strings.Replace(otherCatalogue, "{model: flat, flat_amount: 20}", "{model: flat, flat_amount: 20}, GBP: {model: flat, flat_amount: 19}", 1)
	require.Equal(t, money.New(1900, "GBP"), b.simulated(own, february).Totals[0].New)
}

// What the other catalogue does not say is named, and the old price taken.
func TestGapsOfACatalogue(t *testing.T) {
	t.Parallel()
	b := fixed(t)
	const seats = `- {id: seats, version: 2, name: Seats, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [`
	const seat = `{id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2c, prices: {EUR: {model: per_unit, unit_amount: 20}}}`
	for catalogue, want := range map[string]struct {
		codes   string
		message string
		total   int64
	}{
		seats + seat + "]}": {total: 6000},
		`- {id: other, version: 1, name: Other, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [` + seat + "]}": {
			"plan_missing", `plan "seats" is not in the catalog: add it`, 3000,
		},
		strings.Replace(seats, "month", "year", 1) + seat + "]}": {
			"schedule_differs", `plan "seats" is billed every 1 year by renewal, its version 1 was billed every 1 month by renewal`, 3000,
		},
		seats + strings.Replace(seat, "id: seat,", "id: chair,", 1) + "]}": {
			"charge_missing", `plan "seats" has no charge "seat": add it, with an amount of 0 if it is no longer charged`, 9000,
		},
		seats + strings.Replace(seat, "EUR", "USD", 1) + "]}": {"price_missing", `plan "seats" has no price in EUR for charge "seat": add one`, 3000},
		seats + seat + `, {id: calls, name: calls, kind: usage, meter: calls, timing: arrears, tax_category: saas_b2c, prices: {EUR: {model: per_unit, unit_amount: 1}}}]}`: {
			"meter_unknown", `plan "seats" charges meter "calls" by charge "calls", which version 1 did not`, 6000,
		},
	} {
		r := b.simulated(catalogue, store.HistoryRange{EntityID: "acme", Customers: []string{"ada"}, From: day0, To: day0.Add(time.Hour)})
		require.Equal(t, money.New(want.total, "EUR"), r.Totals[0].New, catalogue)
		codes := ""
		for _, gap := range r.Gaps {
			codes += gap.Code
			require.Contains(t, gap.Message, want.message)
		}
		require.Equal(t, want.codes, codes, catalogue)
	}
	trial := `- {id: trial, version: 1, name: Trial, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [` + seat + "]}"
	r := b.simulated(trial, store.HistoryRange{EntityID: "acme", Customers: []string{"bob"}, From: day0, To: day0.AddDate(0, 1, 0)})
	require.Len(t, r.Gaps, 2)
	require.Equal(t, "charge_missing", r.Gaps[0].Code)
	require.Contains(t, r.Gaps[1].Message, `plan "trial" charges seats by charge "seat", but version 1 was sold without: leave the charge out`)
	require.Equal(t, r.Totals[0].Old, r.Totals[0].New)
}

// A control run that does not come to what was issued says so, and what differs.
func TestControlTellsOfWhatDiffers(t *testing.T) {
	t.Parallel()
	b := fixed(t)
	connection, err := pgx.Connect(b.ctx, b.url)
	require.NoError(t, err)
	defer func() { require.NoError(t, connection.Close(b.ctx)) }()
	_, err = connection.Exec(b.ctx, `UPDATE subscription_segment SET seats = 4 WHERE subscription_id = 'sub_ada'`)
	require.NoError(t, err)
	_, err = connection.Exec(b.ctx, `UPDATE command SET result = jsonb_set(result, '{state,terms,seats}', '4') WHERE subscription_id = 'sub_ada'`)
	require.NoError(t, err)
	plans, err := simulate.ReadCatalog(strings.NewReader(asYAML(b)))
	require.NoError(t, err)
	r, err := simulate.Run(b.ctx, b.Store, simulate.Options{
		Range: store.HistoryRange{EntityID: "acme", From: day0, To: day0.Add(time.Hour)}, Catalog: plans,
	})
	require.NoError(t, err)
	require.Equal(t, 1, r.Control.Differ)
	require.Equal(t, "sub_ada", r.Control.Differences[0].SubscriptionID)
	require.Equal(t, "ACM-000001", r.Control.Differences[0].Invoice)
	require.Contains(t, r.Control.Differences[0].Message, "× 3")
	require.Contains(t, r.Control.Differences[0].Message, "× 4")
}
