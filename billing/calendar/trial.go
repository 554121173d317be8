package calendar

import (
	"fmt"
	"time"
)

// TrialEnd is at what time of its last day a free trial is over.
type TrialEnd string

// When trials end. Nothing written means the start of the day.
const (
	// AtStartOfDay ends the trial when the day begins where the customer lives, so
	// that paid periods are whole days. A trial of one day that begins at 23:00
	// lasts one hour.
	AtStartOfDay TrialEnd = "start_of_day"
	// AtTimeOfDay ends the trial at the local time at which it began.
	AtTimeOfDay TrialEnd = "time_of_day"
)

// longestTrial is how many of each unit a trial may have: two years.
var longestTrial = map[Unit]int{Day: 730, Week: 104, Month: 24}

// Trial is the length of a free trial, in civil days, weeks or months where the
// customer lives. The zero value is no trial.
type Trial struct {
	Interval

	Ends TrialEnd `json:"ends,omitzero" enum:"start_of_day,time_of_day"`
}

// Validate accepts no trial, and 1 to 730 days, 1 to 104 weeks and 1 to 24 months.
func (t Trial) Validate() error {
	if t == (Trial{}) {
		return nil
	}
	most, known := longestTrial[t.Unit]
	switch {
	case !known:
		return fmt.Errorf("trial.unit %.40q must be one of day, week, month", t.Unit)
	case t.Count < 1 || t.Count > most:
		return fmt.Errorf("trial.count %d must be between 1 and %d for unit %s", t.Count, most, t.Unit)
	case t.Ends != "" && t.Ends != AtStartOfDay && t.Ends != AtTimeOfDay:
		return fmt.Errorf("trial.ends %.40q must be one of start_of_day, time_of_day", t.Ends)
	}
	return nil
}

// End returns when a trial that begins at an instant is over. It is after the
// start, whatever the clock does in between.
func (t Trial) End(z Zone, start time.Time) time.Time {
	day := t.Nth(z.DayAt(start), 1)
	if t.Ends != AtTimeOfDay {
		return z.StartOfDay(day)
	}
	local := start.In(z.loc())
	hour, minute, second := local.Clock()
	return z.timeOfDay(day, sinceMidnight(hour, minute, second)+time.Duration(local.Nanosecond()))
}
