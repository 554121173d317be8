package activities_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

func TestOpenSubscriptionIsRecordedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	in := agreement("sub", "ada", "seats", 3, "EUR")
	in.StartAt = in.StartAt.Add(123456789) // finer than the database keeps it
	first, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(t, err)
	again, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, calendar.Date{Year: 2027, Month: time.January, Day: 31}, first.State.Anchor)
	for _, other := range []func(*message.Subscribe){
		func(in *message.Subscribe) { in.Terms.Seats = 4 },
		func(in *message.Subscribe) { in.StartAt = in.StartAt.Add(time.Hour) },
	} {
		different := in
		other(&different)
		refused, err := b.billing.OpenSubscription(b.ctx, different)
		require.NoError(t, err)
		require.Equal(t, "subscription_exists", refused.Refusal.Code)
	}
	b.turn(first.State)
	begun, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, "subscription_exists", begun.Refusal.Code, "a subscription that has begun is not opened again")
}

func TestAgreementsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	for code, bad := range map[string]func(*message.Subscribe){
		"subscription_id_invalid": func(in *message.Subscribe) { in.SubscriptionID = "a/b" },
		"term_invalid":            func(in *message.Subscribe) { in.EndsAfter = -1 },
		"customer_unknown":        func(in *message.Subscribe) { in.CustomerID = "nobody" },
		"entity_mismatch":         func(in *message.Subscribe) { in.EntityID = "other" },
		"plan_unknown":            func(in *message.Subscribe) { in.Terms.PlanVersion = 9 },
		"currency_not_priced":     func(in *message.Subscribe) { in.Currency = "USD" },
		"seats_missing":           func(in *message.Subscribe) { in.Terms.Seats = 0 },
		"seats_not_sold": func(in *message.Subscribe) {
			in.Terms = subscription.Terms{PlanID: "metered", PlanVersion: 1, Seats: 1}
		},
		"start_out_of_range": func(in *message.Subscribe) { in.StartAt = time.Time{} },
		"amount_too_large": func(in *message.Subscribe) {
			in.Terms = subscription.Terms{PlanID: "dear", PlanVersion: 1, Seats: 9_000_000}
		},
		"seats_too_many": func(in *message.Subscribe) { in.Terms.Seats = math.MaxInt64 },
	} {
		in := agreement("sub", "ada", "seats", 3, "EUR")
		bad(&in)
		opened, err := b.billing.OpenSubscription(b.ctx, in)
		require.NoError(t, err, code)
		require.NotNil(t, opened.Refusal, code)
		require.Equal(t, code, opened.Refusal.Code)
	}
	all, err := b.Subscriptions(b.ctx, "", "", "", 10)
	require.NoError(t, err)
	require.Empty(t, all)
}

// An activity may run twice, or twice at once: the answer is the same, and what it did was done once.
func TestTurnAgainAndAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	opened, err := b.billing.OpenSubscription(b.ctx, agreement("sub", "ada", "seats", 3, "EUR"))
	require.NoError(t, err)
	state := opened.State
	for cycle := range 3 {
		due, _ := state.NextDue()
		answers := make([]message.Turned, 6)
		var group errgroup.Group
		for i := range answers {
			group.Go(func() (err error) {
				answers[i], err = b.billing.Turn(b.ctx, message.TurnInput{State: state, At: due})
				return err
			})
		}
		require.NoError(t, group.Wait())
		for _, answer := range answers {
			require.Equal(t, answers[0], answer)
		}
		require.Len(t, b.invoices(), cycle+1)
		require.EqualValues(t, 3000, answers[0].Invoice.AmountDue.Minor)
		require.Equal(t, fmt.Sprintf("ACM-%06d", cycle+1), answers[0].Invoice.Number)
		row, err := b.Subscription(b.ctx, "sub")
		require.NoError(t, err)
		require.Equal(t, cycle, row.Cycle)
		require.Equal(t, answers[0].State.Period.End, row.NextActionAt.UTC())
		state = answers[0].State
	}
	b.payAll()
	b.sound()
}

// payAll collects every open invoice.
func (b *bundle) payAll() {
	b.t.Helper()
	for _, invoice := range b.invoices() {
		if invoice.Status == "open" {
			charged, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.ID, Attempt: 1, At: invoice.IssuedAt})
			require.NoError(b.t, err)
			require.Equal(b.t, message.Paid, charged.Status, invoice.ID)
		}
	}
}

func TestTrialBecomesPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	trial := b.subscribe(agreement("sub", "ada", "trial", 0, "EUR"))
	require.Equal(t, subscription.Trialing, trial.State.Status)
	require.Nil(t, trial.Invoice)
	paid := b.turn(trial.State)
	require.Equal(t, subscription.Active, paid.State.Status)
	require.EqualValues(t, 2500, paid.Invoice.AmountDue.Minor)
	require.Equal(t, time.Date(2027, 2, 13, 23, 0, 0, 0, time.UTC), paid.State.Period.Start, "midnight in Berlin")
}

func TestCommandAgainAndAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 2, "EUR")).State
	noon := time.Date(2027, 2, 14, 11, 0, 0, 0, time.UTC)
	in := message.CarryOutInput{State: state, Command: changeTo("up", noon, "seats", 4)}
	answers := make([]message.Turned, 6)
	var group errgroup.Group
	for i := range answers {
		group.Go(func() (err error) { answers[i], err = b.billing.CarryOut(b.ctx, in); return err })
	}
	require.NoError(t, group.Wait())
	for _, answer := range answers {
		require.Equal(t, answers[0], answer)
	}
	require.False(t, answers[0].Repeated, "the same activity again is no repetition of the command")
	require.Len(t, b.invoices(), 2)
	later := b.turn(answers[0].State).State
	in.State = later
	repeated, err := b.billing.CarryOut(b.ctx, in)
	require.NoError(t, err)
	require.True(t, repeated.Repeated)
	require.Equal(t, answers[0].State, repeated.State, "as it was then")
	require.Equal(t, answers[0].Invoice, repeated.Invoice)
	in.Command = changeTo("up", noon, "seats", 5)
	reused, err := b.billing.CarryOut(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, "command_id_reused", reused.Refusal.Code)
	require.Len(t, b.invoices(), 3)
	b.payAll()
	b.sound()
}

func TestRefusedCommandChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 2, "EUR")).State
	before, err := b.Subscription(b.ctx, "sub")
	require.NoError(t, err)
	noon := time.Date(2027, 2, 14, 11, 0, 0, 0, time.UTC)
	for code, c := range map[string]subscription.Command{
		"plan_unknown":        changeTo("c", noon, "none", 1),
		"seats_missing":       changeTo("c", noon, "seats", 0),
		"billing_mismatch":    changeTo("c", noon, "api", 0),
		"nothing_to_change":   changeTo("c", noon, "seats", 2),
		"currency_not_priced": changeTo("c", noon, "odd", 0),
		"command_too_old":     changeTo("c", day0.Add(-1), "seats", 3),
		"cannot_resume":       {ID: "c", Kind: subscription.Resume, At: noon},
	} {
		turned := b.carryOut(state, c)
		require.NotNil(t, turned.Refusal, code)
		require.Equal(t, code, turned.Refusal.Code)
		require.Equal(t, state, turned.State)
		_, err := b.CarriedOut(b.ctx, "sub", "c")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	after, err := b.Subscription(b.ctx, "sub")
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Len(t, b.invoices(), 1)
}

// Numbers are gapless per legal entity, however many invoices are made at once and however many fail.
func TestNumbersAreGapless(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 24
	states := make([]subscription.State, n)
	for i := range n {
		id := fmt.Sprintf("c%02d", i)
		b.customer(id, "EUR", "pm_card_visa")
		in := agreement("sub_"+id, id, "seats", 1, "EUR")
		opened, err := b.billing.OpenSubscription(b.ctx, in)
		require.NoError(t, err)
		states[i] = opened.State
	}
	var group errgroup.Group
	for i, state := range states {
		group.Go(func() error {
			due, _ := state.NextDue()
			for try := range 4 { // cut off somewhere: what was written until then, a number perhaps, is taken back
				ctx, cancel := context.WithTimeout(b.ctx, time.Duration(1+(i+5*try)%12)*time.Millisecond)
				_, _ = b.billing.Turn(ctx, message.TurnInput{State: state, At: due})
				cancel()
			}
			_, err := b.billing.Turn(b.ctx, message.TurnInput{State: state, At: due})
			return err
		})
	}
	require.NoError(t, group.Wait())
	numbers := map[string]bool{}
	for _, invoice := range b.invoices() {
		numbers[invoice.Number] = true
	}
	require.Len(t, numbers, n)
	for i := range n {
		require.True(t, numbers[fmt.Sprintf("ACM-%06d", i+1)], i+1)
	}
}

func TestNoteStandingAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 1, "EUR")).State.PaymentFailed("inv_1")
	for range 2 {
		_, err := b.billing.NoteStanding(b.ctx, state)
		require.NoError(t, err)
		row, err := b.Subscription(b.ctx, "sub")
		require.NoError(t, err)
		require.Equal(t, subscription.PastDue, row.Status)
	}
	unknown := state
	unknown.ID = "none"
	_, err := b.billing.NoteStanding(b.ctx, unknown)
	require.ErrorIs(t, err, store.ErrNotFound)
}

// A workflow under another id must not own a subscription: only equal ids are kept apart by Temporal.
func TestOnlyItsOwnWorkflowOpensASubscription(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	opened, err := inActivity(b, message.OpenSubscription, agreement("sub", "ada", "seats", 1, "EUR"))
	require.NoError(t, err)
	require.Equal(t, "wrong_workflow_id", opened.Refusal.Code)
	_, err = b.Subscription(b.ctx, "sub")
	require.ErrorIs(t, err, store.ErrNotFound)
}
