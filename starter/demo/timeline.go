package demo

import (
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// moment is an instant of the demo at which somebody does something; what is done at one instant is done side by side.
type moment struct {
	at      time.Time
	signUps []person
	stories []story
	// usage, when set, is the beginning of the stretch whose usage is imported now.
	usage *time.Time
}

// timeline orders everything that people do between the start and the end. What the workflows do by themselves is not on it.
func timeline(start calendar.Date, end time.Time, all []person) ([]moment, error) {
	moments := map[time.Time]*moment{}
	at := func(instant time.Time) *moment {
		if moments[instant] == nil {
			moments[instant] = &moment{at: instant}
		}
		return moments[instant]
	}
	for _, p := range all {
		instant, err := p.SignsUpAt(start)
		if err != nil {
			return nil, err
		}
		if instant.Before(end) {
			m := at(instant)
			m.signUps = append(m.signUps, p)
		}
	}
	for _, s := range stories {
		instant := utc(start.AddDays(s.Day), 12)
		if instant.Before(end) {
			m := at(instant)
			m.stories = append(m.stories, s)
		}
	}
	from := utc(start, 0)
	for _, instant := range imports(start, end) {
		since := from
		at(instant).usage = &since
		from = instant
	}
	ordered := make([]moment, 0, len(moments))
	for _, m := range moments {
		ordered = append(ordered, *m)
	}
	slices.SortFunc(ordered, func(a, b moment) int { return a.at.Compare(b.at) })
	return ordered, nil
}

// imports are the instants at which usage files arrive: four times a month, the last just before the month's run.
// What a subscription used between the last file and its boundary arrives late and is billed by its next invoice.
func imports(start calendar.Date, end time.Time) []time.Time {
	var instants []time.Time
	for first := (calendar.Date{Year: start.Year, Month: start.Month, Day: 1}); ; first = month.Nth(first, 1) {
		for _, day := range []int{0, 7, 14, 21} {
			hour := 0
			if day == 0 {
				hour = 11
			}
			instant := utc(first.AddDays(day), hour)
			if instant.After(end) {
				return instants
			}
			if instant.After(utc(start, 12)) {
				instants = append(instants, instant)
			}
		}
	}
}

// month is the step of the demo.
var month = calendar.Interval{Unit: calendar.Month, Count: 1}

func utc(d calendar.Date, hour int) time.Time {
	return time.Date(d.Year, d.Month, d.Day, hour, 0, 0, 0, time.UTC)
}
