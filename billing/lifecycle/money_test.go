package lifecycle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

var (
	anyGrain = rapid.SampledFrom([]catalog.Grain{
		catalog.GrainDay, catalog.GrainDayInclusive, catalog.GrainMonth30, catalog.GrainSecond, catalog.GrainNone,
	})
	anyZone = rapid.SampledFrom([]string{"UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo"})
	anyMode = rapid.SampledFrom([]subscription.PauseMode{subscription.PauseCredit, subscription.PauseKeep, subscription.PauseExtend})
)

func drawPlans(rt *rapid.T, grain catalog.Grain) []catalog.Plan {
	plans := make([]catalog.Plan, 0, 3)
	for _, id := range []string{"a", "b", "c"} {
		cents := rapid.Int64Range(0, 100_000).Draw(rt, "price")
		plan := flat(id, decimal.New(cents, -2).String(), grain)
		plan.AddOns = []catalog.AddOn{{ID: "extra", Name: "Extra", Charges: []catalog.Charge{byQuantity("block", "7.77")}}}
		plans = append(plans, plan)
	}
	return plans
}

// drawCommand is anything that a customer might ask for, now, at the period's end or on a date.
func (l *life) drawCommand(rt *rapid.T) subscription.Command {
	c := rapid.SampledFrom([]subscription.Command{
		change("a"), change("b"), change("c"), pause(anyMode.Draw(rt, "mode")), resume, resume, cancel, credit, again, handOff,
		{Kind: subscription.Transfer, Customer: "cus_1"},
	}).Draw(rt, "command")
	if c.Kind == subscription.ChangeTerms {
		*c.Terms = c.Terms.With(held(rt, "extra", rapid.Int64Range(0, 3).Draw(rt, "extra")))
	}
	c.BillNext = c.Kind == subscription.ChangeTerms && rapid.Bool().Draw(rt, "bill next")
	switch rapid.IntRange(0, 5).Draw(rt, "when") {
	case 0:
		c.AtPeriodEnd = !c.BillNext
	case 1:
		c.On = l.now.Add(time.Duration(rapid.IntRange(1, 60*24).Draw(rt, "ahead")) * time.Hour)
	}
	return c
}

// Whatever a customer asks for, whenever and however often: no line gives back more than it charged, none is credited
// twice, and no line is credited to another customer than the one who was charged.
func TestNoSequenceOfCommandsGivesBackMoreThanWasCharged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := begin(rt, anyZone.Draw(rt, "zone"), "2027-01-31", on("a"), drawPlans(rt, anyGrain.Draw(rt, "grain"))...)
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			at := l.now.Add(time.Duration(rapid.IntRange(0, 20*24).Draw(rt, "hours")) * time.Hour)
			l.until(at)
			l.give(at, l.drawCommand(rt))
		}
		l.requireFair(rt)
	})
}

func (l *life) requireFair(t require.TestingT) {
	type charge struct {
		amount int64
		owner  string
	}
	charged, credited := map[invoicing.LineRef]charge{}, map[invoicing.LineRef]bool{}
	for i, inv := range l.invoices {
		for j, line := range inv.Lines {
			if line.Credits == nil {
				charged[invoicing.LineRef{InvoiceID: inv.Key, Position: j + 1}] = charge{line.Amount.Minor, l.owners[i]}
				continue
			}
			original := charged[*line.Credits]
			require.False(t, credited[*line.Credits], "a line is credited once")
			require.LessOrEqual(t, -line.Amount.Minor, original.amount)
			require.Equal(t, original.owner, l.owners[i])
			credited[*line.Credits] = true
		}
	}
}

// A period costs what each of its terms costs for its share of it, give or take half a minor unit per line: changes now and
// on dates, pauses that extend the period, transfers and a last cancellation neither make nor lose money.
func TestAPeriodCostsItsTermsShareByShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		plans := drawPlans(rt, catalog.GrainDay)
		l := begin(rt, anyZone.Draw(rt, "zone"), "2027-03-01", on("a"), plans...)
		days := decimal.NewFromInt(int64(l.zone.Days(l.state.Period)))
		due, since, lost := decimal.Zero, 0, 0 // in paid days of the period; lost are those of pauses
		paid := func(day int) {
			plan, err := l.Plan(rt.Context(), l.state.Terms)
			require.NoError(rt, err)
			price := plan.Charges[0].Prices["USD"].FlatAmount
			due = due.Add(price.Mul(decimal.NewFromInt(int64(day - since))).Div(days))
			since = day
		}
		changes := 0
		day := 0 // of the calendar, counted from the first of the month
		for range rapid.IntRange(0, 8).Draw(rt, "steps") {
			day += rapid.IntRange(0, 5).Draw(rt, "days")
			if day-lost >= 30 {
				break
			}
			at := l.zone.AddDays(l.local("2027-03-01 15:00"), day)
			l.until(at)
			switch rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 0:
				before := due
				held := since
				paid(day - lost)
				asked := change(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "to"))
				asked.BillNext = rapid.Bool().Draw(rt, "bill next")
				if l.give(at, asked) != "" {
					due, since = before, held
				}
				changes++
			case 1:
				require.Empty(rt, l.give(at, pause(subscription.PauseExtend)))
				length := rapid.IntRange(0, 40).Draw(rt, "paused")
				day, lost = day+length, lost+length
				require.Empty(rt, l.give(l.zone.AddDays(l.local("2027-03-01 15:00"), day), resume))
			case 2:
				customer := subscription.Command{Kind: subscription.Transfer, Customer: fmt.Sprintf("cus_%d", day+2)}
				l.give(at, customer)
			}
		}
		at := l.zone.AddDays(l.local("2027-03-01 15:00"), day)
		paid(day - lost)
		require.Empty(rt, l.give(at, credit))
		net, lines := money.Zero("USD").Decimal(), changes // each may have left out a line that is rounded to nothing
		for _, inv := range l.invoices {
			net, lines = net.Add(inv.Subtotal.Decimal()), lines+len(inv.Lines)
		}
		bound := decimal.New(int64(lines), -2).Div(decimal.NewFromInt(2)).Add(decimal.New(1, -9))
		require.True(rt, net.Sub(due).Abs().LessThanOrEqual(bound), "charged %s for %s on %d lines", net, due, lines)
		l.requireFair(rt)
	})
}
