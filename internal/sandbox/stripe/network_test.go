package stripe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func TestNetworkUpdatesACard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "payment_method.automatically_updated")
	c, m := b.customerWith(t, "pm_card_chargeCustomerFail")
	require.Equal(t, "generic_decline", b.charge(t, c.ID, m.ID, time.Now()))
	require.NoError(t, sandbox.UpdateCard(b.ctx, b.StripeURL(), sandbox.CardUpdate{PaymentMethod: m.ID, Number: "5555555555554444", ExpMonth: 3, ExpYear: 2040}))
	told := in.wait(t, 1)[0]
	require.Equal(t, "0341", told.Data.PreviousAttributes["card"].(map[string]any)["last4"])
	got, err := b.api.PaymentMethods.Get(m.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "4444", got.Card.Last4)
	require.Equal(t, []int64{3, 2040}, []int64{got.Card.ExpMonth, got.Card.ExpYear})
	require.NotEqual(t, m.Card.Fingerprint, got.Card.Fingerprint)
	require.Equal(t, "ok", b.charge(t, c.ID, m.ID, time.Now()), "the new card is good")
	for want, u := range map[string]sandbox.CardUpdate{
		"is not a saved card": {PaymentMethod: "pm_none", ExpYear: 2040}, "give exp_month": {PaymentMethod: m.ID}, "test cards": {PaymentMethod: m.ID, Number: "4"},
	} {
		require.ErrorContains(t, sandbox.UpdateCard(b.ctx, b.StripeURL(), u), want)
	}
}

func TestSpoiltWebhooks(t *testing.T) {
	t.Parallel()
	const created, attached = "customer.created", "payment_method.attached"
	for name, tc := range map[string]struct {
		fault sandbox.WebhookFault
		want  []string
	}{
		"duplicate": {sandbox.WebhookFault{Kind: sandbox.DuplicateWebhook, Type: "customer."}, []string{created, created, attached}},
		"delay":     {sandbox.WebhookFault{Kind: sandbox.DelayWebhook, DelayMS: 300, Type: created}, []string{attached, created}},
		"reorder":   {sandbox.WebhookFault{Kind: sandbox.ReorderWebhook, Type: created}, []string{attached, created}},
		"lose":      {sandbox.WebhookFault{Kind: sandbox.LoseWebhook}, []string{attached}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			in := newInbox(t, b, created, attached)
			require.NoError(t, sandbox.AddWebhookFault(b.ctx, b.StripeURL(), tc.fault))
			b.customerWith(t, "pm_card_visa")
			got := in.wait(t, len(tc.want))
			if name == "duplicate" {
				// The copy comes after whatever was waiting by then.
				require.ElementsMatch(t, tc.want, kindsOf(got))
				ids := map[string]int{}
				for _, e := range got {
					ids[e.ID]++
				}
				require.Len(t, ids, 2)
			} else {
				require.Equal(t, tc.want, kindsOf(got))
			}
			if name == "lose" {
				require.Eventually(t, func() bool {
					missed := b.api.Events.List(&stripego.EventListParams{DeliverySuccess: stripego.Bool(false)})
					return missed.Next() && missed.Event().Type == created && !missed.Next()
				}, 5*time.Second, 2*time.Millisecond, "a sweep finds what no webhook told")
			}
		})
	}
	b := setup(t)
	for want, f := range map[string]sandbox.WebhookFault{
		"is unknown": {Kind: "eat"}, "delay_ms goes with": {Kind: sandbox.DelayWebhook}, "delay_ms must be": {Kind: sandbox.DelayWebhook, DelayMS: 70_000}, "count must be": {Kind: sandbox.LoseWebhook, Count: -1},
	} {
		require.ErrorContains(t, sandbox.AddWebhookFault(b.ctx, b.StripeURL(), f), want)
	}
}
