package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// declined makes a customer with an invoice whose first attempt failed.
func (b *bundle) declined(id string) string {
	b.t.Helper()
	invoice := b.billed(id, "EUR", "pm_card_chargeCustomerFail").InvoiceID
	require.Equal(b.t, message.Declined, b.persist(invoice, 1).Status)
	return invoice
}

func (b *bundle) next(invoice string, at time.Time) message.DunningStep {
	b.t.Helper()
	step, err := b.collection.NextDunningStep(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: at})
	require.NoError(b.t, err)
	return step
}

func (b *bundle) dunning(invoice string) store.Dunning {
	b.t.Helper()
	row, err := b.Dunning(b.ctx, invoice)
	require.NoError(b.t, err)
	return row
}

func (b *bundle) mails(template string) int {
	b.t.Helper()
	mails, err := b.ClaimMail(b.ctx, 1000)
	require.NoError(b.t, err)
	n := 0
	for _, mail := range mails {
		if mail.Template == template {
			n++
		}
	}
	return n
}

func TestOpenDunning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.declined("ada")
	temporal := &mocks.Client{}
	b.collection.Temporal = temporal
	var started []message.DunningInput
	temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, message.DunningWorkflow, mock.Anything).Run(func(args mock.Arguments) {
		require.Equal(t, message.DunningID(invoice), args.Get(1).(client.StartWorkflowOptions).ID)
		started = append(started, args.Get(3).(message.DunningInput))
	}).Return(&mocks.WorkflowRun{}, nil).Once()
	temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, message.DunningWorkflow, mock.Anything).
		Return(nil, serviceerror.NewWorkflowExecutionAlreadyStarted("exists", "", ""))
	in := message.OpenDunningInput{InvoiceID: invoice, CustomerID: "ada", SubscriptionID: "sub_ada", At: day0}
	for range 3 {
		_, err := b.collection.OpenDunning(b.ctx, in)
		require.NoError(t, err)
	}
	require.Len(t, started, 1)
	require.Equal(t, day0, started[0].At)
	require.Equal(t, money.New(1000, "EUR"), started[0].Next.Owed)
	require.Equal(t, message.DunningRetry, started[0].Next.Kind)
	require.Equal(t, 2, started[0].Next.Attempt)
	row := b.dunning(invoice)
	require.Equal(t, "retrying", row.Status)
	require.Equal(t, started[0].Next.At, row.NextActionAt.UTC())
	require.Equal(t, 1, b.mails("payment_failed"))
}

func TestOpenDunningOfAnInvoicePaidMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_visa").InvoiceID
	b.persist(invoice, 1)
	b.collection.Temporal = &mocks.Client{} // would panic when used
	_, err := b.collection.OpenDunning(b.ctx, message.OpenDunningInput{InvoiceID: invoice, At: day0})
	require.NoError(t, err)
	require.Equal(t, "recovered", b.dunning(invoice).Status)
}

func TestNextDunningStep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail").InvoiceID
	first := b.next(invoice, day0)
	require.Equal(t, message.DunningStep{Kind: message.DunningRetry, At: day0, Attempt: 1, Reason: "first_attempt", Owed: money.New(1000, "EUR")}, first)
	b.persist(invoice, 1)
	second := b.next(invoice, day0.Add(time.Hour))
	require.Equal(t, second, b.next(invoice, day0.Add(time.Hour)))
	require.Equal(t, 2, second.Attempt)
	require.True(t, second.Cancel)
	require.Equal(t, second, b.next(invoice, day0.Add(-time.Hour)), "news dated before the attempt")
	end := b.next(invoice, day0.AddDate(0, 0, 30))
	require.Equal(t, message.DunningGiveUp, end.Kind)
	require.Equal(t, 2, end.Attempt)
	b.pay("ada", "pm_card_visa", day0.Add(2*time.Hour))
	changed := b.next(invoice, day0.Add(3*time.Hour))
	require.Equal(t, message.DunningRetry, changed.Kind)
	require.Equal(t, day0.Add(3*time.Hour), changed.At.UTC())
	b.persist(invoice, 2)
	over := b.next(invoice, day0.Add(4*time.Hour))
	require.Equal(t, message.DunningOver, over.Kind)
	row := b.dunning(invoice)
	require.Equal(t, "recovered", row.Status)
	require.Nil(t, row.NextActionAt)
	require.Equal(t, day0, row.StartedAt.UTC())
}

func TestNextDunningStepWaitsForAPaymentUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_visa").InvoiceID
	require.NoError(t, b.Tx(b.ctx, func(tx store.Tx) error {
		return tx.AddPayment(b.ctx, store.Payment{
			ID: "pay_live", InvoiceID: invoice, Attempt: 1, Status: store.PaymentProcessing, Amount: 1000, Currency: "EUR", IdempotencyKey: "k", AskedAt: day0,
		})
	}))
	for _, days := range []int{1, 60} {
		step := b.next(invoice, day0.AddDate(0, 0, days))
		require.Equal(t, message.DunningWait, step.Kind, "nothing is given up while money is on its way")
		require.Equal(t, day0.AddDate(0, 0, days+1), step.At.UTC())
	}
}

func TestGiveUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.declined("ada")
	b.next(invoice, day0)
	for range 2 {
		given, err := b.collection.GiveUpInvoice(b.ctx, message.GiveUp{InvoiceID: invoice, At: day0.AddDate(0, 0, 14), Reason: "policy_ended"})
		require.NoError(t, err)
		require.False(t, given.Paid)
	}
	row, err := b.Invoice(b.ctx, invoice)
	require.NoError(t, err)
	require.Equal(t, "uncollectible", row.Status)
	require.Equal(t, "given_up", b.dunning(invoice).Status)
	b.sound()
}

func TestGiveUpOnAPaidInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.declined("ada")
	b.next(invoice, day0)
	b.confirmElsewhere(invoice)
	require.Equal(t, message.Paid, b.ask(invoice, day0.AddDate(0, 0, 14)).Status)
	given, err := b.collection.GiveUpInvoice(b.ctx, message.GiveUp{InvoiceID: invoice, At: day0.AddDate(0, 0, 14), Reason: "policy_ended"})
	require.NoError(t, err)
	require.True(t, given.Paid)
	b.paidOnce(invoice)
	row := b.dunning(invoice)
	require.Equal(t, "recovered", row.Status)
	require.Nil(t, row.NextActionAt, "nothing is due any more")
}

// A network counts the tries of a card, not of an invoice.
func TestTriesForOtherInvoicesCountAgainstTheNetworksCap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_chargeCustomerFail")
	var first string
	for i := range 15 {
		in := agreement(fmt.Sprintf("sub%d", i), "ada", "seats", 1, "EUR")
		invoice := b.subscribe(in).Invoice.InvoiceID
		require.Equal(t, message.Declined, b.persist(invoice, 1).Status)
		if i == 0 {
			first = invoice
		}
	}
	step := b.next(first, day0)
	require.Equal(t, "network_cap", step.Reason)
	require.Equal(t, message.DunningWait, step.Kind, "30 days are more than this policy waits")
}

// A stolen first card is no reason to bother the customer who gave a second one.
func TestTheNextMethodStandsIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa_chargeDeclinedStolenCard")
	require.NoError(t, b.ReplacePaymentMethod(b.ctx, store.PaymentMethod{
		ID: "second", CustomerID: "ada", ProviderToken: "pm_card_mastercard", Position: 2, ChangedAt: day0,
	}))
	invoice := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR")).Invoice.InvoiceID
	require.Equal(t, message.Declined, b.persist(invoice, 1).Status)
	step := b.next(invoice, day0)
	require.Equal(t, message.DunningRetry, step.Kind)
	require.Equal(t, "next_payment_method", step.Reason)
	require.Equal(t, day0.Add(time.Minute), step.At.UTC())
	require.Equal(t, message.Paid, b.persist(invoice, 2).Status)
	payments, err := b.Payments(b.ctx, invoice)
	require.NoError(t, err)
	require.Equal(t, "second", *payments[1].MethodID)
	b.paidOnce(invoice)
}
