// Package periods reads questions for the boundaries of billing periods, one JSON object each, and answers them.
// The format is described in docs/quote.md.
package periods

import (
	"encoding/json"
	"fmt"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/exactyaml"
)

// Case is one question. Times are a date, a local time of the zone, or an instant: see calendar.Zone.ParseTime.
type Case struct {
	ID        json.RawMessage    `json:"id,omitempty"` // any value; it is repeated in the answer
	Start     string             `json:"start"`
	Zone      string             `json:"zone"`
	Interval  calendar.Interval  `json:"interval"`
	Alignment calendar.Alignment `json:"alignment,omitzero"`
	Trial     calendar.Trial     `json:"trial,omitzero"`
	EndsAfter int                `json:"ends_after,omitzero"`
	EndsAt    string             `json:"ends_at,omitzero"`
	// ZoneChanges are oldest first; a local time is of the zone that is left.
	ZoneChanges []ZoneChange `json:"zone_changes,omitempty"`
	// Periods is how many paid periods to answer with, 1 to 10,000; if absent, 12, or all of a fixed term.
	Periods int `json:"periods,omitzero"`
}

// ZoneChange is a customer's move to another zone at an instant.
type ZoneChange struct {
	At   string `json:"at"`
	Zone string `json:"zone"`
}

// format is what a line of a stream is.
var format = exactyaml.Format{Name: "case"}

// Parse reads a case from exactly one JSON object. A field that does not exist, or is there twice, is an error, and so is
// anything after the object; null is as if the field were left out. With an error the case has its id, if that could be read.
func Parse(data []byte) (c Case, err error) {
	err = format.DecodeJSON(data, &c)
	return c, err
}

// course is what the case says, in terms of the calendar.
func (c Case) course() (calendar.Course, error) {
	zone, err := calendar.LoadZone(c.Zone)
	if err != nil {
		return calendar.Course{}, fmt.Errorf("zone: %w", err)
	}
	course := calendar.Course{
		Zone: zone, Schedule: calendar.Schedule{Interval: c.Interval, Alignment: c.Alignment}, Trial: c.Trial, EndsAfter: c.EndsAfter,
	}
	if course.Start, err = zone.ParseTime(c.Start); err != nil {
		return calendar.Course{}, fmt.Errorf("start: %w", err)
	}
	if c.EndsAt != "" {
		if course.EndsAt, err = zone.ParseTime(c.EndsAt); err != nil {
			return calendar.Course{}, fmt.Errorf("ends_at: %w", err)
		}
	}
	for i, change := range c.ZoneChanges {
		var move calendar.Move
		if move.At, err = zone.ParseTime(change.At); err != nil {
			return calendar.Course{}, fmt.Errorf("zone_changes[%d].at: %w", i, err)
		}
		if move.Zone, err = calendar.LoadZone(change.Zone); err != nil {
			return calendar.Course{}, fmt.Errorf("zone_changes[%d].zone: %w", i, err)
		}
		course.Moves = append(course.Moves, move)
		zone = move.Zone
	}
	return course, course.Validate()
}
