package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

func cancelWithCredit(id string) subscription.Command {
	return subscription.Command{ID: id, Kind: subscription.Cancel, At: midFebruary, CreditUnused: true}
}

func (b *bundle) invoice(id string) store.Invoice {
	b.t.Helper()
	row, err := b.Invoice(b.ctx, id)
	require.NoError(b.t, err)
	return row
}

// unpaid is a subscription of ten seats whose first invoice, of 100 euros, was declined.
func (b *bundle) unpaid() message.Turned {
	b.t.Helper()
	b.customer("ada", "EUR", "pm_card_chargeCustomerFail")
	begun := b.subscribe(agreement("sub", "ada", "seats", 10, "EUR"))
	require.Equal(b.t, message.Declined, b.persist(begun.Invoice.InvoiceID, 1).Status)
	return begun
}

// Who never paid for the period must not leave with credit for its second half.
func TestCreditPaysWhatIsOwedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begun := b.unpaid()
	ended := b.carryOut(begun.State, cancelWithCredit("end"))
	require.EqualValues(t, -5000, ended.Invoice.Total.Minor, "half of the period")
	require.Equal(t, []string{begun.Invoice.InvoiceID}, ended.Invoice.Pays)
	require.Zero(t, b.credit("ada"))
	owing := b.invoice(begun.Invoice.InvoiceID)
	require.Equal(t, "open", owing.Status)
	require.EqualValues(t, 5000, owing.Owed().Minor)
	b.sound()
	require.EqualValues(t, 5000, b.next(owing.ID, midFebruary).Owed.Minor)

	b.pay("ada", "pm_card_visa", midFebruary)
	require.Equal(t, message.Paid, b.persist(owing.ID, 2).Status)
	require.EqualValues(t, 5000, b.invoice(owing.ID).AmountPaid)
	require.Equal(t, "paid", b.invoice(owing.ID).Status)
	var taken int64
	for _, charge := range b.books().Charges {
		if charge.Status == "succeeded" {
			taken += charge.Amount
		}
	}
	require.EqualValues(t, 5000, taken, "the provider was asked for the rest only")
	b.sound()
}

// The credit for a line of one invoice may be what is owed for another: here for the seats that came first.
func TestCreditPaysTheOldestInvoiceOfTheSubscription(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begun := b.unpaid()
	more := b.carryOut(begun.State, changeTo("up", midFebruary, "seats", 11))
	require.EqualValues(t, 500, more.Invoice.Total.Minor)
	fewer := b.carryOut(more.State, changeTo("down", midFebruary, "seats", 1))
	require.EqualValues(t, -5000, fewer.Invoice.Total.Minor)
	require.Equal(t, []string{begun.Invoice.InvoiceID}, fewer.Invoice.Pays)
	require.Zero(t, b.credit("ada"))
	require.EqualValues(t, 5000, b.invoice(begun.Invoice.InvoiceID).Owed().Minor)
	require.EqualValues(t, 500, b.invoice(more.Invoice.InvoiceID).Owed().Minor)
	b.sound()
}

func TestCreditForAllThatIsOwedSettlesIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begun := b.unpaid()
	end := cancelWithCredit("end")
	end.At = day0.Add(time.Minute)
	ended := b.carryOut(begun.State, end)
	require.EqualValues(t, -10_000, ended.Invoice.Total.Minor)
	settled := b.invoice(begun.Invoice.InvoiceID)
	require.Equal(t, "paid", settled.Status)
	require.EqualValues(t, 10_000, settled.AmountCredited)
	require.Zero(t, b.credit("ada"))
	require.Equal(t, message.DunningOver, b.next(settled.ID, end.At).Kind)
	charges := len(b.books().Charges)
	charged, err := b.charge(settled.ID, 2)
	require.NoError(t, err)
	require.Equal(t, message.Paid, charged.Status)
	require.Len(t, b.books().Charges, charges, "nothing is left to charge")
	b.sound()
}

func TestCreditMakesALossSmaller(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begun := b.unpaid()
	given, err := b.collection.GiveUpInvoice(b.ctx, message.GiveUp{InvoiceID: begun.Invoice.InvoiceID, At: midFebruary, Reason: "test"})
	require.NoError(t, err)
	require.False(t, given.Paid)
	ended := b.carryOut(begun.State, cancelWithCredit("end"))
	require.Empty(t, ended.Invoice.Pays, "nobody collects it any more")
	require.Zero(t, b.credit("ada"))
	lost := b.invoice(begun.Invoice.InvoiceID)
	require.Equal(t, "uncollectible", lost.Status)
	require.EqualValues(t, 5000, lost.Owed().Minor)
	b.sound()
}

// While a payment is under way its money may arrive in full: then the credit is the customer's.
func TestCreditDoesNotTouchAPaymentUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	begun := b.subscribe(agreement("sub", "ada", "seats", 10, "EUR"))
	b.fault(sandbox.Fault{Kind: sandbox.DropBefore, IdempotencyKeyPrefix: "charge:"})
	_, err := b.charge(begun.Invoice.InvoiceID, 1)
	require.Error(t, err)
	ended := b.carryOut(begun.State, cancelWithCredit("end"))
	require.Empty(t, ended.Invoice.Pays)
	require.EqualValues(t, 5000, b.credit("ada"))
	require.Equal(t, message.Paid, b.persist(begun.Invoice.InvoiceID, 1).Status)
	b.paidOnce(begun.Invoice.InvoiceID)
}
