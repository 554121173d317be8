package activities_test

import (
	"errors"
	"net/url"
	"path"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// owing makes an invoice whose card is declined once.
func (b *bundle) owing(id string) (invoice string) {
	b.t.Helper()
	invoice = b.billed(id, "EUR", "pm_card_chargeCustomerFail").InvoiceID
	require.Equal(b.t, message.Declined, b.persist(invoice, 1).Status)
	return invoice
}

// newCheckout writes a checkout down, of an invoice or, without one, to save a method.
func (b *bundle) newCheckout(id, customer, invoice string, change func(*store.Checkout)) {
	b.t.Helper()
	row := store.Checkout{
		ID: id, CustomerID: customer, Purpose: store.CheckoutSetup, SaveMethod: true, Position: 1, Status: store.CheckoutOpen,
		SuccessURL: "https://shop.example/done", CancelURL: "https://shop.example/back", CreatedAt: day0, ExpiresAt: day0.AddDate(0, 0, 1),
	}
	if invoice != "" {
		row.Purpose, row.InvoiceID = store.CheckoutPayment, &invoice
	}
	if change != nil {
		change(&row)
	}
	require.NoError(b.t, b.AddCheckout(b.ctx, row))
}

func (b *bundle) openPage(id string, at time.Time) (message.CheckoutState, error) {
	return b.payments.OpenCheckout(b.ctx, message.CheckoutAt{CheckoutID: id, At: at})
}

// opened opens a checkout as Temporal would, and returns the address of its page.
func (b *bundle) opened(id string, at time.Time) (page string) {
	b.t.Helper()
	var errs []error
	for range 8 {
		state, err := b.openPage(id, at)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		require.Equal(b.t, store.CheckoutOpen, state.Status)
		return b.page(id)
	}
	require.NoError(b.t, errors.Join(errs...), "no page")
	return ""
}

func (b *bundle) page(id string) string {
	b.t.Helper()
	row, err := b.Checkout(b.ctx, id)
	require.NoError(b.t, err)
	session, err := b.payments.Stripe.CheckoutSessions.Get(*row.ProviderSession, nil)
	require.NoError(b.t, err)
	return session.URL
}

func (b *bundle) askCheckout(id string, at time.Time, expire bool) message.CheckoutState {
	b.t.Helper()
	state, err := b.payments.AskCheckout(b.ctx, message.CheckoutAt{CheckoutID: id, At: at, Expire: expire})
	require.NoError(b.t, err)
	return state
}

// payOn plays the customer on a page, and at the bank if that asks.
func (b *bundle) payOn(page, method string) {
	b.t.Helper()
	next, err := sandbox.Pay(b.ctx, page, sandbox.Payer{PaymentMethod: method, Email: "ada@example.com", Name: "Ada"})
	require.NoError(b.t, err)
	bank, err := url.Parse(next)
	require.NoError(b.t, err)
	if secret := bank.Query().Get("client_secret"); secret != "" {
		require.NoError(b.t, sandbox.Authenticate(b.ctx, b.sandbox.StripeURL(), path.Base(bank.Path), secret, true))
	}
}

func refusalCode(t *testing.T, err error) string {
	t.Helper()
	refused, ok := errors.AsType[*temporal.ApplicationError](err)
	require.True(t, ok, "%v", err)
	require.True(t, refused.NonRetryable())
	return refused.Type()
}

func TestAnInvoiceIsPaidOnAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.owing("ada")
	b.newCheckout("chk", "ada", invoice, nil)
	page := b.opened("chk", day0.Add(time.Hour))
	require.Equal(t, page, b.opened("chk", day0.Add(time.Hour)), "a repetition makes no other page")
	row, err := b.Invoice(b.ctx, invoice)
	require.NoError(t, err)
	require.Nil(t, row.ProviderIntent, "nothing but the page can take the money")
	recorded, err := b.Checkout(b.ctx, "chk")
	require.NoError(t, err)
	session, err := b.payments.Stripe.CheckoutSessions.Get(*recorded.ProviderSession, &stripe.CheckoutSessionParams{Expand: []*string{stripe.String("line_items")}})
	require.NoError(t, err)
	require.Equal(t, "chk", session.ClientReferenceID)
	require.Equal(t, invoice, session.Metadata["invoice"])
	require.Equal(t, int64(1000), session.AmountTotal)
	require.Equal(t, stripe.CurrencyEUR, session.Currency)
	require.Equal(t, "en", session.Locale)
	require.Equal(t, "Invoice "+row.Number, session.LineItems.Data[0].Description)

	_, err = sandbox.Pay(b.ctx, page, sandbox.Payer{PaymentMethod: "pm_card_chargeDeclined"})
	require.Error(t, err)
	require.Equal(t, message.RequiresAction, b.ask(invoice, day0.Add(2*time.Hour)).Status, "the customer may try another card")
	b.payOn(page, "pm_card_mastercard")
	for range 2 {
		state := b.askCheckout("chk", day0.Add(3*time.Hour), false)
		require.Equal(t, message.CheckoutState{
			Status: store.CheckoutComplete, ExpiresAt: recorded.ExpiresAt, InvoiceID: invoice, CustomerID: "ada", SavedMethod: true,
		}, state)
	}
	b.paidOnce(invoice)
	methods, err := b.PaymentMethods(b.ctx, "ada")
	require.NoError(t, err)
	require.Len(t, methods, 1)
	require.Equal(t, "mastercard", methods[0].Network)
	next := b.subscribe(agreement("sub_next", "ada", "seats", 2, "EUR")).Invoice.InvoiceID
	require.Equal(t, message.Paid, b.persist(next, 1).Status, "the method that was saved is charged without the customer")
}

// Whatever the provider answers when the page is made, there is one page.
func TestTheProviderFailsWhileThePageIsMade(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.FaultKind{
		sandbox.DropBefore, sandbox.DropAfterCommit, sandbox.ServerError, sandbox.ServerErrorAfter, sandbox.HTML502, sandbox.TooManyRequests,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			invoice := b.owing("ada")
			b.newCheckout("chk", "ada", invoice, nil)
			b.fault(sandbox.Fault{Kind: kind, IdempotencyKeyPrefix: "checkout:"})
			page := b.opened("chk", day0.Add(time.Hour))
			pages := 0
			for list := b.payments.Stripe.CheckoutSessions.List(&stripe.CheckoutSessionListParams{}); list.Next(); {
				pages++
			}
			require.Equal(t, 1, pages)
			b.payOn(page, "pm_card_visa")
			require.Equal(t, message.Paid, b.ask(invoice, day0.Add(2*time.Hour)).Status)
			b.paidOnce(invoice)
		})
	}
}

func TestAPageEndsUnpaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.owing("ada")
	b.newCheckout("chk", "ada", invoice, nil)
	page := b.opened("chk", day0.Add(time.Hour))
	step, err := b.collection.NextDunningStep(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: day0.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.DunningWait, step.Kind)
	given, err := b.collection.GiveUpInvoice(b.ctx, message.GiveUp{InvoiceID: invoice, At: day0.Add(3 * time.Hour), Reason: "policy_ended"})
	require.NoError(t, err)
	require.True(t, given.UnderWay, "an invoice that the customer is paying is not written off")
	row, err := b.Checkout(b.ctx, "chk")
	require.NoError(t, err)
	ended := b.ask(invoice, row.ExpiresAt)
	require.Equal(t, message.Declined, ended.Status)
	require.Equal(t, "checkout_expired", ended.DeclineCode)
	_, err = sandbox.Pay(b.ctx, page, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.ErrorContains(t, err, "410")

	// The ladder goes on as if there had been no page: the next rung is that of the first decline.
	step, err = b.collection.NextDunningStep(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: row.ExpiresAt.Add(time.Minute)})
	require.NoError(t, err)
	require.Equal(t, message.DunningRetry, step.Kind)
	require.Equal(t, 3, step.Attempt)
	b.pay("ada", "pm_card_visa", day0.AddDate(0, 0, 2))
	require.Equal(t, message.Paid, b.persist(invoice, 3).Status)
	b.paidOnce(invoice)
}

// An attempt of ours takes the place of an open page, or finds that the customer was faster.
func TestAnotherAttemptClosesThePage(t *testing.T) {
	t.Parallel()
	for name, customerIsFaster := range map[string]bool{"nobody paid": false, "the customer is faster": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			invoice := b.owing("ada")
			b.newCheckout("chk", "ada", invoice, nil)
			page := b.opened("chk", day0.Add(time.Hour))
			stale, err := b.charge(invoice, 2) // decided before there was a page: the page is its answer
			require.NoError(t, err)
			require.Equal(t, message.RequiresAction, stale.Status)
			b.pay("ada", "pm_card_visa", day0.Add(2*time.Hour))
			if customerIsFaster {
				b.payOn(page, "pm_card_mastercard")
			}
			require.Equal(t, message.Paid, b.persist(invoice, 3).Status)
			require.Equal(t, map[bool]int{false: 3, true: 2}[customerIsFaster], b.lastAttempt(invoice).Attempt)
			b.paidOnce(invoice)
		})
	}
}

func TestAPageTakesThePlaceOfWhatWaitsForTheCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.wantsOwner("ada")
	row, err := b.Invoice(b.ctx, invoice)
	require.NoError(t, err)
	intent, err := b.payments.Stripe.PaymentIntents.Get(*row.ProviderIntent, nil)
	require.NoError(t, err)
	b.newCheckout("first", "ada", invoice, nil)
	b.newCheckout("second", "ada", invoice, nil)
	first := b.opened("first", day0.Add(2*time.Hour))
	_ = sandbox.Authenticate(b.ctx, b.sandbox.StripeURL(), intent.ID, intent.ClientSecret, true)
	second := b.opened("second", day0.Add(3*time.Hour))
	_, err = sandbox.Pay(b.ctx, first, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.ErrorContains(t, err, "410")
	b.payOn(second, "pm_card_visa")
	require.Equal(t, message.Paid, b.ask(invoice, day0.Add(4*time.Hour)).Status)
	b.paidOnce(invoice)
	b.newCheckout("late", "ada", invoice, nil)
	_, err = b.openPage("late", day0.Add(5*time.Hour))
	require.Equal(t, "invoice_not_open", refusalCode(t, err))
	_, err = b.Checkout(b.ctx, "late")
	require.ErrorIs(t, err, store.ErrNotFound, "a refusal leaves nothing")
}

// A bank debit that was begun on a page is answered days later.
func TestABankDebitOnAPage(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]message.PaymentStatus{"pm_success_de": message.Paid, "pm_failed_de": message.Declined} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			invoice := b.owing("ada")
			b.newCheckout("chk", "ada", invoice, func(c *store.Checkout) { c.SaveMethod = false })
			b.payOn(b.opened("chk", day0.Add(time.Hour)), method)
			require.Equal(t, message.Processing, b.ask(invoice, day0.Add(2*time.Hour)).Status)
			state := b.askCheckout("chk", day0.Add(2*time.Hour), true)
			require.Equal(t, store.CheckoutComplete, state.Status, "what is complete cannot be closed")
			require.False(t, state.SavedMethod)
			waiting, err := b.charge(invoice, 3)
			require.NoError(t, err)
			require.Equal(t, message.Processing, waiting.Status)
			_, err = sandbox.AdvanceClock(b.ctx, b.sandbox.StripeURL(), sandbox.Advance{By: "240h"})
			require.NoError(t, err)
			require.Equal(t, want, b.ask(invoice, day0.AddDate(0, 0, 10)).Status)
			b.sound()
		})
	}
}

func TestCreditMakesAPageUseless(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_chargeCustomerFail")
	turned := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR"))
	invoice := turned.Invoice.InvoiceID
	b.persist(invoice, 1)
	b.newCheckout("chk", "ada", invoice, nil)
	page := b.opened("chk", day0.Add(time.Hour))
	b.carryOut(turned.State, cancelWithCredit("end"))
	require.Equal(t, message.Declined, b.ask(invoice, midFebruary.Add(-24*time.Hour)).Status, "the page asked for more than is owed")
	_, err := sandbox.Pay(b.ctx, page, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.ErrorContains(t, err, "410")
	b.sound()
}

func TestAMethodIsSavedOnAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.newCheckout("second", "ada", "", func(c *store.Checkout) { c.Position = 7 })
	b.payOn(b.opened("second", day0), "pm_card_mastercard")
	require.True(t, b.askCheckout("second", day0.Add(time.Minute), false).SavedMethod)
	b.newCheckout("first", "ada", "", nil)
	b.payOn(b.opened("first", day0), "ideal")
	require.True(t, b.askCheckout("first", day0.Add(time.Hour), false).SavedMethod)
	methods, err := b.PaymentMethods(b.ctx, "ada")
	require.NoError(t, err)
	require.Len(t, methods, 2)
	require.Equal(t, 2, methods[1].Position, "behind the last one")
	require.Equal(t, "mastercard", methods[1].Network)
	debit, err := b.payments.Stripe.PaymentMethods.Get(*methods[0].ProviderID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentMethodTypeSEPADebit, debit.Type, "what the bank's approval brought about")

	b.newCheckout("never", "ada", "", nil)
	b.opened("never", day0)
	require.Equal(t, store.CheckoutExpired, b.askCheckout("never", day0.Add(time.Hour), true).Status)
	require.False(t, b.askCheckout("never", day0.Add(2*time.Hour), false).SavedMethod)
}
