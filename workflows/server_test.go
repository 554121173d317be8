package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	perennial "github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/workflows/message"
)

// accepted is a command of which a caller was told that it was carried out.
type accepted struct {
	command subscription.Command
	result  message.CommandResult
}

// hammer sends bursts of commands to a subscription, from several sides and each twice, at the moments in which its
// runs continue as new.
type hammer struct {
	*tenant
	direct *perennial.Client // leaves the workflow's clock to somebody else
	jumped time.Time         // wall time of the last jump
	from   time.Time         // billing time after it

	mu       sync.Mutex
	dated    time.Time // of the latest command
	accepted map[string]accepted
	refused  map[string]int // codes
	sent     int
}

// date is a billing instant for the next command, later than the one before.
func (h *hammer) date() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.from.Add(time.Since(h.jumped)).Truncate(time.Millisecond)
	if !now.After(h.dated) {
		now = h.dated.Add(time.Millisecond)
	}
	h.dated = now
	return now
}

func (h *hammer) send(ctx context.Context, id string, seats int64) {
	command := seatsCommand(id, h.date(), seats)
	var answers [2]message.CommandResult
	var errs [2]error
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() { answers[i], errs[i] = h.direct.Command(ctx, h.id, command) })
	}
	both.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent++
	for i, err := range errs {
		if err == nil {
			if first, found := h.accepted[id]; found {
				require.True(h.t, sameJSON(first.result, answers[i]), "command %s was answered differently", id)
			}
			h.accepted[id] = accepted{command: command, result: answers[i]}
			continue
		}
		refused, ok := errors.AsType[*subscription.Refusal](err)
		require.True(h.t, ok, "command %s: %v", id, err)
		h.refused[refused.Code]++
	}
}

// cross moves the workflow over its next boundary: it jumps to just before it, lets real time do the rest, and lets each
// sender begin a little later than the one before, so that some meet the run as it leaves.
func (h *hammer) cross(ctx context.Context, boundary, senders, commands int) {
	const ahead, apart = 150 * time.Millisecond, 5 * time.Millisecond
	state, err := h.direct.Status(ctx, h.id)
	require.NoError(h.t, err)
	h.jump(ctx, state.Period.End.Add(-ahead))
	var burst sync.WaitGroup
	for sender := range senders {
		burst.Go(func() {
			<-time.After(time.Until(h.jumped.Add(ahead + time.Duration(boundary%6+sender)*apart)))
			for n := range commands {
				h.send(ctx, fmt.Sprintf("b%d-s%d-%d", boundary, sender, n), int64(1+(boundary*31+sender*7+n)%50))
			}
		})
	}
	burst.Wait()
	require.Eventually(h.t, func() bool {
		next, err := h.direct.Status(ctx, h.id)
		return err == nil && next.Cycle == boundary+1
	}, 30*time.Second, 5*time.Millisecond)
}

// jump moves the workflow's clock, which moves only while nothing is under way.
func (h *hammer) jump(ctx context.Context, to time.Time) {
	require.NoError(h.t, h.clock.Forward(ctx, message.SubscriptionID(h.id), to))
	require.Eventually(h.t, func() bool {
		described, err := h.Temporal.DescribeWorkflowExecution(ctx, message.SubscriptionID(h.id), "")
		require.NoError(h.t, err)
		return !described.GetWorkflowExtendedInfo().GetTimeSkippingInfo().GetCurrentTime().AsTime().Before(to)
	}, 30*time.Second, 2*time.Millisecond)
	h.jumped, h.from = time.Now(), to
}

// runs counts the runs of the workflow so far.
func (h *hammer) runs() int {
	described, err := h.Temporal.DescribeWorkflowExecution(h.t.Context(), message.SubscriptionID(h.id), "")
	require.NoError(h.t, err)
	id, n := described.GetWorkflowExecutionInfo().GetFirstRunId(), 0
	for ; id != ""; n++ {
		events := h.history(message.SubscriptionID(h.id), id).GetEvents()
		id = events[len(events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	}
	return n
}

// An update that is sent while the run continues as new is not lost: every command that was accepted has had its
// effect, exactly once, and every other one none.
func TestCommandsWhileContinuingAsNew(t *testing.T) {
	t.Parallel()
	const boundaries = 12
	x := realServer(t).tenant(t, "hammered", "pm_card_visa")
	x.subscribe("seats", 1)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	h := &hammer{tenant: x, direct: perennial.New(x.Temporal), accepted: map[string]accepted{}, refused: map[string]int{}}
	for boundary := range boundaries {
		h.cross(ctx, boundary, 4, 2)
	}
	runs := h.runs()
	t.Logf("%d runs, %d commands sent twice, %d accepted, refused: %v", runs, h.sent, len(h.accepted), h.refused)
	require.Greater(t, runs, 2, "the test is about continuing as new")
	h.check(boundaries)
}

func (h *hammer) check(boundaries int) {
	t, ctx := h.t, h.t.Context()
	require.NotEmpty(t, h.accepted)
	state, err := h.direct.Status(ctx, h.id)
	require.NoError(t, err)
	require.Equal(t, boundaries, state.Cycle)
	segments, err := h.Store.Segments(ctx, h.id, systemStart, systemStart.AddDate(10, 0, 0))
	require.NoError(t, err)
	began := map[int64]int64{} // instant → seats
	for i, segment := range segments {
		began[segment.From.UnixMilli()] = segment.Seats
		if i > 0 {
			require.Equal(t, segment.From, *segments[i-1].To, "segments follow each other")
		}
	}
	require.Len(t, began, len(h.accepted)+1, "one segment for each accepted command and the first")
	for id, got := range h.accepted {
		require.Equal(t, got.command.Terms.Seats, got.result.State.Terms.Seats)
		require.Equal(t, got.command.Terms.Seats, began[got.command.At.UnixMilli()], "command %s", id)
		recorded, err := h.Store.CarriedOut(ctx, h.id, id)
		require.NoError(t, err)
		var turned message.Turned
		require.NoError(t, json.Unmarshal(recorded.Result, &turned))
		require.True(t, sameInvoice(turned.Invoice, got.result.Invoice))
	}
	h.checkMoney()
}

func sameInvoice(a, b *message.Billed) bool {
	return (a == nil) == (b == nil) && (a == nil || a.InvoiceID == b.InvoiceID && a.AmountDue == b.AmountDue)
}

// checkMoney compares what was charged with the provider's own books.
func (x *tenant) checkMoney() {
	ctx := x.t.Context()
	books, err := sandbox.FetchBooks(ctx, x.Config.StripeURL)
	require.NoError(x.t, err)
	charged := map[string]int64{}
	for _, charge := range books.Charges {
		if charge.Status == "succeeded" && charge.Metadata["customer"] == x.id {
			require.Zero(x.t, charged[charge.Metadata["invoice"]], "invoice %s was charged twice", charge.Metadata["invoice"])
			charged[charge.Metadata["invoice"]] = charge.Amount
		}
	}
	for after := ""; ; {
		invoices, err := x.Store.Invoices(ctx, filterOf(x.id, after))
		require.NoError(x.t, err)
		for _, invoice := range invoices {
			require.Equal(x.t, invoice.AmountPaid, charged[invoice.ID], invoice.Number)
			delete(charged, invoice.ID)
			after = invoice.ID
		}
		if len(invoices) == 0 {
			break
		}
	}
	require.Empty(x.t, charged, "charged without an invoice")
	faults, err := x.Store.LedgerFaults(ctx)
	require.NoError(x.t, err)
	require.Empty(x.t, faults)
}

// A repeated command answers as the first, in the same run and months later.
func TestRepeatedCommandOnTheServer(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "repeating", "pm_card_visa")
	x.subscribe("seats", 1)
	ctx := t.Context()
	at := systemStart.Add(24 * time.Hour)
	first, err := x.client.Command(ctx, x.id, seatsCommand("up", at, 4))
	require.NoError(t, err)
	again, err := x.client.Command(ctx, x.id, seatsCommand("up", at, 4))
	require.NoError(t, err)
	require.True(t, sameJSON(first, again))
	x.advance(systemStart.AddDate(0, 3, 0))
	_, err = x.client.Command(ctx, x.id, seatsCommand("down", systemStart.AddDate(0, 3, 0), 2))
	require.NoError(t, err)
	monthsLater, err := x.client.Command(ctx, x.id, seatsCommand("up", systemStart.AddDate(0, 3, 1), 4))
	require.NoError(t, err)
	require.True(t, sameJSON(first, monthsLater))
	x.advance(systemStart.AddDate(0, 4, 0)) // within a run, the server answers without asking the workflow
	_, err = x.client.Command(ctx, x.id, seatsCommand("up", systemStart.AddDate(0, 4, 1), 5))
	var refused *subscription.Refusal
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "command_id_reused", refused.Code)
	state, err := x.client.Status(ctx, x.id)
	require.NoError(t, err)
	require.EqualValues(t, 2, state.Terms.Seats)
	x.checkMoney()
}

// A year's contract billed by the month, canceled on its 45th day, on the real engine: the provider's own books show the
// two months that had begun, and nothing in the year after.
func TestCancelOnDay45OnTheServer(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "day45", "pm_card_visa")
	_, err := x.client.Subscribe(t.Context(), message.Subscribe{
		SubscriptionID: x.id, CustomerID: x.id, EntityID: x.seller, Currency: "USD",
		Terms: subscription.Terms{PlanID: "seats", PlanVersion: 1, Seats: 1}, StartAt: systemStart, EndsAfter: 12, AwaitStart: true,
	})
	require.NoError(t, err)
	day45 := systemStart.AddDate(0, 0, 45)
	x.advance(day45)
	canceled, err := x.client.Command(t.Context(), x.id, subscription.Command{
		ID: "cancel", Kind: subscription.Cancel, At: day45, Actor: "customer", Reason: "too_expensive",
	})
	require.NoError(t, err)
	require.Equal(t, subscription.Canceled, canceled.State.Status)
	require.Nil(t, canceled.Invoice, "nothing is left to pay")

	x.advance(systemStart.AddDate(1, 2, 0))
	books, err := sandbox.FetchBooks(t.Context(), x.Config.StripeURL)
	require.NoError(t, err)
	var amounts []int64
	for _, charge := range books.Charges {
		if charge.Metadata["customer"] == x.id {
			amounts = append(amounts, charge.Amount)
		}
	}
	require.Equal(t, []int64{1000, 1000}, amounts)
	require.Equal(t, enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, x.runStatus(t, message.SubscriptionID(x.id)))
	x.checkMoney()
}
