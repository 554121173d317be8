package workflows_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

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
	t.Run("money that goes back", recordMoneyBack)
	t.Run("bank debit", recordDebit)
	t.Run("bank transfer", recordTransfer)
	t.Run("checkout", recordCheckout)
	t.Run("start that nobody pays", recordUnpaidStart)
	t.Run("reviews", recordReviews)
	t.Run("again", recordAgain)
	t.Run("charged late", recordChargedLate)
	t.Run("wallet", recordWallet)
	t.Run("shared invoice", recordShared)
	t.Run("late usage", recordLateUsage)
	t.Run("run", recordRun)
	t.Run("run of several shards", recordShards)
	t.Run("filing", recordFiling)
	t.Run("filing that waits for a rate", recordWaitingFiling)
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

// recordReviews records a first payment that waits, approved once and declined once, and what becomes of the subscriptions.
func recordReviews(t *testing.T) {
	s := realServer(t)
	at := systemStart
	require.NoError(t, s.Store.Tx(t.Context(), func(tx store.Tx) error {
		rule, err := tx.AddRule(t.Context(), store.FraudRule{
			EntityID: "acme", Name: "recorded", Kind: fraud.Review, Expression: `customer.id.startsWith("recorded-review") && payment.first`,
			AddedBy: "ada", AddedWhy: "to record it", AddedAt: at,
		})
		if err != nil {
			return err
		}
		rule.NoDryRunBecause, rule.EnabledBy, rule.EnabledAt = "to record it", "ada", &at
		return tx.EnableRule(t.Context(), rule)
	}))
	for name, approve := range map[string]bool{"approved": true, "declined": false} {
		x := s.tenant(t, "recorded-review-"+name, "pm_card_visa")
		invoice := x.subscribe("seats", 1).Invoice
		payments, err := x.Store.Payments(t.Context(), invoice.InvoiceID)
		require.NoError(t, err)
		_, err = x.client.DecideReview(t.Context(), payments[0].ID, message.ReviewDecision{
			Approve: approve, By: "grace", Reason: "called the customer", At: systemStart.Add(time.Hour),
		})
		require.NoError(t, err)
		x.advance(systemStart.AddDate(0, 2, 0))
		x.save(message.SubscriptionID(x.id), "subscription-review-"+name)
		x.save(message.DunningID(invoice.InvoiceID), "dunning-review-"+name)
		x.save(message.FraudReviewID(payments[0].ID), "fraud-review-"+name)
	}
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
