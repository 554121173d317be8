package activities_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

func charging(id string, kind invoicing.LineKind, unit string, at time.Time, next bool) subscription.Command {
	return subscription.Command{
		ID: "charge:" + id, Kind: subscription.Charge, At: at, Actor: "operator", BillNext: next, Item: &invoicing.Item{
			ID: id, Kind: kind, Description: "What " + id + " is for", Quantity: decimal.NewFromInt(1), Unit: decimal.RequireFromString(unit), TaxCategory: "saas_b2b",
		},
	}
}

func (b *bundle) lines(billed *message.Billed) []string {
	b.t.Helper()
	rows, err := b.InvoiceLines(b.ctx, billed.InvoiceID)
	require.NoError(b.t, err)
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = row.Kind + " " + row.ChargeID
	}
	return lines
}

// itemsSound asserts that the books agree and each item was billed once.
func (b *bundle) itemsSound() {
	b.t.Helper()
	faults, err := b.ItemFaults(b.ctx)
	require.NoError(b.t, err)
	require.Empty(b.t, faults)
}

// An item is charged once: on the renewal here, after which it can be neither billed again nor canceled.
func TestAnItemIsBilledOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("once", "EUR", "pm_card_visa")
	begun := b.subscribe(agreement("sub_once", "once", "seats", 1, "EUR"))
	soon := day0.Add(time.Hour)
	first := b.carryOut(begun.State, charging("fee", invoicing.OneOff, "12.50", soon, true))
	require.Nil(t, first.Invoice)
	again := b.carryOut(first.State, charging("fee", invoicing.OneOff, "12.50", soon, true))
	require.True(t, again.Repeated)
	other := charging("fee", invoicing.OneOff, "12.50", soon, true)
	other.ID = "another"
	require.Equal(t, "charge_exists", b.carryOut(first.State, other).Refusal.Code)
	renewed := b.turn(first.State)
	require.Equal(t, []string{"recurring seat", "one_off fee"}, b.lines(renewed.Invoice))
	drop := subscription.Command{ID: "drop", Kind: subscription.CancelCharge, At: renewed.State.LastAt, Actor: "operator", Withdraws: "fee"}
	require.Equal(t, "charge_billed", b.carryOut(renewed.State, drop).Refusal.Code)
	drop.Withdraws = "nix"
	require.Equal(t, "charge_unknown", b.carryOut(renewed.State, drop).Refusal.Code)
	b.itemsSound()
}

// What gives back more than all else is a credit note, which pays what is owed before it is money to spend.
func TestAnAdjustmentPaysDebtsFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("gives", "EUR", "pm_card_visa")
	begun := b.subscribe(agreement("sub_gives", "gives", "seats", 1, "EUR"))
	owed := b.invoice(begun.Invoice.InvoiceID).Owed()
	back := owed.Decimal().Neg().Sub(decimal.NewFromInt(3))
	given := b.carryOut(begun.State, charging("sorry", invoicing.Adjustment, back.String(), day0.Add(time.Hour), false))
	require.True(t, given.Invoice.Total.IsNegative())
	require.Equal(t, []string{begun.Invoice.InvoiceID}, given.Invoice.Pays)
	require.True(t, b.invoice(begun.Invoice.InvoiceID).Owed().IsZero())
	require.Equal(t, -given.Invoice.Total.Minor-owed.Minor, b.credit("gives"))
	b.itemsSound()
	b.sound()
}

// What waits when a paused subscription ends is billed with the end, though nothing else is.
func TestWhatWaitsIsBilledAtTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ends", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub_ends", "ends", "seats", 1, "EUR")).State
	at := func(hours int) time.Time { return day0.Add(time.Duration(hours) * time.Hour) }
	state = b.carryOut(state, subscription.Command{ID: "pause", Kind: subscription.Pause, At: at(1), Actor: "customer"}).State
	state = b.carryOut(state, charging("fee", invoicing.OneOff, "40", at(2), true)).State
	end := b.carryOut(state, subscription.Command{ID: "end", Kind: subscription.Cancel, At: at(3), Actor: "customer"})
	require.Equal(t, []string{"one_off fee"}, b.lines(end.Invoice))
	require.Equal(t, "final", b.invoice(end.Invoice.InvoiceID).Reason)
	b.itemsSound()
	b.sound()
}

// A preview of a charge shows the invoice that it would be on, and writes nothing.
func TestPreviewOfACharge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("asks", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub_asks", "asks", "seats", 1, "EUR")).State
	for next, lines := range map[bool]int{true: 2, false: 1} {
		shown, err := inActivity(b, message.PreviewCommand, message.CarryOutInput{State: state, Command: charging("fee", invoicing.OneOff, "40", day0.Add(time.Hour), next)})
		require.NoError(t, err)
		require.Nil(t, shown.Refusal)
		require.Len(t, shown.Invoices, 1)
		require.Len(t, shown.Invoices[0].Lines, lines)
	}
	items, err := b.Items(b.ctx, "sub_asks", "", 10)
	require.NoError(t, err)
	require.Empty(t, items)
}

// A charge that no invoice could be made of is refused, and nothing is written.
func TestImpossibleCharges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("wrong", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub_wrong", "wrong", "seats", 1, "EUR")).State
	for code, spoil := range map[string]func(i *invoicing.Item){
		"tax_undetermined": func(i *invoicing.Item) { i.TaxCategory = "cheese" },
		"amount_too_large": func(i *invoicing.Item) { i.Unit = decimal.RequireFromString("999999999999999999") },
		"item_invalid":     func(i *invoicing.Item) { i.Quantity = decimal.Zero },
	} {
		c := charging("x", invoicing.OneOff, "1", day0.Add(time.Hour), true)
		spoil(c.Item)
		turned := b.carryOut(state, c)
		require.NotNil(t, turned.Refusal, code)
		require.Equal(t, code, turned.Refusal.Code, turned.Refusal.Message)
	}
	items, err := b.Items(b.ctx, "sub_wrong", "", 10)
	require.NoError(t, err)
	require.Empty(t, items)
}

// Who owes an invoice that is being collected cannot begin again; who has paid can.
func TestRecallKnowsWhatIsOwed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("owes", "EUR", "pm_card_visa")
	begun := b.subscribe(agreement("sub_owes", "owes", "seats", 1, "EUR"))
	recalled, err := b.billing.RecallSubscription(b.ctx, "sub_owes")
	require.NoError(t, err)
	require.Equal(t, "subscription_not_running", recalled.Refusal.Code, "it has not ended")
	left := b.carryOut(begun.State, subscription.Command{ID: "leave", Kind: subscription.Cancel, At: day0.Add(48 * time.Hour), Actor: "customer"})
	recalled, err = b.billing.RecallSubscription(b.ctx, "sub_owes")
	require.NoError(t, err)
	require.Nil(t, recalled.Refusal)
	require.Equal(t, left.State, recalled.State)
	require.Equal(t, "acme", recalled.Subscribe.EntityID)
	b.exec(`INSERT INTO dunning (invoice_id, customer_id, status, next_action_at, started_at)
		VALUES ('` + begun.Invoice.InvoiceID + `', 'owes', 'retrying', '2027-03-01', '2027-02-01')`)
	recalled, err = b.billing.RecallSubscription(b.ctx, "sub_owes")
	require.NoError(t, err)
	require.Equal(t, []string{begun.Invoice.InvoiceID}, recalled.State.Unpaid)
	back := subscription.Command{ID: "back", Kind: subscription.Reactivate, At: day0.Add(72 * time.Hour), Actor: "customer"}
	require.Equal(t, "cannot_reactivate", b.carryOut(recalled.State, back).Refusal.Code)
}
