package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/starter/service"
)

// show prints a result: as JSON when asked for, else for people.
func (p *program) show(result any, human func(out io.Writer) error) error {
	if !p.json {
		return human(p.out)
	}
	encoder := json.NewEncoder(p.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

// table writes rows under a header; columns are separated by "|" in the header.
func table(out io.Writer, header string, rows [][]any) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(strings.ToUpper(header), "|", "\t"))
	for _, row := range rows {
		texts := make([]string, len(row))
		for i, value := range row {
			texts[i] = cell(value)
		}
		fmt.Fprintln(w, strings.Join(texts, "\t"))
	}
	return w.Flush()
}

// facts writes names and values, one pair a line, and leaves out those without a value.
func facts(out io.Writer, pairs ...any) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if value := cell(pairs[i+1]); value != "" {
			fmt.Fprintf(w, "%s\t%s\n", pairs[i], value)
		}
	}
	return w.Flush()
}

// cell is a value as people read it. Tabs and line ends would break the table.
func cell(value any) string {
	switch v := value.(type) {
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format("2006-01-02 15:04:05Z")
	case *time.Time:
		if v == nil {
			return ""
		}
		return cell(*v)
	case *decimal.Decimal:
		if v == nil {
			return ""
		}
		return v.String()
	case *string:
		if v == nil {
			return ""
		}
		return cell(*v)
	}
	return strings.NewReplacer("\t", " ", "\n", " ").Replace(fmt.Sprint(value))
}

func amount(minor int64, currency money.Currency) string { return money.New(minor, currency).String() }

// printPage shows what was read of a list, a row each, and how to read on, unless reading it failed.
func printPage[T any](p *program, found service.Page[T], err error, header string, row func(T) []any) error {
	if err != nil {
		return err
	}
	return p.show(found, func(out io.Writer) error {
		rows := make([][]any, len(found.Data))
		for i, x := range found.Data {
			rows[i] = row(x)
		}
		if err := table(out, header, rows); err != nil {
			return err
		}
		return more(out, found.Next)
	})
}

// more says how to read on.
func more(out io.Writer, next string) error {
	if next == "" {
		return nil
	}
	_, err := fmt.Fprintf(out, "There is more: --after %s\n", next)
	return err
}

// instant reads a time, or a date for its first instant in UTC; for a customer see inZoneOf.
type instant struct {
	time.Time
	day *calendar.Date // when only a date was given
}

// String, Set and Type implement pflag.Value.
func (i *instant) String() string {
	if i.IsZero() {
		return ""
	}
	return i.Format(time.RFC3339)
}

// Set implements pflag.Value.
func (i *instant) Set(text string) error {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		i.Time, i.day = t.UTC(), nil
		return nil
	}
	d, err := calendar.ParseDate(text)
	if err != nil {
		return fmt.Errorf("%q is neither a date such as 2027-02-01 nor a time such as 2027-02-01T09:30:00Z", text)
	}
	i.Time, i.day = calendar.Zone{}.StartOfDay(d), &d
	return nil
}

// inZoneOf returns the instant for a customer: a day begins at midnight where the customer lives.
func (i *instant) inZoneOf(ctx context.Context, svc *service.Service, customer string) (time.Time, error) {
	if i.day == nil {
		return i.Time, nil
	}
	found, err := svc.Customer(ctx, customer)
	if err != nil {
		return time.Time{}, err
	}
	zone, err := calendar.LoadZone(found.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("customer %s: %w", customer, err)
	}
	return zone.StartOfDay(*i.day), nil
}

// Type implements pflag.Value.
func (i *instant) Type() string { return "time" }
