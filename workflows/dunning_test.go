package workflows_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// collector is what is recorded of one unpaid invoice, in memory, with the real rules for what comes next.
type collector struct {
	mu     sync.Mutex
	t      *testing.T
	env    *environment
	policy dunning.Policy
	zone   calendar.Zone
	method dunning.Method
	// declines are the codes of the attempts to come, by number; an attempt without one is paid.
	declines map[int]string
	// elsewhere: the customer has paid without us, as the provider knows and we do not yet.
	elsewhere bool
	underWay  bool // the last attempt is processing
	// handedUnderWay: the subscription is not past due yet.
	handedUnderWay bool
	// announcedUntil is when the customer has known of the debit for long enough.
	announcedUntil time.Time
	// paying: the customer is on a page when the invoice is to be given up, and done when they are asked about next.
	paying bool

	attempts   []dunning.Attempt
	pages      []string // of the attempts that the customer makes
	status     string
	asked      int
	signalled  []message.CollectionEnded
	signalFail error
}

var firstFailed = time.Date(2027, time.February, 1, 9, 0, 0, 0, time.UTC)

func newCollector(t *testing.T, firstCode string) *collector {
	zone, err := calendar.LoadZone("Europe/Berlin")
	require.NoError(t, err)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(quiet()))
	c := &collector{
		t: t, env: suite.NewTestWorkflowEnvironment(), policy: dunning.DefaultPolicy(), zone: zone, method: dunning.Method{ID: "pm_1"},
		declines: map[int]string{}, status: "open",
		attempts: []dunning.Attempt{{Number: 1, At: firstFailed, Outcome: dunning.Declined, DeclineCode: firstCode, PaymentMethodID: "pm_1"}},
	}
	c.env.SetStartTime(firstFailed)
	c.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: message.DunningID("inv_1"), TaskQueue: message.BillingQueue})
	fake(c.env, message.ChargeInvoice, c.charge)
	fake(c.env, message.AskProvider, c.ask)
	fake(c.env, message.NextDunningStep, c.next)
	fake(c.env, message.GiveUpInvoice, c.giveUp)
	c.env.OnSignalExternalWorkflow(mock.Anything, "subscription/sub_1", "", message.CollectionEndedSignal, mock.Anything).Return(
		func(_, _, _, _ string, arg any) error {
			c.signalled = append(c.signalled, arg.(message.CollectionEnded))
			return c.signalFail
		}).Maybe()
	return c
}

func (c *collector) run() {
	c.t.Helper()
	next, err := c.next(context.Background(), message.InvoiceAt{InvoiceID: "inv_1", At: firstFailed})
	require.NoError(c.t, err)
	c.env.ExecuteWorkflow(workflows.Dunning, message.DunningInput{
		InvoiceID: "inv_1", CustomerID: "cus_1", SubscriptionID: "sub_1", At: firstFailed, Next: next, UnderWay: c.handedUnderWay,
	})
	require.True(c.t, c.env.IsWorkflowCompleted())
	require.NoError(c.t, c.env.GetWorkflowError())
}

// at plans something for an instant.
func (c *collector) at(when time.Time, do func()) {
	c.env.RegisterDelayedCallback(do, when.Sub(firstFailed))
}

func (c *collector) news(when, dated time.Time) {
	c.at(when, func() {
		c.env.SignalWorkflow(message.PaymentNewsSignal, message.PaymentNews{At: dated, Reason: "test"})
	})
}

func (c *collector) retryNow(when, dated time.Time) *reply[message.PaymentStatus] {
	answer := &reply[message.PaymentStatus]{}
	c.at(when, func() { c.env.UpdateWorkflow(message.RetryNowUpdate, "", answer, dated) })
	return answer
}

func (c *collector) charge(_ context.Context, in message.Charge) (message.Charged, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.attempts[len(c.attempts)-1]
	if in.At.Before(c.announcedUntil) {
		return message.Charged{Status: message.Announced}, nil
	}
	if c.status != "open" || in.Attempt != last.Number+1 || !in.At.After(last.At) {
		return message.Charged{}, errors.New("attempt out of order")
	}
	made := dunning.Attempt{Number: in.Attempt, At: in.At, Outcome: dunning.Declined, DeclineCode: c.declines[in.Attempt], PaymentMethodID: c.method.ID}
	c.attempts = append(c.attempts, made)
	if in.Pages != "" {
		c.pages = append(c.pages, in.Pages)
	}
	if made.DeclineCode == "" {
		c.status = "paid"
		return message.Charged{Status: message.Paid}, nil
	}
	return message.Charged{Status: message.Declined, DeclineCode: made.DeclineCode}, nil
}

func (c *collector) ask(context.Context, message.InvoiceAt) (message.Charged, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.elsewhere {
		c.status = "paid"
		return message.Charged{Status: message.Paid}, nil
	}
	if c.underWay {
		return message.Charged{Status: message.Processing}, nil
	}
	return message.Charged{Status: message.Declined}, nil
}

func (c *collector) next(_ context.Context, in message.InvoiceAt) (message.DunningStep, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	step := message.DunningStep{At: in.At, Attempt: len(c.attempts) + 1}
	switch {
	case c.status != "open":
		step.Kind, step.Reason = message.DunningOver, "invoice is "+c.status
		return step, nil
	case c.underWay:
		step.Kind, step.At, step.Reason = message.DunningWait, in.At.Add(24*time.Hour), "payment_processing"
		return step, nil
	}
	next, err := dunning.Next(c.policy, dunning.Case{Attempts: c.attempts, Method: c.method, Zone: c.zone}, in.At)
	step.Kind, step.At, step.Reason, step.Cancel = message.DunningKind(next.Kind), next.At, next.Reason, c.policy.End == dunning.EndCancel
	return step, err
}

func (c *collector) giveUp(_ context.Context, _ message.GiveUp) (message.GivenUp, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paying {
		c.paying, c.underWay, c.elsewhere = false, true, true
		return message.GivenUp{UnderWay: true}, nil
	}
	if c.status == "open" {
		c.status = "uncollectible"
	}
	return message.GivenUp{Paid: c.status == "paid"}, nil
}

func TestDunningRetriesUntilPaid(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	c.declines = map[int]string{2: "insufficient_funds", 3: "insufficient_funds"}
	c.run()
	require.Equal(t, "paid", c.status)
	require.Len(t, c.attempts, 4)
	require.Equal(t, []message.CollectionEnded{{InvoiceID: "inv_1", CustomerID: "cus_1", At: c.attempts[3].At, Paid: true}}, c.signalled)
	require.WithinDuration(t, c.attempts[3].At, c.env.Now(), time.Minute, "it ends with the payment")
}

func TestDunningGivesUp(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	for n := 2; n < 20; n++ {
		c.declines[n] = "insufficient_funds"
	}
	c.run()
	require.Equal(t, "uncollectible", c.status)
	require.Len(t, c.attempts, 1+len(c.policy.RetryAfter))
	require.Len(t, c.signalled, 1)
	require.True(t, c.signalled[0].Cancel)
	require.False(t, c.signalled[0].Paid)
}

// A hard decline is never retried by itself; the customer's new card is, at once.
func TestDunningWaitsForTheCustomer(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "stolen_card")
	changed := firstFailed.Add(50 * time.Hour)
	c.at(changed.Add(-time.Second), func() { c.method = dunning.Method{ID: "pm_2"} })
	c.news(changed, changed)
	c.run()
	require.Len(t, c.attempts, 2)
	require.Equal(t, changed, c.attempts[1].At.UTC())
	require.Equal(t, "paid", c.status)
}

func TestDunningHardDeclineGivesUpWithoutRetry(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "stolen_card")
	c.run()
	require.Len(t, c.attempts, 1)
	require.Equal(t, "uncollectible", c.status)
}

func TestDunningStopsAtOnceWhenPaidElsewhere(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	paid := firstFailed.Add(3 * time.Hour)
	c.at(paid.Add(-time.Second), func() { c.elsewhere = true })
	c.news(paid, paid)
	c.run()
	require.Len(t, c.attempts, 1, "no attempt after the payment")
	require.Equal(t, 1, c.asked)
	require.Equal(t, []message.CollectionEnded{{InvoiceID: "inv_1", CustomerID: "cus_1", At: paid, Paid: true}}, c.signalled)
	require.WithinDuration(t, paid, c.env.Now(), time.Minute)
}

// The customer who is on our pay page has an attempt made at once, of which the bank's page comes back to ours.
func TestDunningPaysNow(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "authentication_required")
	when := firstFailed.Add(5 * time.Hour)
	answers := []*reply[message.PaymentStatus]{{}, {}, {}}
	c.at(when, func() {
		c.env.UpdateWorkflow(message.PayNowUpdate, "", answers[0], message.PayNow{At: when})
		for _, answer := range answers[1:] { // two clicks
			c.env.UpdateWorkflow(message.PayNowUpdate, "", answer, message.PayNow{At: when, Pages: "https://billing.example.com/pay/"})
		}
	})
	c.run()
	require.ErrorContains(t, answers[0].err, "does not say where our pages are")
	require.Equal(t, message.Paid, answers[1].result)
	require.Equal(t, message.Paid, answers[2].result)
	require.Len(t, c.attempts, 2)
	require.Equal(t, []string{"https://billing.example.com/pay/"}, c.pages)
}

// An invoice that the customer is paying when it is to be given up is not given up.
func TestDunningDoesNotGiveUpWhatIsBeingPaid(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "stolen_card")
	c.paying = true
	c.run()
	require.Equal(t, "paid", c.status)
	require.True(t, c.signalled[0].Paid)
}

// Webhooks come late and out of order. What they are dated must not turn the clock back.
func TestDunningTakesLateNews(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	c.declines = map[int]string{2: "insufficient_funds"}
	c.news(firstFailed.Add(30*time.Hour), firstFailed.Add(-time.Minute))
	c.news(firstFailed.Add(30*time.Hour), firstFailed.Add(-time.Hour))
	c.run()
	require.Equal(t, "paid", c.status)
	require.LessOrEqual(t, c.asked, 2)
}

func TestDunningPaidAtTheLastMoment(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "stolen_card")
	end := c.zone.Instant(c.zone.DateOf(firstFailed).AddDays(c.policy.EndAfter), 20, 0, 0)
	c.env.SetOnActivityStartedListener(func(info *activityInfo, _ context.Context, _ encodedValues) {
		if info.ActivityType.Name == message.GiveUpInvoice.Name {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.status = "paid"
		}
	})
	c.run()
	require.Len(t, c.signalled, 1)
	require.True(t, c.signalled[0].Paid)
	require.False(t, c.signalled[0].Cancel, "a paid subscription is not canceled")
	require.Equal(t, end.UTC(), c.signalled[0].At.UTC())
}

func TestDunningWaitsForAPaymentUnderWay(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "")
	c.underWay = true
	c.at(firstFailed.Add(70*time.Hour), func() { c.elsewhere = true })
	c.run()
	require.Equal(t, "paid", c.status)
	require.Len(t, c.attempts, 1)
	require.Equal(t, 3, c.asked, "once a day")
}

func TestRetryNow(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]string{"before the next retry": "insufficient_funds", "while the customer is waited for": "stolen_card"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCollector(t, code)
			now := firstFailed.Add(2 * time.Hour)
			answer := c.retryNow(now, now)
			c.run()
			require.NoError(t, answer.err)
			require.Equal(t, message.Paid, answer.result)
			require.Len(t, c.attempts, 2)
			require.Equal(t, now, c.attempts[1].At)
		})
	}
}

func TestRetryNowDeclinedGoesOn(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	c.declines = map[int]string{2: "insufficient_funds"}
	now := firstFailed.Add(2 * time.Hour)
	answer := c.retryNow(now, now)
	c.run()
	require.Equal(t, message.Declined, answer.result)
	require.Equal(t, "paid", c.status)
	require.Len(t, c.attempts, 3)
}

func TestRetryNowRefused(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	undated := c.retryNow(firstFailed.Add(time.Hour), time.Time{})
	future := c.retryNow(firstFailed.Add(time.Hour), firstFailed.Add(time.Hour+2*time.Minute))
	c.run()
	refusedAs(t, "retry_at_missing", undated.err)
	require.False(t, undated.accepted)
	refusedAs(t, "retry_in_future", future.err)
	require.False(t, future.accepted)
}

func TestDunningOutlivesItsSubscription(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	c.signalFail = &temporal.UnknownExternalWorkflowExecutionError{}
	c.run()
	require.Equal(t, "paid", c.status)
}
