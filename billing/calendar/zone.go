// Package calendar computes with civil dates in time zones: billing anchors,
// boundaries and periods. Boundaries are computed on dates in the customer's
// zone and returned as instants in UTC.
//
// Zones come only from the IANA database inside the binary, never from the
// machine, so every worker agrees on every boundary and a result can be
// repeated years later from the recorded TZVersion.
//
// One rule turns civil time into an instant: it is the first instant at which
// the zone's clock shows that time or a later one. So a time that a clock change
// skips is the first instant after the gap, a time that occurs twice is its first
// occurrence, and a day that a zone never had is the next day it had.
package calendar

import (
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar/zonedata"
)

// No zone has ever been further from UTC than this.
const widestOffset = 18 * time.Hour

// Zone is a time zone of the embedded database. The zero value is UTC.
type Zone struct {
	location *time.Location
}

// LoadZone returns the zone with an IANA name such as "Europe/Berlin"; older
// names that the database links to a zone are accepted. Names are case-sensitive.
// The empty name and "Local" are errors: a customer's zone is never a guess.
func LoadZone(name string) (Zone, error) {
	data, err := zonedata.Load(name)
	if err != nil {
		return Zone{}, err
	}
	location, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return Zone{}, fmt.Errorf("time zone %q of database %s: %w", name, TZVersion(), err)
	}
	return Zone{location: location}, nil
}

// TZVersion returns the release of the embedded time zone database, such as
// "2026f". It is recorded beside results that depend on future rules.
func TZVersion() string { return zonedata.Version() }

// Name returns the name the zone was loaded by.
func (z Zone) Name() string { return z.loc().String() }

// DateOf returns the date that the zone's calendar shows at t.
func (z Zone) DateOf(t time.Time) Date { return civil(t.In(z.loc())) }

// StartOfDay returns the first instant of the day, in UTC. It is not always
// midnight: where the clock skips midnight the day starts later, and for a day
// the zone never had it is the start of the next day it had.
func (z Zone) StartOfDay(d Date) time.Time { return z.firstInstant(d, 0) }

// Instant returns the time of day on the date, in UTC. Hours run from 0 to 23,
// minutes and seconds from 0 to 59. On a day the zone never had, it is that time
// on the next day it had.
func (z Zone) Instant(d Date, hour, minute, second int) time.Time {
	return z.timeOfDay(d, sinceMidnight(hour, minute, second))
}

func (z Zone) timeOfDay(d Date, sinceMidnight time.Duration) time.Time {
	if existing := z.DateOf(z.StartOfDay(d)); d.Compare(existing) < 0 {
		d = existing
	}
	return z.firstInstant(d, sinceMidnight)
}

// sinceMidnight is a time of day as the clock shows it, not the time that passed.
func sinceMidnight(hour, minute, second int) time.Duration {
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
}

// ParseTime reads a time as ReadTime does, on the zone's clock, in UTC.
func (z Zone) ParseTime(text string) (time.Time, error) {
	written, err := ReadTime(text)
	return written.In(z), err
}

// AddDays returns the instant at which the zone's clock shows, so many days later (or earlier, for negative ones), the time
// of day that it shows at t, in whole seconds.
func (z Zone) AddDays(t time.Time, days int) time.Time {
	local := t.In(z.loc())
	return z.Instant(civil(local).AddDays(days), local.Hour(), local.Minute(), local.Second())
}

// firstInstant walks the stretches of constant offset that can hold the wanted
// time and stops in the first one that reaches it. time.Date cannot be used: in a
// gap and in an overlap its choice depends on which side of Greenwich the zone is.
func (z Zone) firstInstant(d Date, sinceMidnight time.Duration) time.Time {
	wall := d.midnightUTC().Add(sinceMidnight)
	stretch := z.stretchAt(wall.Add(-widestOffset))
	for {
		candidate := wall.Add(-stretch.offset)
		if stretch.forever || candidate.Before(stretch.end) {
			if candidate.Before(stretch.start) {
				return stretch.start
			}
			return candidate
		}
		stretch = z.stretchAt(stretch.end)
	}
}

// A stretch is a time with one offset from UTC. Its neighbours can have the same
// offset, because the zone tables of package time are cut at the turn of years.
type stretch struct {
	start, end time.Time // UTC; start is where the walk entered
	offset     time.Duration
	forever    bool
}

func (z Zone) stretchAt(t time.Time) stretch {
	local := t.In(z.loc())
	_, offset := local.Zone()
	_, end := local.ZoneBounds()
	s := stretch{
		start:   t.UTC(),
		end:     end.UTC(),
		offset:  time.Duration(offset) * time.Second,
		forever: end.IsZero(),
	}
	if !s.forever && !s.end.After(s.start) {
		// On 31 December of a leap year package time reports an end that has
		// passed already; the offset holds until the year ends in UTC.
		s.end = time.Date(s.start.Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return s
}

func (z Zone) loc() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}
