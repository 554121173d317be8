package catalog

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
)

// phased sells the team plan with three periods at half price, then twelve at a price of its own for seats, then the rest
// at 110 %.
func phased(t require.TestingT, phases string) Plan {
	plan := team(t)
	require.NoError(t, json.Unmarshal([]byte(phases), &plan.Phases))
	return plan
}

const introAndRamp = `[
	{"periods": 3, "percent": 50},
	{"periods": 12, "prices": {"seats": {"USD": {"model": "flat", "flat_amount": "99"}, "JPY": {"model": "per_unit", "unit_amount": 900}}}},
	{"percent": "110"}]`

func TestPhaseOfAPeriod(t *testing.T) {
	t.Parallel()
	plan := phased(t, introAndRamp)
	require.NoError(t, plan.Validate())
	for _, test := range []struct {
		period, phase int
		seats, tokens string
	}{
		{0, 1, "4.375", "250"}, {2, 1, "4.375", "250"}, {3, 2, "99", "500"}, {14, 2, "99", "500"}, {15, 3, "9.625", "550"}, {900, 3, "9.625", "550"},
	} {
		at := plan.InPeriod(test.period)
		seats, tokens := at.Charges[0].Prices["USD"], at.Charges[1].Prices["JPY"]
		require.Equal(t, test.seats, seats.UnitAmount.Add(seats.FlatAmount).String(), "period %d", test.period)
		require.Equal(t, test.tokens, tokens.UnitAmount.String(), "period %d", test.period)
		require.Equal(t, []int{test.phase, test.phase}, []int{seats.Phase, tokens.Phase})
		require.Equal(t, at, at.InPeriod(test.period), "a plan in a phase has no phases")
	}
	require.Equal(t, team(t).Charges, plan.Charges, "the plan itself is not changed")
	require.Equal(t, team(t), team(t).InPeriod(5))
	require.Equal(t, team(t), plan.InPhase(4))
}

// After the last phase with a length, prices are the regular ones.
func TestAfterThePhases(t *testing.T) {
	t.Parallel()
	plan := phased(t, `[{"periods": 1, "percent": 0}]`)
	require.NoError(t, plan.Validate())
	require.True(t, plan.InPeriod(0).Charges[0].Prices["USD"].UnitAmount.IsZero())
	require.Equal(t, team(t), plan.InPeriod(1))
	require.Len(t, plan.InEachPhase(), 2)
}

func TestPhasesRefuse(t *testing.T) {
	t.Parallel()
	const yen = `"JPY": {"model": "flat", "flat_amount": 1}`
	for phases, want := range map[string]string{
		`[{"percent": 50}, {"periods": 3}]`:     `phases[0].periods is missing: only the last phase may have no end`,
		`[{"periods": -1}]`:                     `phases[0].periods must be between 1 and 10000, got -1`,
		`[{"periods": 10001}]`:                  `phases[0].periods must be between 1 and 10000, got 10001`,
		`[{"percent": -5}]`:                     `phases[0].percent must not be negative, got -5`,
		`[{"periods": 1}, {"percent": "1001"}]`: `phases[1].percent must be at most 1000, got 1001`,
		`[{"percent": "0.0000000001"}]`:         `phases[0].percent 0.0000000001 of charges[1].prices.EUR is no price: unit_amount: at most 14 digits may follow the point`,
		`[{"prices": {"chairs": {}}}]`:          `phases[0].prices.chairs: plan "team" version 2 has no charge "chairs": it has seats, tokens`,
		`[{"prices": {"seats": {}}}]`:           `phases[0].prices.seats.JPY is missing: the plan is sold in that currency`,
		`[{"prices": {"seats": {` + yen + `, "USD": {"model": "flat", "unit_amount": 1}}}}]`:                                             `phases[0].prices.seats.USD.unit_amount is not used by model flat`,
		`[{"prices": {"seats": {` + yen + `, "USD": {"model": "dynamic"}}}}]`:                                                            `phases[0].prices.seats.USD.model dynamic prices what a meter counts`,
		`[{"prices": {"seats": {` + yen + `, "USD": {"model": "flat", "flat_amount": 1}, "CHF": {"model": "flat", "flat_amount": 1}}}}]`: `phases[0].prices.seats.CHF: the charge has no regular price in that currency`,
	} {
		require.ErrorContains(t, phased(t, phases).Validate(), `plan "team": `+want)
	}
	plan := phased(t, `[{"percent": 0}]`)
	plan.Charges[1].Prices = map[money.Currency]Price{"USD": {Model: Dynamic}, "JPY": {Model: Dynamic}}
	require.ErrorContains(t, plan.Validate(), `phases[0].percent 0 cannot be had of charges[1].prices.JPY, whose model is dynamic`)
	run := phased(t, `[{"percent": 50}]`)
	run.BilledBy, run.TrialDays = ByInvoiceRun, 0
	run.Charges[0].Timing = Arrears
	require.ErrorContains(t, run.Validate(), `phases must be left out for billed_by invoice_run`)
}

// What is measured of a meter must be enough for every phase.
func TestPhasesMeasured(t *testing.T) {
	t.Parallel()
	plan := phased(t, `[{"prices": {"tokens": {"USD": {"model": "dynamic"}, "JPY": {"model": "dynamic"}}}}]`)
	require.NoError(t, plan.Validate())
	require.Equal(t, Measures{NeedsAmount: true}, plan.Measures()[plan.Charges[1].Meter], "in its first phase")
}
