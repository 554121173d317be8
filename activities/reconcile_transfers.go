package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// transfers compares what customers sent by bank transfer. What was not recorded is, and afterwards each customer's money that
// pays nothing yet must be what the provider says.
func (c *comparison) transfers(ctx context.Context) error {
	payers, err := c.Store.TransferPayers(ctx, c.in.EntityID)
	if err != nil {
		return err
	}
	for _, customer := range payers {
		if err := c.cashOf(ctx, customer); err != nil {
			return fmt.Errorf("customer %s: %w", customer.ID, err)
		}
	}
	return nil
}

func (c *comparison) cashOf(ctx context.Context, customer store.Customer) error {
	about := matter{id: *customer.ProviderCustomerID, entity: customer.EntityID, at: c.at}
	added, err := provider{Payments: c.Payments, at: c.at, customer: customer}.recordCash(ctx)
	if err != nil {
		return err
	}
	if added > 0 {
		c.note(about, "cash_not_recorded", true, fmt.Sprintf("%d movements of what customer %s sent", added, customer.ID))
	}
	read, err := c.Stripe.CashBalances.Get(&stripe.CashBalanceParams{Params: c.params(ctx, ""), Customer: customer.ProviderCustomerID})
	if err != nil {
		return fmt.Errorf("read cash balance: %w", err)
	}
	differ := map[money.Currency]int64{}
	for currency, units := range read.Available {
		amount, err := stripeunit.Amount(units, currencyOf(stripe.Currency(currency)))
		if err != nil {
			return err
		}
		differ[amount.Currency] = amount.Minor
	}
	deposits, err := c.Store.Deposits(ctx, "", customer.ID)
	for _, deposit := range deposits {
		differ[deposit.Currency] -= deposit.Amount
	}
	for _, currency := range slices.Sorted(maps.Keys(differ)) {
		if differ[currency] != 0 {
			c.differs(about, "cash_balance", "the provider holds %s more for customer %s than their movements say", money.New(differ[currency], currency), customer.ID)
		}
	}
	return err
}
