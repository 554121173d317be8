package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// debited makes a customer with an unpaid invoice whose account was set up for debits.
func (b *bundle) debited(id, token string) (method, invoice string) {
	b.t.Helper()
	b.customer(id, "EUR", "")
	method = b.give(id, token, 1)
	require.Equal(b.t, store.MethodUsable, b.follow(method, message.SetUpStep, day0).Status)
	return method, b.subscribe(agreement("sub_"+id, id, "seats", 1, "EUR")).Invoice.InvoiceID
}

// chargeAt repeats an attempt as Temporal would, until it has an outcome.
func (b *bundle) chargeAt(invoice string, attempt int, at time.Time) message.Charged {
	b.t.Helper()
	var charged message.Charged
	var err error
	for range 8 {
		if charged, err = b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice, Attempt: attempt, At: at}); err == nil {
			return charged
		}
	}
	require.NoError(b.t, err)
	return charged
}

func (b *bundle) booked(invoice string) (found []sandbox.BookedCharge) {
	b.t.Helper()
	for _, charge := range b.books().Charges {
		if charge.Metadata["invoice"] == invoice {
			found = append(found, charge)
		}
	}
	return found
}

// A debit is announced once and made once, whatever happens to the answers, and paid when the banks have it.
func TestADebitIsMadeOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{
		sandbox.ServerErrorAfter, sandbox.ServerError, sandbox.DropAfterCommit, sandbox.DropBefore, sandbox.TooManyRequests, sandbox.HTML502,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			method, invoice := b.debited("ada", "pm_success_de")
			for range 2 {
				require.Equal(t, message.Announced, b.chargeAt(invoice, 1, day0).Status)
			}
			told, err := b.DebitNotice(b.ctx, invoice, method)
			require.NoError(t, err)
			require.Empty(t, b.booked(invoice))
			b.fault(sandbox.Fault{Kind: kind, IdempotencyKeyPrefix: "charge:"})
			require.Equal(t, message.Processing, b.chargeAt(invoice, 1, told.DebitOn).Status)
			require.Len(t, b.booked(invoice), 1)
			require.Equal(t, message.Processing, b.chargeAt(invoice, 1, told.DebitOn).Status, "again, it is the same attempt")
			require.Equal(t, message.Processing, b.ask(invoice, told.DebitOn.AddDate(0, 0, 1)).Status)
			require.Equal(t, message.Paid, b.ask(invoice, told.DebitOn.AddDate(0, 0, 10)).Status)
			require.Len(t, b.booked(invoice), 1)
			b.paidOnce(invoice)
		})
	}
}

// Dunning asks about a debit when the banks should know, and then every day.
func TestDunningWaitsForTheBanks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, invoice := b.debited("ada", "pm_success_de")
	b.chargeAt(invoice, 1, day0)
	step := b.next(invoice, day0)
	require.Equal(t, message.DunningRetry, step.Kind)
	require.Equal(t, "debit_announced", step.Reason)
	require.Equal(t, 1, step.Attempt)
	b.chargeAt(invoice, 1, step.At)
	made := step.At
	step = b.next(invoice, made)
	require.Equal(t, message.DunningWait, step.Kind)
	require.Equal(t, made.AddDate(0, 0, 7), step.At, "five business days")
	step = b.next(invoice, made.AddDate(0, 0, 8))
	require.Equal(t, made.AddDate(0, 0, 9), step.At)
}

// A debit that its owner takes back after it was paid rules the account out for the next invoice, and a card stands in.
func TestADisputedDebitRulesItsAccountOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	method, invoice := b.debited("ada", "pm_disputed_de")
	card := b.give("ada", "pm_card_visa", 2)
	b.follow(card, message.SetUpStep, day0)
	b.chargeAt(invoice, 1, day0)
	b.chargeAt(invoice, 1, day0.AddDate(0, 0, 4))
	require.Equal(t, message.Paid, b.ask(invoice, day0.AddDate(0, 0, 14)).Status)
	late := day0.AddDate(0, 0, 26)
	_, err := b.payments.Stripe.Balance.Get(&stripe.BalanceParams{Params: stripe.Params{ // whoever asks lets it become late
		Headers: map[string][]string{sandbox.AsOfHeader: {late.Format(time.RFC3339)}},
	}})
	require.NoError(t, err)
	list := b.payments.Stripe.Disputes.List(&stripe.DisputeListParams{})
	require.True(t, list.Next())
	for range 2 {
		_, err := b.payments.RecordDispute(b.ctx, message.DisputeInput{DisputeID: list.Dispute().ID, At: late})
		require.NoError(t, err)
	}
	row := b.method(method)
	require.Equal(t, store.MethodBlocked, row.Status)
	require.Equal(t, "customer_initiated", row.StatusReason)
	require.Equal(t, store.MethodBlocked, b.follow(method, message.RefreshStep, late).Status, "the provider's word does not lift it")
	require.Equal(t, "paid", b.invoice(invoice).Status)
	next := b.subscribe(agreement("sub_2", "ada", "seats", 1, "EUR")).Invoice.InvoiceID
	require.Equal(t, message.Paid, b.chargeAt(next, 1, late).Status)
	payments, err := b.Payments(b.ctx, next)
	require.NoError(t, err)
	require.Equal(t, card, *payments[0].MethodID)
	b.sound()

	// The same account under a new mandate is another method.
	again := b.give("ada", *row.ProviderID, 1)
	require.Equal(t, store.MethodUsable, b.follow(again, message.SetUpStep, late).Status)
	require.NotEqual(t, *row.Mandate, *b.method(again).Mandate)
	require.False(t, b.method(method).Active)
}

// What cannot be charged is a decline that waits for the customer, and never an error that stops the collection.
func TestChargingWhatCannotBeCharged(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ why, token, code, reason string }{
		{"unknown", "pm_nobody", "payment_method_unknown", "hard_decline"},
		{"of another currency", "pm_usBankAccount_success", "payment_method_unusable", "payment_method_unusable"},
		{"detached", "", "payment_method_detached", "hard_decline"},
		{"of another customer", "", "payment_method_detached", "hard_decline"},
	} {
		t.Run(tc.why, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			switch tc.why {
			case "detached":
				b.customer("ada", "EUR", "")
				id := b.give("ada", "pm_card_visa", 1)
				b.follow(id, message.SetUpStep, day0)
				_, err := b.payments.Stripe.PaymentMethods.Detach(*b.method(id).ProviderID, nil)
				require.NoError(t, err)
			case "of another customer":
				b.customer("bob", "EUR", "")
				id := b.give("bob", "pm_card_visa", 1)
				b.follow(id, message.SetUpStep, day0)
				b.customer("ada", "EUR", *b.method(id).ProviderID)
			default:
				b.customer("ada", "EUR", tc.token)
			}
			invoice := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR")).Invoice.InvoiceID
			charged := b.chargeAt(invoice, 1, day0)
			require.Equal(t, message.Declined, charged.Status)
			require.Equal(t, tc.code, charged.DeclineCode)
			step := b.next(invoice, day0)
			require.Equal(t, message.DunningWait, step.Kind)
			require.Equal(t, tc.reason, step.Reason)
			require.Empty(t, b.booked(invoice))
			b.pay("ada", "pm_card_mastercard", day0.Add(time.Hour))
			require.Equal(t, message.Paid, b.chargeAt(invoice, 2, day0.Add(time.Hour)).Status)
		})
	}
}

// A customer who presses the button on our pay page does not have an account debited again that must not be.
func TestTheCustomerCannotHaveAReturnedDebitMadeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, invoice := b.debited("ada", "pm_failed_de")
	made := day0.AddDate(0, 0, 10)
	b.chargeAt(invoice, 1, day0)
	require.Equal(t, message.Processing, b.chargeAt(invoice, 1, made).Status)
	require.Equal(t, message.Declined, b.ask(invoice, made.AddDate(0, 0, 20)).Status)
	pressed, err := b.payNow(invoice, 2, made.AddDate(0, 0, 21))
	require.NoError(t, err)
	require.Equal(t, "payment_method_unusable", pressed.DeclineCode)
	require.Len(t, b.booked(invoice), 1)
}
