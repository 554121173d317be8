package lifecycle

import (
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// UsageClaim is what is asked for of a meter: what was used in [From, To), a zero From meaning from the beginning. What lies
// before LateBefore is late.
type UsageClaim struct {
	Meter                string
	From, To, LateBefore time.Time
	// Each asks for the events themselves, in the order of time: a price looks at each of them.
	Each bool
}

// claims are what a segment pays for of a meter, one for each span of time.
func (a Account) claims(terms invoicing.Terms, meter string, spans []calendar.Period, lateBefore time.Time) []UsageClaim {
	each := slices.ContainsFunc(terms.Charges(), func(c catalog.Charge) bool {
		return c.Meter == meter && c.Prices[a.Currency].NeedsEvents() != ""
	})
	claims := make([]UsageClaim, len(spans))
	for i, span := range spans {
		claims[i] = UsageClaim{Meter: meter, From: span.Start, To: span.End, LateBefore: lateBefore, Each: each}
	}
	return claims
}

// CheckEventAmounts refuses a plan that charges the amounts of events in another currency than that of the customer whose
// events they are: an event's amount is in the customer's currency. The error is a *subscription.Refusal with the code
// amounts_in_other_currency.
func CheckEventAmounts(plan catalog.Plan, currency, customers money.Currency) error {
	if currency == customers {
		return nil
	}
	for _, phased := range plan.InEachPhase() {
		for _, charge := range phased.EveryCharge() {
			if charge.Prices[currency].Model == catalog.Dynamic {
				return refuse("amounts_in_other_currency",
					"plan %q charges %q by the amounts of events, which are in the customer's currency, %s, not in %s: use another plan or currency",
					plan.ID, charge.ID, customers, currency)
			}
		}
	}
	return nil
}
