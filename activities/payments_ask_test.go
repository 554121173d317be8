package activities_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (b *bundle) ask(invoice string, at time.Time) message.Charged {
	b.t.Helper()
	charged, err := b.payments.AskProvider(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: at})
	require.NoError(b.t, err)
	return charged
}

// confirmElsewhere pays an invoice's intent as a page for the customer would, without us.
func (b *bundle) confirmElsewhere(invoice string) {
	b.t.Helper()
	row, err := b.Invoice(b.ctx, invoice)
	require.NoError(b.t, err)
	_, err = b.payments.Stripe.PaymentIntents.Confirm(*row.ProviderIntent,
		&stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa"), OffSession: stripe.Bool(true)})
	require.NoError(b.t, err)
}

func TestAskProviderAfterTheCustomerPaidElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail").InvoiceID
	require.Equal(t, message.Declined, b.persist(invoice, 1).Status)
	require.Equal(t, message.Declined, b.ask(invoice, day0.Add(time.Hour)).Status, "nothing new")
	b.confirmElsewhere(invoice)
	var group errgroup.Group
	for range 4 { // one may collide with another and is then tried again
		group.Go(func() error {
			_, _ = b.payments.AskProvider(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: day0.Add(2 * time.Hour)})
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, message.Paid, b.ask(invoice, day0.Add(3*time.Hour)).Status)
	payments, err := b.Payments(b.ctx, invoice)
	require.NoError(t, err)
	require.Len(t, payments, 2)
	require.Equal(t, 2, payments[1].Attempt)
	b.paidOnce(invoice)
	charged, err := b.charge(invoice, 3)
	require.NoError(t, err)
	require.Equal(t, message.Paid, charged.Status)
	b.paidOnce(invoice)
}

// The customer pays between the decision to try again and the try: the provider refuses the second payment, and that is
// understood as success.
func TestChargeAfterTheCustomerPaidElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail").InvoiceID
	b.persist(invoice, 1)
	b.confirmElsewhere(invoice)
	b.pay("ada", "pm_card_mastercard", day0.Add(time.Hour))
	require.Equal(t, message.Paid, b.persist(invoice, 2).Status)
	b.paidOnce(invoice)
}

// An old decline on the intent says nothing about an attempt that has not reached the provider.
func TestAskProviderDoesNotMistakeAnOldDecline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail").InvoiceID
	b.persist(invoice, 1)
	b.pay("ada", "pm_card_visa", day0.Add(time.Hour))
	b.fault(sandbox.Fault{Kind: sandbox.DropBefore, IdempotencyKeyPrefix: "charge:"})
	_, err := b.charge(invoice, 2)
	require.Error(t, err)
	require.Equal(t, message.Processing, b.ask(invoice, day0.AddDate(0, 0, 2)).Status)
	require.Equal(t, message.Paid, b.persist(invoice, 2).Status)
	b.paidOnce(invoice)
}

func TestAskProviderKnowsNothingOfAnInvoiceNeverCharged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_visa").InvoiceID
	require.Equal(t, message.Declined, b.ask(invoice, day0).Status)
	require.Empty(t, b.books().Charges)
}

// Stripe counts some currencies in other units than ISO 4217.
func TestAmountsInOtherUnits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for currency, want := range map[money.Currency]struct{ ours, theirs int64 }{
		"EUR": {1000, 1000},
		"JPY": {1500, 1500},
		"KWD": {3500, 3500},
		"ISK": {1400, 140000},
		"UGX": {37000, 3700000},
		"MGA": {4500000, 45000},
	} {
		invoice := b.billed("c"+string(currency), currency, "pm_card_visa").InvoiceID
		charged := b.persist(invoice, 1)
		require.Equal(t, money.New(want.ours, currency), charged.Amount)
		b.paidOnce(invoice)
		for _, charge := range b.books().Charges {
			if charge.Metadata["invoice"] != invoice {
				continue
			}
			require.Equal(t, want.theirs, charge.Amount, currency)
			fee, err := stripeunit.Amount(charge.Fee, currency)
			require.NoError(t, err)
			payments, err := b.Payments(b.ctx, invoice)
			require.NoError(t, err)
			require.Equal(t, fee.Minor, payments[0].ProviderFee, currency)
		}
	}
}

// What the provider could not charge is carried to the next invoice, and collected with it.
func TestWhatCannotBeChargedIsCarried(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, test := range []struct {
		currency money.Currency
		due      [3]int64 // of the first invoices, for 1.234 dinars or 10000.50 ariary each
	}{{"KWD", [3]int64{1230, 1230, 1240}}, {"MGA", [3]int64{1000000, 1000100, 1000000}}} {
		id := "odd" + string(test.currency)
		b.customer(id, test.currency, "pm_card_visa")
		turned := b.subscribe(agreement("sub_"+id, id, "odd", 0, test.currency))
		for i, due := range test.due {
			if i > 0 {
				turned = b.turn(turned.State)
			}
			require.Equal(t, money.New(due, test.currency), turned.Invoice.AmountDue)
			require.Equal(t, message.Paid, b.persist(turned.Invoice.InvoiceID, 1).Status)
			b.paidOnce(turned.Invoice.InvoiceID)
		}
	}
}

// An invoice of a few cents waits for the next one: it is neither declined nor a reason to end the subscription.
func TestTooLittleToCharge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	begun := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR"))
	b.persist(begun.Invoice.InvoiceID, 1)
	lastDay := time.Date(2027, 2, 27, 11, 0, 0, 0, time.UTC)
	up := b.carryOut(begun.State, changeTo("up", lastDay, "seats", 2))
	require.EqualValues(t, 35, up.Invoice.Total.Minor)
	require.True(t, up.Invoice.AmountDue.IsZero())
	require.EqualValues(t, 35, b.invoice(up.Invoice.InvoiceID).CarriedOut)
	b.sound()
	renewed := b.turn(up.State)
	require.EqualValues(t, 2035, renewed.Invoice.AmountDue.Minor)
	require.EqualValues(t, 35, b.invoice(renewed.Invoice.InvoiceID).CarriedIn)
	require.Equal(t, message.Paid, b.persist(renewed.Invoice.InvoiceID, 1).Status)
	b.paidOnce(renewed.Invoice.InvoiceID)
}

// Where the provider asks for more than we know of, the invoice is let go; one beyond its largest amount waits.
func TestAmountsThatNoCardCanPay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for code, want := range map[string]message.DunningKind{"amount_too_small": message.DunningGiveUp, "amount_too_large": message.DunningWait} {
		invoice := b.billed(code, "EUR", "pm_card_visa").InvoiceID
		refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"error":{"type":"invalid_request_error","code":%q,"message":"no"}}`, code)
		}))
		t.Cleanup(refusing.Close)
		payments := activities.Payments{Store: b.Store, Stripe: stripeAt(refusing.URL, time.Second)}
		charged, err := payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice, Attempt: 1, At: day0})
		require.NoError(t, err)
		require.Equal(t, message.Declined, charged.Status)
		require.Equal(t, code, charged.DeclineCode)
		step := b.next(invoice, day0)
		require.Equal(t, want, step.Kind, code)
		if code == "amount_too_small" {
			require.False(t, step.Cancel, "the subscription goes on")
		}
	}
}

// Attempts must follow each other in time, also when an operator asks for one while a test clock stands still.
func TestAttemptsAtOneInstantAreToldApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail").InvoiceID
	for attempt := 1; attempt <= 3; attempt++ {
		_, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice, Attempt: attempt, At: day0})
		require.NoError(t, err)
	}
	payments, err := b.Payments(b.ctx, invoice)
	require.NoError(t, err)
	require.True(t, payments[0].AskedAt.Before(payments[1].AskedAt) && payments[1].AskedAt.Before(payments[2].AskedAt))
	step, err := b.collection.NextDunningStep(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: day0})
	require.NoError(t, err)
	require.Equal(t, 4, step.Attempt)
}

func TestSettledInvoicesAreNotCharged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_visa").InvoiceID
	_, err := b.collection.GiveUpInvoice(b.ctx, message.GiveUp{InvoiceID: invoice, At: day0, Reason: "test"})
	require.NoError(t, err)
	_, err = b.charge(invoice, 1)
	require.ErrorContains(t, err, "uncollectible")
	payments, err := b.Payments(b.ctx, invoice)
	require.NoError(t, err)
	require.Empty(t, payments)
	_, err = b.charge("inv_none", 1)
	require.ErrorIs(t, err, store.ErrNotFound)
}
