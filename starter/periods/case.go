// Package periods reads questions for the boundaries of billing periods, one JSON object each, and answers them.
// The format is described in docs/quote.md.
package periods

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/perennial-billing/perennial/billing/calendar"
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

// Parse reads a case. Unknown fields and anything after the object are errors. When there is an error, the case has its id
// if that could be read.
func Parse(data []byte) (Case, error) {
	var known struct {
		ID json.RawMessage `json:"id"`
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&known); err != nil {
		return Case{}, readable(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var c Case
	if err := decoder.Decode(&c); err != nil {
		return Case{ID: known.ID}, readable(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Case{ID: known.ID}, errors.New("there is something after the JSON object: write one case a line")
	}
	return c, nil
}

// readable names the field of the case, not the field of Go.
func readable(err error) error {
	wrong, isType := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case isType && wrong.Field == "":
		return errors.New("a JSON object is expected")
	case isType:
		return fmt.Errorf("%s: a %s is expected, not a %.40s", wrong.Field, expected(wrong), wrong.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON object is not complete")
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func expected(wrong *json.UnmarshalTypeError) string {
	switch kind := wrong.Type.Kind().String(); kind {
	case "struct":
		return "JSON object"
	case "slice":
		return "JSON array"
	case "int":
		return "whole number"
	default:
		return kind
	}
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
