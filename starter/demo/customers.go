package demo

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

//go:embed customers.csv
var customersCSV []byte

// person is a customer of the demo: who, where, what they buy, when they sign up and with which card.
type person struct {
	ID, Entity, Name, Country, Postal, Zone, Currency, Locale string
	Business                                                  bool
	TaxID                                                     string
	Plan                                                      string
	Seats                                                     int64
	Day                                                       int
	LocalTime                                                 string
	Card                                                      string
}

// Subscription is the id of the person's subscription.
func (p person) Subscription() string { return "sub-" + p.ID }

// SignsUpAt is the instant of signing up: a day of the demo, at a local time of the person's.
func (p person) SignsUpAt(start calendar.Date) (time.Time, error) {
	zone, err := calendar.LoadZone(p.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("customer %s: %w", p.ID, err)
	}
	clock, err := time.Parse("15:04", p.LocalTime)
	if err != nil {
		return time.Time{}, fmt.Errorf("customer %s: %w", p.ID, err)
	}
	return zone.Instant(start.AddDays(p.Day), clock.Hour(), clock.Minute(), 0), nil
}

// people reads the customers of all companies.
func people() ([]person, error) {
	rows, err := csv.NewReader(bytes.NewReader(customersCSV)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("customers of the demo: %w", err)
	}
	all := make([]person, 0, len(rows))
	for i, row := range rows[1:] {
		seats, err := strconv.ParseInt(row[11], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("customers of the demo, line %d: %w", i+2, err)
		}
		day, err := strconv.Atoi(row[12])
		if err != nil {
			return nil, fmt.Errorf("customers of the demo, line %d: %w", i+2, err)
		}
		all = append(all, person{
			ID: row[0], Entity: row[1], Name: row[2], Country: row[3], Postal: row[4], Zone: row[5], Currency: row[6], Locale: row[7],
			Business: row[8] == "yes", TaxID: row[9], Plan: row[10], Seats: seats, Day: day, LocalTime: row[13], Card: row[14],
		})
	}
	return all, nil
}
