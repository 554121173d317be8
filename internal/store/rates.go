package store

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

// AddFXRate records a published exchange rate: one unit of From is Value of To. One that exists is left as it is.
func (q Queries) AddFXRate(ctx context.Context, r tax.Rate) error {
	_, err := q.exec(ctx, "add exchange rate", `INSERT INTO fx_rate (base, quote, on_date, rate, source) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		r.From, r.To, r.Date.String(), r.Value, r.Source)
	return err
}

// FXRates lists the exchange rates published in [from, to].
func (q Queries) FXRates(ctx context.Context, from, to calendar.Date) (tax.FX, error) {
	rows, err := many[fxRow](ctx, q.db, "exchange rates", `
		SELECT base, quote, on_date::text, rate, source FROM fx_rate WHERE on_date BETWEEN $1 AND $2 ORDER BY base, quote, on_date, source`,
		from.String(), to.String())
	if err != nil {
		return nil, err
	}
	return readRates(rows)
}

type fxRow struct {
	Base   money.Currency  `db:"base"`
	Quote  money.Currency  `db:"quote"`
	On     string          `db:"on_date"`
	Rate   decimal.Decimal `db:"rate"`
	Source string          `db:"source"`
}

func readRates(rows []fxRow) (tax.FX, error) {
	rates := make(tax.FX, len(rows))
	for i, r := range rows {
		date, err := calendar.ParseDate(r.On)
		if err != nil {
			return nil, fmt.Errorf("exchange rate %s/%s: %w", r.Base, r.Quote, err)
		}
		rates[i] = tax.Rate{From: r.Base, To: r.Quote, Date: date, Value: r.Rate, Source: r.Source}
	}
	return rates, nil
}

// RatesBetween lists what each publisher published last, in the year up to a day, for each pair of the given currencies.
func (q Queries) RatesBetween(ctx context.Context, currencies []money.Currency, day calendar.Date) (tax.FX, error) {
	rows, err := many[fxRow](ctx, q.db, "exchange rates of "+day.String(), `
		SELECT DISTINCT ON (base, quote, source) base, quote, on_date::text, rate, source FROM fx_rate
		 WHERE base = ANY ($1) AND quote = ANY ($1) AND on_date BETWEEN $2::date - 366 AND $2
		 ORDER BY base, quote, source, fx_rate.on_date DESC`, currencies, day.String())
	if err != nil {
		return nil, err
	}
	return readRates(rows)
}

// AddFXRates records exchange rates and returns how many were new, and the indexes of those whose publisher is on record
// with another value for the day: a rate is never changed.
func (q Queries) AddFXRates(ctx context.Context, rates []tax.Rate) (added int64, conflicting []int, err error) {
	columns := [5][]string{}
	for _, r := range rates {
		for i, value := range [...]string{string(r.From), string(r.To), r.Date.String(), r.Value.String(), r.Source} {
			columns[i] = append(columns[i], value)
		}
	}
	const given = `unnest($1::text[], $2::text[], $3::date[], $4::numeric[], $5::text[]) WITH ORDINALITY AS given (base, quote, on_date, rate, source, n)`
	args := []any{columns[0], columns[1], columns[2], columns[3], columns[4]}
	added, err = q.exec(ctx, "add exchange rates", `INSERT INTO fx_rate (base, quote, on_date, rate, source)
		SELECT base, quote, on_date, rate, source FROM `+given+` ORDER BY base, quote, on_date, source, n ON CONFLICT DO NOTHING`, args...)
	if err != nil {
		return 0, nil, err
	}
	type row struct {
		N int `db:"n"`
	}
	rows, err := many[row](ctx, q.db, "conflicting exchange rates", `SELECT given.n::int AS n FROM `+given+`
		JOIN fx_rate known USING (base, quote, on_date, source) WHERE known.rate <> given.rate ORDER BY given.n`, args...)
	for _, r := range rows {
		conflicting = append(conflicting, r.N-1)
	}
	return added, conflicting, err
}
