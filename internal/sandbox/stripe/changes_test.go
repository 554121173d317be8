package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

// What is made once can be described anew later.
func TestDescriptionsChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	notes := map[string]string{"note": "kept"}
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)

	charge, err := b.api.Charges.Update(p.LatestCharge.ID, &stripego.ChargeParams{
		Description: stripego.String("first month"), Metadata: notes, FraudDetails: &stripego.ChargeFraudDetailsParams{UserReport: stripego.String("safe")},
	})
	require.NoError(t, err)
	require.Equal(t, "first month", charge.Description)
	require.Equal(t, notes, charge.Metadata)
	require.Equal(t, stripego.ChargeFraudUserReportSafe, charge.FraudDetails.UserReport)
	refund, err := b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Amount: stripego.Int64(500)})
	require.NoError(t, err)
	refund, err = b.api.Refunds.Update(refund.ID, &stripego.RefundParams{Metadata: notes})
	require.NoError(t, err)
	require.Equal(t, notes, refund.Metadata)

	page, err := b.api.CheckoutSessions.New(&stripego.CheckoutSessionParams{
		Mode: stripego.String("setup"), Currency: stripego.String("eur"), SuccessURL: stripego.String("https://shop.example/thanks"),
	})
	require.NoError(t, err)
	page, err = b.api.CheckoutSessions.Update(page.ID, &stripego.CheckoutSessionParams{Metadata: notes})
	require.NoError(t, err)
	require.Equal(t, notes, page.Metadata)

	saving, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{Customer: &c.ID})
	require.NoError(t, err)
	saving, err = b.api.SetupIntents.Update(saving.ID, &stripego.SetupIntentParams{Description: stripego.String("spare card"), Metadata: notes})
	require.NoError(t, err)
	require.Equal(t, "spare card", saving.Description)
	saving, err = b.api.SetupIntents.Cancel(saving.ID, &stripego.SetupIntentCancelParams{CancellationReason: stripego.String("abandoned")})
	require.NoError(t, err)
	require.Equal(t, stripego.SetupIntentStatusCanceled, saving.Status)
	require.Equal(t, stripego.SetupIntentCancellationReasonAbandoned, saving.CancellationReason)
	_, err = b.api.SetupIntents.Confirm(saving.ID, &stripego.SetupIntentConfirmParams{PaymentMethod: &m.ID})
	require.Equal(t, stripego.ErrorCodeSetupIntentUnexpectedState, refusal(t, err).Code)
}

// What a list shows can be asked for by its id, and is the same.
func TestObjectsAreFoundByTheirIDs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	found, err := b.api.Customers.RetrievePaymentMethod(m.ID, &stripego.CustomerRetrievePaymentMethodParams{Customer: &c.ID})
	require.NoError(t, err)
	require.Equal(t, m.Card.Last4, found.Card.Last4)
	stranger := b.customer(t)
	_, err = b.api.Customers.RetrievePaymentMethod(m.ID, &stripego.CustomerRetrievePaymentMethodParams{Customer: &stranger.ID})
	require.Equal(t, stripego.ErrorCodeResourceMissing, refusal(t, err).Code)

	meter := b.meter(t, "tokens", "sum")
	gotMeter, err := b.api.BillingMeters.Get(meter.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "tokens", gotMeter.EventName)

	blocked := b.valueList(t, "blocked", "email")
	item := b.listItem(t, blocked.ID, "eve@example.com")
	gotItem, err := b.api.RadarValueListItems.Get(item.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "eve@example.com", gotItem.Value)

	portal, err := b.api.BillingPortalSessions.New(&stripego.BillingPortalSessionParams{Customer: &c.ID})
	require.NoError(t, err)
	configuration, err := b.api.BillingPortalConfigurations.Get(portal.Configuration.ID, nil)
	require.NoError(t, err)
	require.True(t, configuration.IsDefault)

	b.fund(t, c.ID, 6000, "reference")
	list := b.api.CustomerCashBalanceTransactions.List(&stripego.CustomerCashBalanceTransactionListParams{Customer: &c.ID})
	require.True(t, list.Next(), list.Err())
	movement, err := b.api.CustomerCashBalanceTransactions.Get(list.CustomerCashBalanceTransaction().ID, &stripego.CustomerCashBalanceTransactionParams{Customer: &c.ID})
	require.NoError(t, err)
	require.Equal(t, int64(6000), movement.NetAmount)
}
