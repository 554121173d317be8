package testclock_test

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// interruptWhileCharging gives a customer another card, of which the provider takes its time to think, moves the clock over
// the renewal, and stops moving it while that card is being charged.
func (b *bundle) interruptWhileCharging(customer, card string, to time.Time) {
	b.t.Helper()
	ctx, interrupt := context.WithCancel(b.t.Context())
	defer interrupt()
	method := "slow_" + customer
	require.NoError(b.t, b.Store.ReplacePaymentMethod(ctx, store.PaymentMethod{ID: method, CustomerID: customer, ProviderToken: card, Position: 1, ChangedAt: start}))
	require.NoError(b.t, sandbox.AddFault(ctx, system.Config.StripeURL, sandbox.Fault{Kind: sandbox.Delay, DelayMS: 2500, IdempotencyKeyPrefix: "attach:" + method}))
	moved := make(chan error, 1)
	go func() { moved <- b.Advance(ctx, to) }()
	require.Eventually(b.t, func() bool { return b.charging(customer) }, 20*time.Second, 5*time.Millisecond)
	interrupt()
	require.ErrorContains(b.t, <-moved, context.Canceled.Error())
}

func (b *bundle) charging(customer string) bool {
	described, err := b.Temporal.DescribeWorkflowExecution(b.t.Context(), message.SubscriptionID("sub_"+customer), "")
	require.NoError(b.t, err)
	for _, pending := range described.GetPendingActivities() {
		if pending.GetActivityType().GetName() == message.ChargeInvoice.Name {
			return true
		}
	}
	return false
}

// Time stands still for a workflow that has something under way: a command waits for it instead of being from the future.
func TestACommandWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t, "busy", dunning.DefaultPolicy())
	b.subscribe("busy", "UTC", "pm_card_visa")
	b.interruptWhileCharging("busy", "pm_card_mastercard", start.AddDate(0, 1, 0))

	paused, err := b.client.Command(t.Context(), "sub_busy", subscription.Command{
		ID: "pause", Kind: subscription.Pause, At: start.AddDate(0, 1, 1), Actor: "customer",
	})

	require.NoError(t, err)
	require.Equal(t, subscription.Paused, paused.State.Status)
}

// Who goes on after an interruption waits for what is under way: the renewal's card is declined, and giving up its invoice
// on the evening before the next renewal comes before that renewal.
func TestNothingMovesBeforeWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	policy := dunning.DefaultPolicy()
	policy.EndAfter = 27
	b := setup(t, "underway", policy)
	b.subscribe("underway", "Europe/Berlin", "pm_card_visa")
	b.interruptWhileCharging("underway", "pm_card_chargeCustomerFail", start.AddDate(0, 1, 0))

	b.advance(start.AddDate(0, 3, 0))

	invoices, err := b.Store.Invoices(t.Context(), store.InvoiceFilter{EntityID: b.ID, Limit: 100})
	require.NoError(t, err)
	require.Len(t, invoices, 2)
	require.Equal(t, []string{"paid", "uncollectible"}, []string{invoices[0].Status, invoices[1].Status})
}

// A subscription that ended has nothing due any more. The clock waits all the same while its last invoice is on its way to
// be collected, and for the collection that follows.
func TestTheClockWaitsForWhatAnEndBringsAbout(t *testing.T) {
	t.Parallel()
	b := setup(t, "ending", dunning.DefaultPolicy())
	b.subscribe("ending", "UTC", "pm_card_chargeCustomerFail")
	_, err := b.Store.AddUsage(t.Context(), "ending", []store.UsageEvent{{ID: "e1", Meter: "calls", At: start.AddDate(0, 0, 3), Quantity: decimal.NewFromInt(30)}})
	require.NoError(t, err)
	b.advance(start.AddDate(0, 0, 13)) // the first collection is given up on the evening of the fourteenth day
	slow := store.PaymentMethod{ID: "slow_ending", CustomerID: "ending", ProviderToken: "pm_card_chargeCustomerFail", Position: 1, ChangedAt: start.AddDate(0, 0, 13)}
	require.NoError(t, b.Store.ReplacePaymentMethod(t.Context(), slow))
	require.NoError(t, sandbox.AddFault(t.Context(), system.Config.StripeURL, sandbox.Fault{Kind: sandbox.Delay, DelayMS: 2500, IdempotencyKeyPrefix: "attach:slow_ending"}))

	b.advance(start.AddDate(0, 2, 0))

	invoices, err := b.Store.Invoices(t.Context(), store.InvoiceFilter{EntityID: b.ID, Limit: 100})
	require.NoError(t, err)
	require.Len(t, invoices, 2)
	require.Equal(t, []string{"uncollectible", "uncollectible"}, []string{invoices[0].Status, invoices[1].Status})
	due, err := b.Store.Agenda(t.Context(), b.ID, start.AddDate(0, 2, 0))
	require.NoError(t, err)
	require.Empty(t, due)
}
