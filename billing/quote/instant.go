package quote

import (
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Instant is a point in time as people write it: with an offset from UTC ("2027-01-31T09:30:00+01:00"), or on the clock of
// the customer ("2027-01-31T09:30", "2027-01-31 09:30:00"), or as a day ("2027-01-31"), which stands for its first instant.
type Instant struct {
	text string
	read calendar.Written
}

// UnmarshalText reads an instant.
func (i *Instant) UnmarshalText(text []byte) error {
	i.text = string(text)
	var err error
	i.read, err = calendar.ReadTime(i.text)
	return err
}

// IsZero says that no instant was given.
func (i Instant) IsZero() bool { return i.text == "" }

// String is the instant as it was written.
func (i Instant) String() string { return i.text }

// In is the instant for a customer in a zone, in UTC.
func (i Instant) In(zone calendar.Zone) time.Time { return i.read.In(zone) }

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
