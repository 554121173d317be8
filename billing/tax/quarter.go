package tax

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Quarter is a calendar quarter, written "2027-Q1". The zero value means none and is written "".
type Quarter struct {
	Year   int
	Number int // 1 to 4
}

var quarterForm = regexp.MustCompile(`^(\d{4})-Q([1-4])$`)

// ParseQuarter reads "2027-Q1".
func ParseQuarter(s string) (Quarter, error) {
	parts := quarterForm.FindStringSubmatch(s)
	if parts == nil {
		return Quarter{}, fmt.Errorf("quarter %q: write it as 2027-Q1, with a quarter from 1 to 4", s)
	}
	year, err := strconv.Atoi(parts[1])
	if err != nil {
		return Quarter{}, fmt.Errorf("quarter %q: %w", s, err)
	}
	return Quarter{Year: year, Number: int(parts[2][0] - '0')}, nil
}

// QuarterOf is the quarter a day falls in.
func QuarterOf(d calendar.Date) Quarter {
	return Quarter{Year: d.Year, Number: (int(d.Month)-1)/3 + 1}
}

// IsZero reports the quarter that means none.
func (q Quarter) IsZero() bool { return q == Quarter{} }

// String is the inverse of ParseQuarter.
func (q Quarter) String() string {
	if q.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-Q%d", q.Year, q.Number)
}

// MarshalText writes the form that UnmarshalText reads.
func (q Quarter) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText accepts the empty text as none.
func (q *Quarter) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*q = Quarter{}
		return nil
	}
	parsed, err := ParseQuarter(string(text))
	if err != nil {
		return err
	}
	*q = parsed
	return nil
}

// Start is the first day.
func (q Quarter) Start() calendar.Date {
	return calendar.Date{Year: q.Year, Month: time.Month(3*q.Number - 2), Day: 1}
}

// End is the last day, which belongs to the quarter.
func (q Quarter) End() calendar.Date { return q.Next().Start().AddDays(-1) }

// Next is the following quarter.
func (q Quarter) Next() Quarter {
	if q.Number == 4 {
		return Quarter{Year: q.Year + 1, Number: 1}
	}
	return Quarter{Year: q.Year, Number: q.Number + 1}
}

// Compare orders quarters by time.
func (q Quarter) Compare(o Quarter) int { return q.Start().Compare(o.Start()) }

// Due gives the last days to file a scheme's return for a quarter and to pay it.
//
//   - eu_oss: the last day of the month after the quarter, weekends included (Directive 2006/112/EC art. 364, 369f).
//   - uk_vat: one month and seven days after the quarter, not moved for weekends; the money must have arrived, so it
//     is paid by that day or the last working day before it (GOV.UK, "VAT returns: deadlines"). Quarters are calendar
//     quarters (stagger group 1).
func Due(scheme Scheme, q Quarter) (file, pay calendar.Date, err error) {
	month := q.Next().Start()
	switch scheme {
	case SchemeEUOSS:
		file = calendar.Interval{Unit: calendar.Month, Count: 1}.Nth(month, 1).AddDays(-1)
		return file, file, nil
	case SchemeUKVAT:
		file = calendar.Interval{Unit: calendar.Month, Count: 1}.Nth(month, 1).AddDays(6)
		return file, workingDayUpTo(file), nil
	}
	return calendar.Date{}, calendar.Date{}, fmt.Errorf("tax scheme %q has no filing calendar: use %s or %s", scheme, SchemeUKVAT, SchemeEUOSS)
}

func workingDayUpTo(d calendar.Date) calendar.Date {
	for isBankClosed(d) {
		d = d.AddDays(-1)
	}
	return d
}

// isBankClosed knows weekends and the early May bank holiday (first Monday of May): the only English bank holiday
// that can fall on a 7th of February, May, August or November or on the days just before it.
func isBankClosed(d calendar.Date) bool {
	weekday := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
	if weekday == time.Saturday || weekday == time.Sunday {
		return true
	}
	return weekday == time.Monday && d.Month == time.May && d.Day <= 7
}
