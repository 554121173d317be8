package activities_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// tried makes an attempt at an instant and returns the payment's id.
func (b *bundle) tried(invoice string, attempt int, at time.Time) string {
	b.t.Helper()
	_, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice, Attempt: attempt, At: at})
	require.NoError(b.t, err)
	return b.last(invoice).ID
}

// Facts are those of the instant of the attempt: what came later, a success, a dispute, a refund, is not among them.
func TestFactsAreThoseOfTheAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail")
	first := b.tried(invoice.InvoiceID, 1, day0)
	second := b.tried(invoice.InvoiceID, 2, day0.Add(30*time.Minute))
	b.pay("ada", "pm_card_de", day0.Add(time.Hour))
	third := b.tried(invoice.InvoiceID, 3, day0.Add(3*time.Hour))
	b.customer("bob", "EUR", "pm_card_de")
	later := b.subscribe(agreement("sub_bob", "bob", "seats", 1, "EUR"))
	fourth := b.tried(later.Invoice.InvoiceID, 1, day0.Add(26*time.Hour))

	facts := func(payment string) fraud.Facts {
		found, err := b.Attempt(b.ctx, payment, true)
		require.NoError(t, err)
		return found.Facts
	}
	got := facts(first)
	require.True(t, got.Payment.First)
	require.Zero(t, got.Velocity.Customer, "nothing came before")
	require.Nil(t, got.Outcome)
	require.Equal(t, "ada@example.com", got.Customer.Email)
	require.Equal(t, "card", got.Payment.Method)

	got = facts(second)
	require.Equal(t, fraud.Windows{1, 1, 1, 1}, got.Velocity.Customer.Payments)
	require.Equal(t, fraud.Windows{1, 1, 1, 1}, got.Velocity.Customer.Declines)
	require.EqualValues(t, 2, got.Payment.Attempt)
	require.NotNil(t, got.Outcome, "what the provider said of the first")

	got = facts(third)
	require.Equal(t, "DE", got.Payment.CardCountry)
	require.True(t, got.Payment.First, "none has succeeded")
	require.Equal(t, fraud.Windows{0, 2, 2, 2}, got.Velocity.Customer.Declines)
	require.Equal(t, fraud.Windows{0, 1, 1, 1}, got.Velocity.Customer.Cards)
	require.Equal(t, &fraud.Counts{}, got.Velocity.Card, "a card that was never seen")

	got = facts(fourth)
	require.Equal(t, fraud.Windows{0, 1, 1, 1}, got.Velocity.Card.Customers)
	require.Equal(t, fraud.Windows{0, 1, 3, 3}, got.Velocity.EmailDomain.Payments, "those of all at example.com; two are more than a day old")
	require.Zero(t, got.Velocity.Customer)
	require.EqualValues(t, 1, got.Customer.AgeDays)
	require.Equal(t, fraud.Windows{1, 1, 1, 1}, facts(second).Velocity.Customer.Payments, "asked again later, they are the same")
}

// The amount in the currency of the books needs a rate; without one it is not known, and with one it is exact.
func TestTheReferenceAmount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.tried(b.billed("ada", "EUR", "pm_card_visa").InvoiceID, 1, day0)
	found, err := b.Attempt(b.ctx, payment, false)
	require.NoError(t, err)
	reference := func() store.Attempted {
		rates, err := b.ReferenceRates(b.ctx, found)
		require.NoError(t, err)
		return found.WithReference(rates)
	}
	require.Nil(t, reference().Facts.Payment.ReferenceAmount)
	require.NoError(t, b.AddFXRate(b.ctx, tax.Rate{
		From: "EUR", To: "USD", Date: calendar.Zone{}.DateOf(day0), Value: decimal.RequireFromString("1.08155"), Source: "ECB",
	}))
	with := reference()
	require.EqualValues(t, 1082, *with.Facts.Payment.ReferenceAmount, "10.00 euros, rounded once")
	require.Equal(t, "USD", with.Facts.Payment.ReferenceCurrency)
}
