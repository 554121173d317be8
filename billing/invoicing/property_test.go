package invoicing_test

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
)

func requireAddsUp(t require.TestingT, inv invoicing.Invoice, f invoicing.Facts) {
	var net, tax, grouped, deferred int64
	for _, line := range inv.Lines {
		net, tax = net+line.Amount.Minor, tax+line.Tax.Minor
		if line.Period.End.After(f.IssuedAt) {
			deferred += line.Amount.Minor
		}
		require.Equal(t, f.Currency, line.Amount.Currency)
		require.Equal(t, line.Kind == invoicing.ProrationCredit, line.Credits != nil)
		cheaper := line.Kind == invoicing.UsageLine && f.Closes != nil && f.Closes.Late != nil // more usage can make all of it cheaper
		charges, takes := line.Amount.IsPositive() && line.Kind == invoicing.ProrationCredit, line.Amount.IsNegative() && line.Kind != invoicing.ProrationCredit
		require.False(t, charges || takes && line.Kind != invoicing.Adjustment && !cheaper, "%s of %s", line.Kind, line.Amount)
	}
	for _, group := range inv.Taxes {
		grouped += group.Tax.Minor
	}
	require.Equal(t, money.New(net, f.Currency), inv.Subtotal)
	require.Equal(t, money.New(tax, f.Currency), inv.Tax)
	require.Equal(t, tax, grouped)
	require.Equal(t, net+tax, inv.Total.Minor)
	require.Equal(t, deferred, inv.Deferred.Minor)
	require.Equal(t, net, inv.Deferred.Minor+inv.Earned.Minor)
	require.Equal(t, inv.Total.Minor+inv.CarriedIn.Minor+inv.CreditGranted.Minor-inv.CreditApplied.Minor-inv.PrepaidApplied.Minor-
		inv.CarriedOut.Minor, inv.AmountDue.Minor)
	for _, amount := range []money.Amount{inv.AmountDue, inv.CreditGranted, inv.CreditApplied, inv.PrepaidApplied} {
		require.False(t, amount.IsNegative())
	}
	require.NoError(t, ledger.InvoiceFinalised(ledger.FinalisedInvoice{
		ID: inv.Key, EntityID: "ent_1", At: f.IssuedAt, Deferred: inv.Deferred, Earned: inv.Earned, Tax: inv.Tax,
		Total: inv.Total, CreditGranted: inv.CreditGranted, CreditApplied: inv.CreditApplied,
	}).Validate())
	require.LessOrEqual(t, inv.CreditApplied.Minor, f.Balance.Minor)
	require.LessOrEqual(t, inv.CreditApplied.Minor, max(inv.Total.Minor+inv.CarriedIn.Minor, 0))
}

func TestCreditsNeverExceedWhatWasCharged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLife(rt, market{anyCurrency.Draw(rt, "currency"), 2}, anyGrain)
		for range rapid.IntRange(0, 8).Draw(rt, "changes") {
			l.pass(rt)
			l.change(l.drawTerms(rt))
		}
		if rapid.Bool().Draw(rt, "stops") {
			l.pass(rt)
			l.bill(l.revision(l.facts, l.period, l.now, nil))
		}
		charged, credited := map[invoicing.LineRef]int64{}, map[invoicing.LineRef]int64{}
		for i, inv := range l.invoices {
			for j, line := range inv.Lines {
				if line.Credits == nil {
					charged[invoicing.LineRef{InvoiceID: invoiceID(i), Position: j + 1}] = line.Amount.Minor
					continue
				}
				require.NotContains(rt, credited, *line.Credits, "a line is credited once")
				credited[*line.Credits] = -line.Amount.Minor
			}
		}
		for ref, amount := range credited {
			require.LessOrEqual(rt, amount, charged[ref])
		}
	})
}

// The customer pays each plan for the time it was in force, give or take the rounding of each line to the minor unit.
func TestChangesChargeEachPlanForItsTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		grain := fineGrain.Draw(rt, "grain")
		l := drawLife(rt, market{anyCurrency.Draw(rt, "currency"), 0}, rapid.Just(grain))
		due, since := decimal.Zero, l.period.Start
		changes := rapid.IntRange(1, 6).Draw(rt, "changes")
		for range changes {
			before := l.terms
			l.pass(rt)
			due = due.Add(l.price(before, since, l.now))
			l.change(l.drawTerms(rt))
			since = l.now
		}
		due = due.Add(l.price(l.terms, since, l.period.End))
		net := decimal.Zero
		for _, line := range l.lines() {
			net = net.Add(line.Amount.Decimal())
		}
		// At most three charges, each credited and charged anew at every change.
		tolerance := decimal.New(int64(3*(1+2*changes)), -int32(l.market.currency.Digits()))
		require.True(rt, net.Sub(due).Abs().LessThanOrEqual(tolerance), "charged %s for %s", net, due)
	})
}

func TestThereAndBackAtOneInstantCostsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLife(rt, market{anyCurrency.Draw(rt, "currency"), 0}, anyGrain)
		l.pass(rt)
		home, first := l.terms, len(l.invoices)
		l.change(l.drawTerms(rt))
		l.change(home)
		var net int64
		for _, inv := range l.invoices[first:] {
			net += inv.Subtotal.Minor
		}
		require.Zero(rt, net)
	})
}

// Going back and forth at one instant comes to nothing, whatever happened before, however often and however fine the prices are:
// what is taken back is rounded as what takes its place.
func TestBackAndForthDoesNotLeak(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLife(rt, market{anyCurrency.Draw(rt, "currency"), 3}, fineGrain)
		for range rapid.IntRange(0, 3).Draw(rt, "changes") {
			l.pass(rt)
			l.change(l.drawTerms(rt))
		}
		home, away, first := l.terms, l.drawTerms(rt), len(l.invoices)
		for range rapid.IntRange(1, 10).Draw(rt, "times") {
			l.change(away)
			l.change(home)
		}
		var net int64
		for _, inv := range l.invoices[first:] {
			net += inv.Subtotal.Minor
		}
		require.Zero(rt, net)
	})
}

func TestBuildIsDeterministicAndLeavesItsFactsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLife(rt, market{anyCurrency.Draw(rt, "currency"), 3}, anyGrain)
		l.pass(rt)
		next := l.drawTerms(rt)
		f := l.revision(l.facts, l.period, l.now, &next)
		f.Closes = l.drawClosing(rt)
		before, err := json.Marshal([]any{f.Revises, f.Closes, f.Seller})
		require.NoError(rt, err)
		one, err := invoicing.Build(f)
		again, errAgain := invoicing.Build(f)
		require.Equal(rt, one, again)
		require.Equal(rt, err, errAgain)
		after, errAfter := json.Marshal([]any{f.Revises, f.Closes, f.Seller})
		require.NoError(rt, errAfter)
		require.Equal(rt, string(before), string(after))
		if err == nil {
			requireAddsUp(rt, one, f)
		}
	})
}
