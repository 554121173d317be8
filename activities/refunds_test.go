package activities_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// paid makes a customer who has paid an invoice of ten euros.
func (b *bundle) paid(id, card string) store.Payment { return b.paidIn(id, "EUR", card) }

func (b *bundle) paidIn(id string, currency money.Currency, card string) store.Payment {
	b.t.Helper()
	invoice := b.billed(id, currency, card)
	require.Equal(b.t, message.Paid, b.persist(invoice.InvoiceID, 1).Status)
	payments, err := b.Payments(b.ctx, invoice.InvoiceID)
	require.NoError(b.t, err)
	return payments[0]
}

// credited makes a customer who has paid ten euros, and has five of them back as credit.
func (b *bundle) credited(id, card string) store.Payment {
	b.t.Helper()
	b.customer(id, "EUR", card)
	turned := b.subscribe(agreement("sub_"+id, id, "seats", 2, "EUR"))
	require.Equal(b.t, message.Paid, b.persist(turned.Invoice.InvoiceID, 1).Status)
	b.carryOut(turned.State, changeTo("fewer", day0.Add(time.Minute), "seats", 1))
	require.Positive(b.t, b.credit(id))
	payments, err := b.Payments(b.ctx, turned.Invoice.InvoiceID)
	require.NoError(b.t, err)
	return payments[0]
}

func refundOf(p store.Payment, id string, minor int64) message.RefundInput {
	return message.RefundInput{RefundID: id, PaymentID: p.ID, Amount: money.New(minor, p.Currency), At: day0.Add(time.Hour)}
}

func goodwill(in message.RefundInput) message.RefundInput {
	in.Goodwill, in.Reason = true, "the service was down"
	return in
}

// payOut repeats a refund as Temporal would, until it has an answer.
func (b *bundle) payOut(in message.RefundInput) message.Refunded {
	b.t.Helper()
	_, err := b.payments.OpenRefund(b.ctx, in)
	require.NoError(b.t, err)
	return b.look(in.RefundID, in.At)
}

func (b *bundle) look(refund string, at time.Time) message.Refunded {
	b.t.Helper()
	var errs []error
	for range 8 {
		got, err := b.payments.PayRefund(b.ctx, message.RefundAt{RefundID: refund, At: at})
		if err == nil {
			return got
		}
		errs = append(errs, err)
	}
	require.NoError(b.t, errors.Join(errs...))
	return message.Refunded{}
}

// refundedOnce asserts that the provider made a refund exactly once, as our records say.
func (b *bundle) refundedOnce(id string) {
	b.t.Helper()
	var made []sandbox.BookedRefund
	for _, r := range b.books().Refunds {
		if r.Metadata["refund"] == id {
			made = append(made, r)
		}
	}
	require.Len(b.t, made, 1, "refunds %s", id)
	row, err := b.Refund(b.ctx, id)
	require.NoError(b.t, err)
	require.Equal(b.t, made[0].ID, *row.ProviderRefund)
	require.Equal(b.t, made[0].Amount, row.Amount)
	require.Equal(b.t, made[0].Status, row.Status)
	b.sound()
}

func TestRefundPaysCreditOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.credited("ada", "pm_card_visa")
	credit := b.credit("ada")
	in := refundOf(payment, "back", credit-100)
	got := b.payOut(in)
	require.Equal(t, message.Refunded{RefundID: "back", Status: store.RefundSucceeded, Amount: in.Amount}, got)
	require.Equal(t, got, b.payOut(in), "repeating it answers the same")
	b.refundedOnce("back")
	require.Equal(t, int64(100), b.credit("ada"))
	listed, err := b.ListedPayment(b.ctx, payment.ID)
	require.NoError(t, err)
	require.Equal(t, in.Amount.Minor, listed.Refunded)

	_, err = b.payments.OpenRefund(b.ctx, refundOf(payment, "more", 101))
	requireRefused(t, err, "credit_too_small")
	b.payOut(refundOf(payment, "rest", 100))
	b.refundedOnce("rest")
	require.Zero(t, b.credit("ada"))
}

func requireRefused(t *testing.T, err error, code string) {
	t.Helper()
	var refused *temporal.ApplicationError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.Type(), refused.Message())
	require.True(t, refused.NonRetryable())
}

func TestGoodwillRefundTakesFromRevenue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.paid("ada", "pm_card_visa")
	require.Equal(t, store.RefundSucceeded, b.payOut(goodwill(refundOf(payment, "part", 400))).Status)
	_, err := b.payments.OpenRefund(b.ctx, goodwill(refundOf(payment, "much", 601)))
	requireRefused(t, err, "refund_too_large")
	require.Equal(t, store.RefundSucceeded, b.payOut(goodwill(refundOf(payment, "rest", 600))).Status)
	b.refundedOnce("part")
	b.refundedOnce("rest")
}

func TestWhatCannotBeRefunded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.paid("ada", "pm_card_visa")
	unpaid := b.billed("bob", "EUR", "pm_card_chargeCustomerFail")
	require.Equal(t, message.Declined, b.persist(unpaid.InvoiceID, 1).Status)
	declined, err := b.Payments(b.ctx, unpaid.InvoiceID)
	require.NoError(t, err)
	b.payOut(goodwill(refundOf(payment, "taken", 100)))
	inDollars := goodwill(refundOf(payment, "r", 100))
	inDollars.Amount.Currency = "USD"
	noReason := goodwill(refundOf(payment, "r", 100))
	noReason.Reason = ""
	for code, in := range map[string]message.RefundInput{
		"payment_not_found":      {RefundID: "r", PaymentID: "nix", Amount: money.New(1, "EUR"), At: day0},
		"payment_not_refundable": goodwill(refundOf(declined[0], "r", 100)),
		"refund_currency":        inDollars,
		"refund_amount":          goodwill(refundOf(payment, "r", 0)),
		"refund_too_large":       goodwill(refundOf(payment, "r", 901)),
		"credit_too_small":       refundOf(payment, "r", 100),
		"goodwill_needs_reason":  noReason,
		"refund_id_reused":       goodwill(refundOf(payment, "taken", 200)),
	} {
		_, err := b.payments.OpenRefund(b.ctx, in)
		requireRefused(t, err, code)
	}
	_, err = b.Refund(b.ctx, "r")
	require.ErrorIs(t, err, store.ErrNotFound, "nothing was written")
	require.Len(t, b.books().Refunds, 1)
	b.sound()
}

// The provider moves dinars in tens of fils.
func TestAPartThatCannotBeMovedIsNotRefunded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.payments.OpenRefund(b.ctx, goodwill(refundOf(b.paidIn("noura", "KWD", "pm_card_visa"), "r", 1005)))
	requireRefused(t, err, "refund_amount")
	require.ErrorContains(t, err, "KWD 1.005 cannot be moved through Stripe: the last of three digits must be 0")
	require.Equal(t, 1, strings.Count(err.Error(), "cannot be"))
}

// Whatever goes wrong at the provider, with asking or with listing, repeating the activity refunds exactly once.
func TestFaultsNeverRefundTwice(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{
		sandbox.ServerError, sandbox.ServerErrorAfter, sandbox.TimeoutAfterCommit, sandbox.DropAfterCommit, sandbox.DropBefore,
		sandbox.TooManyRequests, sandbox.HTML502,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			payment := b.paid("ada", "pm_card_visa")
			b.patience(kind)
			for id, count := range map[string]int{"once": 1, "thrice": 3} {
				b.fault(sandbox.Fault{Kind: kind, Count: count, IdempotencyKeyPrefix: "refund:" + id})
				require.Equal(t, store.RefundSucceeded, b.payOut(goodwill(refundOf(payment, id, 300))).Status)
				b.refundedOnce(id)
			}
		})
	}
}

// The bank sends the money back a day after the refund succeeded: the customer has the credit again.
func TestRefundThatFailsLaterGivesTheCreditBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.credited("ada", "pm_card_refundFail")
	credit := b.credit("ada")
	in := refundOf(payment, "back", credit)
	require.Equal(t, store.RefundSucceeded, b.payOut(in).Status)
	require.Zero(t, b.credit("ada"))
	got := b.look("back", in.At.Add(25*time.Hour))
	require.Equal(t, store.RefundFailed, got.Status)
	require.Equal(t, "unknown", got.Failure)
	require.Equal(t, got, b.look("back", in.At.Add(26*time.Hour)))
	require.Equal(t, credit, b.credit("ada"))
	b.refundedOnce("back")
}

func TestPendingRefund(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.paid("ada", "pm_card_pendingRefund")
	in := goodwill(refundOf(payment, "slow", 1000))
	require.Equal(t, store.RefundPending, b.payOut(in).Status)
	b.refundedOnce("slow")
	require.Equal(t, store.RefundPending, b.look("slow", in.At.Add(time.Hour)).Status)
	require.Equal(t, store.RefundSucceeded, b.look("slow", in.At.Add(25*time.Hour)).Status)
	b.refundedOnce("slow")
}

// The provider refuses for good: the bank is taking the money back already.
func TestRefusedRefundGivesTheCreditBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.credited("ada", "pm_card_createDispute")
	credit := b.credit("ada")
	got := b.payOut(refundOf(payment, "back", credit))
	require.Equal(t, store.RefundFailed, got.Status)
	require.Equal(t, "charge_disputed", got.Failure)
	require.Equal(t, credit, b.credit("ada"))
	require.Empty(t, b.books().Refunds)
	b.sound()
}

// Operators and workers meet: of one refund there is one, and together they never give back more than was paid.
func TestConcurrentRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.paid("ada", "pm_card_visa")
	var group errgroup.Group
	for _, id := range []string{"a", "a", "b", "b", "c", "c"} {
		group.Go(func() error {
			_, err := b.payments.OpenRefund(b.ctx, goodwill(refundOf(payment, id, 400)))
			var refused *temporal.ApplicationError
			if errors.As(err, &refused) && refused.Type() == "refund_too_large" {
				return nil
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	written, err := b.Refunds(b.ctx, payment.ID)
	require.NoError(t, err)
	require.Len(t, written, 2)
	for _, r := range written {
		var payers errgroup.Group
		for range 3 {
			payers.Go(func() error {
				_, err := b.payments.PayRefund(b.ctx, message.RefundAt{RefundID: r.ID, At: r.AskedAt})
				_ = err // the key is in use, or the one who was faster has answered
				return nil
			})
		}
		require.NoError(t, payers.Wait())
		b.look(r.ID, r.AskedAt)
		b.refundedOnce(r.ID)
	}
}
