package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// cashier is a page in memory, and who is told of it.
type cashier struct {
	t     *testing.T
	env   *testsuite.TestWorkflowEnvironment
	state message.CheckoutState
	// refusal, when set, is what opening the page is answered with; paid says that the customer has been there.
	refusal error
	paid    bool
	asked   []message.CheckoutAt
	news    []message.CustomerNews
	told    []string // by the workflow's signals
	ended   []message.CollectionEnded
}

var pageCloses = firstFailed.Add(24 * time.Hour)

func newCashier(t *testing.T) *cashier {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	c := &cashier{t: t, env: suite.NewTestWorkflowEnvironment(), state: message.CheckoutState{Status: "open", ExpiresAt: pageCloses}}
	c.env.SetStartTime(firstFailed)
	fake(c.env, message.OpenCheckout, func(context.Context, message.CheckoutAt) (message.CheckoutState, error) { return c.state, c.refusal })
	fake(c.env, message.AskCheckout, c.ask)
	fake(c.env, message.TellCollections, func(_ context.Context, in message.CustomerNews) (message.None, error) {
		c.news = append(c.news, in)
		return message.None{}, nil
	})
	c.env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, "", mock.Anything, mock.Anything).Return(
		func(_, workflowID, _, _ string, arg any) error {
			c.told = append(c.told, workflowID)
			if ended, ok := arg.(message.CollectionEnded); ok {
				c.ended = append(c.ended, ended)
			}
			return nil
		}).Maybe()
	return c
}

func (c *cashier) ask(_ context.Context, in message.CheckoutAt) (message.CheckoutState, error) {
	c.asked = append(c.asked, in)
	switch {
	case c.state.Status != "open":
	case c.paid:
		c.state.Status = "complete"
	case in.Expire || !in.At.Before(c.state.ExpiresAt):
		c.state.Status = "expired"
	}
	return c.state, nil
}

// asks plans an update for some time after the start.
func (c *cashier) asks(update string, after time.Duration) *reply[message.CheckoutState] {
	answer := &reply[message.CheckoutState]{}
	c.env.RegisterDelayedCallback(func() {
		c.env.UpdateWorkflow(update, "", answer, message.CheckoutAt{CheckoutID: "chk", At: firstFailed.Add(after)})
	}, after)
	return answer
}

func (c *cashier) run(subscription string) (message.CheckoutState, error) {
	c.t.Helper()
	c.env.ExecuteWorkflow(workflows.Checkout, message.CheckoutInput{CheckoutID: "chk", SubscriptionID: subscription, ExpiresAt: pageCloses})
	require.True(c.t, c.env.IsWorkflowCompleted())
	var state message.CheckoutState
	if err := c.env.GetWorkflowError(); err != nil {
		return state, err
	}
	require.NoError(c.t, c.env.GetWorkflowResult(&state))
	return state, nil
}

func TestAPageIsOpenedOnceAndPaidOn(t *testing.T) {
	t.Parallel()
	c := newCashier(t)
	c.state.InvoiceID = "inv_1"
	opened, again := c.asks(message.OpenCheckoutUpdate, time.Second), c.asks(message.OpenCheckoutUpdate, time.Minute)
	c.env.RegisterDelayedCallback(func() {
		c.paid, c.state.SavedMethod, c.state.CustomerID = true, true, "cus_1"
		c.env.SignalWorkflow(message.CheckoutNewsSignal, message.PaymentNews{At: firstFailed.Add(time.Hour), Reason: "test"})
	}, time.Hour)
	state, err := c.run("")
	require.NoError(t, err)
	require.Equal(t, "complete", state.Status)
	require.Equal(t, "open", opened.result.Status)
	require.Equal(t, "open", again.result.Status)
	require.Equal(t, []string{"dunning/inv_1", "dunning/inv_1"}, c.told, "when the page is there, and when it is paid")
	require.Len(t, c.news, 1, "the method is tried for what else is unpaid")
	require.Equal(t, "cus_1", c.news[0].CustomerID)
	require.Empty(t, c.ended)
}

func TestAPageClosesByItself(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		subscription, invoice string
		ends                  bool
	}{
		"a method for nothing in particular":                  {"", "", false},
		"a method for a subscription":                         {"sub_1", "", true},
		"an invoice of a subscription, whose dunning ends it": {"sub_1", "inv_1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCashier(t)
			c.state.InvoiceID = tt.invoice
			c.asks(message.OpenCheckoutUpdate, time.Second)
			state, err := c.run(tt.subscription)
			require.NoError(t, err)
			require.Equal(t, "expired", state.Status)
			require.Equal(t, pageCloses, c.asked[len(c.asked)-1].At.UTC(), "nobody has to say so")
			require.Equal(t, tt.ends, len(c.ended) == 1)
			if tt.ends {
				require.Equal(t, message.CollectionEnded{At: pageCloses, Cancel: true, Reason: "checkout_expired"}, c.ended[0])
			}
		})
	}
}

func TestAPageIsClosedWhenAsked(t *testing.T) {
	t.Parallel()
	for name, paid := range map[string]bool{"nobody paid": false, "the customer was faster": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCashier(t)
			c.paid = paid
			c.asks(message.OpenCheckoutUpdate, time.Second)
			closed := c.asks(message.ExpireCheckoutUpdate, time.Minute)
			state, err := c.run("")
			require.NoError(t, err)
			require.Equal(t, map[bool]string{false: "expired", true: "complete"}[paid], state.Status)
			require.Equal(t, state, closed.result)
		})
	}
}

func TestAPageThatIsRefused(t *testing.T) {
	t.Parallel()
	c := newCashier(t)
	c.refusal = temporal.NewNonRetryableApplicationError("nothing is to be paid", "invoice_not_open", nil)
	opened := c.asks(message.OpenCheckoutUpdate, time.Second)
	_, err := c.run("sub_1")
	require.Error(t, err, "so that the id can be used again")
	refused, ok := errors.AsType[*temporal.ApplicationError](opened.err)
	require.True(t, ok)
	require.Equal(t, "invoice_not_open", refused.Type())
	require.Empty(t, c.ended, "a subscription ends only with a page that was there")
}
