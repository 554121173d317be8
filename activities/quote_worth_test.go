package activities_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/quote"
)

// worth counts what random time lines came to: a comparison of lives in which nothing happens proves nothing.
type worth struct {
	invoices, credits, refusals, addOns, agreed, inAnothersName, paidByAnother, charges, prepaid, rolledOver, newPeriods int

	products map[string]int
	phases   map[int]bool
}

func (w *worth) count(quoted quote.Result, customer string) {
	w.invoices += len(quoted.Invoices)
	w.refusals += len(quoted.Refused)
	for _, left := range quotedGrants(quoted) {
		w.prepaid += strings.Count(left, "spent")
		w.rolledOver += strings.Count(left, "rolled_over")
	}
	for _, invoice := range quoted.Invoices {
		if invoice.Kind == quote.ACreditNote {
			w.credits++
		}
		if invoice.Customer != customer {
			w.inAnothersName++
		}
		if invoice.PaidBy != customer {
			w.paidByAnother++
		}
		for _, line := range invoice.Lines {
			w.countLine(line)
		}
	}
}

func (w *worth) countLine(line quote.Line) {
	w.phases[line.Explanation.Phase] = true
	countOfSeats(w.products, line)
	if line.Explanation.Agreed {
		w.agreed++
	}
	if slices.Contains([]invoicing.LineKind{invoicing.OneOff, invoicing.Adjustment}, line.Kind) {
		w.charges++
	}
	if strings.Contains(line.Description, "Roomy + ") {
		w.addOns++
	}
}

func (w *worth) require(t *testing.T) {
	t.Helper()
	require.Greater(t, w.invoices, 300, "the time lines must be worth playing")
	require.Greater(t, w.credits, 20)
	require.Greater(t, w.refusals, 40)
	require.Greater(t, w.addOns, 60)
	require.Greater(t, w.agreed, 60)
	require.Greater(t, w.inAnothersName, 20)
	require.Greater(t, w.paidByAnother, 20)
	require.Greater(t, w.charges, 60)
	require.Greater(t, w.prepaid, 80)
	require.Greater(t, w.rolledOver, 5)
	require.Greater(t, w.newPeriods, 10)
	require.Len(t, w.products, 3, "the coupon for a product takes something off each of its plans, and off no others: %v", w.products)
	require.Greater(t, w.products["roomy"], 20)
	require.Len(t, w.phases, 3, "every phase of the ramp and the regular prices")
}
