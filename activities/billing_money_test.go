package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (b *bundle) credit(customer string) int64 {
	b.t.Helper()
	var balance money.Amount
	require.NoError(b.t, b.Tx(b.ctx, func(tx store.Tx) (err error) {
		balance, err = tx.LockWallet(b.ctx, customer, "EUR")
		return err
	}))
	return balance.Minor
}

// Mid-February is half of a period of 28 days.
var midFebruary = time.Date(2027, 2, 14, 11, 0, 0, 0, time.UTC)

func TestDowngradeBecomesCreditAndIsUsedUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 10, "EUR")).State
	b.payAll()
	down := b.carryOut(state, changeTo("down", midFebruary, "seats", 1))
	require.True(t, down.Invoice.Total.IsNegative())
	require.True(t, down.Invoice.AmountDue.IsZero())
	credit := b.credit("ada")
	require.Equal(t, -down.Invoice.Total.Minor, credit)
	state = down.State
	for range 6 {
		turned := b.turn(state)
		state = turned.State
		applied := min(credit, 1000)
		require.Equal(t, 1000-applied, turned.Invoice.AmountDue.Minor)
		credit -= applied
		require.Equal(t, credit, b.credit("ada"))
	}
	require.Zero(t, credit)
	b.payAll()
	b.sound()
}

// Many subscriptions of one customer renew at once and want the same credit: it is given once, and never below zero.
func TestCreditIsNeverGivenTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	first := b.subscribe(agreement("sub", "ada", "seats", 9, "EUR")).State
	states := make([]subscription.State, 8)
	for i := range states {
		states[i] = b.subscribe(agreement(fmt.Sprintf("sub%d", i), "ada", "seats", 1, "EUR")).State
	}
	b.payAll()
	b.carryOut(first, subscription.Command{ID: "end", Kind: subscription.Cancel, At: midFebruary, CreditUnused: true})
	granted := b.credit("ada")
	require.Positive(t, granted)
	due := make([]int64, len(states))
	var group errgroup.Group
	for i, state := range states {
		group.Go(func() error {
			at, _ := state.NextDue()
			turned, err := b.billing.Turn(b.ctx, message.TurnInput{State: state, At: at})
			if err == nil {
				due[i] = turned.Invoice.AmountDue.Minor
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	var paid int64
	for _, amount := range due {
		paid += amount
	}
	require.Equal(t, int64(len(states))*1000-granted, paid)
	require.Zero(t, b.credit("ada"))
	b.payAll()
	b.sound()
}

func TestPauseCreditsAndResumeStartsAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR")).State
	paused := b.carryOut(state, subscription.Command{ID: "p", Kind: subscription.Pause, At: midFebruary})
	require.Equal(t, subscription.Paused, paused.State.Status)
	row, err := b.Subscription(b.ctx, "sub")
	require.NoError(t, err)
	require.Nil(t, row.NextActionAt, "a paused subscription does nothing by itself")
	resumedAt := time.Date(2027, 5, 20, 11, 0, 0, 0, time.UTC)
	resumed := b.carryOut(paused.State, subscription.Command{ID: "r", Kind: subscription.Resume, At: resumedAt})
	require.EqualValues(t, 1000, resumed.Invoice.Total.Minor)
	require.Equal(t, time.Date(2027, 6, 19, 22, 0, 0, 0, time.UTC), resumed.State.Period.End)
	segments, err := b.Segments(b.ctx, "sub", day0, day0.AddDate(1, 0, 0))
	require.NoError(t, err)
	require.Len(t, segments, 2)
	require.Equal(t, midFebruary, segments[0].To.UTC())
	require.Equal(t, resumedAt, segments[1].From.UTC())
	b.payAll()
	b.sound()
}

func TestAnotherIntervalEndsThePeriod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR")).State
	yearly := b.carryOut(state, changeTo("y", midFebruary, "seats-yearly", 1))
	require.Equal(t, 1, yearly.State.Cycle)
	require.Equal(t, time.Date(2028, 2, 13, 23, 0, 0, 0, time.UTC), yearly.State.Period.End)
	require.Less(t, yearly.Invoice.Total.Minor, int64(10_000), "less what was paid for the rest of February")
	b.payAll()
	b.sound()
}

func TestAmountOutOfRangeIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR")).State
	turned := b.carryOut(state, changeTo("c", midFebruary, "dear", 9_000_000))
	require.Equal(t, "amount_too_large", turned.Refusal.Code)
	require.Len(t, b.invoices(), 1)
}

// Usage that arrives after its period was billed goes to the next invoice, and nothing is billed twice.
func TestLateUsage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "metered", 0, "EUR")).State
	used := 0
	use := func(quantity int, at time.Time) {
		used += quantity
		event := store.UsageEvent{ID: fmt.Sprintf("e%d", used), Meter: "calls", Quantity: decimal.NewFromInt(int64(quantity)), At: at}
		added, err := b.AddUsage(b.ctx, "ada", []store.UsageEvent{event, event})
		require.NoError(t, err)
		require.EqualValues(t, 1, added)
	}
	february, march := midFebruary, midFebruary.AddDate(0, 1, 0)
	use(1000, february)
	first := b.turn(state)
	require.EqualValues(t, 1000, first.Invoice.Total.Minor)
	use(500, february) // late
	use(200, march)
	second := b.turn(first.State)
	require.EqualValues(t, 700, second.Invoice.Total.Minor)
	lines, err := b.InvoiceLines(b.ctx, second.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.JSONEq(t, `"500"`, string(explained(t, lines[0], "late")))
	use(300, march) // later still, when the subscription ends
	ended := b.carryOut(second.State, subscription.Command{ID: "end", Kind: subscription.Cancel, At: march.AddDate(0, 1, 0)})
	require.EqualValues(t, 300, ended.Invoice.Total.Minor)
	var billed int64
	for _, invoice := range b.invoices() {
		billed += invoice.Total
	}
	require.EqualValues(t, used, billed)
	b.payAll()
	b.sound()
}
