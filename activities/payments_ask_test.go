package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"golang.org/x/sync/errgroup"

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

// What the provider cannot charge at all is a failed attempt that people see, not an activity that fails for ever.
func TestAmountsThatCannotBeCharged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, currency := range []money.Currency{"KWD", "MGA"} {
		id := "odd" + string(currency)
		b.customer(id, currency, "pm_card_visa")
		invoice := b.subscribe(agreement("sub_"+id, id, "odd", 0, currency)).Invoice.InvoiceID
		charged, err := b.charge(invoice, 1)
		require.NoError(t, err)
		require.Equal(t, message.Declined, charged.Status)
		require.Equal(t, "amount_not_chargeable", charged.DeclineCode)
	}
	require.Empty(t, b.books().Charges)
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
