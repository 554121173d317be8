package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// reviewing is a card whose first payment a person has to decide about.
func reviewing(l *life, status message.PaymentStatus) (started *[]message.FraudReviewInput) {
	started = &[]message.FraudReviewInput{}
	l.world.card = func(message.Charge) message.PaymentStatus { return status }
	l.world.review = "pay_1"
	l.world.startReview = func(in message.FraudReviewInput) { *started = append(*started, in) }
	return started
}

func TestAReviewHoldsTheSubscription(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		payment message.PaymentStatus
		after   subscription.Status
	}{
		"paid":    {message.Paid, subscription.Active},
		"waiting": {message.Processing, subscription.Active}, // unless its collection tells that it failed
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t)
			started := reviewing(l, tt.payment)
			noon := berlin(t, 2027, 2, 2, 12)
			refused := l.command(noon, change("c", false))
			var held subscription.Status
			l.at(noon.Add(time.Hour), func(*environment) { held = l.world.standing })
			l.at(noon.Add(2*time.Hour), func(env *environment) {
				env.SignalWorkflow(message.ReviewEndedSignal, message.ReviewEnded{PaymentID: "pay_1", Approved: true, By: "grace", At: noon.Add(2 * time.Hour)})
			})
			released := l.subscribe(noon.Add(3*time.Hour), l.input.Subscribe)
			l.run(1)
			require.Equal(t, subscription.Held, held)
			refusedAs(t, "held_for_review", refused.err)
			require.Equal(t, tt.after, released.result.State.Status)
			require.Equal(t, []message.FraudReviewInput{{PaymentID: "pay_1", At: berlinStart}}, *started)
			require.Empty(t, l.unhandled)
		})
	}
}

func TestADeclinedReviewEndsTheSubscriptionWhereItBegan(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	reviewing(l, message.Processing)
	noon := berlin(t, 2027, 2, 2, 12)
	l.at(noon, func(env *environment) {
		env.SignalWorkflow(message.ReviewEndedSignal, message.ReviewEnded{PaymentID: "pay_1", By: "grace", At: noon})
	})
	l.run(3)
	l.ended()
	require.Equal(t, "declined_in_review", l.state.EndReason)
	require.Equal(t, berlinStart, l.state.EndedAt.UTC())
	require.Len(t, l.world.periods(), 1)
}

// A renewal under review does not take away what the customer has; if it is declined, the subscription ends then.
func TestAReviewedRenewalHoldsNothing(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	started := reviewing(l, message.Paid)
	l.world.reviewOf = "inv_2"
	noon := berlin(t, 2027, 3, 2, 12)
	var standing subscription.Status
	l.at(noon, func(env *environment) {
		standing = l.world.standing
		env.SignalWorkflow(message.ReviewEndedSignal, message.ReviewEnded{PaymentID: "pay_1", By: "grace", At: noon})
	})
	l.run(4)
	l.ended()
	require.NotEqual(t, subscription.Held, standing)
	require.Len(t, *started, 1)
	require.Equal(t, noon.UTC(), l.state.EndedAt.UTC())
}

func TestAReleaseCannotBeCommanded(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	reviewing(l, message.Paid)
	noon := berlin(t, 2027, 2, 2, 12)
	release := l.command(noon, subscription.Command{ID: "r", Kind: subscription.Release, Actor: "customer"})
	forged := l.command(noon.Add(time.Minute), subscription.Command{ID: "review:pay_1", Kind: subscription.Cancel, Actor: "customer"})
	l.run(1)
	refusedAs(t, "review_decides", release.err)
	refusedAs(t, "review_decides", forged.err)
}
