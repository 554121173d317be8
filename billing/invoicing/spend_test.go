package invoicing_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// limitedPlan charges calls at USD 1, storage at USD 2 under another tax category, and a fee of USD 50 in advance.
func limitedPlan(t require.TestingT, spend catalog.Spend) catalog.Plan {
	spend.TaxCategory = "saas_b2c"
	storage := used("storage", perUnit("2"))
	storage.TaxCategory = "digital_good"
	p := plan(t, "api", catalog.GrainDay, used("calls", perUnit("1")), storage, base("50"))
	p.Spend = map[money.Currency]catalog.Spend{"USD": spend}
	require.NoError(t, p.Validate())
	return p
}

// spending closes January for a plan that was in force from a day on, given what was used and what was paid in advance.
func spending(t *testing.T, p catalog.Plan, from, calls, storage string, paid int64) []string {
	t.Helper()
	return shown(spendingInvoice(t, p, from, calls, storage, paid))
}

func spendingInvoice(t require.TestingT, p catalog.Plan, from, calls, storage string, paid int64) invoicing.Invoice {
	z := zone(t, "Europe/Berlin")
	full := month(t, z, "2027-01")
	period := between(t, z, from, "2027-02-01")
	f := untaxed(z, full.End)
	f.Closes = &invoicing.Closing{
		Period: full, Full: full, InAdvance: []invoicing.PlanAmount{
			{PlanID: p.ID, PlanVersion: p.Version, Amount: money.New(paid, "USD")}, {PlanID: "other", PlanVersion: 1, Amount: money.New(1e6, "USD")},
		},
		Segments: []invoicing.Segment{{Period: period, Terms: terms(p, 0), Usage: []invoicing.Usage{
			{Meter: "calls", Quantity: number(calls)}, {Meter: "storage", Quantity: number(storage)},
		}}},
	}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	return inv
}

func TestMinimumSpendIsTruedUp(t *testing.T) {
	t.Parallel()
	p := limitedPlan(t, catalog.Spend{Minimum: number("310")})
	for _, test := range []struct {
		name, from, calls, storage string
		paid                       int64
		want                       []string
	}{
		{"too little", "2027-01-01", "100", "5", 5000, []string{"usage api/calls 100 USD 100.00", "usage api/storage 5 USD 10.00", "true_up api/ 1 USD 150.00"}},
		{"nothing at all", "2027-01-01", "0", "0", 0, []string{"true_up api/ 1 USD 310.00"}},
		{"just enough with the fee", "2027-01-01", "260", "0", 5000, []string{"usage api/calls 260 USD 260.00"}},
		{"a part of the month", "2027-01-16", "100", "0", 0, []string{"usage api/calls 100 USD 100.00", "true_up api/ 1 USD 60.00 16/31"}},
	} {
		require.Equal(t, test.want, spending(t, p, test.from, test.calls, test.storage, test.paid), test.name)
	}
	line := spendingInvoice(t, p, "2027-01-16", "100", "0", 0).Lines[1]
	require.Equal(t, "saas_b2c", line.TaxCategory)
	require.Equal(t, "api: up to the minimum spend", line.Description)
	steps := line.Explanation.Steps
	require.Equal(t, []rating.What{rating.Minimum, invoicing.AlreadyCharged}, []rating.What{steps[0].What, steps[1].What})
	require.Equal(t, "160", steps[0].Amount.String())
	require.Equal(t, "-100", steps[1].Amount.String())
}

func TestMaximumSpendIsTakenOff(t *testing.T) {
	t.Parallel()
	p := limitedPlan(t, catalog.Spend{Maximum: number("310")})
	for _, test := range []struct {
		name, from, calls, storage string
		paid                       int64
		want                       []string
	}{
		{"within", "2027-01-01", "310", "0", 0, []string{"usage api/calls 310 USD 310.00"}},
		{"from each tax category its share", "2027-01-01", "300", "50", 0, []string{
			"usage api/calls 300 USD 300.00", "usage api/storage 50 USD 100.00", "spend_cap api/ 1 USD -67.50", "spend_cap api/ 1 USD -22.50",
		}},
		{"the fee in advance counts", "2027-01-01", "300", "0", 5000, []string{"usage api/calls 300 USD 300.00", "spend_cap api/ 1 USD -40.00"}},
		{"what was paid in advance is not given back", "2027-01-01", "10", "0", 50000, []string{"usage api/calls 10 USD 10.00", "spend_cap api/ 1 USD -10.00"}},
		{"a part of the month", "2027-01-16", "200", "0", 0, []string{"usage api/calls 200 USD 200.00", "spend_cap api/ 1 USD -40.00 16/31"}},
	} {
		require.Equal(t, test.want, spending(t, p, test.from, test.calls, test.storage, test.paid), test.name)
	}
}

func TestSpendBeyondACommitment(t *testing.T) {
	t.Parallel()
	p := limitedPlan(t, catalog.Spend{Minimum: number("100"), Maximum: number("300"), OverageFactor: number("1.5")})
	require.Equal(t, []string{"usage api/calls 80 USD 80.00", "true_up api/ 1 USD 20.00"}, spending(t, p, "2027-01-01", "80", "0", 0))
	require.Equal(t, []string{"usage api/calls 140.01 USD 140.01", "overage api/ 1 USD 20.01"}, spending(t, p, "2027-01-01", "140.01", "0", 0))
	require.Equal(t, []string{"usage api/calls 300 USD 300.00", "overage api/ 1 USD 100.00", "spend_cap api/ 1 USD -100.00"},
		spending(t, p, "2027-01-01", "300", "0", 0))
}

// Whatever is used, a plan costs no less than its minimum and no more than its maximum or what was paid in advance.
func TestSpendStaysWithinItsLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minimum := rapid.Int64Range(1, 100_000).Draw(t, "minimum")
		maximum := minimum + rapid.Int64Range(0, 100_000).Draw(t, "above")
		p := limitedPlan(t, catalog.Spend{Minimum: money.New(minimum, "USD").Decimal(), Maximum: money.New(maximum, "USD").Decimal()})
		amount := func(name string) string {
			return money.New(rapid.Int64Range(1, 200_000).Draw(t, name), "USD").Decimal().String()
		}
		paid := rapid.Int64Range(0, 100_000).Draw(t, "paid")
		inv := spendingInvoice(t, p, "2027-01-01", amount("calls"), amount("storage"), paid)
		total := inv.Subtotal.Minor + paid
		require.GreaterOrEqual(t, total, minimum)
		require.LessOrEqual(t, total, max(maximum, paid))
		require.GreaterOrEqual(t, inv.Subtotal.Minor, int64(0))
	})
}

// committedPlan sells 1,000 calls a month for USD 100 in advance and those beyond them at 20 cents.
func committedPlan(t *testing.T) catalog.Plan {
	t.Helper()
	price := perUnit("0.10")
	price.Commitment = &catalog.Commitment{Quantity: number("1000"), OverageUnitAmount: number("0.20"), Paid: catalog.PaidInAdvance}
	return plan(t, "committed", catalog.GrainDay, used("calls", price))
}

func TestCommitmentPaidInAdvance(t *testing.T) {
	t.Parallel()
	z, p := zone(t, "UTC"), committedPlan(t)
	january, february := month(t, z, "2027-01"), month(t, z, "2027-02")
	renewal := func(calls string) []string {
		f := untaxed(z, february.Start)
		f.Opens = &invoicing.Opening{Period: february, Terms: terms(p, 0)}
		f.Closes = &invoicing.Closing{Period: january, Full: january, Segments: []invoicing.Segment{segment(january, terms(p, 0), "calls", calls)}}
		inv, err := invoicing.Build(f)
		require.NoError(t, err)
		require.Equal(t, money.New(10000, "USD"), inv.Deferred)
		return shown(inv)
	}
	next := "commitment committed/calls 1 USD 100.00"
	require.Equal(t, []string{"usage committed/calls 700 USD 0.00", next}, renewal("700"))
	require.Equal(t, []string{"usage committed/calls 1200 USD 40.00", next}, renewal("1200"))
}

// A commitment that ends in mid-period is given back for the rest, and only its part of the calls was committed.
func TestCommitmentPaidInAdvanceEndsInMidPeriod(t *testing.T) {
	t.Parallel()
	z, p := zone(t, "UTC"), committedPlan(t)
	full := month(t, z, "2027-06")
	f := untaxed(z, full.Start)
	f.Opens = &invoicing.Opening{Period: full, Terms: terms(p, 0)}
	opened, err := invoicing.Build(f)
	require.NoError(t, err)

	end := at(t, z, "2027-06-16")
	f = untaxed(z, end)
	f.Closes = &invoicing.Closing{
		Period: calendar.Period{Start: full.Start, End: end}, Full: full,
		Segments: []invoicing.Segment{segment(calendar.Period{Start: full.Start, End: end}, terms(p, 0), "calls", "600")},
	}
	f.Revises = &invoicing.Revision{At: end, Period: full, Billed: []invoicing.BilledLine{{InvoiceID: "inv_1", Position: 1, Line: opened.Lines[0], Plan: p}}}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, []string{"usage committed/calls 600 USD 20.00 15/30", "proration_credit committed/calls 1 USD -50.00 15/30"}, shown(inv))

	f.Revises.NewTerms = &invoicing.Terms{Plan: p}
	inv, err = invoicing.Build(f)
	require.NoError(t, err)
	require.Len(t, inv.Lines, 1, "the same terms keep what was paid")
	other := committedPlan(t)
	other.Version = 2
	f.Revises.NewTerms = &invoicing.Terms{Plan: other}
	inv, err = invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, "proration_charge committed/calls 1 USD 50.00 15/30", shown(inv)[2])
}

// An invoice in the middle of a period bills what was used so far; the last one the rest, wherever the tiers stand.
func TestUsageGoesOnWhereItWasBilled(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	full := month(t, z, "2027-01")
	p := plan(t, "api", catalog.GrainDay, used("calls", tiers(catalog.Graduated, false, tier("100", "1", "7"), tier("", "0.10", "0"))))
	one := segment(full, terms(p, 0), "calls", "150")
	one.Usage[0].AlreadyBilled = money.New(8700, "USD") // 80 calls
	inv := closed(t, z, full, one)
	require.Equal(t, []string{"usage api/calls 150 USD 25.00"}, shown(inv))
	require.Equal(t, "25", inv.Lines[0].Exact.String())
	require.Equal(t, "87", inv.Lines[0].Explanation.AlreadyBilled)
}

func TestUsageByEventsAndGroups(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	full, fallback := month(t, z, "2027-01"), number("1")
	p := plan(t, "pay", catalog.GrainDay,
		used("transfers", catalog.Price{Model: catalog.Percentage, Percent: number("1"), EventAmount: number("0.25"), EventMinimum: number("1")}),
		used("machines", catalog.Price{
			Model: catalog.Matrix, Dimensions: []string{"size"}, DefaultUnitAmount: &fallback,
			Cells: []catalog.Cell{{Values: map[string]string{"size": "large"}, UnitAmount: number("3")}},
		}))
	first, rest := between(t, z, "2027-01-01", "2027-01-11"), between(t, z, "2027-01-11", "2027-02-01")
	large := func(hours string) rating.Detail {
		return rating.Detail{Groups: []rating.Group{{Values: map[string]string{"size": "large"}, Quantity: number(hours)}}}
	}
	inv := closed(t, z, full,
		invoicing.Segment{Period: first, Terms: terms(p, 0), Usage: []invoicing.Usage{
			{Meter: "transfers", Quantity: number("1000"), Detail: rating.Detail{Events: []rating.Event{{Quantity: number("1000")}}}},
			{Meter: "machines", Quantity: number("2"), Detail: large("2")},
		}},
		invoicing.Segment{Period: rest, Terms: terms(p, 0), Usage: []invoicing.Usage{
			{Meter: "transfers", Quantity: number("10"), Detail: rating.Detail{Events: []rating.Event{{Quantity: number("10")}}}},
			{Meter: "machines", Quantity: number("1"), Detail: large("1")},
		}})
	require.Equal(t, []string{"usage pay/transfers 1010 USD 11.25", "usage pay/machines 3 USD 9.00"}, shown(inv))
}
