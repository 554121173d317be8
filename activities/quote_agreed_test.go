package activities_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/simulate"
	"github.com/perennial-billing/perennial/workflows/message"
)

// negotiable are prices that somebody agrees on in time lines, by plan.
var negotiable = map[string]string{
	"seats":        `{"seat": {"EUR": {"model": "per_unit", "unit_amount": "7.31"}}}`,
	"roomy":        `{"seat": {"EUR": {"model": "per_unit", "unit_amount": "8"}}, "block": {"EUR": {"model": "per_unit", "unit_amount": "5.05"}}}`,
	"seats-ramp":   `{"seat": {"EUR": {"model": "per_unit", "unit_amount": "9.99"}}, "calls": {"EUR": {"model": "per_unit", "unit_amount": "0.007"}}}`,
	"seats-yearly": `{"seat": {"EUR": {"model": "volume", "tiers": [{"up_to": 5, "unit_amount": "90"}, {"unit_amount": "80"}]}}}`,
	"trial":        `{"fee": {"EUR": {"model": "flat", "flat_amount": "19.90"}}}`,
	"metered":      `{"calls": {"EUR": {"model": "per_unit", "unit_amount": "0.008"}}}`,
}

func agreedFor(t require.TestingT, plan string) catalog.Agreed {
	var prices catalog.Agreed
	require.NoError(t, json.Unmarshal([]byte(negotiable[plan]), &prices))
	return prices
}

// negotiated is the time line in which the customer agrees on prices with some subscriptions and changes. Some of these come
// too late, and are refused.
func (l timeline) negotiated(t require.TestingT, seed uint64) timeline {
	rng := rand.New(rand.NewPCG(seed, 31))
	for i, e := range l.entries {
		if (e.action == "subscribe" || e.action == "change") && negotiable[e.plan] != "" && rng.IntN(3) == 0 {
			l.entries[i].prices = agreedFor(t, e.plan)
		}
	}
	return l
}

// A simulation keeps the prices that were agreed, unless the other catalogue is to be tried on everybody.
func TestASimulationKeepsAgreedPrices(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	timeline{customer: "ada", zone: "Europe/London", until: day0.AddDate(0, 0, 20), entries: []event{
		{at: day0, action: "subscribe", subscription: "sub", plan: "seats", seats: 10, prices: agreedFor(t, "seats")},
	}}.happen(b, nil)
	plans, err := simulate.ReadCatalog(strings.NewReader(otherCatalogue))
	require.NoError(t, err)
	for overAgreed, want := range map[bool]int64{false: 7310, true: 10704} {
		r, err := simulate.Run(b.ctx, b.Store, simulate.Options{Range: monthOf(day0.Month()), Catalog: plans, OverAgreed: overAgreed})
		require.NoError(t, err)
		require.Zero(t, r.Control.Differ, "%+v", r.Control.Differences)
		require.EqualValues(t, 7310, r.Totals[0].Old.Minor)
		require.Equal(t, want, r.Totals[0].New.Minor)
	}
}

// The agreement and each command agree on prices once, for a version that the subscription has not had; what is refused, or
// only previewed, agrees on nothing.
func TestPricesAreAgreedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	in := agreement("sub", "ada", "seats", 3, "EUR")
	in.Prices = agreedFor(t, "seats")
	for range 2 { // the activity may run again
		opened, err := b.billing.OpenSubscription(b.ctx, in)
		require.NoError(t, err)
		require.Nil(t, opened.Refusal)
	}
	other := in
	other.Prices = nil
	opened, err := b.billing.OpenSubscription(b.ctx, other)
	require.NoError(t, err)
	require.Equal(t, "subscription_exists", opened.Refusal.Code)
	require.Contains(t, opened.Refusal.Message, "prices none instead of")
	begun := b.subscribe(in)
	require.EqualValues(t, 2193, begun.Invoice.Total.Minor)

	change := func(id, plan string, seats int64, prices string) subscription.Command {
		return subscription.Command{
			ID: id, Kind: subscription.ChangeTerms, At: in.StartAt.AddDate(0, 0, 1), AtPeriodEnd: true, Prices: agreedFor(t, prices),
			Terms: &subscription.Terms{PlanID: plan, PlanVersion: 1, Seats: seats},
		}
	}
	for _, c := range []struct {
		command subscription.Command
		code    string
	}{
		{change("1", "seats", 4, "seats"), "price_agreed"},
		{change("2", "roomy", 0, "roomy"), "seats_missing"},
		{change("3", "roomy", 2, "trial"), "prices_invalid"},
		{change("4", "gone", 2, "trial"), "plan_unknown"},
	} {
		turned, err := b.billing.CarryOut(b.ctx, message.CarryOutInput{State: begun.State, Command: c.command})
		require.NoError(t, err)
		require.NotNil(t, turned.Refusal, c.code)
		require.Equal(t, c.code, turned.Refusal.Code, turned.Refusal.Message)
	}
	pause := subscription.Command{ID: "5", Kind: subscription.Pause, At: in.StartAt.AddDate(0, 0, 1), Prices: agreedFor(t, "seats")}
	turned, err := b.billing.CarryOut(b.ctx, message.CarryOutInput{State: begun.State, Command: pause})
	require.NoError(t, err)
	require.Equal(t, "prices_without_change", turned.Refusal.Code)
	previewed, err := b.billing.PreviewCommand(b.ctx, message.CarryOutInput{State: begun.State, Command: change("6", "roomy", 2, "roomy")})
	require.NoError(t, err)
	require.EqualValues(t, 1600, previewed.Preview.Invoices[0].Total.Minor)
	agreed, err := b.AgreedPrices(b.ctx, "sub")
	require.NoError(t, err)
	require.Len(t, agreed, 1, "only what the subscription began with")
	b.sound()
}

// A price that was agreed takes the place of a converted one; with prices for every charge nothing is converted.
func TestAgreedBesideConvertedPrices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "GBP", "pm_card_visa")
	in := agreement("all", "ada", "seats-ramp", 2, "GBP")
	pounds := `{"seat": {"GBP": {"model": "per_unit", "unit_amount": "9"}}, "support": {"GBP": {"model": "flat", "flat_amount": "20"}},
		"calls": {"GBP": {"model": "per_unit", "unit_amount": "0.01"}}}`
	require.NoError(t, json.Unmarshal([]byte(pounds), &in.Prices))
	require.EqualValues(t, 1800, b.subscribe(in).Invoice.Total.Minor, "in every phase")

	b.localPrices()
	b.published("2027-01-29", "0.8543")
	some := agreement("some", "ada", "metered", 0, "GBP")
	require.NoError(t, json.Unmarshal([]byte(`{"calls": {"GBP": {"model": "per_unit", "unit_amount": "0.02"}}}`), &some.Prices))
	b.subscribe(some)
	locked := agreement("locked", "ada", "seats", 1, "GBP")
	require.EqualValues(t, 899, b.subscribe(locked).Invoice.Total.Minor)
	_, err := b.PriceLock(b.ctx, "some", "metered", 1)
	require.ErrorIs(t, err, store.ErrNotFound)
	b.sound()
}
