package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/workflows/message"
)

// What becomes of a return, as far as the workflow treats it differently.
const (
	returnComputed = "computed"
	returnFiled    = "filed"
	returnPaid     = "paid"
)

// waitForFacts is how long a filing waits before it looks again for what was missing, such as an exchange rate.
const waitForFacts = time.Hour

// TaxFiling prepares one return, waits for a person to approve it, and marks it filed and paid.
func TaxFiling(ctx workflow.Context, in message.TaxFilingInput) (message.FilingState, error) {
	f := &filingRun{in: in}
	if err := f.setup(ctx); err != nil {
		return message.FilingState{}, err
	}
	return f.run(ctx)
}

type filingRun struct {
	in       message.TaxFilingInput
	state    message.FilingState
	approval *message.Approval
	over     bool
	shown    string
}

func (f *filingRun) setup(ctx workflow.Context) error {
	if err := workflow.SetQueryHandler(ctx, message.ProgressQuery, func() (message.FilingState, error) { return f.state, nil }); err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, message.ApproveUpdate, f.approve,
		workflow.UpdateHandlerOptions{Validator: f.checkApproval})
}

func (f *filingRun) run(ctx workflow.Context) (message.FilingState, error) {
	if err := f.prepare(ctx); err != nil {
		return f.state, err
	}
	f.approval = f.state.Approved // a filing that was stopped after its approval goes on with it
	if err := workflow.Await(ctx, func() bool { return f.approval != nil }); err != nil {
		return f.state, err
	}
	for _, step := range []struct {
		activity message.Activity[message.ReturnStep, message.FilingState]
		summary  string
	}{
		{message.ApproveReturn, "Record the approval by " + f.approval.By},
		{message.FileReturn, "File the return"},
		{message.PayReturn, "Pay " + f.state.Payable.String()},
	} {
		if err := f.move(ctx, step.activity, f.approval.At, step.summary); err != nil {
			return f.state, err
		}
	}
	f.over = true
	return f.state, workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// prepare fixes what the return covers and computes it, waiting for facts that are missing.
func (f *filingRun) prepare(ctx workflow.Context) error {
	frozen, err := inStore(ctx, message.FreezeReturn, f.in, "Fix the entries of "+f.in.Period)
	if err != nil {
		return err
	}
	f.state = frozen
	for {
		if err := f.move(ctx, message.ComputeReturn, f.in.AsOf, "Aggregate and reconcile with the ledger"); err != nil {
			return err
		}
		if f.state.Missing == "" {
			return nil
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			// Nothing was approved, so nothing is lost: freezing and computing again find what they made before.
			return workflow.NewContinueAsNewError(ctx, message.TaxFilingWorkflow, f.in)
		}
		waiting := workflow.TimerOptions{Summary: brief("Waiting for " + f.state.Missing)}
		if err := workflow.NewTimerWithOptions(ctx, waitForFacts, waiting).Get(ctx, nil); err != nil {
			return err
		}
	}
}

func (f *filingRun) move(ctx workflow.Context, activity message.Activity[message.ReturnStep, message.FilingState], at time.Time, summary string) error {
	in := message.ReturnStep{ReturnID: f.in.ReturnID(), At: at}
	if f.approval != nil {
		in.By = f.approval.By
	}
	moved, err := inStore(ctx, activity, in, summary)
	if err != nil {
		return err
	}
	f.state = moved
	f.show(ctx)
	return nil
}

func (f *filingRun) checkApproval(_ workflow.Context, a message.Approval) error {
	switch {
	case a.By == "":
		return temporal.NewNonRetryableApplicationError("an approval names who approves (by)", "approver_missing", nil)
	case a.At.IsZero():
		return temporal.NewNonRetryableApplicationError("an approval says when it was given (at)", "approved_at_missing", nil)
	case f.state.Status != returnComputed:
		return temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("return %s is %s: only a computed return can be approved", f.in.ReturnID(), f.state.Status), "not_computed", nil)
	case f.approval != nil:
		return temporal.NewNonRetryableApplicationError("return "+f.in.ReturnID()+" was approved by "+f.approval.By, "already_approved", nil)
	}
	return nil
}

// approve answers when the return is filed and paid.
func (f *filingRun) approve(ctx workflow.Context, a message.Approval) (message.FilingState, error) {
	f.approval = &a
	err := workflow.Await(ctx, func() bool { return f.over })
	return f.state, err
}

func (f *filingRun) show(ctx workflow.Context) {
	s := f.state
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"| Return | %s |\n|---|---|\n| Status | %s |\n| Entries | %d |\n| Payable | %s |\n| File by | %s |\n| Pay by | %s |\n| Waiting for | %s |\n",
		f.in.ReturnID(), s.Status, s.Entries, s.Payable, s.FileBy, s.PayBy, s.Missing))
	if f.shown == s.Status {
		return
	}
	f.shown = s.Status
	mark(ctx, message.BillingStatus.ValueSet(s.Status), nextActionAt(f.deadline()),
		message.Currency.ValueSet(string(s.Payable.Currency)), message.AmountMinor.ValueSet(s.Payable.Minor))
}

// deadline is when somebody must have done what comes next: at the beginning of that day by UTC. None when all is done.
func (f *filingRun) deadline() time.Time {
	if f.state.Status == returnPaid {
		return time.Time{}
	}
	day := f.state.FileBy
	if f.state.Status == returnFiled {
		day = f.state.PayBy
	}
	date, err := calendar.ParseDate(day)
	if err != nil {
		return time.Time{} // a return that is not frozen yet has no deadlines
	}
	return calendar.Zone{}.StartOfDay(date)
}
