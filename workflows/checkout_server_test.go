package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// newPage writes a checkout down: of an invoice, or of the start of the tenant's subscription.
func (x *tenant) newPage(invoice string) message.CheckoutInput {
	x.t.Helper()
	row := store.Checkout{
		ID: "chk-" + x.id, CustomerID: x.id, Purpose: store.CheckoutSetup, SaveMethod: true, Position: 1, Status: store.CheckoutOpen,
		SuccessURL: "https://shop.example/done", CancelURL: "https://shop.example/back", CreatedAt: systemStart, ExpiresAt: systemStart.Add(24 * time.Hour),
	}
	in := message.CheckoutInput{CheckoutID: row.ID, ExpiresAt: row.ExpiresAt}
	if invoice != "" {
		row.Purpose, row.InvoiceID = store.CheckoutPayment, &invoice
	} else {
		row.SubscriptionID, in.SubscriptionID = &x.id, x.id
	}
	require.NoError(x.t, x.Store.AddCheckout(x.t.Context(), row))
	return in
}

// payOnPage plays the customer.
func (x *tenant) payOnPage(in message.CheckoutInput, method string) {
	x.t.Helper()
	row, err := x.Store.Checkout(x.t.Context(), in.CheckoutID)
	require.NoError(x.t, err)
	session, err := x.Config.Stripe().CheckoutSessions.Get(*row.ProviderSession, &stripe.CheckoutSessionParams{})
	require.NoError(x.t, err)
	_, err = sandbox.Pay(x.t.Context(), session.URL, sandbox.Payer{PaymentMethod: method})
	require.NoError(x.t, err)
	require.NoError(x.t, x.client.CheckoutNews(x.t.Context(), in.CheckoutID, message.PaymentNews{At: systemStart.Add(2 * time.Hour), Reason: "test"}))
}

func (x *tenant) awaitStatus(want subscription.Status) subscription.State {
	x.t.Helper()
	var state subscription.State
	require.Eventually(x.t, func() bool {
		var err error
		state, err = x.client.Status(x.t.Context(), x.id)
		return err == nil && state.Status == want
	}, 30*time.Second, 20*time.Millisecond)
	return state
}

// A page on which nobody pays closes by itself when a test clock reaches its end, and the subscription ends with it.
func TestAPageClosesOnATestClock(t *testing.T) {
	t.Parallel()
	for plan, seats := range map[string]int64{"seats": 1, "trial": 0} {
		t.Run(plan, func(t *testing.T) {
			t.Parallel()
			x := realServer(t).tenant(t, "page-"+plan, "pm_card_visa")
			in := x.newPage("")
			begun := x.subscribe(plan, seats)
			due := begun.Invoice != nil
			require.Equal(t, plan == "seats", due)
			_, err := x.client.OpenCheckout(t.Context(), in, systemStart)
			require.NoError(t, err)
			x.advance(systemStart.AddDate(0, 0, 3))
			ended := x.awaitStatus(subscription.Canceled)
			require.Equal(t, "checkout_expired", ended.EndReason)
			if due {
				invoice, err := x.Store.Invoice(t.Context(), begun.Invoice.InvoiceID)
				require.NoError(t, err)
				require.Equal(t, invoice.AmountDue, invoice.AmountCredited)
			}
			x.checkMoney()
		})
	}
}

// recordCheckout records a customer whose bank asks for them, who does not confirm, and who pays on a page.
func recordCheckout(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-checkout", "pm_card_authenticationRequired")
	invoice := x.subscribe("seats", 1).Invoice.InvoiceID
	status, err := x.client.PayNow(t.Context(), invoice, message.PayNow{At: systemStart.Add(time.Hour), Pages: "https://billing.example.com/pay/"})
	require.NoError(t, err)
	require.Equal(t, message.RequiresAction, status)
	in := x.newPage(invoice)
	_, err = x.client.OpenCheckout(t.Context(), in, systemStart.Add(time.Hour))
	require.NoError(t, err)
	x.payOnPage(in, "pm_card_visa")
	x.awaitStatus(subscription.Active)
	x.checkMoney()
	x.save(message.CheckoutID(in.CheckoutID), "checkout-paid")
	x.save(message.DunningID(invoice), "dunning-customer-pays")
}

// recordUnpaidStart records subscriptions that are started on a page on which nobody pays.
func recordUnpaidStart(t *testing.T) {
	for plan, seats := range map[string]int64{"seats": 1, "trial": 0} {
		x := realServer(t).tenant(t, "recorded-unpaid-"+plan, "pm_card_visa")
		in := x.newPage("")
		begun := x.subscribe(plan, seats)
		_, err := x.client.OpenCheckout(t.Context(), in, systemStart)
		require.NoError(t, err)
		_, err = x.client.ExpireCheckout(t.Context(), in, systemStart.Add(time.Hour))
		require.NoError(t, err)
		x.advance(systemStart.Add(2 * time.Hour))
		x.awaitStatus(subscription.Canceled)
		x.save(message.CheckoutID(in.CheckoutID), "checkout-expired-"+plan)
		x.save(message.SubscriptionID(x.id), "subscription-start-unpaid-"+plan)
		if begun.Invoice != nil {
			x.save(message.DunningID(begun.Invoice.InvoiceID), "dunning-checkout-expired")
		}
	}
}
