package demo

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/proof"
)

// Result is what the demo prints: the year in figures, the proofs and where to look further.
type Result struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Companies []Company `json:"companies"`
	// Mail counts the outbox by status.
	Mail    map[string]int `json:"mail"`
	Proofs  proof.Report   `json:"proofs"`
	Links   Links          `json:"links"`
	Seconds float64        `json:"seconds"`
}

// Company is one seller's year.
type Company struct {
	ID            string              `json:"id"`
	Name          string              `json:"name"`
	Subscriptions []store.StatusCount `json:"subscriptions"`
	Invoices      []store.StatusCount `json:"invoices"`
	Dunning       []store.StatusCount `json:"dunning"`
	Turnover      []store.Turnover    `json:"turnover"`
	Tax           []store.TaxTotal    `json:"tax"`
	Returns       []Return            `json:"returns"`
}

// Return is a tax return of the year.
type Return struct {
	Scheme  string `json:"scheme"`
	Period  string `json:"period"`
	Status  string `json:"status"`
	Payable string `json:"payable"`
	FileBy  string `json:"file_by"`
}

// Links are the places where the year can be looked at.
type Links struct {
	TemporalUI string   `json:"temporal_ui,omitempty"`
	Mailbox    string   `json:"mailbox,omitempty"`
	Invoices   []string `json:"invoices,omitempty"`
	API        string   `json:"api,omitempty"`
}

// summarise reads the year from the records.
func summarise(ctx context.Context, db *store.Store) ([]Company, error) {
	var result []Company
	for _, company := range companies {
		result = append(result, Company{ID: company.ID, Name: company.Name})
	}
	for _, read := range []func(context.Context, *store.Store, []Company) error{readCounts, readTurnover, readTax, readReturns} {
		if err := read(ctx, db, result); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func readCounts(ctx context.Context, db *store.Store, companies []Company) error {
	for _, kind := range []struct {
		count func(context.Context) ([]store.StatusCount, error)
		into  func(*Company) *[]store.StatusCount
	}{
		{db.SubscriptionCounts, func(c *Company) *[]store.StatusCount { return &c.Subscriptions }},
		{db.InvoiceCounts, func(c *Company) *[]store.StatusCount { return &c.Invoices }},
		{db.DunningCounts, func(c *Company) *[]store.StatusCount { return &c.Dunning }},
	} {
		counts, err := kind.count(ctx)
		if err != nil {
			return err
		}
		for i := range companies {
			*kind.into(&companies[i]) = of(companies[i].ID, counts, func(c store.StatusCount) string { return c.EntityID })
		}
	}
	return nil
}

func readTurnover(ctx context.Context, db *store.Store, companies []Company) error {
	turnovers, err := db.Turnovers(ctx)
	for i := range companies {
		companies[i].Turnover = of(companies[i].ID, turnovers, func(t store.Turnover) string { return t.EntityID })
	}
	return err
}

func readTax(ctx context.Context, db *store.Store, companies []Company) error {
	totals, err := db.TaxTotals(ctx)
	for i := range companies {
		companies[i].Tax = of(companies[i].ID, totals, func(t store.TaxTotal) string { return t.EntityID })
	}
	return err
}

func readReturns(ctx context.Context, db *store.Store, companies []Company) error {
	for i := range companies {
		rows, err := db.TaxReturns(ctx, companies[i].ID)
		if err != nil {
			return err
		}
		companies[i].Returns = []Return{}
		for _, row := range rows {
			companies[i].Returns = append(companies[i].Returns, Return{
				Scheme: string(row.Scheme), Period: row.Period, Status: row.Status, FileBy: row.FileBy, Payable: row.Owed().String(),
			})
		}
	}
	return nil
}

// of keeps an entity's rows.
func of[T any](entityID string, rows []T, entity func(T) string) []T {
	own := []T{}
	for _, row := range rows {
		if entity(row) == entityID {
			own = append(own, row)
		}
	}
	return own
}
