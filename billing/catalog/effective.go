package catalog

import (
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Effective is when a version begins to be sold: at an instant, the same everywhere, or on a civil day, which begins for
// each customer at their own midnight. The zero value is always.
type Effective struct {
	at  time.Time
	day calendar.Date
}

// ParseEffective reads an instant such as "2027-01-01T09:00:00Z", or a day such as "2027-01-01".
func ParseEffective(text string) (Effective, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return Effective{at: at.UTC()}, nil
	}
	day, err := calendar.ParseDate(text)
	if err != nil {
		return Effective{}, fmt.Errorf("%.40q is neither a day such as 2027-01-01 nor an instant with its offset such as 2027-01-01T09:00:00Z", text)
	}
	return Effective{day: day}, nil
}

// IsZero says that the version is sold always.
func (e Effective) IsZero() bool { return e.at.IsZero() && e.day.IsZero() }

// In is the instant from which the version is sold to customers in a zone.
func (e Effective) In(zone calendar.Zone) time.Time {
	if e.day.IsZero() {
		return e.at
	}
	return zone.StartOfDay(e.day)
}

// String is the instant or the day as ParseEffective reads it.
func (e Effective) String() string {
	switch {
	case e.IsZero():
		return ""
	case e.day.IsZero():
		return e.at.Format(time.RFC3339Nano)
	}
	return e.day.String()
}

// MarshalText writes what String returns.
func (e Effective) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what ParseEffective reads.
func (e *Effective) UnmarshalText(text []byte) (err error) {
	*e, err = ParseEffective(string(text))
	return err
}

// InForce says whether the version is sold to customers in a zone at an instant.
func (p Plan) InForce(at time.Time, zone calendar.Zone) bool {
	return !p.EffectiveFrom.In(zone).After(at)
}

// Newest is the version with the highest number of those that are sold to customers in a zone at an instant.
func Newest(versions []Plan, at time.Time, zone calendar.Zone) (newest Plan, found bool) {
	for _, version := range versions {
		if version.InForce(at, zone) && (!found || version.Version > newest.Version) {
			newest, found = version, true
		}
	}
	return newest, found
}
