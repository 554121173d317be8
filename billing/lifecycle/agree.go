package lifecycle

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Deal are prices that are agreed with a customer for the version of a plan that terms name. They hold from then on for
// whatever takes the version up.
type Deal struct {
	Terms  subscription.Terms
	Prices catalog.Agreed
	// CommandID is the command that it came with, empty for the agreement with which the subscription begins.
	CommandID string
	At        time.Time
}

// CheckDeal refuses prices for a plan version that cannot be agreed for a subscription in a currency. had says that the
// subscription has, or had, the version: it keeps its prices, because what one period used is charged at one price. The
// error is a *subscription.Refusal with the code price_agreed, or prices_invalid and the path of the field.
func CheckDeal(subscriptionID string, plan catalog.Plan, prices catalog.Agreed, currency money.Currency, had bool) error {
	if had {
		return refuse("price_agreed", "subscription %s was sold plan %q version %d already, which keeps its prices: agree on prices for another version",
			subscriptionID, plan.ID, plan.Version)
	}
	if err := plan.CheckAgreed(prices, currency); err != nil {
		return refuse("prices_invalid", "prices.%s", err)
	}
	return nil
}

// agree keeps the prices that came with a change.
func (a Account) agree(ctx context.Context, c subscription.Command) error {
	if len(c.Prices) == 0 {
		return nil
	}
	return a.Records.Agree(ctx, Deal{Terms: *c.Terms, Prices: c.Prices, CommandID: c.ID, At: c.At})
}
