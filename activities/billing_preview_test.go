package activities_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// previewed is an invoice as a preview shows it.
func (b *bundle) previewed(invoice store.Invoice) message.PreviewedInvoice {
	b.t.Helper()
	amount := func(minor int64) money.Amount { return money.New(minor, invoice.Currency) }
	shown := message.PreviewedInvoice{
		CustomerID: invoice.CustomerID, PayerID: invoice.PayerID, PONumber: invoice.PONumber, Reason: invoice.Reason,
		IssuedAt: invoice.IssuedAt.UTC(), PeriodStart: invoice.PeriodStart.UTC(), PeriodEnd: invoice.PeriodEnd.UTC(),
		Subtotal: amount(invoice.Subtotal), Tax: amount(invoice.Tax), Total: amount(invoice.Total),
		CarriedIn: amount(invoice.CarriedIn), CarriedOut: amount(invoice.CarriedOut),
		CreditGranted: amount(invoice.CreditGranted), CreditApplied: amount(invoice.CreditApplied), PrepaidApplied: amount(invoice.PrepaidApplied),
		AmountDue: amount(invoice.AmountDue),
	}
	lines, err := b.InvoiceLines(b.ctx, invoice.ID)
	require.NoError(b.t, err)
	for _, l := range lines {
		shown.Lines = append(shown.Lines, message.PreviewedLine{
			Kind: l.Kind, ChargeID: l.ChargeID, PlanID: l.PlanID, PlanVersion: l.PlanVersion, Description: l.Description, Quantity: l.Quantity,
			Amount: amount(l.Amount), Tax: amount(l.Tax), TaxRate: l.TaxRate, Treatment: l.Treatment,
			PeriodStart: l.PeriodStart.UTC(), PeriodEnd: l.PeriodEnd.UTC(), Explanation: l.Explanation,
		})
	}
	return shown
}

// numbered are the invoices in the order of their numbers.
func (b *bundle) numbered() []store.Invoice {
	return slices.SortedFunc(slices.Values(b.invoices()), func(x, y store.Invoice) int { return strings.Compare(x.Number, y.Number) })
}

// until lets happen what falls due by an instant.
func (b *bundle) until(state subscription.State, at time.Time) subscription.State {
	b.t.Helper()
	for due, is := state.NextDue(); is && !due.After(at); due, is = state.NextDue() {
		state = b.turn(state).State
	}
	return state
}

// forecast is a command with the number of invoices that it makes until it has taken effect.
type forecast struct {
	command  subscription.Command
	invoices int
}

func forecasts() map[string]forecast {
	later := day0.AddDate(0, 0, 10)
	give := func(kind subscription.Kind, f func(*subscription.Command)) subscription.Command {
		c := subscription.Command{ID: "c", Kind: kind, At: later, Actor: "customer"}
		if f != nil {
			f(&c)
		}
		return c
	}
	return map[string]forecast{
		"more seats":       {changeTo("c", later, "seats", 5), 1},
		"fewer seats":      {changeTo("c", later, "seats", 1), 1},
		"another interval": {changeTo("c", later, "seats-yearly", 3), 1},
		"a new period": {func() subscription.Command {
			c := changeTo("c", later, "seats", 5)
			c.NewPeriod = true
			return c
		}(), 1},
		"a new period on a date": {func() subscription.Command {
			c := changeTo("c", later, "seats", 5)
			c.NewPeriod, c.On = true, later.AddDate(0, 0, 5)
			return c
		}(), 1},
		"a pause":                 {give(subscription.Pause, nil), 1},
		"a pause that keeps":      {give(subscription.Pause, func(c *subscription.Command) { c.Mode = subscription.PauseKeep }), 0},
		"the end, with credit":    {give(subscription.Cancel, func(c *subscription.Command) { c.CreditUnused = true }), 1},
		"the end, without credit": {give(subscription.Cancel, nil), 0},
		"at the period's end": {func() subscription.Command {
			c := changeTo("c", later, "seats", 5)
			c.AtPeriodEnd = true
			return c
		}(), 1},
		"on a date": {func() subscription.Command {
			c := changeTo("c", later, "seats", 5)
			c.On = later.AddDate(0, 0, 5)
			return c
		}(), 1},
		"on a date in the period after next": {func() subscription.Command {
			c := changeTo("c", later, "seats", 5)
			c.On = later.AddDate(0, 2, 0)
			return c
		}(), 3},
		"to another customer": {give(subscription.Transfer, func(c *subscription.Command) { c.Customer = "bob" }), 2},
	}
}

// A preview is what then happens, to the line, and leaves nothing behind.
func TestPreviewIsWhatThenHappens(t *testing.T) {
	t.Parallel()
	for name, tt := range forecasts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.customer("ada", "EUR", "pm_card_visa")
			b.customer("bob", "EUR", "pm_card_visa")
			state := b.subscribe(agreement("sub", "ada", "seats", 3, "EUR")).State
			ask := message.CarryOutInput{State: state, Command: tt.command}
			preview, err := b.billing.PreviewCommand(b.ctx, ask)
			require.NoError(t, err)
			require.Nil(t, preview.Refusal)
			require.Len(t, b.invoices(), 1, "nothing is written")
			row, err := b.Subscription(b.ctx, "sub")
			require.NoError(t, err)
			require.Equal(t, "ada", row.CustomerID)

			after := b.carryOut(state, tt.command).State
			switch {
			case !tt.command.On.IsZero():
				after = b.until(after, tt.command.On)
			case tt.command.AtPeriodEnd:
				after = b.until(after, after.Period.End)
			}
			var happened []message.PreviewedInvoice
			for _, invoice := range b.numbered()[1:] {
				happened = append(happened, b.previewed(invoice))
			}
			require.Len(t, happened, tt.invoices)
			requireSameJSON(t, happened, preview.Invoices)
			requireSameJSON(t, after, preview.State)
		})
	}
}

func requireSameJSON(t *testing.T, want, got any) {
	t.Helper()
	x, err := json.Marshal(want)
	require.NoError(t, err)
	y, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(x), string(y))
}

func TestPreviewOfWhatWouldBeRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	state := b.subscribe(agreement("sub", "ada", "seats", 3, "EUR")).State
	for code, c := range map[string]subscription.Command{
		"cannot_resume":    {Kind: subscription.Resume},
		"customer_unknown": {Kind: subscription.Transfer, Customer: "nobody"},
		"plan_unknown":     {Kind: subscription.ChangeTerms, Terms: &subscription.Terms{PlanID: "nothing", PlanVersion: 1}},
	} {
		c.ID, c.At = "c", day0.AddDate(0, 0, 3)
		preview, err := b.billing.PreviewCommand(b.ctx, message.CarryOutInput{State: state, Command: c})
		require.NoError(t, err)
		require.Equal(t, code, preview.Refusal.Code)
	}
}
