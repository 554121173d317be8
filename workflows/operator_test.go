package workflows_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/subscription"
	perennial "github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/workflows/message"
)

// attributes are what the list of workflows shows of one.
func (s *system) attributes(t *testing.T, workflowID string) temporal.SearchAttributes {
	t.Helper()
	described, err := s.Temporal.DescribeWorkflow(t.Context(), workflowID, "")
	require.NoError(t, err)
	return described.TypedSearchAttributes
}

func (s *system) billingStatus(t *testing.T, workflowID string) string {
	t.Helper()
	status, _ := s.attributes(t, workflowID).GetKeyword(message.BillingStatus)
	return status
}

func (s *system) runStatus(t *testing.T, workflowID string) enums.WorkflowExecutionStatus {
	t.Helper()
	described, err := s.Temporal.DescribeWorkflowExecution(t.Context(), workflowID, "")
	require.NoError(t, err)
	return described.GetWorkflowExecutionInfo().GetStatus()
}

// details are what the page of a workflow shows.
func (s *system) details(t *testing.T, workflowID string) string {
	t.Helper()
	value, err := s.Temporal.QueryWorkflow(t.Context(), workflowID, "", "__temporal_workflow_metadata")
	require.NoError(t, err)
	var metadata sdk.WorkflowMetadata
	require.NoError(t, value.Get(&metadata))
	return metadata.GetCurrentDetails()
}

// dunningState asks the dunning of an invoice where it stands.
func (s *system) dunningState(t *testing.T, invoiceID string) message.DunningState {
	t.Helper()
	value, err := s.Temporal.QueryWorkflow(t.Context(), message.DunningID(invoiceID), "", message.DunningQuery)
	require.NoError(t, err)
	var state message.DunningState
	require.NoError(t, value.Get(&state))
	return state
}

// Operators find by NextActionAt what is due: between two retries of the same kind too.
func TestDunningShowsItsNextAction(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "shown", "pm_card_chargeCustomerFail")
	invoice := x.subscribe("seats", 1).Invoice
	id := message.DunningID(invoice.InvoiceID)
	seen := map[time.Time]bool{}
	for attempt := range 3 {
		state := x.dunningState(t, invoice.InvoiceID)
		require.Equal(t, attempt, state.Attempts)
		require.Equal(t, message.DunningRetry, state.Next.Kind)
		shown, found := x.attributes(t, id).GetTime(message.NextActionAt)
		require.True(t, found)
		require.Equal(t, state.Next.At.UTC(), shown.UTC())
		require.Equal(t, "retry", x.billingStatus(t, id))
		seen[shown.UTC()] = true
		x.advance(state.Next.At)
	}
	require.Len(t, seen, 3)
	x.advance(systemStart.AddDate(0, 1, 0))
	require.Equal(t, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, x.runStatus(t, id))
	_, found := x.attributes(t, id).GetTime(message.NextActionAt)
	require.False(t, found, "there is no next action")
}

// The button that requests a workflow's cancellation is no way to end a contract, or to forgive a debt.
func TestRequestToCancelTheWorkflowStopsNoBilling(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "stubborn", "pm_card_chargeCustomerFail")
	invoice := x.subscribe("seats", 1).Invoice
	for _, id := range []string{message.SubscriptionID(x.id), message.DunningID(invoice.InvoiceID)} {
		require.NoError(t, x.Temporal.CancelWorkflow(t.Context(), id, ""))
		require.Eventually(t, func() bool { return strings.Contains(x.details(t, id), "Cancellation") }, 20*time.Second, 20*time.Millisecond)
	}
	require.Contains(t, x.details(t, message.SubscriptionID(x.id)), "starter subscription cancel")

	x.advance(x.dunningState(t, invoice.InvoiceID).Next.At)
	require.Equal(t, 1, x.dunningState(t, invoice.InvoiceID).Attempts, "the debt is still collected")
	answer, err := x.client.Command(t.Context(), x.id, seatsCommand("up", systemStart.AddDate(0, 0, 10), 3))
	require.NoError(t, err)
	require.EqualValues(t, 3, answer.State.Terms.Seats)
	canceled, err := x.client.Command(t.Context(), x.id, subscription.Command{
		ID: "end", Kind: subscription.Cancel, At: systemStart.AddDate(0, 0, 11), Actor: "customer",
	})
	require.NoError(t, err)
	require.Equal(t, subscription.Canceled, canceled.State.Status)
	x.checkMoney()
}

// A terminated subscription is brought back by a reset to its last task: what it does again is not done twice.
func TestTerminatedSubscriptionIsResetAndGoesOn(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "reset", "pm_card_visa")
	x.subscribe("seats", 1)
	x.advance(systemStart.AddDate(0, 1, 15))
	upgraded, err := x.client.Command(t.Context(), x.id, seatsCommand("up", systemStart.AddDate(0, 1, 16), 4))
	require.NoError(t, err)
	id := message.SubscriptionID(x.id)
	require.NoError(t, x.Temporal.TerminateWorkflow(t.Context(), id, "", "an operator's mistake"))
	described, err := x.Temporal.DescribeWorkflowExecution(t.Context(), id, "")
	require.NoError(t, err)
	runID := described.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	_, err = x.Temporal.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: x.Namespace, WorkflowExecution: &common.WorkflowExecution{WorkflowId: id, RunId: runID},
		Reason: "bring it back", RequestId: x.id, WorkflowTaskFinishEventId: x.lastTask(id, runID),
	})
	require.NoError(t, err)
	x.advance(systemStart.AddDate(0, 4, 0))
	state, err := x.client.Status(t.Context(), x.id)
	require.NoError(t, err)
	require.Equal(t, subscription.Active, state.Status)
	require.EqualValues(t, 4, state.Terms.Seats)
	require.Equal(t, 4, state.Cycle)
	again, err := x.client.Command(t.Context(), x.id, seatsCommand("up", systemStart.AddDate(0, 1, 16), 4))
	require.NoError(t, err)
	require.True(t, sameInvoice(upgraded.Invoice, again.Invoice))
	invoices, err := x.Store.Invoices(t.Context(), filterOf(x.id, ""))
	require.NoError(t, err)
	require.Len(t, invoices, 6, "five periods and the change")
	x.checkMoney()
}

// lastTask is the event with which the last task of a run was completed.
func (x *tenant) lastTask(workflowID, runID string) int64 {
	for _, event := range slices.Backward(x.history(workflowID, runID).GetEvents()) {
		if event.GetEventType() == enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			return event.GetEventId()
		}
	}
	require.FailNow(x.t, "the run has completed no task")
	return 0
}

// A run that an operator stopped, while one account held it up, is started again and goes on from what it has recorded.
func TestStoppedInvoiceRunIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := realServer(t)
	ctx := t.Context()
	ready := s.sellerOf(t, "halted", `{"id":"$-api","version":1,"name":"API","interval":{"unit":"month","count":1},"proration":"day","billed_by":"invoice_run","charges":[
		{"id":"fee","name":"base fee","kind":"recurring","per":"subscription","timing":"arrears","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"40"}}}]}`, "US")
	seller, plan := ready.seller, ready.seller+"-api"
	ready.subscribe(plan, 0)
	late := s.tenantOf(t, seller, "late", "pm_card_visa")
	_, err := late.client.Subscribe(ctx, message.Subscribe{
		SubscriptionID: late.id, CustomerID: late.id, EntityID: seller, Currency: "USD",
		Terms: subscription.Terms{PlanID: plan, PlanVersion: 1}, StartAt: systemStart.AddDate(0, 0, 5),
	})
	require.NoError(t, err)
	asOf := time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
	id := message.InvoiceRunID(seller, "2027-02")
	for name, stop := range map[string]func(context.Context) error{
		"cancellation": func(ctx context.Context) error { return s.Temporal.CancelWorkflow(ctx, id, "") },
		"termination":  func(ctx context.Context) error { return s.Temporal.TerminateWorkflow(ctx, id, "", "stop it") },
	} {
		_, err := perennial.New(s.Temporal).StartInvoiceRun(ctx, seller, "2027-02", asOf)
		require.NoError(t, err, name)
		require.Eventually(t, func() bool {
			counts, err := s.Store.RunCounts(t.Context(), id)
			return err == nil && counts.Invoiced == 1 && s.billingStatus(t, id) == "billing"
		}, 30*time.Second, 20*time.Millisecond, name)
		require.NoError(t, stop(ctx), name)
		require.Eventually(t, func() bool {
			return s.runStatus(t, id) != enums.WORKFLOW_EXECUTION_STATUS_RUNNING
		}, 30*time.Second, 20*time.Millisecond, name)
	}
	late.advance(systemStart.AddDate(0, 0, 6)) // the account that held it up begins
	run, err := perennial.New(s.Temporal).StartInvoiceRun(ctx, seller, "2027-02", asOf)
	require.NoError(t, err)
	var result message.RunProgress
	require.NoError(t, run.Get(ctx, &result))
	require.Equal(t, message.RunProgress{Due: 2, Shards: 1, ShardDone: 1, Invoiced: 2}, result)
	require.Equal(t, "completed", s.billingStatus(t, id))
	for _, x := range []*tenant{ready, late} {
		x.advance(asOf)
		invoices, err := x.Store.Invoices(ctx, filterOf(x.id, ""))
		require.NoError(t, err)
		require.Len(t, invoices, 1)
		require.Equal(t, "paid", invoices[0].Status)
		x.checkMoney()
	}
}

// A return waits for a person: operators see until when, and how much is at stake.
func TestTaxFilingShowsItsDeadline(t *testing.T) {
	t.Parallel()
	s := realServer(t)
	in := message.TaxFilingInput{EntityID: "beta", Scheme: "eu_oss", Period: "2027-Q2", AsOf: time.Date(2027, time.July, 1, 13, 0, 0, 0, time.UTC)}
	filing, err := perennial.New(s.Temporal).StartTaxFiling(t.Context(), in)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.billingStatus(t, filing.GetID()) == "computed" }, 30*time.Second, 20*time.Millisecond)
	shown := s.attributes(t, filing.GetID())
	deadline, found := shown.GetTime(message.NextActionAt)
	require.True(t, found)
	require.Equal(t, time.Date(2027, time.July, 31, 0, 0, 0, 0, time.UTC), deadline.UTC())
	currency, _ := shown.GetKeyword(message.Currency)
	require.Equal(t, "EUR", currency)
	_, err = perennial.New(s.Temporal).ApproveTaxFiling(t.Context(), "beta", "eu_oss", "2027-Q2", message.Approval{By: "user_1", At: in.AsOf})
	require.NoError(t, err)
	require.Equal(t, "paid", s.billingStatus(t, filing.GetID()))
	_, found = s.attributes(t, filing.GetID()).GetTime(message.NextActionAt)
	require.False(t, found)
}
