package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// shardsAtOnce is how many shards of a run are billed at the same time; shardsPerRun how many before it continues as new,
// which keeps the history short however large the month is.
const (
	shardsAtOnce = 4
	shardsPerRun = 200
)

// InvoiceRun bills a month of a legal entity: it writes down who is due, bills them in shards, proves that nobody was
// left out, and hands the invoices to collection. A run that stops resumes where it was.
func InvoiceRun(ctx workflow.Context, in message.InvoiceRunInput) (message.RunProgress, error) {
	r := &invoiceRun{in: in, progress: in.Done}
	if err := workflow.SetQueryHandler(ctx, message.ProgressQuery, func() (message.RunProgress, error) { return r.progress, nil }); err != nil {
		return message.RunProgress{}, err
	}
	return r.run(ctx)
}

type invoiceRun struct {
	in       message.InvoiceRunInput
	progress message.RunProgress
	here     int // shards dealt with in this run of the workflow
	shown    string
}

// Where a run stands, as operators find it by BillingStatus.
const (
	runBilling   = "billing"
	runCompleted = "completed"
)

func (r *invoiceRun) run(ctx workflow.Context) (message.RunProgress, error) {
	if r.progress.Shards == 0 {
		prepared, err := inBulk(ctx, message.PrepareRun, r.in, "Write down who is due in "+r.in.Period)
		if err != nil {
			return r.progress, err
		}
		r.progress = prepared
	}
	for r.progress.ShardDone < r.progress.Shards {
		if r.here >= shardsPerRun {
			next := r.in
			next.Done = r.progress
			return r.progress, workflow.NewContinueAsNewError(ctx, message.InvoiceRunWorkflow, next)
		}
		r.show(ctx, runBilling)
		if err := r.billBatch(ctx); err != nil {
			return r.progress, err
		}
	}
	completed, err := inBulk(ctx, message.CompleteRun, r.shard(0), "Prove that everybody was billed or has a reason")
	if err != nil {
		return r.progress, err
	}
	r.progress = completed
	r.show(ctx, runCompleted)
	return r.progress, nil
}

// billBatch bills some shards side by side and hands each to collection.
func (r *invoiceRun) billBatch(ctx workflow.Context) error {
	first := r.progress.ShardDone
	last := min(first+shardsAtOnce, r.progress.Shards)
	outcomes := make([]message.ShardBilled, last-first)
	failures := make([]error, last-first)
	group := workflow.NewWaitGroup(ctx)
	for i := range outcomes {
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()
			outcomes[i], failures[i] = r.billShard(ctx, first+i)
		})
	}
	group.Wait(ctx)
	for i := range outcomes {
		if failures[i] != nil {
			return failures[i]
		}
		r.progress.Invoiced += outcomes[i].Invoiced
		r.progress.Skipped += outcomes[i].Skipped
		r.progress.ShardDone++
		r.here++
	}
	return nil
}

func (r *invoiceRun) billShard(ctx workflow.Context, shard int) (message.ShardBilled, error) {
	billed, err := inBulk(ctx, message.BillShard, r.shard(shard), fmt.Sprintf("Bill shard %d of %d", shard+1, r.progress.Shards))
	if err != nil {
		return billed, err
	}
	_, err = inBulk(ctx, message.CollectShard, r.shard(shard), fmt.Sprintf("Hand shard %d of %d to collection", shard+1, r.progress.Shards))
	return billed, err
}

func (r *invoiceRun) shard(n int) message.Shard {
	return message.Shard{RunID: message.InvoiceRunID(r.in.EntityID, r.in.Period), Shard: n, AsOf: r.in.AsOf}
}

func (r *invoiceRun) show(ctx workflow.Context, status string) {
	p := r.progress
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"| Period | %s |\n|---|---|\n| Due | %d |\n| Shards | %d of %d |\n| Invoiced | %d |\n| Skipped with a reason | %d |\n",
		r.in.Period, p.Due, p.ShardDone, p.Shards, p.Invoiced, p.Skipped))
	if r.shown == status {
		return
	}
	r.shown = status
	mark(ctx, message.BillingStatus.ValueSet(status))
}
