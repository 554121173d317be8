package document_test

import (
	"strings"
	"testing"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// usdCommitted closes half a month in which less was used than is the least, and opens the next one with committed calls.
func usdCommitted(t *testing.T, s *store.Store) string {
	a := limitedAccount(t, s, "committed", catalog.Spend{Minimum: amount("620"), TaxCategory: "ai_api_usage"})
	january, february := a.month("2027-01"), a.month("2027-02")
	part := calendar.Period{Start: a.zone.StartOfDay(calendar.Date{Year: 2027, Month: time.January, Day: 17}), End: january.End}
	return a.issue("inv_committed", invoicing.Facts{
		Reason: invoicing.ForCycle, IssuedAt: january.End, Closes: a.used(part, "700", "15", 7258),
		Opens: &invoicing.Opening{Period: february, Terms: a.terms()},
	}).ID
}

// usdCapped closes a month in which so much was used that it became dearer, up to the most.
func usdCapped(t *testing.T, s *store.Store) string {
	a := limitedAccount(t, s, "capped", catalog.Spend{
		Minimum: amount("200"), Maximum: amount("300"), OverageFactor: amount("1.5"), TaxCategory: "ai_api_usage",
	})
	january := a.month("2027-01")
	return a.issue("inv_capped", invoicing.Facts{
		Reason: invoicing.ForEnd, IssuedAt: january.End, Closes: a.used(january, "1250", "50", 15000),
	}).ID
}

// limitedAccount buys calls that are committed to in advance, storage that is committed to in arrears, and a plan with limits.
func limitedAccount(t *testing.T, s *store.Store, id string, spend catalog.Spend) *account {
	entity := northwind
	entity.ID, entity.InvoicePrefix = id, "NW"+strings.ToUpper(id[:3])
	plan := monthly(id, "Scale", catalog.GrainDay, flat("fee", "Platform", "USD", "50"),
		metered("calls", "Calls", "USD", catalog.Price{
			Model: catalog.PerUnit, UnitAmount: amount("0.10"), Commitment: &catalog.Commitment{
				Quantity: amount("1000"), OverageUnitAmount: amount("0.20"), Paid: catalog.PaidInAdvance,
			},
		}),
		metered("storage", "Gigabytes stored", "USD", catalog.Price{
			Model: catalog.PerUnit, UnitAmount: amount("2"), Commitment: &catalog.Commitment{Amount: amount("20"), OverageFactor: amount("1.5")},
		}),
	)
	plan.Spend = map[money.Currency]catalog.Spend{"USD": spend}
	return newAccount(t, s, entity, nil, store.Customer{
		ID: "grace_" + id, Name: "Grace Example", Email: "grace@example.com", Country: "US", PostalCode: "10001", Zone: "America/New_York",
		Currency: "USD", Locale: "en-US",
	}, plan, 0)
}

// used closes a part of January with what was used in it, and what was charged for it in advance, in cents.
func (a *account) used(part calendar.Period, calls, storage string, inAdvance int64) *invoicing.Closing {
	return &invoicing.Closing{
		Period: part, Full: a.month("2027-01"),
		Segments: []invoicing.Segment{{
			Period: part, Terms: a.terms(), Usage: []invoicing.Usage{
				{Meter: "calls", Quantity: amount(calls)}, {Meter: "storage", Quantity: amount(storage)},
			},
		}},
		InAdvance: []invoicing.PlanAmount{{PlanID: a.plan.ID, PlanVersion: a.plan.Version, Amount: money.New(inAdvance, "USD")}},
	}
}
