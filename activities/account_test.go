package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/mocks"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// below puts a customer below another.
func (b *bundle) below(customer, parent string, invoicedTo, paidBy account.Owner) {
	b.t.Helper()
	require.NoError(b.t, b.Tx(b.ctx, func(tx store.Tx) error {
		return tx.SetAccount(b.ctx, account.Account{ID: customer, ParentID: parent, InvoicedTo: invoicedTo, PaidBy: paidBy})
	}))
}

// A branch's invoice is in its own name, and headquarters' card pays it: who is asked, dunned and thanked are headquarters.
func TestHeadquartersPayTheInvoiceOfABranch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("hq", "EUR", "pm_card_chargeCustomerFail")
	b.customer("branch", "EUR", "pm_card_visa")
	b.below("branch", "hq", account.Self, account.Parent)
	turned := b.subscribe(agreement("sub_branch", "branch", "seats", 2, "EUR"))
	invoice := b.invoice(turned.Invoice.InvoiceID)
	require.Equal(t, []string{"branch", "hq"}, []string{invoice.CustomerID, invoice.PayerID})

	charged := b.chargeAt(invoice.ID, 1, day0)
	require.Equal(t, message.Declined, charged.Status, "the branch's own card would have been charged")
	var started message.DunningInput
	b.temporal.ExpectedCalls = nil
	b.temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, message.DunningWorkflow, mock.Anything).
		Run(func(args mock.Arguments) { started = args.Get(3).(message.DunningInput) }).Return(&mocks.WorkflowRun{}, nil)
	_, err := b.collection.OpenDunning(b.ctx, message.OpenDunningInput{InvoiceID: invoice.ID, CustomerID: "branch", SubscriptionID: "sub_branch", At: day0})
	require.NoError(t, err)
	require.Equal(t, "branch", started.CustomerID, "the subscription listens to news of its owner's invoices")
	row, err := b.Dunning(b.ctx, invoice.ID)
	require.NoError(t, err)
	require.Equal(t, "hq", row.CustomerID, "a new card of headquarters is news for this collection")

	b.pay("hq", "pm_card_visa", day0.Add(time.Hour))
	charged = b.chargeAt(invoice.ID, 2, day0.AddDate(0, 0, 3))
	require.Equal(t, message.Paid, charged.Status)
	require.Equal(t, map[string]string{"invoice": "branch", "payment_failed": "hq", "receipt": "hq"}, b.mailed(invoice.ID))
	payments, err := b.ListedPayments(b.ctx, store.PaymentFilter{CustomerID: "hq", Limit: 5})
	require.NoError(t, err)
	require.Len(t, payments, 2)
	fraudFacts, err := b.Attempt(b.ctx, payments[1].ID, false)
	require.NoError(t, err)
	require.Equal(t, "hq", fraudFacts.Facts.Customer.ID)
}

// mailed are the customers to whom mail about an invoice was queued, by template.
func (b *bundle) mailed(invoiceID string) map[string]string {
	b.t.Helper()
	mails, err := b.Mails(b.ctx, store.MailFilter{Limit: 100})
	require.NoError(b.t, err)
	to := map[string]string{}
	for _, m := range mails {
		if m.InvoiceID != nil && *m.InvoiceID == invoiceID {
			to[m.Template] = m.CustomerID
		}
	}
	return to
}

// Who paid in advance gets the credit, whoever is above whom by then; what begins later is in the new name.
func TestCreditStaysWithWhoWasCharged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range []string{"old", "new", "branch"} {
		b.customer(id, "EUR", "pm_card_visa")
	}
	b.below("branch", "old", account.Parent, account.Parent)
	first := b.subscribe(agreement("sub_branch", "branch", "seats", 4, "EUR"))
	b.payAll()
	b.below("branch", "new", account.Parent, account.Parent)

	half := first.State.Period.Start.AddDate(0, 0, 14)
	fewer := b.carryOut(first.State, subscription.Command{
		ID: "fewer", Kind: subscription.ChangeTerms, At: half, Terms: &subscription.Terms{PlanID: "seats", PlanVersion: 1, Seats: 1},
	})
	require.Nil(t, fewer.Refusal)
	note := b.invoice(fewer.Invoice.InvoiceID)
	require.Equal(t, "old", note.CustomerID)
	require.Equal(t, note.CreditGranted, b.credit("old"))
	require.Positive(t, note.CreditGranted)
	require.Zero(t, b.credit("new"))

	next := b.turn(fewer.State)
	renewal := b.invoice(next.Invoice.InvoiceID)
	require.Equal(t, []string{"new", "new"}, []string{renewal.CustomerID, renewal.PayerID})
	require.Zero(t, renewal.CreditApplied, "the credit is not the new headquarters'")
	require.Equal(t, "old", b.invoice(first.Invoice.InvoiceID).PayerID)
}

// An amount off is not taken twice by invoices in two names.
func TestDiscountsAreTheOwners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range []string{"hq", "branch"} {
		b.customer(id, "EUR", "pm_card_visa")
	}
	b.below("branch", "hq", account.Parent, account.Self)
	b.redeemed("branch", quotedCoupon("monthly"), day0)
	invoice := b.invoice(b.subscribe(agreement("sub_branch", "branch", "seats", 3, "EUR")).Invoice.InvoiceID)
	require.Equal(t, []string{"hq", "branch"}, []string{invoice.CustomerID, invoice.PayerID})
	require.Less(t, invoice.Subtotal, int64(3000))
	charged, err := b.WasCharged(b.ctx, "branch")
	require.NoError(t, err)
	require.True(t, charged, "coupons for first-timers are not for the branch any more")
	charged, err = b.WasCharged(b.ctx, "hq")
	require.NoError(t, err)
	require.False(t, charged)
}
