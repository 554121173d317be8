package quote

import (
	"fmt"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Instant is a point in time as people write it: with an offset from UTC ("2027-01-31T09:30:00+01:00"), or on the clock of
// the customer ("2027-01-31T09:30", "2027-01-31 09:30:00"), or as a day ("2027-01-31"), which stands for its first instant.
type Instant struct {
	text  string
	fixed time.Time // with an offset
	day   calendar.Date
	clock time.Time // the time of day, on any date
}

// The ways to write a time on the customer's clock, after the day.
var clocks = []string{"15:04", "15:04:05"}

// UnmarshalText reads an instant.
func (i *Instant) UnmarshalText(text []byte) error {
	*i = Instant{text: string(text)}
	if t, err := time.Parse(time.RFC3339, i.text); err == nil {
		i.fixed = t.UTC()
		return nil
	}
	date, clock, timed := strings.Cut(strings.Replace(i.text, " ", "T", 1), "T")
	var err error
	if i.day, err = calendar.ParseDate(date); err != nil {
		return i.wrong()
	}
	if !timed {
		return nil
	}
	for _, layout := range clocks {
		if i.clock, err = time.Parse(layout, clock); err == nil {
			return nil
		}
	}
	return i.wrong()
}

func (i *Instant) wrong() error {
	return fmt.Errorf("%q is not a time: write a day such as 2027-01-31, a time on the customer's clock such as 2027-01-31T09:30, "+
		"or a time with its offset such as 2027-01-31T09:30:00Z", i.text)
}

// IsZero says that no instant was given.
func (i Instant) IsZero() bool { return i.text == "" }

// String is the instant as it was written.
func (i Instant) String() string { return i.text }

// In is the instant for a customer in a zone, in UTC.
func (i Instant) In(zone calendar.Zone) time.Time {
	if i.day.IsZero() {
		return i.fixed
	}
	return zone.Instant(i.day, i.clock.Hour(), i.clock.Minute(), i.clock.Second())
}

// Local is an instant on a customer's clock. It is written with its offset from UTC.
type Local struct {
	at   time.Time
	zone calendar.Zone
}

func local(t time.Time, zone calendar.Zone) Local { return Local{at: t.UTC(), zone: zone} }

// Clock is the instant as the customer's clock shows it.
func (l Local) Clock() time.Time { return l.zone.Clock(l.at) }

// Zone is the customer's.
func (l Local) Zone() string { return l.zone.Name() }

// MarshalText writes "2027-01-31T00:00:00+01:00".
func (l Local) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// String is what MarshalText writes.
func (l Local) String() string { return l.Clock().Format(time.RFC3339Nano) }
