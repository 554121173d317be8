package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// A command that is planned is carried out once on its day, however often the activity runs, and what is asked for twice
// under one id is planned once.
func TestPlannedCommandIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 3, "EUR")).State
	upgrade := changeTo("up", day0.AddDate(0, 0, 2), "seats", 5)
	upgrade.On = day0.AddDate(0, 0, 14)
	first := b.carryOut(state, upgrade)
	again := b.carryOut(first.State, upgrade)
	require.True(t, again.Repeated)
	require.Equal(t, first.State, again.State)
	other := upgrade
	other.On = day0.AddDate(0, 0, 15)
	require.Equal(t, "command_id_reused", b.carryOut(first.State, other).Refusal.Code)
	row, err := b.Subscription(b.ctx, "sub")
	require.NoError(t, err)
	require.Equal(t, upgrade.On, row.NextActionAt.UTC(), "operators and clocks see the day")

	done := b.turn(first.State)
	require.Equal(t, done, b.turn(first.State))
	require.EqualValues(t, 5, done.State.Terms.Seats)
	require.Empty(t, done.State.Planned)
	require.Len(t, b.invoices(), 2)
	require.Equal(t, upgrade.On, b.numbered()[1].IssuedAt.UTC())
}

// What cannot be carried out on its day leaves nothing half done, and the reason is on record.
func TestPlannedCommandIsMissed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 3, "EUR")).State
	move := subscription.Command{ID: "move", Kind: subscription.Transfer, Customer: "bob", At: day0.AddDate(0, 0, 2), On: day0.AddDate(0, 0, 14)}
	state = b.carryOut(state, move).State
	missed := b.turn(state)
	require.Equal(t, missed, b.turn(state))
	require.Len(t, b.invoices(), 1, "the credit that was written before the customer turned out to be unknown is taken back")
	require.Equal(t, "customer_unknown", missed.State.Missed[0].Refusal.Code)
	require.Equal(t, "move", missed.State.Missed[0].CommandID)
	require.Equal(t, "ada", missed.State.CustomerID)
	due, is := missed.State.NextDue()
	require.True(t, is)
	require.Equal(t, state.Period.End, due)
}

// After a transfer the two customers have nothing to do with each other's money.
func TestTransferToAnotherCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	b.customer("bob", "EUR", "")
	state := b.subscribe(agreement("sub", "ada", "seats", 3, "EUR")).State
	moved := b.carryOut(state, subscription.Command{ID: "move", Kind: subscription.Transfer, Customer: "bob", At: day0.AddDate(0, 0, 14)})
	require.Equal(t, "bob", moved.State.CustomerID)
	require.NotNil(t, moved.Former)
	require.NotNil(t, moved.Invoice)
	invoices := b.numbered()
	require.Equal(t, []string{"ada", "ada", "bob"}, []string{invoices[0].CustomerID, invoices[1].CustomerID, invoices[2].CustomerID})
	require.Equal(t, invoices[1].Total, -invoices[2].Total, "what one is given back the other pays")
	require.Equal(t, []string{invoices[0].ID}, moved.Former.Pays, "the credit pays what the former customer owes")

	fewer := b.carryOut(moved.State, changeTo("fewer", day0.AddDate(0, 0, 20), "seats", 1))
	require.Equal(t, []string{invoices[2].ID}, fewer.Invoice.Pays, "and the next one what the new customer owes")
	row, err := b.Subscription(b.ctx, "sub")
	require.NoError(t, err)
	require.Equal(t, "bob", row.CustomerID)
	require.Equal(t, "nothing_to_change", b.carryOut(fewer.State,
		subscription.Command{ID: "again", Kind: subscription.Transfer, Customer: "bob", At: day0.AddDate(0, 0, 21)}).Refusal.Code)
}

// A pause that keeps the period: the period that begins in it has no invoice but a reason.
func TestPauseThatKeepsThePeriodSkipsItsInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 3, "EUR")).State
	paused := b.carryOut(state, subscription.Command{ID: "p", Kind: subscription.Pause, Mode: subscription.PauseKeep, At: day0.AddDate(0, 0, 2)})
	require.Nil(t, paused.Invoice)
	passed := b.turn(paused.State)
	require.Nil(t, passed.Invoice)
	require.Equal(t, subscription.Paused, passed.State.Status)
	cycle, err := b.Cycle(b.ctx, "sub", 1)
	require.NoError(t, err)
	require.Equal(t, "nothing to bill", *cycle.SkippedBecause)
	resumed := b.carryOut(passed.State, subscription.Command{ID: "r", Kind: subscription.Resume, At: passed.State.Period.Start.AddDate(0, 0, 15)})
	require.Equal(t, subscription.Active, resumed.State.Status)
	require.NotNil(t, resumed.Invoice)
	require.Equal(t, passed.State.Period, resumed.State.Period)
	next := b.turn(resumed.State)
	require.Equal(t, message.PaymentStatus(""), next.Invoice.Payment)
	require.EqualValues(t, 3000, next.Invoice.Total.Minor)
}

// Changes that wait for the next invoice are on it, line by line, and one of them may credit what another charged.
func TestChangesBilledWithTheNextInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 3, "EUR")).State
	for i, seats := range []int64{6, 2} {
		later := changeTo(string(rune('a'+i)), day0.AddDate(0, 0, 4+10*i), "seats", seats)
		later.BillNext = true
		done := b.carryOut(state, later)
		require.Nil(t, done.Invoice)
		state = done.State
	}
	require.Len(t, b.invoices(), 1)
	renewed := b.turn(state)
	require.Empty(t, renewed.State.Pending)
	lines, err := b.InvoiceLines(b.ctx, renewed.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Len(t, lines, 5)
	require.Equal(t, renewed.Invoice.InvoiceID, *lines[2].CreditsInvoice, "the second change credits what the first one charged")
	require.Equal(t, 2, *lines[2].CreditsPosition)
	b.sound()
}

// A subscription may begin at an instant that is finer than the database keeps it.
func TestCreditWhenThePeriodBeganBetweenMicroseconds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	in := agreement("sub", "ada", "seats", 3, "EUR")
	in.StartAt = in.StartAt.Add(123456789)
	state := b.subscribe(in).State
	changed := b.carryOut(state, changeTo("more", state.Period.Start.Add(1), "seats", 4))
	require.EqualValues(t, 1000, changed.Invoice.Total.Minor, "one seat more, and not four")
	moved := b.carryOut(changed.State, subscription.Command{
		ID: "move", Kind: subscription.Transfer, Customer: b.other("bob"), At: state.Period.Start.Add(time.Hour + 1),
	})
	fewer := b.carryOut(moved.State, changeTo("fewer", state.Period.Start.Add(2*time.Hour), "seats", 3))
	require.EqualValues(t, -1000, fewer.Invoice.Total.Minor)
}

func (b *bundle) other(id string) string {
	b.t.Helper()
	b.customer(id, "EUR", "pm_card_visa")
	return id
}
