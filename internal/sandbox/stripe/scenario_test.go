package stripe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// charge tries once and returns "ok" or the decline code.
func (b *bundle) charge(t *testing.T, customer, method string, at time.Time) string {
	params := offSession(customer, method, 2000, "usd")
	asOf(&params.Params, at)
	_, err := b.api.PaymentIntents.New(params)
	if err == nil {
		return "ok"
	}
	return string(refusal(t, err).DeclineCode)
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	cases := []struct {
		name     string
		scenario func(customer, method string) sandbox.Scenario
		want     []string // one charge a day
	}{
		{"decline twice", func(c, _ string) sandbox.Scenario {
			return sandbox.Scenario{Customer: c, Script: []string{"insufficient_funds", "do_not_honor", "ok"}}
		}, []string{"insufficient_funds", "do_not_honor", "ok", "ok"}},
		{"until payday", func(_, m string) sandbox.Scenario {
			return sandbox.Scenario{PaymentMethod: m, DeclineUntil: start.AddDate(0, 0, 2), DeclineCode: "insufficient_funds"}
		}, []string{"insufficient_funds", "insufficient_funds", "ok", "ok"}},
		{"always", func(c, _ string) sandbox.Scenario {
			return sandbox.Scenario{Customer: c, Always: "stolen_card"}
		}, []string{"stolen_card", "stolen_card", "stolen_card"}},
		{"authentication", func(c, _ string) sandbox.Scenario {
			return sandbox.Scenario{Customer: c, Script: []string{"authentication_required"}}
		}, []string{"authentication_required", "ok"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c, m := b.customerWith(t, "pm_card_visa")
			require.NoError(t, sandbox.AddScenario(b.ctx, b.StripeURL(), tc.scenario(c.ID, m.ID)))
			var got []string
			for day := range tc.want {
				got = append(got, b.charge(t, c.ID, m.ID, start.AddDate(0, 0, day)))
			}
			require.Equal(t, tc.want, got)
			require.Equal(t, "ok", b.charge(t, b.customer(t).ID, "pm_card_visa", start), "others are not affected")
		})
	}
}

func TestScenarioForEveryMethodOfAToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, sandbox.AddScenario(b.ctx, b.StripeURL(), sandbox.Scenario{PaymentMethodToken: "pm_card_amex", Script: []string{"expired_card"}}))
	for range 2 {
		c, m := b.customerWith(t, "pm_card_amex")
		require.Equal(t, "expired_card", b.charge(t, c.ID, m.ID, time.Now()))
		require.Equal(t, "ok", b.charge(t, c.ID, m.ID, time.Now()))
	}
}

func TestReplayDoesNotUseUpAScenario(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	require.NoError(t, sandbox.AddScenario(b.ctx, b.StripeURL(), sandbox.Scenario{Customer: c.ID, Script: []string{"insufficient_funds"}}))
	for range 3 {
		_, err := b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "attempt:1"))
		require.Equal(t, stripego.DeclineCodeInsufficientFunds, refusal(t, err).DeclineCode)
	}
	_, err := b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "attempt:2"))
	require.NoError(t, err)
}

func TestScenarioRefusesNonsense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for want, s := range map[string]sandbox.Scenario{
		"exactly one of customer":        {Script: []string{"ok"}},
		"exactly one of script":          {Customer: "cus_x"},
		"is neither":                     {Customer: "cus_x", Script: []string{"bad_weather"}},
		"not a test method":              {PaymentMethodToken: "pm_card_gold", Always: "ok"},
		"goes with decline_until":        {Customer: "cus_x", Always: "ok", DeclineCode: "lost_card"},
		"is neither \"ok\", \"dispute\"": {Customer: "cus_x", Always: "perhaps"},
	} {
		require.ErrorContains(t, sandbox.AddScenario(b.ctx, b.StripeURL(), s), want)
	}
}
