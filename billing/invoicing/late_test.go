package invoicing_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// closedLate bills usage of a month of which earlier invoices are known.
func closedLate(t require.TestingT, p catalog.Plan, period calendar.Period, calls, storage int64, before ...invoicing.Invoice) invoicing.Invoice {
	z := zone(t, "Europe/Berlin")
	full := month(t, z, "2027-01")
	f := untaxed(z, full.End)
	f.Closes = &invoicing.Closing{Period: full, Full: full, Segments: []invoicing.Segment{{Period: period, Terms: terms(p, 0)}}}
	for meter, quantity := range map[string]int64{"calls": calls, "storage": storage} {
		if quantity > 0 {
			used := &f.Closes.Segments[0].Usage
			*used = append(*used, invoicing.Usage{Meter: meter, Quantity: decimal.NewFromInt(quantity)})
		}
	}
	if len(before) > 0 {
		f.Closes.Late = &invoicing.Late{}
	}
	for _, invoice := range before {
		for _, line := range invoice.Lines {
			f.Closes.Late.Charged = append(f.Closes.Late.Charged, invoicing.Charged{
				Kind: line.Kind, PlanID: line.PlanID, PlanVersion: line.PlanVersion, ChargeID: line.ChargeID,
				Usage: rating.Usage{Quantity: line.Quantity, Detail: line.Measured}, Amount: line.Amount,
			})
		}
	}
	invoice, err := invoicing.Build(f)
	require.NoError(t, err)
	return invoice
}

// lateablePlan has tiers, a minimum by charge and a fee in arrears.
func lateablePlan(t require.TestingT, spend catalog.Spend) catalog.Plan {
	storage := perUnit("2")
	storage.Minimum = number("40")
	p := plan(t, "api", catalog.GrainDay, used("calls", tiers(catalog.Graduated, false, tier("100", "1", "7"), tier("", "0.15", "0"))),
		used("storage", storage), recurring("fee", catalog.PerSubscription, catalog.Arrears, in("USD", flat("20"))))
	if spend != (catalog.Spend{}) {
		spend.TaxCategory = "saas_b2c"
		p.Spend = map[money.Currency]catalog.Spend{"USD": spend}
	}
	require.NoError(t, p.Validate())
	return p
}

func TestLateUsageGoesOnWhereThePeriodWasBilled(t *testing.T) {
	t.Parallel()
	full := month(t, zone(t, "Europe/Berlin"), "2027-01")
	p := lateablePlan(t, catalog.Spend{})
	first := closedLate(t, p, full, 80, 10)
	require.Equal(t, []string{"usage api/calls 80 USD 87.00", "usage api/storage 10 USD 40.00", "recurring api/fee 1 USD 20.00"}, shown(first))
	late := closedLate(t, p, full, 60, 5, first)
	require.Equal(t, []string{"usage api/calls 60 USD 26.00", "usage api/storage 5 USD 0.00"}, shown(late))
	require.Equal(t, "87", late.Lines[0].Explanation.AlreadyBilled)
	require.Equal(t, []string{"usage api/storage 7 USD 4.00"}, shown(closedLate(t, p, full, 0, 7, first, late)))

	least := lateablePlan(t, catalog.Spend{Minimum: number("200")})
	first = closedLate(t, least, full, 80, 10)
	require.Equal(t, "true_up api/ 1 USD 53.00", shown(first)[3])
	require.Equal(t, []string{"usage api/calls 60 USD 26.00", "true_up api/ 1 USD -26.00"}, shown(closedLate(t, least, full, 60, 0, first)))
}

// However a period's usage is divided among what is known at its end and what becomes known later, it costs the same.
func TestLateUsageCostsWhatItWouldHaveCost(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	whole, part := month(t, z, "2027-01"), between(t, z, "2027-01-01", "2027-01-18")
	rapid.Check(t, func(t *rapid.T) {
		spend := rapid.SampledFrom([]catalog.Spend{
			{},
			{Minimum: number("150")},
			{Maximum: number("130")},
			{Minimum: number("90.5"), OverageFactor: number("1.3")},
			{Minimum: number("80"), Maximum: number("160"), OverageFactor: number("1.25")},
		}).Draw(t, "spend")
		p := lateablePlan(t, spend)
		period := rapid.SampledFrom([]calendar.Period{whole, part}).Draw(t, "period")
		var calls, storage, paid int64
		var issued []invoicing.Invoice
		for range rapid.IntRange(1, 4).Draw(t, "invoices") {
			c, s := rapid.Int64Range(0, 150).Draw(t, "calls"), rapid.Int64Range(0, 30).Draw(t, "storage")
			if len(issued) > 0 && c+s == 0 {
				continue
			}
			calls, storage = calls+c, storage+s
			issued = append(issued, closedLate(t, p, period, c, s, issued...))
			paid += issued[len(issued)-1].Subtotal.Minor
		}
		require.Equal(t, closedLate(t, p, period, calls, storage).Subtotal.Minor, paid)
	})
}
