package activities_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/workflows/message"
)

// A term counts billing periods: twelve months must not become twelve years.
func TestFixedTermKeepsItsInterval(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	in := agreement("sub", "ada", "seats", 1, "EUR")
	in.EndsAfter = 12
	state := b.subscribe(in).State
	for _, atEnd := range []bool{false, true} {
		yearly := changeTo("y", midFebruary, "seats-yearly", 1)
		yearly.AtPeriodEnd = atEnd
		refused := b.carryOut(state, yearly)
		require.NotNil(t, refused.Refusal)
		require.Equal(t, "fixed_term", refused.Refusal.Code)
		require.Contains(t, refused.Refusal.Message, "ends after 12 periods of 1 month")
	}
	require.Nil(t, b.carryOut(state, changeTo("more", midFebruary, "seats", 2)).Refusal)
}

// What no tax can be decided for is refused when it is agreed, not when it is to be invoiced.
func TestAgreementThatCannotBeTaxed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.european()
	news := catalog.Plan{
		ID: "news", Version: 1, Name: "News", Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Proration: catalog.GrainDay, BilledBy: catalog.ByRenewal,
		Charges: []catalog.Charge{{
			ID: "fee", Name: "fee", Kind: catalog.Recurring, Per: catalog.PerSubscription, Timing: catalog.Advance, TaxCategory: "e_publication",
			Prices: map[money.Currency]catalog.Price{"EUR": {Model: catalog.Flat, FlatAmount: decimal.NewFromInt(9)}},
		}},
	}
	require.NoError(t, b.AddPlan(b.ctx, "eire", news, day0))
	in := agreement("news", "DE", "news", 0, "EUR")
	in.EntityID = "eire"
	opened, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(t, err)
	require.NotNil(t, opened.Refusal)
	require.Equal(t, "tax_undetermined", opened.Refusal.Code)
	require.Contains(t, opened.Refusal.Message, `plan "news" charge "fee" cannot be taxed`)
	in.SubscriptionID, in.Terms.PlanID = "euro", "euro"
	state := b.subscribe(in).State
	require.Equal(t, "tax_undetermined", b.carryOut(state, changeTo("c", midFebruary, "news", 0)).Refusal.Code)
}

// A workflow that was reset to before a change must not bill the terms that it remembers.
func TestWorkflowBehindItsRecordDoesNotBill(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	before := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR")).State
	after := b.carryOut(before, changeTo("up", midFebruary, "seats", 4)).State
	due, _ := before.NextDue()
	_, err := b.billing.Turn(b.ctx, message.TurnInput{State: before, At: due})
	require.ErrorContains(t, err, "the workflow is behind its record: it knows nothing of the change of 2027-02-14")
	_, err = b.billing.CarryOut(b.ctx, message.CarryOutInput{State: before, Command: changeTo("more", midFebruary.AddDate(0, 0, 1), "seats", 2)})
	require.ErrorContains(t, err, "reset it to its last workflow task")
	require.Len(t, b.invoices(), 2)
	require.EqualValues(t, 4000, b.turn(after).Invoice.Total.Minor)
}
