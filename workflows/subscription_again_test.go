package workflows_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// ended is a subscription to seats that its customer has left after ten days, and whose workflow is over.
func ended(t *testing.T, name, card string) *tenant {
	t.Helper()
	x := realServer(t).tenant(t, name, card)
	x.subscribe("seats", 1)
	x.ask(subscription.Command{ID: "leave", Kind: subscription.Cancel, At: systemStart.AddDate(0, 0, 10), CreditUnused: true})
	x.awaitOver()
	return x
}

func (x *tenant) ask(c subscription.Command) message.CommandResult {
	x.t.Helper()
	c.Actor = "customer"
	result, err := x.client.Command(x.t.Context(), x.id, c)
	require.NoError(x.t, err)
	return result
}

func (x *tenant) awaitOver() {
	x.t.Helper()
	require.Eventually(x.t, func() bool {
		described, err := x.Temporal.DescribeWorkflowExecution(x.t.Context(), message.SubscriptionID(x.id), "")
		require.NoError(x.t, err)
		return described.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	}, 30*time.Second, 20*time.Millisecond)
}

func (x *tenant) reasons() []string {
	x.t.Helper()
	issued, err := x.Store.Invoices(x.t.Context(), store.InvoiceFilter{SubscriptionID: x.id, Limit: 100})
	require.NoError(x.t, err)
	reasons := make([]string, len(issued))
	for i, invoice := range issued {
		reasons[i] = invoice.Reason
	}
	return reasons
}

func workFor(id string, amount int64) *invoicing.Item {
	return &invoicing.Item{
		ID: id, Kind: invoicing.OneOff, Description: "Work", Quantity: decimal.NewFromInt(1), Unit: decimal.NewFromInt(amount), TaxCategory: "saas_b2b",
	}
}

// A customer who left comes back: the workflow starts again from the record, bills a new period, and goes on.
func TestASubscriptionBeginsAgainAfterItsEnd(t *testing.T) {
	t.Parallel()
	x := ended(t, "again", "pm_card_visa")
	back := subscription.Command{ID: "back", Kind: subscription.Reactivate, At: systemStart.AddDate(0, 0, 40), Actor: "customer"}
	preview, err := x.client.Preview(t.Context(), x.id, back)
	require.NoError(t, err)
	require.Equal(t, subscription.Active, preview.State.Status)
	require.Len(t, preview.Invoices, 1)
	x.awaitOver()
	require.Equal(t, []string{"cycle", "final"}, x.reasons(), "a preview leaves nothing")

	first := x.ask(back)
	require.Equal(t, subscription.Active, first.State.Status)
	require.Equal(t, 1, first.State.Cycle)
	require.Equal(t, preview.Invoices[0].Total, first.Invoice.Total)
	require.Equal(t, first, x.ask(back), "asked for twice, it begins again once")

	x.advance(systemStart.AddDate(0, 3, 15))
	require.Equal(t, []string{"cycle", "final", "cycle", "cycle", "cycle"}, x.reasons())
	again := x.ask(back)
	require.Equal(t, first.Invoice.InvoiceID, again.Invoice.InvoiceID, "also when the run of that time has continued as new")
	require.Equal(t, []string{"cycle", "final", "cycle", "cycle", "cycle"}, x.reasons())
}

// Two who ask at once ask one workflow.
func TestBeginningAgainTwiceAtOnce(t *testing.T) {
	t.Parallel()
	x := ended(t, "again-twice", "pm_card_visa")
	results := make(chan message.CommandResult, 2)
	for range 2 {
		go func() {
			result, err := x.client.Command(t.Context(), x.id, subscription.Command{
				ID: "back", Kind: subscription.Reactivate, At: systemStart.AddDate(0, 0, 40), Actor: "customer",
			})
			if err == nil {
				results <- result
			} else {
				t.Error(err)
				results <- message.CommandResult{}
			}
		}()
	}
	one, other := <-results, <-results
	require.NotNil(t, one.Invoice)
	require.Equal(t, one, other)
	require.Equal(t, []string{"cycle", "final", "cycle"}, x.reasons())
}

// What has ended can still be charged for something, on an invoice of its own, and goes on being over.
func TestAChargeAfterTheEnd(t *testing.T) {
	t.Parallel()
	x := ended(t, "charged-late", "pm_card_visa")
	charge := subscription.Command{ID: "work", Kind: subscription.Charge, At: systemStart.AddDate(0, 0, 20), Item: workFor("work", 500)}
	charged := x.ask(charge)
	require.Equal(t, subscription.Canceled, charged.State.Status)
	require.Equal(t, message.Paid, charged.Invoice.Payment)
	x.awaitOver()
	require.Equal(t, charged, x.ask(charge))
	x.awaitOver()
	require.Equal(t, []string{"cycle", "final", "items"}, x.reasons())

	next := charge
	next.ID, next.Item, next.BillNext, next.Actor = "next", workFor("next", 5), true, "customer"
	_, err := x.client.Command(t.Context(), x.id, next)
	requireRefused(t, "no_next_invoice", err)
	change := seatsCommand("change", systemStart.AddDate(0, 0, 20), 3)
	_, err = x.client.Command(t.Context(), x.id, change)
	requireRefused(t, "subscription_not_running", err)
	_, err = x.client.Command(t.Context(), "nobody", subscription.Command{ID: "x", Kind: subscription.Reactivate, At: systemStart, Actor: "customer"})
	requireRefused(t, "subscription_not_running", err)
}

// What waits is on the next invoice; a charge at once takes all that waits with it and is collected.
func TestChargesOfARunningSubscription(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "charged", "pm_card_visa")
	x.subscribe("seats", 1)
	waits := x.ask(subscription.Command{ID: "a", Kind: subscription.Charge, At: systemStart.AddDate(0, 0, 1), Item: workFor("a", 10), BillNext: true})
	require.Nil(t, waits.Invoice)
	x.ask(subscription.Command{ID: "b", Kind: subscription.Charge, At: systemStart.AddDate(0, 0, 2), Item: workFor("b", 20), BillNext: true})
	x.ask(subscription.Command{ID: "c", Kind: subscription.CancelCharge, At: systemStart.AddDate(0, 0, 3), Withdraws: "b"})
	now := x.ask(subscription.Command{ID: "d", Kind: subscription.Charge, At: systemStart.AddDate(0, 0, 4), Item: workFor("d", 30)})
	require.Equal(t, message.Paid, now.Invoice.Payment)
	lines, err := x.Store.InvoiceLines(t.Context(), now.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Len(t, lines, 2)
	require.Equal(t, []string{"a", "d"}, []string{lines[0].ChargeID, lines[1].ChargeID})
	x.ask(subscription.Command{ID: "e", Kind: subscription.Charge, At: systemStart.AddDate(0, 0, 5), Item: workFor("e", 40), BillNext: true})
	x.advance(systemStart.AddDate(0, 1, 0))
	issued, err := x.Store.Invoices(t.Context(), store.InvoiceFilter{SubscriptionID: x.id, Limit: 100})
	require.NoError(t, err)
	require.Len(t, issued, 3)
	lines, err = x.Store.InvoiceLines(t.Context(), issued[2].ID)
	require.NoError(t, err)
	require.Equal(t, "e", lines[len(lines)-1].ChargeID)
	_, err = x.client.Command(t.Context(), x.id, subscription.Command{
		ID: "f", Kind: subscription.CancelCharge, At: systemStart.AddDate(0, 1, 0), Withdraws: "e", Actor: "customer",
	})
	requireRefused(t, "charge_billed", err)
}

// recordAgain records the run that begins a subscription again.
func recordAgain(t *testing.T) {
	x := ended(t, "recorded-again", "pm_card_visa")
	x.ask(subscription.Command{ID: "back", Kind: subscription.Reactivate, At: systemStart.AddDate(0, 0, 40)})
	x.ask(subscription.Command{ID: "work", Kind: subscription.Charge, At: systemStart.AddDate(0, 0, 41), Item: workFor("work", 30)})
	x.advance(systemStart.AddDate(0, 2, 15))
	x.save(message.SubscriptionID(x.id), "subscription-again")
}

// recordChargedLate records a run that only charges for something after the end.
func recordChargedLate(t *testing.T) {
	x := ended(t, "recorded-charged-late", "pm_card_visa")
	x.ask(subscription.Command{ID: "work", Kind: subscription.Charge, At: systemStart.AddDate(0, 0, 20), Item: workFor("work", 30)})
	x.awaitOver()
	x.save(message.SubscriptionID(x.id), "subscription-charged-after-its-end")
}

// requireRefused asserts that a client was refused with a code.
func requireRefused(t *testing.T, code string, err error) {
	t.Helper()
	var refused *subscription.Refusal
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.Code, refused.Message)
}
