package activities_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Who is blocked gets no page to pay on, and the attempt says why.
func TestNoPageForWhomARuleBlocks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.owing("ada")
	b.rule("country", fraud.Block, `customer.country == "US"`)
	b.newCheckout("chk", "ada", invoice, nil)
	_, err := b.openPage("chk", day0.Add(time.Hour))
	require.Equal(t, "blocked_by_rule", refusalCode(t, err))
	blocked := b.last(invoice)
	require.Equal(t, []string{store.PaymentFailed, "blocked_by_rule"}, []string{blocked.Status, blocked.DeclineCode})
	_, decision := b.screening(blocked.ID)
	require.Equal(t, fraud.Action(fraud.Block), decision.Action)
	sessions := b.payments.Stripe.CheckoutSessions.List(nil)
	require.False(t, sessions.Next())
	b.sound()
}

// A rule that asks for 3-D Secure is kept on the page, and one that asks for a review reviews what was paid there.
func TestPagesKeepToTheRules(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.owing("ada")
	b.rule("first", fraud.Review, `payment.attempt == 2`)
	b.newCheckout("chk", "ada", invoice, nil)
	b.payOn(b.opened("chk", day0.Add(time.Hour)), "pm_card_visa")
	require.Equal(t, store.CheckoutComplete, b.askCheckout("chk", day0.Add(2*time.Hour), false).Status)
	b.paidOnce(invoice)
	asked, err := b.payments.AskProvider(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: day0.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, b.last(invoice).ID, asked.Review, "whoever collects the invoice starts the review")
	review, err := b.Review(b.ctx, asked.Review)
	require.NoError(t, err)
	require.False(t, review.BeforeCharge)

	other := b.owing("bob")
	b.rule("ask", fraud.Request3DS, `payment.attempt == 2`)
	b.newCheckout("chk2", "bob", other, nil)
	next, err := sandbox.Pay(b.ctx, b.opened("chk2", day0.Add(time.Hour)), sandbox.Payer{PaymentMethod: "pm_card_visa", Email: "bob@example.com", Name: "Bob"})
	require.NoError(t, err)
	bank, err := url.Parse(next)
	require.NoError(t, err)
	require.NotEmpty(t, bank.Query().Get("client_secret"), "the bank asks although the card need not be asked for")
}
