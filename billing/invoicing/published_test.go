package invoicing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// What other billing systems give back for an upgrade, in their tests: Lago with 20 % of tax on top, Flexprice without.
// The day of the upgrade belongs to the new plan.
func TestPublishedCreditsForAnUpgrade(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, country, zone, month, when, price string
		credit, tax                             int64
	}{
		{"Lago, a fee of 31.00", "GB", "UTC", "2022-10", "2022-10-15 10:00", "31", -1700, -340},
		{"Flexprice, 10", "US", "UTC", "2024-03", "2024-03-15", "10", -548, 0},
		{"Flexprice, 2 of 50", "US", "UTC", "2024-03", "2024-03-15", "100", -5484, 0},
	} {
		z := zone(t, test.zone)
		old, free := plan(t, "old", catalog.GrainDay, base(test.price)), plan(t, "free", catalog.GrainDay, base("0"))
		v := term{account: newAccount(t, old, free), zone: z, period: month(t, z, test.month)}
		v.facts = taxedIn(test.country, untaxed(z, v.period.Start))
		f := v.facts
		f.Opens = &invoicing.Opening{Period: v.period, Terms: terms(old, 0)}
		v.issue(f)
		inv := v.change(test.when, terms(free, 0))
		require.Len(t, inv.Lines, 1, test.name)
		require.Equal(t, money.New(test.credit, "USD"), inv.Subtotal, test.name)
		require.Equal(t, money.New(test.tax, "USD"), inv.Tax, test.name)
		require.Equal(t, money.New(-test.credit-test.tax, "USD"), inv.CreditGranted, test.name)
	}
}

// 3scale's change of plans at noon on 10 May, by the second: prepaid as a credit and a charge, postpaid as what each plan
// was in force for.
func TestPublishedChangeAtNoon(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	lunch, diplomat := plan(t, "lunch", catalog.GrainSecond, base("31")), plan(t, "diplomat", catalog.GrainSecond, base("3100"))
	v := begun(t, z, "2009-05", terms(lunch, 0), diplomat)
	inv := v.change("2009-05-10 12:00", terms(diplomat, 0))
	require.Equal(t, []string{
		"proration_credit lunch/base 1 USD -21.50 1857600/2678400", "proration_charge diplomat/base 1 USD 2150.00 1857600/2678400",
	}, shown(inv))
	require.Equal(t, money.New(212850, "USD"), inv.AmountDue)

	after := func(id, amount string) catalog.Plan {
		return plan(t, id, catalog.GrainSecond, recurring("base", catalog.PerSubscription, catalog.Arrears, in("USD", flat(amount))))
	}
	noon := at(t, z, "2009-05-10 12:00")
	inv = closed(t, z, v.period,
		invoicing.Segment{Period: calendar.Period{Start: v.period.Start, End: noon}, Terms: terms(after("lunch", "31000000"), 0)},
		invoicing.Segment{Period: calendar.Period{Start: noon, End: v.period.End}, Terms: terms(after("diplomat", "3100000000"), 0)})
	require.Equal(t, []string{
		"recurring lunch/base 1 USD 9500000.00 820800/2678400", "recurring diplomat/base 1 USD 2150000000.00 1857600/2678400",
	}, shown(inv))
	require.Equal(t, money.New(215950000000, "USD"), inv.AmountDue)
}

// Slack's examples: a member who joins pays price × days left ÷ days of the month.
func TestPublishedChargesForANewSeat(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		price, when string
		net         int64
	}{
		{"8", "2027-04-11", 533}, {"6.30", "2027-04-11", 420}, {"8.75", "2027-04-11", 583}, {"8.75", "2027-04-26", 146}, {"12.50", "2027-04-16", 625},
	} {
		team := plan(t, "team", catalog.GrainDay, seats(test.price))
		v := begun(t, zone(t, "America/New_York"), "2027-04", terms(team, 0))
		inv := v.change(test.when, terms(team, 1))
		require.Equal(t, money.New(test.net, "USD"), inv.AmountDue, "%s from %s", test.price, test.when)
	}
}
