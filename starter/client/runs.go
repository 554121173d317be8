package client

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/workflows/message"
)

// StartInvoiceRun starts the monthly run ("2027-01") of a legal entity, or joins the one that exists, and returns a
// handle to wait for it. asOf is the run's billing instant.
func (c *Client) StartInvoiceRun(ctx context.Context, entityID, period string, asOf time.Time) (client.WorkflowRun, error) {
	run, err := c.temporal.ExecuteWorkflow(ctx, once(message.InvoiceRunID(entityID, period), "Bill "+period+" for "+entityID,
		message.EntityID.ValueSet(entityID), message.BillingPeriod.ValueSet(period)),
		message.InvoiceRunWorkflow, message.InvoiceRunInput{EntityID: entityID, Period: period, AsOf: asOf})
	if err != nil {
		return nil, fmt.Errorf("start invoice run %s of %s: %w", period, entityID, err)
	}
	return run, nil
}

// InvoiceRunProgress asks how far a run is.
func (c *Client) InvoiceRunProgress(ctx context.Context, entityID, period string) (message.RunProgress, error) {
	var progress message.RunProgress
	value, err := c.temporal.QueryWorkflow(ctx, message.InvoiceRunID(entityID, period), "", message.ProgressQuery)
	if err != nil {
		return progress, fmt.Errorf("invoice run %s of %s: %w", period, entityID, err)
	}
	return progress, value.Get(&progress)
}

// StartTaxFiling starts the filing of a return, or joins the one that exists.
func (c *Client) StartTaxFiling(ctx context.Context, in message.TaxFilingInput) (client.WorkflowRun, error) {
	id := message.TaxFilingID(in.EntityID, in.Scheme, in.Period)
	run, err := c.temporal.ExecuteWorkflow(ctx, once(id, in.Scheme+" return of "+in.EntityID+" for "+in.Period,
		message.EntityID.ValueSet(in.EntityID), message.BillingPeriod.ValueSet(in.Period)), message.TaxFilingWorkflow, in)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", id, err)
	}
	return run, nil
}

// TaxFilingState asks where a filing stands.
func (c *Client) TaxFilingState(ctx context.Context, entityID, scheme, period string) (message.FilingState, error) {
	var state message.FilingState
	value, err := c.temporal.QueryWorkflow(ctx, message.TaxFilingID(entityID, scheme, period), "", message.ProgressQuery)
	if err != nil {
		return state, fmt.Errorf("tax filing %s %s of %s: %w", scheme, period, entityID, err)
	}
	return state, value.Get(&state)
}

// ApproveTaxFiling approves a computed return and answers when it is filed and paid.
func (c *Client) ApproveTaxFiling(ctx context.Context, entityID, scheme, period string, approval message.Approval) (message.FilingState, error) {
	var state message.FilingState
	id := message.TaxFilingID(entityID, scheme, period)
	handle, err := c.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: message.ApproveUpdate, Args: []any{approval}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &state)
	}
	if err != nil {
		return state, fmt.Errorf("approve %s: %w", id, err)
	}
	return state, nil
}

// PaymentNews tells the dunning of an invoice that something happened to its payment; it finds out what.
// An invoice that nobody collects any more needs no news, so that it is not found is no error.
func (c *Client) PaymentNews(ctx context.Context, invoiceID string, news message.PaymentNews) error {
	_, err := c.TellDunning(ctx, invoiceID, news)
	return err
}

// TellDunning is PaymentNews for who must know whether the invoice's dunning runs, and so was told.
func (c *Client) TellDunning(ctx context.Context, invoiceID string, news message.PaymentNews) (told bool, err error) {
	id := message.DunningID(invoiceID)
	err = c.moveTo(ctx, id, news.At)
	if err == nil {
		err = c.temporal.SignalWorkflow(ctx, id, "", message.PaymentNewsSignal, news)
	}
	told = err == nil
	if err = ignoreMissing(err); err != nil {
		return false, fmt.Errorf("payment news for %s: %w", id, err)
	}
	return told, nil
}

// once are the options of a workflow that completes once ever for its id: starting it again joins it, or, if it failed or
// an operator stopped it, goes on from what it has recorded.
func once(id, summary string, attributes ...temporal.SearchAttributeUpdate) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: id, TaskQueue: message.BillingQueue, StaticSummary: summary,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		TypedSearchAttributes:    temporal.NewSearchAttributes(attributes...),
	}
}
