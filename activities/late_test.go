package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// direct asks subscriptions without their workflows; one cannot be asked.
type direct struct {
	*activities.Billing
	broken string
}

func (d direct) Command(ctx context.Context, id string, c subscription.Command) (message.CommandResult, error) {
	if id == d.broken {
		return message.CommandResult{}, errors.New("its workflow is stuck")
	}
	recalled, err := d.RecallSubscription(ctx, id)
	if err != nil {
		return message.CommandResult{}, err
	}
	turned, err := d.CarryOut(ctx, message.CarryOutInput{State: recalled.State, Command: c})
	return message.CommandResult{State: turned.State, Invoice: turned.Invoice}, err
}

func (b *bundle) lately(broken string) *activities.Late {
	return &activities.Late{Billing: b.billing, ClientOf: func(context.Context, store.Customer) activities.Commander { return direct{b.billing, broken} }}
}

// A subscription that cannot be billed holds up no other, and is billed the next time.
func TestLateUsageThatCannotBeBilledIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range []string{"stuck", "works"} {
		b.customer(id, "EUR", "pm_card_visa")
		state := b.subscribe(agreement("sub_"+id, id, "metered", 0, "EUR")).State
		b.carryOut(state, subscription.Command{ID: "end", Kind: subscription.Cancel, At: day0.Add(5 * time.Hour), Actor: "customer"})
		b.calls(id, "late-"+id, 1000, day0.Add(time.Hour))
	}
	asked := message.LateUsageInput{At: day0.Add(6 * time.Hour)}
	billed, err := b.lately("sub_stuck").BillLateUsage(b.ctx, asked)
	require.NoError(t, err)
	require.Equal(t, []string{"subscription sub_stuck: its workflow is stuck"}, billed.Failures)
	require.Len(t, billed.Invoices, 1)
	require.Equal(t, "works", b.invoice(billed.Invoices[0]).CustomerID)
	require.Empty(t, billed.Last, "there are no more")

	again, err := b.lately("").BillLateUsage(b.ctx, asked)
	require.NoError(t, err)
	require.Len(t, again.Invoices, 1)
	require.Equal(t, "stuck", b.invoice(again.Invoices[0]).CustomerID)
	last, err := b.lately("").BillLateUsage(b.ctx, asked)
	require.NoError(t, err)
	require.Equal(t, message.LateUsageBilled{}, last)
	b.sound()
}

// What ended after the instant of the look is the next one's.
func TestLateUsageOfWhoHasJustLeft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("just", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub_just", "just", "metered", 0, "EUR")).State
	b.carryOut(state, subscription.Command{ID: "end", Kind: subscription.Cancel, At: day0.Add(5 * time.Hour), Actor: "customer"})
	b.calls("just", "late", 1000, day0.Add(time.Hour))
	early, err := b.lately("").BillLateUsage(b.ctx, message.LateUsageInput{At: day0.Add(5*time.Hour - time.Second)})
	require.NoError(t, err)
	require.Equal(t, message.LateUsageBilled{}, early)
	billed, err := b.lately("").BillLateUsage(b.ctx, message.LateUsageInput{At: day0.Add(5 * time.Hour)})
	require.NoError(t, err)
	require.Len(t, billed.Invoices, 1)
}
