package subscription_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// A hold stands between a subscription's start and its being active, whatever happens to its invoices meanwhile.
func TestHold(t *testing.T) {
	t.Parallel()
	s := subscription.State{ID: "sub_1", Status: subscription.Active}
	held := s.Hold("pay_1")
	require.Equal(t, subscription.Held, held.Status)
	require.Equal(t, subscription.Active, s.Status, "the state before is as it was")
	require.True(t, held.Running(), "a period is under way")
	require.Equal(t, subscription.Held, held.PaymentFailed("inv_1").Status)
	require.Equal(t, subscription.Held, held.PaymentFailed("inv_1").CollectionEnded("inv_1").Status)
	require.Equal(t, subscription.Active, held.ReleaseNow().Status)
	require.Equal(t, subscription.PastDue, held.PaymentFailed("inv_1").ReleaseNow().Status)
	require.Equal(t, subscription.Held, s.PaymentFailed("inv_1").Hold("pay_1").Status)
	ended := held.End(day(3), "declined_in_review")
	require.Equal(t, subscription.Canceled, ended.Status)
	require.Empty(t, ended.HeldFor)
	for _, status := range []subscription.Status{subscription.Scheduled, subscription.Trialing, subscription.Paused, subscription.Canceled} {
		require.Equal(t, subscription.State{Status: status}, subscription.State{Status: status}.Hold("pay_1"), "nothing to hold")
	}
}

func TestWhatAHeldSubscriptionRefuses(t *testing.T) {
	t.Parallel()
	held := subscription.State{ID: "sub_1", Status: subscription.Active, Terms: team}.Hold("pay_1")
	for kind, code := range map[subscription.Kind]string{
		subscription.ChangeTerms: "held_for_review", subscription.Pause: "held_for_review", subscription.Resume: "cannot_resume",
		subscription.Cancel: "", subscription.Release: "",
	} {
		err := held.Check(subscription.Command{ID: "c", Kind: kind, At: day(1), Terms: &subscription.Terms{PlanID: "pro", PlanVersion: 1}})
		if code == "" {
			require.NoError(t, err)
			continue
		}
		var refused *subscription.Refusal
		require.ErrorAs(t, err, &refused)
		require.Equal(t, code, refused.Code)
	}
	var refused *subscription.Refusal
	err := held.ReleaseNow().Check(subscription.Command{ID: "c", Kind: subscription.Release, At: day(1)})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "cannot_release", refused.Code)
}
