package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

const pages = "https://billing.example.com/pay/"

// payNow is an attempt that the customer makes on our pay page.
func (b *bundle) payNow(invoice string, attempt int, at time.Time) (message.Charged, error) {
	return b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice, Attempt: attempt, At: at, Pages: pages})
}

// wantsOwner makes an unpaid invoice whose card asks for its owner, who opens the pay page.
func (b *bundle) wantsOwner(id string) (invoice string) {
	b.t.Helper()
	invoice = b.billed(id, "EUR", "pm_card_authenticationRequired").InvoiceID
	require.Equal(b.t, "authentication_required", b.persist(invoice, 1).DeclineCode)
	charged, err := b.payNow(invoice, 2, day0.Add(time.Hour))
	require.NoError(b.t, err)
	require.Equal(b.t, message.RequiresAction, charged.Status)
	return invoice
}

// authenticate plays the owner on the bank's page.
func (b *bundle) authenticate(invoice string, succeed bool) error {
	b.t.Helper()
	row, err := b.Invoice(b.ctx, invoice)
	require.NoError(b.t, err)
	intent, err := b.payments.Stripe.PaymentIntents.Get(*row.ProviderIntent, nil)
	require.NoError(b.t, err)
	return sandbox.Authenticate(b.ctx, b.sandbox.StripeURL(), intent.ID, intent.ClientSecret, succeed)
}

func (b *bundle) lastAttempt(invoice string) store.Payment {
	b.t.Helper()
	payments, err := b.Payments(b.ctx, invoice)
	require.NoError(b.t, err)
	return payments[len(payments)-1]
}

func TestTheOwnerConfirmsOnOurPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.wantsOwner("ada")
	row, err := b.Invoice(b.ctx, invoice)
	require.NoError(t, err)
	intent, err := b.payments.Stripe.PaymentIntents.Get(*row.ProviderIntent, nil)
	require.NoError(t, err)
	require.Equal(t, pages+row.PageKey+"/return", intent.NextAction.RedirectToURL.ReturnURL)

	for attempt := 2; attempt < 5; attempt++ { // double clicks, and another tab
		charged, err := b.payNow(invoice, attempt, day0.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, message.RequiresAction, charged.Status)
	}
	require.Equal(t, 2, b.lastAttempt(invoice).Attempt)
	require.Equal(t, message.RequiresAction, b.ask(invoice, day0.Add(90*time.Minute)).Status, "the owner has an hour")
	require.NoError(t, b.authenticate(invoice, true))
	require.Equal(t, message.Paid, b.ask(invoice, day0.Add(2*time.Hour)).Status)
	b.paidOnce(invoice)
	charged, err := b.payNow(invoice, 5, day0.Add(3*time.Hour))
	require.NoError(t, err)
	require.Equal(t, message.Paid, charged.Status, "a stale page charges nothing")
	b.paidOnce(invoice)
}

func TestTheOwnerDoesNotAuthenticate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.wantsOwner("ada")
	require.NoError(t, b.authenticate(invoice, false))
	failed := b.ask(invoice, day0.Add(61*time.Minute))
	require.Equal(t, message.Declined, failed.Status)
	require.Equal(t, "payment_intent_authentication_failure", failed.DeclineCode)
	require.Nil(t, b.lastAttempt(invoice).ProviderCharge, "the bank was asked and nothing was charged")

	step, err := b.collection.NextDunningStep(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: day0.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.DunningWait, step.Kind, "no attempt is made without the owner")
	charged, err := b.payNow(invoice, step.Attempt, day0.Add(3*time.Hour))
	require.NoError(t, err)
	require.Equal(t, message.RequiresAction, charged.Status)
	require.NoError(t, b.authenticate(invoice, true))
	// The owner is back before anybody asked, and presses the button once more.
	charged, err = b.payNow(invoice, step.Attempt+1, day0.Add(3*time.Hour))
	require.NoError(t, err)
	require.Equal(t, message.Paid, charged.Status)
	b.paidOnce(invoice)
}

// An opportunity that passed is taken away: the link to the bank's page leads nowhere, and the next attempt has an intent
// of its own.
func TestTheOwnerNeverComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.wantsOwner("ada")
	before, err := b.Invoice(b.ctx, invoice)
	require.NoError(t, err)
	intent, err := b.payments.Stripe.PaymentIntents.Get(*before.ProviderIntent, nil)
	require.NoError(t, err)
	step, err := b.collection.NextDunningStep(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: day0.Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, day0.Add(2*time.Hour), step.At.UTC(), "the collection looks when the owner's hour is over")
	require.Equal(t, "authentication_abandoned", b.ask(invoice, step.At).DeclineCode)
	_ = sandbox.Authenticate(b.ctx, b.sandbox.StripeURL(), intent.ID, intent.ClientSecret, true)
	b.pay("ada", "pm_card_visa", day0.Add(5*time.Hour))
	require.Equal(t, message.Paid, b.persist(invoice, 3).Status)
	after, err := b.Invoice(b.ctx, invoice)
	require.NoError(t, err)
	require.NotEqual(t, intent.ID, *after.ProviderIntent)
	b.paidOnce(invoice)
}

// An attempt without the owner takes the place of one that waits for the owner, or finds that the owner was faster.
func TestAnotherAttemptTakesTheOwnersPlace(t *testing.T) {
	t.Parallel()
	for name, ownerIsFaster := range map[string]bool{"the owner waits": false, "the owner is faster": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			invoice := b.wantsOwner("ada")
			b.pay("ada", "pm_card_mastercard", day0.Add(90*time.Minute))
			if ownerIsFaster {
				require.NoError(t, b.authenticate(invoice, true))
			}
			require.Equal(t, message.Paid, b.persist(invoice, 3).Status)
			require.Equal(t, map[bool]int{false: 3, true: 2}[ownerIsFaster], b.lastAttempt(invoice).Attempt)
			b.paidOnce(invoice)
		})
	}
}

// Whatever the provider answers when the owner confirms, they are sent to their bank in the end, and pay once.
func TestTheProviderFailsWhileTheOwnerConfirms(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{
		sandbox.DropBefore, sandbox.DropAfterCommit, sandbox.ServerError, sandbox.ServerErrorAfter, sandbox.HTML502, sandbox.TooManyRequests,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			invoice := b.billed("ada", "EUR", "pm_card_authenticationRequired").InvoiceID
			b.persist(invoice, 1)
			b.fault(sandbox.Fault{Kind: kind, IdempotencyKeyPrefix: "charge:"})
			var charged message.Charged
			for range 8 {
				var err error
				if charged, err = b.payNow(invoice, 2, day0.Add(time.Hour)); err == nil {
					break
				}
			}
			require.Equal(t, message.RequiresAction, charged.Status)
			require.NoError(t, b.authenticate(invoice, true))
			require.Equal(t, message.Paid, b.ask(invoice, day0.Add(2*time.Hour)).Status)
			b.paidOnce(invoice)
		})
	}
}

func TestMailWithTheLinkToPay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_authenticationRequired").InvoiceID
	b.persist(invoice, 1)
	queued := func() []string {
		mails, err := b.Mails(b.ctx, store.MailFilter{CustomerID: "ada", Limit: 50})
		require.NoError(t, err)
		var keys []string
		for _, m := range mails {
			if m.Template != "invoice" {
				keys = append(keys, m.MessageKey)
			}
		}
		return keys
	}
	for range 2 {
		_, err := b.collection.NextDunningStep(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: day0.Add(time.Minute)})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"mail:" + invoice + ":authentication_required:1"}, queued(), "one for each attempt")
	b.pay("ada", "pm_card_threeDSecure2Required", day0.Add(time.Hour))
	b.persist(invoice, 2)
	_, err := b.collection.NextDunningStep(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: day0.AddDate(0, 0, 2)})
	require.NoError(t, err)
	require.Len(t, queued(), 2)
}
