package activities_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
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

// billed makes a customer with an unpaid invoice of one seat.
func (b *bundle) billed(id string, currency money.Currency, card string) message.Billed {
	b.t.Helper()
	b.customer(id, currency, card)
	return *b.subscribe(agreement("sub_"+id, id, "seats", 1, currency)).Invoice
}

func (b *bundle) charge(invoice string, attempt int) (message.Charged, error) {
	return b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice, Attempt: attempt, At: day0.AddDate(0, 0, attempt-1)})
}

// persist repeats a charge as Temporal would, until it has an outcome.
func (b *bundle) persist(invoice string, attempt int) message.Charged {
	b.t.Helper()
	var errs []error
	for range 8 {
		charged, err := b.charge(invoice, attempt)
		if err == nil {
			return charged
		}
		errs = append(errs, err)
	}
	require.NoError(b.t, errors.Join(errs...), "no outcome")
	return message.Charged{}
}

func (b *bundle) books() sandbox.Books {
	b.t.Helper()
	books, err := sandbox.FetchBooks(b.ctx, b.sandbox.StripeURL())
	require.NoError(b.t, err)
	return books
}

func (b *bundle) fault(f sandbox.Fault) {
	b.t.Helper()
	require.NoError(b.t, sandbox.AddFault(b.ctx, b.sandbox.StripeURL(), f))
}

// paidOnce asserts that the provider took the money for an invoice exactly once, and that our records say so.
func (b *bundle) paidOnce(invoice string) {
	b.t.Helper()
	var charges []sandbox.BookedCharge
	for _, charge := range b.books().Charges {
		if charge.Metadata["invoice"] == invoice && charge.Status == "succeeded" {
			charges = append(charges, charge)
		}
	}
	require.Len(b.t, charges, 1, "charges of %s", invoice)
	row, err := b.Invoice(b.ctx, invoice)
	require.NoError(b.t, err)
	require.Equal(b.t, "paid", row.Status)
	require.Equal(b.t, row.AmountDue, row.AmountPaid)
	payments, err := b.Payments(b.ctx, invoice)
	require.NoError(b.t, err)
	last := payments[len(payments)-1]
	require.Equal(b.t, store.PaymentSucceeded, last.Status)
	require.Equal(b.t, charges[0].ID, *last.ProviderCharge)
	b.sound()
}

func TestChargeInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_visa")
	first, err := b.charge(invoice.InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, message.Charged{Status: message.Paid, Amount: money.New(1000, "EUR"), Method: "visa"}, first)
	again, err := b.charge(invoice.InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, first, again)
	second, err := b.charge(invoice.InvoiceID, 2)
	require.NoError(t, err)
	require.Equal(t, message.Paid, second.Status, "a paid invoice is not charged by another attempt")
	b.paidOnce(invoice.InvoiceID)
	methods, err := b.PaymentMethods(b.ctx, "ada")
	require.NoError(t, err)
	require.Len(t, methods, 1)
	require.Equal(t, "visa", methods[0].Network)
	payments, err := b.Payments(b.ctx, invoice.InvoiceID)
	require.NoError(t, err)
	require.Len(t, payments, 1)
	require.Equal(t, b.books().Charges[0].Fee, payments[0].ProviderFee)
}

func TestDeclinesAreResults(t *testing.T) {
	t.Parallel()
	for card, code := range map[string]string{
		"pm_card_chargeCustomerFail":                   "generic_decline",
		"pm_card_visa_chargeDeclinedInsufficientFunds": "insufficient_funds", // already when it is attached
		"pm_card_authenticationRequired":               "authentication_required",
		"pm_card_radarBlock":                           "fraudulent",
		"":                                             "no_payment_method",
		"pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "authentication_required",
	} {
		t.Run(code+" "+card, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			invoice := b.billed("ada", "EUR", card)
			charged, err := b.charge(invoice.InvoiceID, 1)
			require.NoError(t, err)
			require.Equal(t, message.Declined, charged.Status)
			require.Equal(t, code, charged.DeclineCode)
			again, err := b.charge(invoice.InvoiceID, 1)
			require.NoError(t, err)
			require.Equal(t, charged, again)
			b.pay("ada", "pm_card_visa", day0.Add(time.Hour))
			paid, err := b.charge(invoice.InvoiceID, 2)
			require.NoError(t, err)
			require.Equal(t, message.Paid, paid.Status)
			b.paidOnce(invoice.InvoiceID)
		})
	}
}

// Whatever goes wrong at the provider, with whichever request, repeating the activity ends in exactly one charge.
func TestFaultsNeverChargeTwice(t *testing.T) {
	t.Parallel()
	requests := map[string]string{"customer": "customer:", "attach": "attach:", "intent": "intent:", "confirm": "charge:"}
	kinds := []sandbox.FaultKind{
		sandbox.ServerError, sandbox.ServerErrorAfter, sandbox.TimeoutAfterCommit, sandbox.DropAfterCommit, sandbox.DropBefore,
		sandbox.TooManyRequests, sandbox.HTML502,
	}
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.patience(kind)
			for request, key := range requests {
				for _, count := range []int{1, 3} {
					invoice := b.billed(fmt.Sprintf("%s%d", request, count), "EUR", "pm_card_visa")
					b.fault(sandbox.Fault{Kind: kind, Count: count, IdempotencyKeyPrefix: key})
					require.Equal(t, message.Paid, b.persist(invoice.InvoiceID, 1).Status, request)
					b.paidOnce(invoice.InvoiceID)
					b.drainFaults()
				}
			}
		})
	}
}

// patience is how long the client waits for an answer: briefly, when none is going to come.
func (b *bundle) patience(kind sandbox.FaultKind) {
	limit := 10 * time.Second
	if kind == sandbox.TimeoutAfterCommit {
		limit = 600 * time.Millisecond
	}
	b.payments.Stripe = stripeAt(b.sandbox.StripeURL(), limit)
}

// drainFaults uses up faults that a successful request left over.
func (b *bundle) drainFaults() {
	b.t.Helper()
	invoice := b.billed(fmt.Sprintf("drain%d", len(b.invoices())), "EUR", "pm_card_visa")
	b.persist(invoice.InvoiceID, 1)
	b.paidOnce(invoice.InvoiceID)
}

// A declined attempt whose answer was lost is found out as declined, and is not tried again by itself.
func TestLostDeclineIsFoundOut(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{sandbox.ServerErrorAfter, sandbox.DropAfterCommit, sandbox.TimeoutAfterCommit} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.patience(kind)
			invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail")
			b.fault(sandbox.Fault{Kind: kind, IdempotencyKeyPrefix: "charge:"})
			charged := b.persist(invoice.InvoiceID, 1)
			require.Equal(t, message.Declined, charged.Status)
			require.Equal(t, "generic_decline", charged.DeclineCode)
			require.Len(t, b.books().Charges, 1)
		})
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_visa")
	target, err := url.Parse(b.sandbox.StripeURL())
	require.NoError(t, err)
	busy := 1
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy > 0 {
			busy--
			w.Header().Set("Retry-After", "37")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","code":"rate_limit","message":"Request rate limit exceeded."}}`))
			return
		}
		httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	b.payments.Stripe = stripeAt(front.URL, 5*time.Second)
	_, err = b.charge(invoice.InvoiceID, 1)
	var told *temporal.ApplicationError
	require.ErrorAs(t, err, &told)
	require.Equal(t, 37*time.Second, told.NextRetryDelay())
	require.False(t, told.NonRetryable())
	require.Equal(t, message.Paid, b.persist(invoice.InvoiceID, 1).Status)
	b.paidOnce(invoice.InvoiceID)
}

// Two workers may run the same attempt at once, when one was believed dead.
func TestConcurrentCharges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, card := range []string{"pm_card_visa", "pm_card_chargeCustomerFail"} {
		invoice := b.billed(card, "EUR", card)
		b.fault(sandbox.Fault{Kind: sandbox.Delay, DelayMS: 150, Count: 2, IdempotencyKeyPrefix: "charge:"})
		patience, cancel := context.WithTimeout(b.ctx, 30*time.Second)
		defer cancel()
		answers := make([]message.Charged, 6)
		var group errgroup.Group
		for i := range answers {
			group.Go(func() (err error) {
				for { // the one that holds the key takes as long as a slow machine lets it
					if answers[i], err = b.charge(invoice.InvoiceID, 1); err == nil {
						return nil
					}
					select {
					case <-patience.Done():
						return err
					case <-time.After(10 * time.Millisecond):
					}
				}
			})
		}
		require.NoError(t, group.Wait())
		for _, answer := range answers {
			require.Equal(t, answers[0], answer)
		}
		payments, err := b.Payments(b.ctx, invoice.InvoiceID)
		require.NoError(t, err)
		require.Len(t, payments, 1)
	}
	require.Len(t, b.books().Charges, 2)
	b.sound()
}

// The customer changes the card while an attempt has no outcome yet: the attempt goes on with the card it began with.
func TestMethodChangedInMidAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.patience(sandbox.TimeoutAfterCommit)
	invoice := b.billed("ada", "EUR", "pm_card_visa")
	b.fault(sandbox.Fault{Kind: sandbox.TimeoutAfterCommit, IdempotencyKeyPrefix: "charge:"})
	_, err := b.charge(invoice.InvoiceID, 1)
	require.Error(t, err)
	b.pay("ada", "pm_card_mastercard", day0.Add(time.Minute))
	require.Equal(t, message.Paid, b.persist(invoice.InvoiceID, 1).Status)
	b.paidOnce(invoice.InvoiceID)
}

func TestAnotherLiveAttemptAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_visa")
	require.NoError(t, b.Tx(b.ctx, func(tx store.Tx) error {
		return tx.AddPayment(b.ctx, store.Payment{
			ID: "pay_live", InvoiceID: invoice.InvoiceID, Attempt: 1, Status: store.PaymentProcessing, Amount: 1000, Currency: "EUR",
			IdempotencyKey: "elsewhere", AskedAt: day0,
		})
	}))
	charged, err := b.charge(invoice.InvoiceID, 2)
	require.NoError(t, err)
	require.Equal(t, message.Processing, charged.Status)
	require.Empty(t, b.books().Charges)
}
