package demo

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

//go:embed catalog/*.json
var catalogues embed.FS

// companies are the three sellers: an AI app, a team product and a data product. None is established where it files:
// all three register as foreign sellers.
var companies = []store.Entity{
	{
		ID: "nimbus", Name: "Nimbus AI Pte Ltd", Country: "SG", Zone: "Asia/Singapore", BookCurrency: "USD", InvoicePrefix: "NIM",
		Address: "1 Example Quay, Singapore 048616", Dunning: dunning.DefaultPolicy(),
	},
	{
		ID: "tandem", Name: "Tandem Software Inc", Country: "US", Zone: "America/Los_Angeles", BookCurrency: "USD", InvoicePrefix: "TAN",
		Address: "500 Example Street, San Francisco CA 94105", Dunning: dunning.DefaultPolicy(),
	},
	{
		ID: "quarry", Name: "Quarry Data Inc", Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: "QRY",
		Address: "20 Example Avenue, New York NY 10001",
		// Contracts are not ended over one invoice: the debt is written off and a person talks to the customer.
		Dunning: dunning.Policy{RetryAfter: []int{2, 5, 9}, TechnicalRetryHours: []int{2, 6}, MaxAttempts: 6, EndAfter: 21, End: dunning.EndUncollectible},
	},
}

// registeredFrom is before any demo begins.
var registeredFrom = calendar.Date{Year: 2024, Month: time.January, Day: 1}

func found(ctx context.Context, db *store.Store, at time.Time) error {
	for _, company := range companies {
		if err := db.AddEntity(ctx, company, at); err != nil {
			return err
		}
		for _, registration := range []tax.Registration{
			{Scheme: tax.SchemeUKVAT, Country: "GB", Number: "GB" + company.InvoicePrefix + "-DEMO", From: registeredFrom},
			{Scheme: tax.SchemeEUOSS, Country: "IE", Number: "EU" + company.InvoicePrefix + "-DEMO", From: registeredFrom},
		} {
			if err := db.AddTaxRegistration(ctx, company.ID, registration); err != nil {
				return err
			}
		}
		if err := stock(ctx, db, company.ID, at); err != nil {
			return err
		}
	}
	return nil
}

// stock puts a company's catalogue on sale.
func stock(ctx context.Context, db *store.Store, entityID string, at time.Time) error {
	content, err := catalogues.ReadFile("catalog/" + entityID + ".json")
	if err != nil {
		return err
	}
	plans, err := catalog.Parse(bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("catalogue of %s: %w", entityID, err)
	}
	for _, plan := range plans {
		if err := db.AddPlan(ctx, entityID, plan, at); err != nil {
			return err
		}
	}
	return nil
}

// euroRates are made-up exchange rates of the euro, near those of 2026. They serve the demo's returns only.
var euroRates = map[money.Currency]string{"PLN": "4.2510", "SEK": "11.0280", "USD": "1.1630", "GBP": "0.8720"}

// poundRates are the same for the pound.
var poundRates = map[money.Currency]string{"USD": "1.3340", "EUR": "1.1460"}

// publishRates writes the rates that a year's returns ask for: of the last day of each quarter (and the days after it,
// should the last be no working day) for the One Stop Shop, of the first of each month for the United Kingdom.
func publishRates(ctx context.Context, db *store.Store, from, to calendar.Date) error {
	for quarter := tax.QuarterOf(from); quarter.Start().Compare(to) <= 0; quarter = quarter.Next() {
		if err := publish(ctx, db, "EUR", euroRates, quarter.End()); err != nil {
			return err
		}
		for month := range 3 {
			first := calendar.Date{Year: quarter.Start().Year, Month: quarter.Start().Month + time.Month(month), Day: 1}
			if err := publish(ctx, db, "GBP", poundRates, first); err != nil {
				return err
			}
		}
	}
	return nil
}

func publish(ctx context.Context, db *store.Store, from money.Currency, rates map[money.Currency]string, on calendar.Date) error {
	for to, value := range rates {
		rate, err := decimal.NewFromString(value)
		if err != nil {
			return fmt.Errorf("rate %s/%s: %w", from, to, err)
		}
		if err := db.AddFXRate(ctx, tax.Rate{From: from, To: to, Date: on, Value: rate, Source: "demo"}); err != nil {
			return err
		}
	}
	return nil
}
