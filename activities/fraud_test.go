package activities_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// rule puts a rule in force.
func (b *bundle) rule(name string, kind fraud.Kind, expression string) {
	b.t.Helper()
	at := day0
	require.NoError(b.t, b.Tx(b.ctx, func(tx store.Tx) error {
		added, err := tx.AddRule(b.ctx, store.FraudRule{
			EntityID: "acme", Name: name, Kind: kind, Expression: expression, AddedBy: "ada", AddedWhy: "a test", AddedAt: at,
		})
		if err != nil {
			return err
		}
		added.NoDryRunBecause, added.EnabledBy, added.EnabledAt = "a test", "ada", &at
		return tx.EnableRule(b.ctx, added)
	}))
}

// exec changes rows in a way that nothing of ours does.
func (b *bundle) exec(sql string) {
	b.t.Helper()
	conn, err := pgx.Connect(b.ctx, b.url)
	require.NoError(b.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(b.ctx, sql)
	require.NoError(b.t, err)
}

// last is the latest attempt to collect an invoice.
func (b *bundle) last(invoice string) store.Payment {
	b.t.Helper()
	payments, err := b.Payments(b.ctx, invoice)
	require.NoError(b.t, err)
	require.NotEmpty(b.t, payments)
	return payments[len(payments)-1]
}

func (b *bundle) screening(payment string) (store.Screening, fraud.Decision) {
	b.t.Helper()
	row, err := b.Screening(b.ctx, payment)
	require.NoError(b.t, err)
	var decision fraud.Decision
	require.NoError(b.t, json.Unmarshal(row.Decision, &decision))
	return row, decision
}

func TestBlockedByRule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("prepaid", fraud.Block, `payment.method == "card" && payment.funding == "prepaid"`)
	invoice := b.billed("ada", "EUR", "pm_card_mastercard_prepaid")
	for range 2 { // a repetition gives the same decision
		got, err := b.charge(invoice.InvoiceID, 1)
		require.NoError(t, err)
		require.Equal(t, message.Declined, got.Status)
		require.Equal(t, "blocked_by_rule", got.DeclineCode)
	}
	require.Empty(t, b.books().Charges, "the provider was not asked")
	row, decision := b.screening(b.last(invoice.InvoiceID).ID)
	require.Equal(t, []fraud.Ref{{Rule: "prepaid", Version: 1, Kind: fraud.Block}}, decision.Matched)
	require.NotContains(t, string(row.Facts), "ada@")
	require.NotContains(t, string(row.Facts), "fingerprint")
	require.NotEmpty(t, row.FactsHash)
	b.sound()

	other := b.billed("bob", "EUR", "pm_card_visa")
	got, err := b.charge(other.InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, message.Paid, got.Status)
	_, decision = b.screening(b.last(other.InvoiceID).ID)
	require.Equal(t, fraud.NoAction, decision.Action)
}

// What was decided stays decided, even if the rules change before the attempt goes on.
func TestADecisionIsMadeOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("all", fraud.Block, `payment.amount > 0`)
	invoice := b.billed("ada", "EUR", "pm_card_visa")
	_, err := b.charge(invoice.InvoiceID, 1)
	require.NoError(t, err)
	first := b.last(invoice.InvoiceID)
	at := day0
	require.NoError(t, b.RetireRule(b.ctx, store.FraudRule{EntityID: "acme", Name: "all", Version: 1, RetiredBy: "ada", RetiredWhy: "too strict", RetiredAt: &at}))
	again, err := b.charge(invoice.InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, "blocked_by_rule", again.DeclineCode)
	second, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 2, At: day0.Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.Paid, second.Status, "another attempt is another decision")
	kept, _ := b.screening(first.ID)
	require.EqualValues(t, fraud.Block, kept.Action)
}

func TestRequest3DS(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("first", fraud.Request3DS, `payment.first`)
	b.rule("first-block", fraud.Block, `payment.first`)
	invoice := b.billed("ada", "EUR", "pm_card_visa")
	got, err := b.charge(invoice.InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, message.Declined, got.Status)
	require.Equal(t, "authentication_required", got.DeclineCode, "as the provider says it")
	require.Empty(t, b.books().Charges)
	row, err := b.Invoice(b.ctx, invoice.InvoiceID)
	require.NoError(t, err)
	intent, err := b.payments.Stripe.PaymentIntents.Get(*row.ProviderIntent, nil)
	require.NoError(t, err)
	require.EqualValues(t, "any", intent.PaymentMethodOptions.Card.RequestThreeDSecure, "the customer will be asked")
}

func TestAllowSkipsBlockAndReview(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("known", fraud.Allow, `customer.country == "US"`)
	b.rule("all", fraud.Block, `true`)
	b.rule("all-reviewed", fraud.Review, `true`)
	got, err := b.charge(b.billed("ada", "EUR", "pm_card_visa").InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, message.Paid, got.Status)
	require.Empty(t, got.Review)
}

func TestListsAndVelocity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("shared", fraud.Block, `velocity.card.customers_24h >= 2`)
	b.rule("listed", fraud.Block, `listed("blocked_emails", customer.email)`)
	require.NoError(t, b.AddFraudList(b.ctx, store.FraudList{EntityID: "acme", Name: "blocked_emails", ItemType: fraud.Email, CreatedBy: "ada", CreatedAt: day0}))
	expires := day0.Add(time.Minute)
	item := store.FraudListItem{
		EntityID: "acme", List: "blocked_emails", Value: "ada@example.com", Source: store.FromOperator, AddedBy: "ada", Why: "abuse", AddedAt: day0.Add(-time.Hour), ExpiresAt: &expires,
	}
	require.NoError(t, b.Tx(b.ctx, func(tx store.Tx) error { _, err := tx.AddFraudListItem(b.ctx, item); return err }))
	for i, want := range []struct {
		customer string
		at       time.Time
		status   message.PaymentStatus
	}{
		{"ada", day0, message.Declined},                      // on the list
		{"bob", day0.Add(2 * time.Minute), message.Paid},     // the second customer with this card: one before
		{"cyd", day0.Add(3 * time.Minute), message.Declined}, // two before
		{"dan", day0.Add(30 * time.Hour), message.Paid},      // they are too long ago
	} {
		invoice := b.billed(want.customer, "EUR", "pm_card_visa")
		got, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 1, At: want.at})
		require.NoError(t, err)
		require.Equal(t, want.status, got.Status, "attempt %d", i)
	}
	late, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: b.invoices()[0].ID, Attempt: 2, At: day0.Add(60 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.Paid, late.Status, "the item has expired")
}

// review is the state of a review after somebody has decided.
func (b *bundle) decide(payment string, approve bool, at time.Time) message.ReviewState {
	b.t.Helper()
	state, err := b.collection.DecideReview(b.ctx, message.DecideReviewInput{
		PaymentID: payment, Decision: message.ReviewDecision{Approve: approve, By: "grace", Reason: "called the customer", At: at},
	})
	require.NoError(b.t, err)
	return state
}

func TestAFirstPaymentWaitsForItsReview(t *testing.T) {
	t.Parallel()
	for name, approve := range map[string]bool{"approved": true, "declined": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.rule("first", fraud.Review, `payment.first`)
			invoice := b.billed("ada", "EUR", "pm_card_visa")
			held := b.persist(invoice.InvoiceID, 1)
			attempt := b.last(invoice.InvoiceID)
			require.Equal(t, message.Processing, held.Status)
			require.Equal(t, attempt.ID, held.Review)
			require.Empty(t, b.books().Charges, "nothing was charged")
			asked, err := b.payments.AskProvider(b.ctx, message.InvoiceAt{InvoiceID: invoice.InvoiceID, At: day0})
			require.NoError(t, err)
			require.Equal(t, message.Processing, asked.Status, "it still waits")
			looked, err := b.payments.LookAtReview(b.ctx, message.FraudReviewInput{PaymentID: attempt.ID, At: day0})
			require.NoError(t, err)
			require.Equal(t, message.ReviewOpen, looked.Status)
			require.True(t, looked.Pending)
			require.Equal(t, day0.Add(72*time.Hour), looked.DeadlineAt)
			require.Equal(t, "decline", looked.OnDeadline)

			decided := b.decide(attempt.ID, approve, day0.Add(time.Hour))
			require.Equal(t, decided.Decision, b.decide(attempt.ID, !approve, day0.Add(2*time.Hour)).Decision, "the first decision counts")
			got := b.persist(invoice.InvoiceID, 1)
			b.sound()
			if approve {
				require.Equal(t, message.Paid, got.Status)
				require.Len(t, b.books().Charges, 1)
				return
			}
			require.Equal(t, "declined_in_review", got.DeclineCode)
			require.Empty(t, b.books().Charges)
			require.Equal(t, store.PaymentFailed, b.last(invoice.InvoiceID).Status)
		})
	}
}

// A rule that asks for a review asks again at the next attempt for the invoice; who approved is not asked twice.
func TestAnApprovalHoldsForTheInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("all", fraud.Review, `true`)
	invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail")
	require.NotEmpty(t, b.persist(invoice.InvoiceID, 1).Review)
	b.decide(b.last(invoice.InvoiceID).ID, true, day0)
	require.Equal(t, message.Declined, b.persist(invoice.InvoiceID, 1).Status, "the card says no")
	b.pay("ada", "pm_card_visa", day0.Add(time.Hour))
	got, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 2, At: day0.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.Paid, got.Status)
	require.Empty(t, got.Review)
}

func TestTheProvidersReview(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_riskLevelElevated")
	got := b.persist(invoice.InvoiceID, 1)
	require.Equal(t, message.Paid, got.Status)
	attempt := b.last(invoice.InvoiceID)
	require.Equal(t, attempt.ID, got.Review)
	risk, err := b.Risk(b.ctx, attempt.ID)
	require.NoError(t, err)
	require.Equal(t, "elevated", risk.RiskLevel)
	require.Equal(t, "manual_review", risk.Type)
	review, err := b.Review(b.ctx, attempt.ID)
	require.NoError(t, err)
	require.Equal(t, store.ByProvider, review.Cause)

	in := message.FraudReviewInput{PaymentID: attempt.ID, ProviderReview: *review.ProviderReview, At: day0}
	b.decide(attempt.ID, true, day0)
	for range 2 {
		_, err = b.payments.CloseProviderReview(b.ctx, in)
		require.NoError(t, err)
	}
	closed, err := b.payments.Stripe.Reviews.Get(in.ProviderReview, nil)
	require.NoError(t, err)
	require.False(t, closed.Open)
	require.EqualValues(t, "approved", closed.ClosedReason)
}

// A review that the provider opened without our knowing is recorded when it is told of; one that is over is not.
func TestAReviewThatWasNotKnown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	attempt := b.paid("ada", "pm_card_riskLevelElevated")
	review, err := b.Review(b.ctx, attempt.ID)
	require.NoError(t, err)
	b.exec("DELETE FROM fraud_review")
	in := message.FraudReviewInput{PaymentID: attempt.ID, ProviderReview: *review.ProviderReview, At: day0}
	state, err := b.payments.LookAtReview(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, message.ReviewOpen, state.Status)
	require.Equal(t, in.ProviderReview, state.ProviderReview)
	_, err = b.payments.Stripe.Reviews.Approve(in.ProviderReview, nil)
	require.NoError(t, err)
	state, err = b.payments.LookAtReview(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, "approved", state.ProviderClosed)
	b.exec("DELETE FROM fraud_review")
	state, err = b.payments.LookAtReview(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, message.ReviewNone, state.Status)
}

func TestTheOutcomeOfABlockedChargeIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_riskLevelHighest")
	require.Equal(t, "fraudulent", b.persist(invoice.InvoiceID, 1).DeclineCode)
	risk, err := b.Risk(b.ctx, b.last(invoice.InvoiceID).ID)
	require.NoError(t, err)
	require.Equal(t, "highest", risk.RiskLevel)
	require.Equal(t, "blocked", risk.Type)
	b.rule("risky", fraud.Block, `outcome.risk_level == "highest"`)
	b.pay("ada", "pm_card_visa", day0.Add(time.Hour))
	got, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 2, At: day0.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, "blocked_by_rule", got.DeclineCode, "what the provider said earlier is a fact")
}

func TestWarningsAndDisputesFeedTheLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	warnedPayment := b.paid("ada", "pm_card_createIssuerFraudRecord")
	list := b.payments.Stripe.RadarEarlyFraudWarnings.List(nil)
	require.True(t, list.Next())
	warning := list.RadarEarlyFraudWarning()
	for range 2 {
		warned, err := b.payments.RecordWarning(b.ctx, message.WarningInput{WarningID: warning.ID, At: day0})
		require.NoError(t, err)
		require.Equal(t, warnedPayment.ID, warned.PaymentID)
	}
	_, dispute := b.disputed("bob", "pm_card_createDispute")
	b.record(dispute, day0)
	b.record(dispute, day0.Add(time.Hour))
	for list, values := range map[string]map[string]string{
		fraud.BlockedEmails: {"ada@example.com": store.FromWarning, "bob@example.com": store.FromDispute},
	} {
		items, err := b.FraudListItems(b.ctx, "acme", list, day0, 0, 10)
		require.NoError(t, err)
		require.Len(t, items, 2)
		for _, item := range items {
			require.Equal(t, values[item.Value], item.Source)
		}
	}
	cards, err := b.FraudListItems(b.ctx, "acme", fraud.BlockedCards, day0, 0, 10)
	require.NoError(t, err)
	require.Len(t, cards, 2)

	// Somebody clears ada: the same warning does not bring her back.
	require.NoError(t, b.RemoveFraudListItem(b.ctx, "acme", fraud.BlockedEmails, "ada@example.com", "grace", "was her", day0))
	_, err = b.payments.RecordWarning(b.ctx, message.WarningInput{WarningID: warning.ID, At: day0})
	require.NoError(t, err)
	items, err := b.FraudListItems(b.ctx, "acme", fraud.BlockedEmails, day0, 0, 10)
	require.NoError(t, err)
	require.Len(t, items, 1)
}

// A held subscription that is declined ends at the instant at which it began: its whole invoice is credited.
func TestADeclinedSubscriptionOwesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("first", fraud.Review, `payment.first`)
	b.customer("ada", "EUR", "pm_card_visa")
	begun := b.subscribe(agreement("ada", "ada", "seats", 3, "EUR"))
	held := b.persist(begun.Invoice.InvoiceID, 1)
	state := begun.State.Hold(held.Review).PaymentFailed(begun.Invoice.InvoiceID)
	require.Equal(t, subscription.Held, state.Status)
	_, err := b.billing.NoteStanding(b.ctx, state)
	require.NoError(t, err)
	_, err = b.collection.PlanReviewRefunds(b.ctx, message.FraudReviewInput{PaymentID: held.Review, At: day0})
	require.ErrorContains(t, err, "has not ended yet")
	b.decide(held.Review, false, day0.Add(time.Hour))
	ended := b.carryOut(state, subscription.Command{ID: "review:x", Kind: subscription.Cancel, At: state.LastAt, CreditUnused: true, Actor: "grace", Reason: "declined_in_review"})
	require.Equal(t, subscription.Canceled, ended.State.Status)
	invoice, err := b.Invoice(b.ctx, begun.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, "paid", invoice.Status)
	require.Equal(t, invoice.AmountDue, invoice.AmountCredited, "all of it by the credit note")
	plan, err := b.collection.PlanReviewRefunds(b.ctx, message.FraudReviewInput{PaymentID: held.Review, At: day0})
	require.NoError(t, err)
	require.Empty(t, plan.Refunds)
	b.sound()
}

// What was paid and is declined goes back through the payment: out of the credit that the end made, so that the tax goes too.
func TestADeclinedPaymentGoesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_riskLevelElevated")
	begun := b.subscribe(agreement("ada", "ada", "seats", 3, "EUR"))
	paid := b.persist(begun.Invoice.InvoiceID, 1)
	state := begun.State.Hold(paid.Review)
	b.decide(paid.Review, false, day0.Add(time.Hour))
	b.carryOut(state, subscription.Command{ID: "review:x", Kind: subscription.Cancel, At: state.LastAt, CreditUnused: true, Actor: "grace", Reason: "declined_in_review"})
	in := message.FraudReviewInput{PaymentID: paid.Review, At: day0.Add(time.Hour)}
	plan, err := b.collection.PlanReviewRefunds(b.ctx, in)
	require.NoError(t, err)
	require.Len(t, plan.Refunds, 1)
	require.False(t, plan.Refunds[0].Goodwill)
	require.Equal(t, paid.Amount, plan.Refunds[0].Amount)
	for _, refund := range plan.Refunds {
		_, err := b.payments.OpenRefund(b.ctx, refund)
		require.NoError(t, err)
		got, err := b.payments.PayRefund(b.ctx, message.RefundAt{RefundID: refund.RefundID, At: refund.At})
		require.NoError(t, err)
		require.Equal(t, "succeeded", got.Status)
	}
	again, err := b.collection.PlanReviewRefunds(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, plan, again, "planned again, it is the same refund")
	b.sound()
	require.Len(t, b.books().Refunds, 1)
}

func (b *bundle) limitTrials(limits fraud.TrialLimits) {
	b.t.Helper()
	policy := fraud.DefaultPolicy()
	policy.Trials = &limits
	require.NoError(b.t, b.SetFraudPolicy(b.ctx, "acme", policy))
}

// open records an agreement as its workflow does: what the customer pays with is found out if need be.
func (b *bundle) open(in message.Subscribe) message.Opened {
	b.t.Helper()
	opened, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(b.t, err)
	if opened.Inspect != "" {
		_, err := b.payments.InspectMethod(b.ctx, message.MethodAt{MethodID: opened.Inspect, At: in.StartAt})
		require.NoError(b.t, err)
		opened, err = b.billing.OpenSubscription(b.ctx, in)
		require.NoError(b.t, err)
		require.Empty(b.t, opened.Inspect)
	}
	return opened
}

func TestTrialLimits(t *testing.T) {
	t.Parallel()
	device := func(in message.Subscribe, hash string) message.Subscribe { in.Device = hash; return in }
	later := func(in message.Subscribe, at time.Time) message.Subscribe { in.StartAt = at; return in }
	trial := func(customer string) message.Subscribe {
		return agreement("sub-"+customer, customer, "trial", 0, "EUR")
	}
	for name, tt := range map[string]struct {
		limits  fraud.TrialLimits
		first   message.Subscribe
		second  message.Subscribe
		refused bool
	}{
		"same card":                    {fraud.TrialLimits{PerFingerprint: 1, WithinDays: 365}, trial("ada"), trial("bob"), true},
		"another card":                 {fraud.TrialLimits{PerFingerprint: 1, WithinDays: 365}, trial("ada"), trial("cyd"), false},
		"same card, a year later":      {fraud.TrialLimits{PerFingerprint: 1, WithinDays: 365}, trial("ada"), later(trial("bob"), day0.AddDate(0, 0, 366)), false},
		"same card, two allowed":       {fraud.TrialLimits{PerFingerprint: 2, WithinDays: 365}, trial("ada"), trial("bob"), false},
		"same mailbox":                 {fraud.TrialLimits{PerEmail: 1, WithinDays: 365}, trial("gus"), trial("gus2"), true},
		"same device":                  {fraud.TrialLimits{PerDevice: 1, WithinDays: 30}, device(trial("ada"), "d1"), device(trial("cyd"), "d1"), true},
		"another device":               {fraud.TrialLimits{PerDevice: 1, WithinDays: 30}, device(trial("ada"), "d1"), device(trial("cyd"), "d2"), false},
		"no device given":              {fraud.TrialLimits{PerDevice: 1, WithinDays: 30}, trial("ada"), trial("cyd"), false},
		"no trial":                     {fraud.TrialLimits{PerFingerprint: 1, WithinDays: 365}, trial("ada"), agreement("sub-bob", "bob", "seats", 1, "EUR"), false},
		"the same agreement once more": {fraud.TrialLimits{PerFingerprint: 1, PerEmail: 1, WithinDays: 365}, trial("ada"), trial("ada"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.customer("ada", "EUR", "pm_card_visa")
			b.customer("bob", "EUR", "pm_card_visa")
			b.customer("cyd", "EUR", "pm_card_mastercard")
			b.customer("gus", "EUR", "")
			b.customer("gus2", "EUR", "")
			b.exec(`UPDATE customer SET email = CASE id WHEN 'gus' THEN 'g.us@gmail.com' ELSE 'GUS+2@googlemail.com' END WHERE id IN ('gus', 'gus2')`)
			b.limitTrials(tt.limits)
			require.Nil(t, b.open(tt.first).Refusal)
			second := b.open(tt.second)
			if !tt.refused {
				require.Nil(t, second.Refusal)
				return
			}
			require.Equal(t, "trial_limit_reached", second.Refusal.Code)
			require.Contains(t, second.Refusal.Message, "choose a plan without a trial")
			_, err := b.Subscription(b.ctx, tt.second.SubscriptionID)
			require.ErrorIs(t, err, store.ErrNotFound, "nothing was written")
		})
	}
}

// However many ask at once, no more trials begin than are allowed.
func TestTrialsAreCountedUnderConcurrency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.limitTrials(fraud.TrialLimits{PerDevice: 2, WithinDays: 30})
	var group sync.WaitGroup
	var mu sync.Mutex
	began := 0
	for i := range 10 {
		id := fmt.Sprintf("c%d", i)
		b.customer(id, "EUR", "")
		group.Go(func() {
			in := agreement(id, id, "trial", 0, "EUR")
			in.Device = "d1"
			opened, err := b.billing.OpenSubscription(b.ctx, in)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && opened.Refusal == nil {
				began++
			}
		})
	}
	group.Wait()
	require.Equal(t, 2, began)
}
