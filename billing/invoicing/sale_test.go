package invoicing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

// Credit is sold without tax, to a customer whose usage is taxed too, and is no revenue.
func TestSaleOfPrepaidCredit(t *testing.T) {
	t.Parallel()
	facts := invoicing.Facts{
		Key: "invoice:prepaid:ada:topup-1", Reason: invoicing.ForPrepaid, IssuedAt: time.Date(2027, 1, 5, 12, 0, 0, 0, time.UTC),
		Currency: "EUR", Zone: zone(t, "Europe/London"), Balance: money.Zero("EUR"),
		Seller: tax.Seller{Country: "US", Registrations: []tax.Registration{{Scheme: tax.SchemeUKVAT, Country: "GB", Number: "GB123456789", From: calendar.Date{Year: 2020, Month: time.January, Day: 1}}}},
		Buyer:  tax.Buyer{Country: "GB"},
		Sells:  &invoicing.Sale{GrantID: "topup-1", Description: "Prepaid credit", Cost: money.New(8000, "EUR")},
	}
	inv, err := invoicing.Build(facts)
	require.NoError(t, err)
	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	require.Equal(t, []money.Amount{eur(8000), eur(0), eur(8000), eur(8000), eur(8000), eur(0), eur(0)},
		[]money.Amount{inv.Subtotal, inv.Tax, inv.Total, inv.AmountDue, inv.Prepayment, inv.Earned, inv.Deferred})
	require.Equal(t, tax.Decision{Treatment: tax.OutOfScope, Jurisdiction: "GB", Reason: tax.ReasonPrepaid}, inv.Lines[0].Decision)

	for cost, want := range map[money.Amount]string{
		eur(49): "sell credit for at least EUR 0.50", eur(0): "cannot be collected", eur(-100): "cannot be collected",
		money.New(1001, "KWD"): "its last digits cannot be charged in KWD",
	} {
		facts.Sells.Cost = cost
		_, err := invoicing.Build(facts)
		require.ErrorIs(t, err, invoicing.ErrTooSmall)
		require.ErrorContains(t, err, want)
	}
	facts.Sells.GrantID = ""
	_, err = invoicing.Build(facts)
	require.ErrorContains(t, err, "needs an id")
}
