package activities_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (b *bundle) limitTrials(limits fraud.TrialLimits) {
	b.t.Helper()
	policy := fraud.DefaultPolicy()
	policy.Trials = &limits
	require.NoError(b.t, b.SetFraudPolicy(b.ctx, "acme", policy))
}

// open records an agreement as its workflow does: what the customer pays with is found out if need be.
func (b *bundle) open(in message.Subscribe) message.Opened {
	b.t.Helper()
	opened, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(b.t, err)
	if opened.Inspect != "" {
		_, err := b.payments.InspectMethod(b.ctx, message.MethodAt{MethodID: opened.Inspect, At: in.StartAt})
		require.NoError(b.t, err)
		opened, err = b.billing.OpenSubscription(b.ctx, in)
		require.NoError(b.t, err)
		require.Empty(b.t, opened.Inspect)
	}
	return opened
}

func TestTrialLimits(t *testing.T) {
	t.Parallel()
	device := func(in message.Subscribe, hash string) message.Subscribe { in.Device = hash; return in }
	later := func(in message.Subscribe, at time.Time) message.Subscribe { in.StartAt = at; return in }
	trial := func(customer string) message.Subscribe {
		return agreement("sub-"+customer, customer, "trial", 0, "EUR")
	}
	for name, tt := range map[string]struct {
		limits  fraud.TrialLimits
		first   message.Subscribe
		second  message.Subscribe
		refused bool
	}{
		"same card":                    {fraud.TrialLimits{PerFingerprint: 1, WithinDays: 365}, trial("ada"), trial("bob"), true},
		"another card":                 {fraud.TrialLimits{PerFingerprint: 1, WithinDays: 365}, trial("ada"), trial("cyd"), false},
		"same card, a year later":      {fraud.TrialLimits{PerFingerprint: 1, WithinDays: 365}, trial("ada"), later(trial("bob"), day0.AddDate(0, 0, 366)), false},
		"same card, two allowed":       {fraud.TrialLimits{PerFingerprint: 2, WithinDays: 365}, trial("ada"), trial("bob"), false},
		"same mailbox":                 {fraud.TrialLimits{PerEmail: 1, WithinDays: 365}, trial("gus"), trial("gus2"), true},
		"same device":                  {fraud.TrialLimits{PerDevice: 1, WithinDays: 30}, device(trial("ada"), "d1"), device(trial("cyd"), "d1"), true},
		"another device":               {fraud.TrialLimits{PerDevice: 1, WithinDays: 30}, device(trial("ada"), "d1"), device(trial("cyd"), "d2"), false},
		"no device given":              {fraud.TrialLimits{PerDevice: 1, WithinDays: 30}, trial("ada"), trial("cyd"), false},
		"no trial":                     {fraud.TrialLimits{PerFingerprint: 1, WithinDays: 365}, trial("ada"), agreement("sub-bob", "bob", "seats", 1, "EUR"), false},
		"the same agreement once more": {fraud.TrialLimits{PerFingerprint: 1, PerEmail: 1, WithinDays: 365}, trial("ada"), trial("ada"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.customer("ada", "EUR", "pm_card_visa")
			b.customer("bob", "EUR", "pm_card_visa")
			b.customer("cyd", "EUR", "pm_card_mastercard")
			b.customer("gus", "EUR", "")
			b.customer("gus2", "EUR", "")
			b.exec(`UPDATE customer SET email = CASE id WHEN 'gus' THEN 'g.us@gmail.com' ELSE 'GUS+2@googlemail.com' END WHERE id IN ('gus', 'gus2')`)
			b.limitTrials(tt.limits)
			require.Nil(t, b.open(tt.first).Refusal)
			second := b.open(tt.second)
			if !tt.refused {
				require.Nil(t, second.Refusal)
				return
			}
			require.Equal(t, "trial_limit_reached", second.Refusal.Code)
			require.Contains(t, second.Refusal.Message, "choose a plan without a trial")
			_, err := b.Subscription(b.ctx, tt.second.SubscriptionID)
			require.ErrorIs(t, err, store.ErrNotFound, "nothing was written")
		})
	}
}

// However many ask at once, no more trials begin than are allowed.
func TestTrialsAreCountedUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.limitTrials(fraud.TrialLimits{PerDevice: 2, WithinDays: 30})
	var group sync.WaitGroup
	var mu sync.Mutex
	began := 0
	for i := range 10 {
		id := fmt.Sprintf("c%d", i)
		b.customer(id, "EUR", "")
		group.Go(func() {
			in := agreement(id, id, "trial", 0, "EUR")
			in.Device = "d1"
			opened, err := b.billing.OpenSubscription(b.ctx, in)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && opened.Refusal == nil {
				began++
			}
		})
	}
	group.Wait()
	require.Equal(t, 2, began)
}
