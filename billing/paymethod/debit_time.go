package paymethod

import (
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// debitHour is the local hour at which an announced debit is made.
const debitHour = 10

// DebitOn is the earliest instant of a debit whose customer is told at an instant: on a day on which banks work, once the
// whole notice is over. Without a notice it is the instant itself.
func (m Method) DebitOn(told time.Time, zone calendar.Zone) time.Time {
	if m.Notice == nil || m.Notice.Days == 0 {
		return told
	}
	if m.Notice.Business {
		return zone.Instant(m.Calendar.Add(zone.DateOf(told), m.Notice.Days), debitHour, 0, 0)
	}
	over := told.AddDate(0, 0, m.Notice.Days)
	day := m.Calendar.Add(zone.DateOf(over), 0)
	if on := zone.Instant(day, debitHour, 0, 0); !on.Before(over) {
		return on
	}
	return zone.Instant(m.Calendar.Add(day, 1), debitHour, 0, 0)
}

// KnownBy is when the outcome of a payment should be known that was begun at an instant: when to ask, not a promise of the
// banks.
func (m Method) KnownBy(begun time.Time, zone calendar.Zone) time.Time {
	day := zone.DateOf(begun)
	return begun.AddDate(0, 0, day.DaysUntil(m.Calendar.Add(day, m.BusinessDays)))
}
