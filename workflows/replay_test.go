package workflows_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// The histories of testdata/history were made by a real server. Workflows that run in production must replay them for as
// long as runs of that age are alive: a file that does not replay any more means that such a run would be stuck.
//
//	go test ./workflows -run TestRecord -args -record
//
// makes them anew, which is right only for a change that no running workflow has to survive.
var record = flag.Bool("record", false, "record the histories that TestReplay replays")

const histories = "testdata/history"

func TestReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(quiet()), file))
		})
	}
}

// A workflow that decides differently must not pass.
func TestReplayCatchesAnotherDecision(t *testing.T) {
	t.Parallel()
	chargesFirst := func(ctx workflow.Context, in message.SubscriptionInput) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute, TaskQueue: message.PaymentsQueue})
		return workflow.ExecuteActivity(ctx, message.ChargeInvoice.Name, in).Get(ctx, nil)
	}
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(chargesFirst, workflow.RegisterOptions{Name: message.SubscriptionWorkflow})
	err := replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(quiet()), filepath.Join(histories, "subscription-renewal.json"))
	require.ErrorContains(t, err, "TMPRL1100", "Temporal's rule about non-deterministic workflows")
}

func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("replays only; -record records")
	}
	s := realServer(t)
	t.Run("trial and renewal", func(t *testing.T) {
		x := s.tenant(t, "recorded-trial", "pm_card_visa")
		x.subscribe("trial", 0)
		x.advance(systemStart.AddDate(0, 2, 0))
		x.save(message.SubscriptionID(x.id), "subscription-trial", "subscription-renewal")
	})
	t.Run("commands", func(t *testing.T) {
		x := s.tenant(t, "recorded-commands", "pm_card_visa")
		x.subscribe("seats", 1)
		for day, command := range []subscription.Command{
			seatsCommand("up", time.Time{}, 3),
			{ID: "pause", Kind: subscription.Pause},
			{ID: "resume", Kind: subscription.Resume},
			{ID: "later", Kind: subscription.ChangeTerms, AtPeriodEnd: true, Terms: &subscription.Terms{PlanID: "seats", PlanVersion: 1, Seats: 2}},
			{ID: "cancel", Kind: subscription.Cancel, CreditUnused: true},
		} {
			command.At, command.Actor = systemStart.AddDate(0, 0, day+1), "customer"
			_, err := x.client.Command(t.Context(), x.id, command)
			require.NoError(t, err)
		}
		x.save(message.SubscriptionID(x.id), "subscription-commands")
	})
	t.Run("refused", func(t *testing.T) {
		x := s.tenant(t, "recorded-refused", "pm_card_visa")
		_, err := x.client.Subscribe(t.Context(), message.Subscribe{
			SubscriptionID: x.id, CustomerID: x.id, EntityID: "acme", Currency: "USD", Terms: subscription.Terms{PlanID: "unknown", PlanVersion: 1}, StartAt: systemStart,
		})
		require.Error(t, err)
		x.save(message.SubscriptionID(x.id), "subscription-refused")
	})
	t.Run("given up", func(t *testing.T) {
		x := s.tenant(t, "recorded-given-up", "pm_card_chargeCustomerFail")
		invoice := x.subscribe("seats", 1).Invoice
		x.advance(systemStart.AddDate(0, 1, 0))
		x.save(message.SubscriptionID(x.id), "subscription-unpaid")
		x.save(message.DunningID(invoice.InvoiceID), "dunning-given-up")
	})
	t.Run("recovered", recordRecovered)
	t.Run("run and filing", recordShared)
}

// recordRecovered records a customer whose first card fails, and who gives another.
func recordRecovered(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-recovered", "pm_card_chargeCustomerFail")
	invoice := x.subscribe("seats", 1).Invoice
	changed := systemStart.Add(48 * time.Hour)
	x.advance(changed)
	require.NoError(t, x.Store.ReplacePaymentMethod(t.Context(), store.PaymentMethod{
		ID: "method_" + x.id + "_2", CustomerID: x.id, ProviderToken: "pm_card_visa", Position: 1, ChangedAt: changed,
	}))
	require.NoError(t, x.client.PaymentNews(t.Context(), invoice.InvoiceID, message.PaymentNews{At: changed, Reason: "method_changed"}))
	require.Eventually(t, func() bool {
		state, err := x.client.Status(t.Context(), x.id)
		return err == nil && state.Status == subscription.Active
	}, 30*time.Second, 20*time.Millisecond)
	x.advance(systemStart.AddDate(0, 2, 0))
	x.save(message.SubscriptionID(x.id), "subscription-recovered")
	x.save(message.DunningID(invoice.InvoiceID), "dunning-recovered")
}

// recordShared records a month's run, of which one invoice goes to collection, and a return that nobody owes.
func recordShared(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-run", "pm_card_visa")
	x.subscribe("api", 0)
	run, err := x.client.StartInvoiceRun(t.Context(), "acme", "2027-02", systemStart.AddDate(0, 2, 0))
	require.NoError(t, err)
	require.NoError(t, run.Get(t.Context(), nil))
	x.save(run.GetID(), "invoice-run")
	filing, err := x.client.StartTaxFiling(t.Context(), message.TaxFilingInput{EntityID: "beta", Scheme: "uk_vat", Period: "2027-Q1", AsOf: systemStart.AddDate(0, 3, 0)})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		state, err := x.client.TaxFilingState(t.Context(), "beta", "uk_vat", "2027-Q1")
		return err == nil && state.Status == "computed"
	}, 30*time.Second, 20*time.Millisecond)
	_, err = x.client.ApproveTaxFiling(t.Context(), "beta", "uk_vat", "2027-Q1", message.Approval{By: "user_1", At: systemStart.AddDate(0, 3, 2)})
	require.NoError(t, err)
	require.NoError(t, filing.Get(t.Context(), nil))
	x.save(filing.GetID(), "tax-filing")
}

// save writes the histories of a workflow's runs, first to last, under the given names. Later runs are left out.
func (x *tenant) save(workflowID string, names ...string) {
	x.t.Helper()
	described, err := x.Temporal.DescribeWorkflowExecution(x.t.Context(), workflowID, "")
	require.NoError(x.t, err)
	runID := described.GetWorkflowExecutionInfo().GetFirstRunId()
	for _, name := range names {
		run := x.history(workflowID, runID)
		encoded, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(run)
		require.NoError(x.t, err)
		require.NoError(x.t, os.WriteFile(filepath.Join(histories, name+".json"), anonymous(encoded), 0o644))
		runID = run.GetEvents()[len(run.GetEvents())-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	}
}

func (x *tenant) history(workflowID, runID string) *history.History {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
	defer cancel()
	run := &history.History{}
	for events := x.Temporal.GetWorkflowHistory(ctx, workflowID, runID, false, 0); events.HasNext(); {
		event, err := events.Next()
		require.NoError(x.t, err)
		run.Events = append(run.Events, event)
	}
	return run
}

var identity = regexp.MustCompile(`"identity":\s*"[^"]*"`)

// anonymous leaves out which machine made a history.
func anonymous(encoded []byte) []byte {
	return []byte(strings.TrimSpace(string(identity.ReplaceAll(encoded, []byte(`"identity":"test"`)))) + "\n")
}
