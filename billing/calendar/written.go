package calendar

import (
	"fmt"
	"strings"
	"time"
)

// Written is a time as people write it, which may be on a clock that is not known yet.
type Written struct {
	fixed         time.Time // when it was written with its offset from UTC; in UTC
	day           Date      // when it was not
	sinceMidnight time.Duration
}

// ReadTime reads an instant such as "2027-01-31T14:30:00Z", a local time such as "2027-01-31T15:30" or
// "2027-01-31 15:30:00", or a date such as "2027-01-31", which stands for its first instant.
func ReadTime(text string) (Written, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.Year() > 0 {
		return Written{fixed: at.UTC()}, nil
	}
	for _, layout := range []string{dateLayout, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if local, err := time.Parse(layout, strings.Replace(text, " ", "T", 1)); err == nil && local.Year() > 0 {
			day := civil(local)
			return Written{day: day, sinceMidnight: local.Sub(day.midnightUTC())}, nil
		}
	}
	return Written{}, fmt.Errorf("time %.40q: write a date such as 2027-01-31, a local time such as 2027-01-31T15:30 "+
		"or an instant such as 2027-01-31T14:30:00Z", text)
}

// In is the instant at which the zone's clock shows the time, in UTC; the zero time if none was written.
func (w Written) In(z Zone) time.Time {
	if w.day.IsZero() {
		return w.fixed
	}
	return z.timeOfDay(w.day, w.sinceMidnight)
}
