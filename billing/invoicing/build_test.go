package invoicing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// A renewal bills what January used and what February costs, on one invoice.
func TestRenewalWithFlatSeatsAndUsage(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	january, february := month(t, z, "2027-01"), month(t, z, "2027-02")
	data := plan(t, "data", catalog.GrainDay, base("49.00"), seats("12.50"), used("compute", perUnit("0.0375")))
	f := untaxed(z, february.Start)
	f.Closes = &invoicing.Closing{Period: january, Full: january, Segments: []invoicing.Segment{
		{Period: january, Terms: terms(data, 4), Usage: []invoicing.Usage{{Meter: "compute", Quantity: number("1201.5")}}},
	}}
	f.Opens = &invoicing.Opening{Period: february, Terms: terms(data, 4)}

	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, []string{
		"usage data/compute 1201.5 USD 45.06",
		"recurring data/base 1 USD 49.00",
		"recurring data/seats 4 USD 50.00",
	}, shown(inv))
	require.Equal(t, "45.05625", inv.Lines[0].Exact.String())
	require.Equal(t, "data: 1201.5 × compute", inv.Lines[0].Description)
	require.Equal(t, "data: base", inv.Lines[1].Description)
	require.Equal(t, january, inv.Lines[0].Period)
	require.Equal(t, february, inv.Lines[2].Period)
	require.Equal(t, february, inv.Period)
	require.Equal(t, money.New(14406, "USD"), inv.Total)
	require.Equal(t, money.New(4506, "USD"), inv.Earned)
	require.Equal(t, money.New(9900, "USD"), inv.Deferred)
	require.Equal(t, f.Key, inv.Key)
	require.Equal(t, invoicing.ForCycle, inv.Reason)
}

// The worked example of a month of requests to a language model, from its tokens to the cent.
func TestTokensOfAMonth(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	march := month(t, z, "2027-03")
	api := plan(t, "api", catalog.GrainDay, used("input", perUnit("0.000003")), used("output", perUnit("0.000015")))
	f := untaxed(z, march.End)
	tokens := []invoicing.Usage{{Meter: "input", Quantity: number("18059974")}, {Meter: "output", Quantity: number("245896")}}
	f.Closes = &invoicing.Closing{Period: march, Full: march, Segments: []invoicing.Segment{
		{Period: march, Terms: terms(api, 0), Usage: tokens},
	}}

	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, []string{"usage api/input 18059974 USD 54.18", "usage api/output 245896 USD 3.69"}, shown(inv))
	require.Equal(t, "54.179922", inv.Lines[0].Exact.String())
	require.Equal(t, money.New(5787, "USD"), inv.AmountDue)
	require.Equal(t, inv.Subtotal, inv.Earned)
	require.Equal(t, march, inv.Period)
}

func TestCurrenciesWithOtherDigits(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Tokyo")
	january, february := month(t, z, "2027-01"), month(t, z, "2027-02")
	for _, test := range []struct {
		currency            money.Currency
		price, unit         string
		advance, usage, tax int64
	}{
		{"JPY", "1980", "0.155", 5940, 16, 1191},
		{"KWD", "4.125", "0.0155", 12375, 1566, 2788},
		{"USD", "19.80", "0.155", 5940, 1566, 1501},
		{"CLF", "0.5125", "0.0155", 15375, 15655, 6206},
	} {
		p := plan(t, "p", catalog.GrainDay,
			recurring("seats", catalog.PerSeat, catalog.Advance, in(test.currency, perUnit(test.price))),
			catalog.Charge{
				ID: "calls", Name: "calls", Kind: catalog.Usage, Timing: catalog.Arrears, Meter: "calls", TaxCategory: "saas_b2c",
				Prices: in(test.currency, perUnit(test.unit)),
			})
		f := taxedIn("GB", untaxed(z, february.Start))
		f.Currency, f.Balance = test.currency, money.Zero(test.currency)
		f.Opens = &invoicing.Opening{Period: february, Terms: terms(p, 3)}
		f.Closes = &invoicing.Closing{Period: january, Full: january, Segments: []invoicing.Segment{
			{Period: january, Terms: terms(p, 3), Usage: []invoicing.Usage{{Meter: "calls", Quantity: number("101")}}},
		}}
		inv, err := invoicing.Build(f)
		require.NoError(t, err)
		require.Equal(t, money.New(test.advance, test.currency), inv.Deferred, test.currency)
		require.Equal(t, money.New(test.usage, test.currency), inv.Earned, test.currency)
		require.Equal(t, money.New(test.tax, test.currency), inv.Tax, test.currency)
	}
}

func TestFreePlanGivesAZeroInvoice(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	january := month(t, z, "2027-01")
	f := untaxed(z, january.Start)
	f.Opens = &invoicing.Opening{Period: january, Terms: terms(plan(t, "free", catalog.GrainDay, base("0")), 0)}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, []string{"recurring free/base 1 USD 0.00"}, shown(inv))
	require.True(t, inv.AmountDue.IsZero())
}

func TestNothingToBill(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	january, february := month(t, z, "2027-01"), month(t, z, "2027-02")
	api := plan(t, "api", catalog.GrainDay, used("input", perUnit("0.01")))
	nothing := untaxed(z, february.Start)
	unused := nothing
	unused.Opens = &invoicing.Opening{Period: february, Terms: terms(api, 0)}
	unused.Closes = &invoicing.Closing{Period: january, Full: january, Segments: []invoicing.Segment{{Period: january, Terms: terms(api, 0)}}}
	for _, f := range []invoicing.Facts{nothing, unused} {
		inv, err := invoicing.Build(f)
		require.ErrorIs(t, err, invoicing.ErrNothingToBill)
		require.Zero(t, inv)
	}
}

func TestCreditIsAppliedAfterTaxAndNeverMoreThanTheTotal(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	january := month(t, z, "2027-01")
	f := taxedIn("DE", untaxed(z, january.Start))
	f.Opens = &invoicing.Opening{Period: january, Terms: terms(plan(t, "pro", catalog.GrainDay, base("100")), 0)}
	for _, test := range []struct{ balance, applied, due int64 }{
		{0, 0, 11900},
		{1, 1, 11899},
		{10000, 10000, 1900},
		{11900, 11900, 0},
		{999999, 11900, 0},
	} {
		f.Balance = money.New(test.balance, "USD")
		inv, err := invoicing.Build(f)
		require.NoError(t, err)
		require.Equal(t, money.New(1900, "USD"), inv.Tax, "credit is a means of payment: tax is on the whole")
		require.Equal(t, money.New(test.applied, "USD"), inv.CreditApplied)
		require.Equal(t, money.New(test.due, "USD"), inv.AmountDue)
		require.True(t, inv.CreditGranted.IsZero())
	}
}

// The tax point is the day of issue where the customer lives: Germany lowered its rate on 1 July 2020.
func TestTaxPointIsTheCustomersDay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone string
		tax  int64
	}{{"Europe/Berlin", 1600}, {"UTC", 1900}} {
		z := zone(t, test.zone)
		issued := at(t, zone(t, "UTC"), "2020-06-30 22:30")
		f := taxedIn("DE", untaxed(z, issued))
		f.Opens = &invoicing.Opening{Period: month(t, z, "2020-07"), Terms: terms(plan(t, "pro", catalog.GrainDay, base("100")), 0)}
		inv, err := invoicing.Build(f)
		require.NoError(t, err)
		require.Equal(t, money.New(test.tax, "USD"), inv.Tax, test.zone)
	}
}

// Each of three lines of 0.03 would bear 0.006, rounded to 0.01; the group bears 0.018, which is two cents to share.
func TestTaxIsRoundedOncePerGroupAndSharedByItsLines(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	january := month(t, z, "2027-01")
	charge := func(id string) catalog.Charge {
		return recurring(id, catalog.PerSubscription, catalog.Advance, in("USD", flat("0.03")))
	}
	f := taxedIn("GB", untaxed(z, january.Start))
	f.Opens = &invoicing.Opening{Period: january, Terms: terms(plan(t, "tiny", catalog.GrainDay, charge("a"), charge("b"), charge("c")), 0)}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	require.Len(t, inv.Taxes, 1)
	require.Equal(t, money.New(2, "USD"), inv.Tax, "20 % of 0.09")
	require.Equal(t, []int64{1, 1, 0}, []int64{inv.Lines[0].Tax.Minor, inv.Lines[1].Tax.Minor, inv.Lines[2].Tax.Minor})
}
