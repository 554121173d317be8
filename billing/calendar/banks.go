package calendar

import (
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ecb"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/us"
)

// Banks names the calendar of a country's or a system's banks. On its holidays, and on Saturdays and Sundays, no money
// moves. The zero value knows no holidays.
type Banks string

// The calendars: the Federal Reserve's, TARGET of the euro, England's, New South Wales's, where Australian debits are cleared, and Canada's.
const (
	BanksUS     Banks = "us"
	BanksTARGET Banks = "target"
	BanksGB     Banks = "gb"
	BanksAU     Banks = "au"
	BanksCA     Banks = "ca"
)

// bankDays are built once while the program starts and only read afterwards.
var bankDays = map[Banks]*cal.BusinessCalendar{
	"": withHolidays(nil), BanksUS: withHolidays(us.Holidays), BanksTARGET: withHolidays(ecb.Holidays), BanksGB: withHolidays(gb.Holidays),
	BanksAU: withHolidays(au.HolidaysNSW), BanksCA: withHolidays(ca.Holidays),
}

func withHolidays(holidays []*cal.Holiday) *cal.BusinessCalendar {
	c := cal.NewBusinessCalendar()
	c.AddHoliday(holidays...)
	return c
}

// Known says whether there is such a calendar.
func (b Banks) Known() bool { return bankDays[b] != nil }

// Works says whether banks work on a day.
func (b Banks) Works(d Date) bool {
	c := bankDays[b]
	if c == nil {
		c = bankDays[""]
	}
	return c.IsWorkday(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC))
}

// Add counts n days on which banks work from a day, which is not counted itself. With n = 0 it is that day, or the first
// day after it on which they work.
func (b Banks) Add(d Date, n int) Date {
	for n > 0 {
		if d = d.AddDays(1); b.Works(d) {
			n--
		}
	}
	for !b.Works(d) {
		d = d.AddDays(1)
	}
	return d
}
