package catalog

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func agreed(t require.TestingT, text string) Agreed {
	var prices Agreed
	require.NoError(t, json.Unmarshal([]byte(text), &prices))
	return prices
}

// An agreed price takes the place of the catalogue's in every phase; other charges and currencies keep theirs.
func TestAgreedPricesHoldInEveryPhase(t *testing.T) {
	t.Parallel()
	plan := phased(t, introAndRamp)
	sold := plan.WithAgreed(agreed(t, `{"seats": {"USD": {"model": "per_unit", "unit_amount": "7"}}}`))
	for number, inPhase := range sold.InEachPhase() {
		seats := inPhase.Charges[0].Prices
		require.Equal(t, "7", seats["USD"].UnitAmount.String(), "phase %d", number)
		require.True(t, seats["USD"].Agreed)
		require.Zero(t, seats["USD"].Phase)
		require.Equal(t, plan.InPhase(number).Charges[0].Prices["JPY"], seats["JPY"])
		require.Equal(t, plan.InPhase(number).Charges[1], inPhase.Charges[1])
	}
	require.Equal(t, phased(t, introAndRamp), plan, "the plan itself is not changed")
	require.Equal(t, plan, plan.WithAgreed(nil))
}

func TestCheckAgreed(t *testing.T) {
	t.Parallel()
	plan := team(t)
	const flat = `{"model": "flat", "flat_amount": "1"}`
	require.NoError(t, plan.CheckAgreed(agreed(t, `{"seats": {"GBP": `+flat+`}}`), "GBP"), "also where the catalogue has no price")
	for text, want := range map[string]string{
		`{"chairs": {}}`:                                        `chairs: plan "team" version 2 has no charge "chairs": it has seats, tokens`,
		`{"seats": {"EUR": ` + flat + `}}`:                      `seats.USD is missing: the subscription is billed in that currency`,
		`{"tokens": {"USD": ` + flat + `}}`:                     `tokens.USD.model flat does not depend on usage`,
		`{"seats": {"USD": {"model": "x"}}}`:                    `seats.USD.model "x" must be one of`,
		`{"seats": {"USD": ` + flat + `, "EUR": ` + flat + `}}`: `seats.EUR: the subscription is billed in USD only`,
	} {
		require.ErrorContains(t, plan.CheckAgreed(agreed(t, text), "USD"), want)
	}
}
