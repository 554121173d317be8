package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// A subscription that shares the invoice of its renewal asks again until the others have come, and does nothing else meanwhile:
// a command waits, dated as it is, and what was due is dated when it was due.
func TestWaitsForThoseThatShareTheInvoice(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	renewal := berlin(t, 2027, 2, 28, 0)
	var asked []message.TurnInput
	l.world.others = func(in message.TurnInput) *message.Waiting {
		if !in.At.Equal(renewal) {
			return nil
		}
		asked = append(asked, in)
		if in.Ask < 3 {
			return &message.Waiting{Until: renewal.Add(time.Duration(in.Ask*in.Ask) * time.Minute), AtLeast: time.Minute}
		}
		return nil
	}
	answer := l.command(renewal.Add(30*time.Second), subscription.Command{
		ID: "up", Kind: subscription.ChangeTerms, Actor: "customer", Terms: &subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: 3},
	})
	l.run(2)
	require.Len(t, asked, 3)
	require.Equal(t, []int{1, 2, 3}, []int{asked[0].Ask, asked[1].Ask, asked[2].Ask})
	require.Equal(t, asked[0].State, asked[2].State, "nothing happens to it while it waits")
	require.Equal(t, []time.Time{berlinStart, renewal.UTC()}, l.world.periods())
	require.True(t, answer.completed)
	require.NoError(t, answer.err)
	require.Equal(t, 1, answer.result.State.Cycle, "the change belongs to the period that began")
	require.Empty(t, l.unhandled)
}

// recordShared records two subscriptions of a group: the one that came first and waited, and what collecting the invoice of both
// tells them.
func recordShared(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-shared", "pm_card_visa")
	subscribe := func(id string) {
		_, err := x.client.Subscribe(t.Context(), message.Subscribe{
			SubscriptionID: id, CustomerID: x.id, EntityID: x.seller, Currency: "USD", BillingGroup: "office",
			Terms: subscription.Terms{PlanID: "seats", PlanVersion: 1, Seats: 1}, StartAt: systemStart, AwaitStart: true,
		})
		require.NoError(t, err)
	}
	subscribe(x.id)
	subscribe(x.id + "-other")
	require.NoError(t, x.Store.ReplacePaymentMethod(t.Context(), store.PaymentMethod{
		ID: "method_" + x.id + "_2", CustomerID: x.id, ProviderToken: "pm_card_chargeCustomerFail", Position: 1, ChangedAt: systemStart,
	}))
	x.advance(systemStart.AddDate(0, 2, 0))
	invoices, err := x.Store.Invoices(t.Context(), filterOf(x.id, ""))
	require.NoError(t, err)
	x.save(message.SubscriptionID(x.id), "subscription-before-sharing", "subscription-shared")
	x.save(message.DunningID(invoices[len(invoices)-1].ID), "dunning-shared")
}
