package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

// lineTable is how the lines of an invoice are shown.
type lineTable struct {
	header string
	rows   [][]any
}

func plainLines(i service.Invoice) lineTable {
	rows := make([][]any, len(i.Lines))
	for n, l := range i.Lines {
		rows[n] = []any{l.Position, l.Description, l.Quantity, amount(l.Amount, i.Currency), amount(l.Tax, i.Currency), l.Treatment}
	}
	return lineTable{header: "line|what|quantity|net|tax|treatment", rows: rows}
}

// explainedLines are the lines with their arithmetic. What a credit gives back is read from the invoice that charged it.
func explainedLines(ctx context.Context, svc *service.Service, i service.Invoice) (lineTable, error) {
	zone, err := calendar.LoadZone(i.Zone)
	if err != nil {
		return lineTable{}, fmt.Errorf("zone of invoice %s: %w", i.ID, err)
	}
	charged := map[string]service.Invoice{i.ID: i}
	rows := make([][]any, len(i.Lines))
	for n, l := range i.Lines {
		line := explainedLine{kind: invoicing.LineKind(l.Kind), currency: i.Currency}
		if err := json.Unmarshal(l.Explanation, &line.Explanation); err != nil {
			return lineTable{}, fmt.Errorf("explanation of line %d: %w", l.Position, err)
		}
		if line.credited, err = creditedBy(ctx, svc, l, charged); err != nil {
			return lineTable{}, err
		}
		span := civil(l.PeriodStart, zone) + " to " + civil(l.PeriodEnd, zone)
		rows[n] = []any{l.Position, l.Description, span, line.arithmetic(), amount(l.Amount, i.Currency), taxOf(i, l)}
	}
	return lineTable{header: "line|what|period|arithmetic|net|tax", rows: rows}, nil
}

// creditedBy is what a credit gives a part of back: the amount of a line, and of which invoice. known are invoices read before.
func creditedBy(ctx context.Context, svc *service.Service, l store.InvoiceLine, known map[string]service.Invoice) (string, error) {
	if l.CreditsInvoice == nil || l.CreditsPosition == nil {
		return "", nil
	}
	charged, read := known[*l.CreditsInvoice]
	if !read {
		var err error
		if charged, err = svc.Invoice(ctx, *l.CreditsInvoice); err != nil {
			return "", err
		}
		known[charged.ID] = charged
	}
	for _, line := range charged.Lines {
		if line.Position == *l.CreditsPosition {
			return fmt.Sprintf("-%s of %s", amount(line.Amount, charged.Currency), charged.Number), nil
		}
	}
	return "", fmt.Errorf("line %d credits line %d of invoice %s, which has none", l.Position, *l.CreditsPosition, charged.ID)
}

// civil is an instant on a clock, without the time at the beginning of a day.
func civil(at time.Time, zone calendar.Zone) string {
	return strings.TrimSuffix(zone.Clock(at).Format("2006-01-02 15:04:05"), " 00:00:00")
}

func taxOf(i service.Invoice, l store.InvoiceLine) string {
	if l.TaxRate.IsZero() {
		return l.Treatment
	}
	return fmt.Sprintf("%s (%s %%)", amount(l.Tax, i.Currency), l.TaxRate)
}
