package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

func planned(c subscription.Command, on time.Time) subscription.Command {
	c.On = on
	return c
}

// The workflow wakes on the day of a planned command, in the midst of a period or runs later, and only once.
func TestPlannedCommandsWakeTheWorkflow(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	soon, later := berlin(t, 2027, 2, 20, 0), berlin(t, 2027, 4, 10, 0)
	asked := l.command(berlin(t, 2027, 2, 10, 12), planned(change("up", false), soon))
	l.command(berlin(t, 2027, 2, 11, 12), planned(subscription.Command{ID: "stop", Kind: subscription.Pause, Actor: "customer"}, later))
	l.command(berlin(t, 2027, 2, 12, 12), planned(subscription.Command{ID: "go", Kind: subscription.Resume, Actor: "customer"}, berlin(t, 2027, 6, 1, 0)))
	l.run(4)
	require.Nil(t, asked.result.Invoice, "nothing happens yet")
	require.Len(t, asked.result.State.Planned, 1)
	var changed []time.Time
	for _, invoice := range l.world.invoices {
		if invoice.Why == "change" {
			changed = append(changed, invoice.At)
		}
	}
	require.Equal(t, []time.Time{soon.UTC()}, changed)
	require.Equal(t, []time.Time{
		berlinStart, berlin(t, 2027, 2, 28, 0).UTC(), berlin(t, 2027, 3, 31, 0).UTC(), berlin(t, 2027, 6, 1, 0).UTC(), berlin(t, 2027, 7, 1, 0).UTC(),
	}, l.world.periods())
	require.Equal(t, 4, l.runs, "a planned command is part of its period's run")
	require.Empty(t, l.state.Planned)
	require.Empty(t, l.unhandled)
}

// A repetition of the request, also runs later, answers as the first one did and plans nothing again.
func TestPlannedCommandRepeated(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	up := planned(change("up", false), berlin(t, 2027, 2, 20, 0))
	first := l.command(berlin(t, 2027, 2, 10, 12), up)
	again := l.command(berlin(t, 2027, 4, 10, 12), up)
	l.run(4)
	require.NoError(t, again.err)
	require.Equal(t, first.result, again.result)
	require.Len(t, l.world.charged, 5, "four periods and one change")
}

func TestWithdrawAndReactivate(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.command(berlin(t, 2027, 2, 10, 12), planned(change("up", false), berlin(t, 2027, 2, 20, 0)))
	l.command(berlin(t, 2027, 2, 11, 12), subscription.Command{ID: "w", Kind: subscription.Withdraw, Withdraws: "up", Actor: "customer"})
	l.command(berlin(t, 2027, 2, 12, 12), planned(subscription.Command{ID: "end", Kind: subscription.Cancel, Actor: "customer"}, berlin(t, 2027, 2, 25, 0)))
	l.command(berlin(t, 2027, 2, 13, 12), subscription.Command{ID: "r", Kind: subscription.Reactivate, Actor: "customer"})
	l.run(3)
	require.Len(t, l.world.charged, 3)
	require.Equal(t, subscription.Active, l.state.Status)
}

func TestMissedCommandIsShownAndStopsNothing(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.command(berlin(t, 2027, 2, 10, 12), planned(subscription.Command{ID: "go", Kind: subscription.Resume, Actor: "customer"}, berlin(t, 2027, 2, 20, 0)))
	l.run(3)
	require.Len(t, l.world.charged, 3)
	require.Equal(t, "cannot_resume", l.state.Missed[0].Refusal.Code)
}

func TestPreviewDoesNothing(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	preview, refused := &reply[message.Preview]{}, &reply[message.Preview]{}
	noon := berlin(t, 2027, 2, 10, 12)
	l.at(noon, func(env *environment) {
		c := change("c", false)
		c.At = noon
		env.UpdateWorkflow(message.PreviewUpdate, "", preview, c)
		env.UpdateWorkflow(message.PreviewUpdate, "", refused, subscription.Command{ID: "r", Kind: subscription.Resume, At: noon})
	})
	l.run(2)
	require.NoError(t, preview.err)
	require.Equal(t, team, preview.result.State.Terms)
	require.EqualValues(t, changing, preview.result.Invoices[0].AmountDue.Minor)
	refusedAs(t, "cannot_resume", refused.err)
	require.NotEqual(t, team, l.state.Terms)
	require.Len(t, l.world.charged, 2)
}

// Both customers of a transfer are charged; what the former one does not pay is collected from them and is no debt of the
// subscription, and their dunning cannot end it.
func TestTransferCollectsFromBothCustomers(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.card = declining("inv_2")
	moved := l.command(berlin(t, 2027, 2, 10, 12), subscription.Command{ID: "m", Kind: subscription.Transfer, Customer: "cus_2", Actor: "customer"})
	l.signal(berlin(t, 2027, 2, 20, 12), message.CollectionEnded{InvoiceID: "inv_2", CustomerID: "cus_1", At: berlin(t, 2027, 2, 20, 12), Cancel: true})
	l.run(2)
	require.NoError(t, moved.err)
	require.Equal(t, subscription.Active, moved.result.State.Status)
	require.EqualValues(t, "declined", moved.result.Former.Payment)
	require.EqualValues(t, "paid", moved.result.Invoice.Payment)
	require.Len(t, l.world.handed, 1)
	require.Equal(t, "cus_1", l.world.handed[0].CustomerID)
	require.Equal(t, "cus_2", l.state.CustomerID)
	require.Equal(t, subscription.Active, l.state.Status)
	require.Len(t, l.world.periods(), 2)
}
