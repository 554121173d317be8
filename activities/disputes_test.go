package activities_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// disputed makes a customer whose bank takes the payment back, and returns the dispute's id.
func (b *bundle) disputed(id, card string) (payment store.Payment, dispute string) {
	b.t.Helper()
	payment = b.paid(id, card)
	for _, booked := range b.books().Disputes {
		if booked.Charge == *payment.ProviderCharge {
			return payment, booked.ID
		}
	}
	require.Fail(b.t, "no dispute")
	return payment, ""
}

func (b *bundle) record(dispute string, at time.Time) message.Disputed {
	b.t.Helper()
	recorded, err := b.payments.RecordDispute(b.ctx, message.DisputeInput{DisputeID: dispute, At: at})
	require.NoError(b.t, err)
	b.sound()
	return recorded
}

// balance is what an account holds.
func (b *bundle) balance(account string) (sum int) {
	b.t.Helper()
	conn, err := pgx.Connect(b.ctx, b.url)
	require.NoError(b.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.NoError(b.t, conn.QueryRow(b.ctx, `SELECT COALESCE(SUM(amount), 0) FROM ledger_posting WHERE account = $1`, account).Scan(&sum))
	return sum
}

func TestDisputeIsRecorded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment, id := b.disputed("ada", "pm_card_createDispute")
	got := b.record(id, day0)
	require.Equal(t, message.Disputed{DisputeID: id, PaymentID: payment.ID, Status: "needs_response", Changed: true}, got)
	require.False(t, b.record(id, day0.Add(time.Hour)).Changed, "the second event of the same")
	row, err := b.Dispute(b.ctx, id)
	require.NoError(t, err)
	booked := b.books().Disputes[0]
	require.Equal(t, booked.Withdrawn, row.Withdrawn)
	require.Equal(t, booked.Fee, row.Fee)
	require.Equal(t, 1000, b.balance("DisputedFunds"))
	require.EqualValues(t, booked.Fee, b.balance("DisputeFees"))
	require.NotNil(t, row.RespondBy)
	invoice, err := b.Invoice(b.ctx, payment.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, "paid", invoice.Status, "a dispute opens no invoice again")
}

func TestInquiryMovesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, id := b.disputed("ada", "pm_card_createDisputeInquiry")
	require.Equal(t, "warning_needs_response", b.record(id, day0).Status)
	require.Zero(t, b.balance("DisputedFunds"))
	require.Zero(t, b.balance("DisputeFees"))
}

func TestDisputeOfAnUnrecordedPaymentWaits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_createDispute")
	b.patience(sandbox.TimeoutAfterCommit)
	b.fault(sandbox.Fault{Kind: sandbox.TimeoutAfterCommit, IdempotencyKeyPrefix: "charge:"})
	_, err := b.charge(invoice.InvoiceID, 1)
	require.Error(t, err, "the answer was lost")
	id := b.books().Disputes[0].ID
	_, err = b.payments.RecordDispute(b.ctx, message.DisputeInput{DisputeID: id, At: day0})
	require.ErrorContains(t, err, "which is not recorded yet")
	require.Equal(t, message.Paid, b.persist(invoice.InvoiceID, 1).Status)
	require.True(t, b.record(id, day0).Changed)
}

// decided is the provider after the bank has decided: it says so of every dispute that is read through it.
func (b *bundle) decided(status string, reinstated bool) {
	b.t.Helper()
	target, err := url.Parse(b.sandbox.StripeURL())
	require.NoError(b.t, err)
	front := httputil.NewSingleHostReverseProxy(target)
	front.ModifyResponse = func(r *http.Response) error {
		if !strings.HasPrefix(r.Request.URL.Path, "/v1/disputes/") {
			return nil
		}
		var dispute map[string]any
		if err := json.NewDecoder(r.Body).Decode(&dispute); err != nil {
			return err
		}
		dispute["status"] = status
		if moves := dispute["balance_transactions"].([]any); reinstated {
			withdrawal := moves[0].(map[string]any)
			dispute["balance_transactions"] = append(moves, map[string]any{
				"id": "txn_back", "object": "balance_transaction", "currency": withdrawal["currency"],
				"amount": -withdrawal["amount"].(float64), "fee": -withdrawal["fee"].(float64),
			})
		}
		body, err := json.Marshal(dispute)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(string(body))), int64(len(body))
		r.Header.Set("Content-Length", strconv.Itoa(len(body)))
		return err
	}
	server := httptest.NewServer(front)
	b.t.Cleanup(server.Close)
	b.payments.Stripe = stripeAt(server.URL, 10*time.Second)
}

// In whatever order the news of a dispute's end comes in, the books end where the provider's do.
func TestDisputeIsDecided(t *testing.T) {
	t.Parallel()
	for name, seenOpen := range map[string]bool{"after it was seen open": true, "all at once": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			_, id := b.disputed("ada", "pm_card_createDispute")
			fee := int(b.books().Disputes[0].Fee)
			open := b.payments.Stripe
			if seenOpen {
				b.record(id, day0)
			}
			b.decided("lost", false)
			require.True(t, b.record(id, day0.AddDate(0, 0, 10)).Changed)
			require.Equal(t, []int{0, 1000, fee}, []int{b.balance("DisputedFunds"), b.balance("Disputes"), b.balance("DisputeFees")})
			b.payments.Stripe = open
			require.False(t, b.record(id, day0.AddDate(0, 0, 11)).Changed, "a reader who was slower does not open it again")
			b.decided("won", true)
			require.True(t, b.record(id, day0.AddDate(0, 0, 20)).Changed, "the bank has thought better of it")
			require.Equal(t, []int{0, 0, 0}, []int{b.balance("DisputedFunds"), b.balance("Disputes"), b.balance("DisputeFees")})
			require.False(t, b.record(id, day0.AddDate(0, 0, 21)).Changed)
			row, err := b.Dispute(b.ctx, id)
			require.NoError(t, err)
			require.Equal(t, "won", row.Status)
			require.Zero(t, row.Withdrawn)
		})
	}
}
