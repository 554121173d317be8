package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// shownFailures is how many subscriptions that could not be billed are named.
const shownFailures = 20

// LateUsage bills what was used before the end of subscriptions and became known after it. When some could not be billed it fails
// in the end, for operators to see; the next one tries again.
func LateUsage(ctx workflow.Context, in message.LateUsageInput) (message.LateUsageBilled, error) {
	if in.At.IsZero() { // the scheduled one
		in.At = workflow.Now(ctx).UTC().Truncate(time.Second)
	}
	var all message.LateUsageBilled
	for more := true; more; {
		page, err := inBulk(ctx, message.BillLateUsage, in, "Bill usage that became known after the end, behind "+in.After)
		if err != nil {
			return all, err
		}
		all.Invoices = append(all.Invoices, page.Invoices...)
		all.Failures = append(all.Failures, page.Failures...)
		in.After, more = page.Last, page.Last != ""
	}
	if failed := len(all.Failures); failed > 0 {
		return all, temporal.NewNonRetryableApplicationError(fmt.Sprintf("%d subscriptions were not billed: %s",
			failed, strings.Join(all.Failures[:min(failed, shownFailures)], "; ")), "late_usage_not_billed", nil)
	}
	return all, nil
}
