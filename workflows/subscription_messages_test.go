package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

func TestDeclinedRenewalGoesToDunningAndComesBack(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.card = declining("inv_2")
	boundary := berlin(t, 2027, 2, 28, 0)
	l.signal(berlin(t, 2027, 3, 6, 12), message.CollectionEnded{InvoiceID: "inv_2", At: berlin(t, 2027, 3, 6, 12), Paid: true})
	var whileUnpaid, after subscription.Status
	l.at(berlin(t, 2027, 3, 5, 12), func(*environment) { whileUnpaid = l.world.standing })
	l.at(berlin(t, 2027, 3, 7, 12), func(*environment) { after = l.world.standing })
	l.run(3)
	require.Equal(t, subscription.PastDue, whileUnpaid)
	require.Equal(t, subscription.Active, after)
	require.Equal(t, []message.OpenDunningInput{{InvoiceID: "inv_2", CustomerID: "cus_1", SubscriptionID: "sub_1", At: boundary.UTC()}}, l.world.handed)
	require.Len(t, l.world.charged, 3, "the subscription itself makes one attempt per invoice")
	require.Empty(t, l.state.Unpaid)
	require.Empty(t, l.unhandled)
}

func TestDunningGivesUpAndTheSubscriptionEnds(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.card = declining("inv_1")
	given := berlin(t, 2027, 2, 14, 20)
	l.signal(given, message.CollectionEnded{InvoiceID: "inv_1", At: given, Cancel: true})
	l.run(5)
	l.ended()
	require.Equal(t, "unpaid", l.state.EndReason)
	require.Equal(t, given.UTC(), l.state.EndedAt.UTC())
	require.Len(t, l.world.charged, 1)
}

func TestDunningGivesUpAndTheSubscriptionStays(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.card = declining("inv_1")
	given := berlin(t, 2027, 2, 14, 20)
	l.signal(given, message.CollectionEnded{InvoiceID: "inv_1", At: given})
	l.run(2)
	require.Equal(t, subscription.Active, l.state.Status)
	require.Len(t, l.world.periods(), 2)
}

// A signal that comes in with the very task in which the run decides to continue as new must not be lost.
func TestSignalAtTheBoundaryIsNotLost(t *testing.T) {
	t.Parallel()
	boundary := berlin(t, 2027, 2, 28, 0)
	for name, at := range map[string]time.Time{"in the same task": boundary.Add(-1), "a moment after": boundary.Add(1)} {
		for _, signals := range []int{1, 3} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				l := newLife(t)
				l.world.card = declining("inv_1")
				for range signals {
					l.at(at, func(env *environment) {
						env.SignalWorkflowSkippingWorkflowTask(message.CollectionEndedSignal, message.CollectionEnded{InvoiceID: "inv_1", At: at, Paid: true})
					})
				}
				l.run(2)
				require.Empty(t, l.unhandled)
				require.Equal(t, subscription.Active, l.state.Status, "the signal was lost")
				require.Empty(t, l.state.Unpaid)
				require.Len(t, l.world.periods(), 2)
			})
		}
	}
}

// A command that arrives while the run is about to leave is carried out, in this run or in the next, once.
func TestCommandWhileContinuingAsNew(t *testing.T) {
	t.Parallel()
	boundary := berlin(t, 2027, 2, 28, 0)
	for _, offset := range []time.Duration{-1, 1} {
		l := newLife(t)
		answer := l.command(boundary.Add(offset), subscription.Command{ID: "c", Kind: subscription.Cancel, AtPeriodEnd: true, Actor: "customer"})
		l.run(20)
		l.ended()
		require.NoError(t, answer.err)
		want := berlin(t, 2027, 3, 31, 0)
		if offset < 0 {
			want = boundary
		}
		require.Equal(t, want.UTC(), l.state.EndedAt.UTC())
	}
}

func TestLongHistoryContinuesAsNewInMidPeriod(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.trialDays = 14
	l.crowded = true
	l.run(1)
	require.Equal(t, subscription.Scheduled, l.state.Status)
	l.crowded = false
	waiting := l.input.Subscribe
	waiting.AwaitStart = true
	answer := l.subscribe(l.now, waiting)
	l.run(1)
	require.Equal(t, subscription.Trialing, answer.result.State.Status, "a run continued before the start still waits for it")
	require.Len(t, l.world.periods(), 1)
}

func TestRepeatedSubscribe(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	same := l.input.Subscribe
	same.AwaitStart = true
	first := l.subscribe(l.now, same)
	same.StartAt = same.StartAt.Add(time.Hour) // dated when it was sent again
	again := l.subscribe(l.now.Add(time.Hour), same)
	other := l.input.Subscribe
	other.Terms.Seats++
	refused := l.subscribe(l.now.Add(2*time.Hour), other)
	monthsLater := l.subscribe(berlin(t, 2027, 4, 10, 0), same)
	l.run(4)
	require.Equal(t, first.result.Invoice, again.result.Invoice)
	refusedAs(t, "subscription_exists", refused.err)
	require.False(t, refused.accepted, "it leaves no trace in the history")
	require.Equal(t, "inv_1", monthsLater.result.Invoice.InvoiceID)
	require.Equal(t, message.Paid, monthsLater.result.Invoice.Payment)
	require.Len(t, l.world.periods(), 4)
}

func TestRefusedAgreement(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.refused = true
	told := l.subscribe(l.now, l.input.Subscribe)
	l.world.opening = make(chan struct{})
	early := l.command(l.now, subscription.Command{ID: "c", Kind: subscription.Cancel, Actor: "customer"})
	early.onAccept = func() { close(l.world.opening) }
	l.run(1)
	refusedAs(t, "plan_unknown", told.err)
	refusedAs(t, "plan_unknown", early.err)
	refusedAs(t, "plan_unknown", l.err)
	require.Empty(t, l.world.invoices)
	require.Empty(t, l.unhandled)
}

func TestCommandsAtTheEndAreAnswered(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	noon := berlin(t, 2027, 2, 10, 12)
	cancel := subscription.Command{ID: "c", Kind: subscription.Cancel, Actor: "customer", At: noon}
	first, again := l.command(noon, cancel), l.command(noon, cancel)
	late := l.command(noon, subscription.Command{ID: "p", Kind: subscription.Pause, Actor: "customer"})
	l.signal(noon, message.CollectionEnded{InvoiceID: "inv_1", At: noon, Paid: true})
	l.run(1)
	l.ended()
	require.NoError(t, first.err)
	require.NoError(t, again.err)
	require.Equal(t, first.result, again.result)
	refusedAs(t, "subscription_canceled", late.err)
}
