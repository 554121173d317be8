package simulation

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle/memory"
	"github.com/perennial-billing/perennial/billing/money"
)

// billed is a customer with one subscription and one invoice of an amount, in minor units.
func billed(customer string, currency money.Currency, before, after int64) (h History, control, other []made) {
	line := func(amount int64) invoicing.Line {
		return invoicing.Line{
			Kind: invoicing.Recurring, PlanID: "plan", ChargeID: "fee", Quantity: decimal.NewFromInt(1), Amount: money.New(amount, currency),
		}
	}
	key := "invoice:" + customer
	again := func(amount int64) made {
		return made{customer: customer, counts: true, Invoice: memory.Invoice{Invoice: invoicing.Invoice{Key: key, Lines: []invoicing.Line{line(amount)}}}}
	}
	h = History{
		SubscriptionID: customer, CustomerID: customer, Currency: currency,
		Issued: []Issued{{ID: customer, CustomerID: customer, Number: customer, Key: key, Counts: true, Lines: linesOf(again(before).Invoice.Invoice)}},
	}
	return h, []made{again(before)}, []made{again(after)}
}

func TestTopCustomersAreThoseWhoseBillsChangeMost(t *testing.T) {
	t.Parallel()
	r := newReport(nil, 2)
	for _, c := range []struct {
		id            string
		currency      money.Currency
		before, after int64
	}{{"a", "EUR", 1000, 1100}, {"b", "EUR", 1000, 400}, {"c", "EUR", 1000, 1000}, {"d", "EUR", 0, 300}, {"e", "JPY", 10, 5}} {
		h, control, other := billed(c.id, c.currency, c.before, c.after)
		require.NoError(t, r.add(h, control, other))
	}
	result, err := r.result()
	require.NoError(t, err)
	require.Zero(t, result.Control.Differ)
	require.Equal(t, 5, result.Subscriptions)
	var top []string
	for _, c := range result.Customers {
		top = append(top, fmt.Sprintf("%s %s %s", c.ID, c.Difference, c.Percent))
	}
	require.Equal(t, []string{"b EUR -6.00 -60.00", "d EUR 3.00 ", "e JPY -5 -50.00"}, top)
	euro := result.Totals[0]
	require.Equal(t, []string{"EUR 30.00", "EUR 28.00", "EUR -2.00", "-6.67"}, []string{euro.Old.String(), euro.New.String(), euro.Difference.String(), euro.Percent})
	require.Equal(t, []int{2, 1, 1}, []int{euro.More, euro.Less, euro.Same})
}

// Whatever is compared, charges and customers come to the same as the totals, and the top ones are the first of all.
func TestSumsAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all, few := newReport(nil, 0), newReport(nil, 3)
		amount := rapid.Int64Range(-5000, 5000)
		for i := range rapid.IntRange(0, 12).Draw(t, "customers") {
			currency := rapid.SampledFrom([]money.Currency{"EUR", "JPY"}).Draw(t, "currency")
			for range rapid.IntRange(1, 3).Draw(t, "subscriptions") {
				h, control, other := billed(fmt.Sprint(i), currency, amount.Draw(t, "before"), amount.Draw(t, "after"))
				require.NoError(t, all.add(h, control, other))
				require.NoError(t, few.add(h, control, other))
			}
		}
		result, err := all.result()
		require.NoError(t, err)
		top, err := few.result()
		require.NoError(t, err)
		require.Equal(t, result.Totals, top.Totals)
		for _, total := range result.Totals {
			currency := total.Old.Currency
			charges, customers, shown := zeroSums(currency), zeroSums(currency), 0
			for _, c := range result.Charges {
				if c.Old.Currency == currency {
					require.NoError(t, charges.add(c.Old, c.New))
				}
			}
			for _, c := range result.Customers {
				if c.Old.Currency == currency {
					require.NoError(t, customers.add(c.Old, c.New))
					shown++
				}
			}
			require.Equal(t, shown, total.More+total.Less+total.Same)
			for _, sums := range []Sums{charges, customers} {
				require.Equal(t, []money.Amount{total.Old, total.New}, []money.Amount{sums.Old, sums.New})
			}
			require.Equal(t, ofCurrency(result.Customers, currency)[:min(3, shown)], ofCurrency(top.Customers, currency))
		}
	})
}

func ofCurrency(customers []Customer, currency money.Currency) []Customer {
	var list []Customer
	for _, c := range customers {
		if c.Old.Currency == currency {
			list = append(list, c)
		}
	}
	return list
}

func TestControlNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	h, control, _ := billed("ada", "EUR", 1000, 1000)
	var c Control
	c.check("ada", h.Issued, control)
	require.Equal(t, Control{Invoices: 1, Lines: 1}, c)
	c.check("ada", h.Issued, nil)
	c.check("ada", nil, control)
	control[0].customer = "bob"
	c.check("ada", h.Issued, control)
	require.Equal(t, 3, c.Differ)
	require.Equal(t, []Difference{
		{SubscriptionID: "ada", Invoice: "ada", Message: "is not made again"},
		{SubscriptionID: "ada", Invoice: "invoice:ada", Message: "is made now and was not issued"},
		{SubscriptionID: "ada", Invoice: "ada", Message: "was issued to ada, made again for bob"},
	}, c.Differences)
	for range 2 * mostDifferences {
		c.check("ada", nil, control)
	}
	require.Equal(t, 3+2*mostDifferences, c.Differ)
	require.Len(t, c.Differences, mostDifferences)
}
