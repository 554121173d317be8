package periods

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Answer is the periods of a case, in order.
type Answer struct {
	ID json.RawMessage `json:"id,omitempty"`
	// TZVersion is the release of the time zone database by which the periods were computed.
	TZVersion string   `json:"tz_version"`
	Periods   []Period `json:"periods"`
	// More says that other periods follow.
	More bool `json:"more"`
}

// Period is one billing period or the trial, from its start up to but not including its end.
type Period struct {
	// Number counts paid periods from 1; it is 0 for the trial.
	Number int       `json:"number"`
	Start  time.Time `json:"start"`
	End    time.Time `json:"end"`
	// LocalStart and LocalEnd are the same instants as the customer's clock shows them in Zone, by which the period ends.
	LocalStart string `json:"local_start"`
	LocalEnd   string `json:"local_end"`
	Zone       string `json:"zone"`
	// Days are civil days, whatever their length in hours.
	Days int `json:"days"`
	// Trial, Stub and Cut are as in calendar.Span.
	Trial bool `json:"trial"`
	Stub  bool `json:"stub"`
	Cut   bool `json:"cut"`
	// Charged is free, prorated or whole: how what recurs is charged. Usage is charged as it is used.
	Charged string `json:"charged"`
	// Full is the whole cycle that a partial period is prorated against.
	Full *Full `json:"full,omitempty"`
}

// Full is a whole cycle.
type Full struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	Days  int       `json:"days"`
}

const (
	usualPeriods = 12
	mostPeriods  = 10_000
	lastYear     = 9998 // no time in any zone then needs five digits
)

// Answer computes the periods of a case. Errors name the field of the case.
func (c Case) Answer() (Answer, error) {
	if c.Periods < 0 || c.Periods > mostPeriods {
		return Answer{}, fmt.Errorf("periods %d must be between 1 and %d", c.Periods, mostPeriods)
	}
	course, err := c.course()
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{ID: c.ID, TZVersion: calendar.TZVersion(), Periods: []Period{}}
	limit := c.limit()
	for span, err := range course.Spans() {
		switch {
		case span.Number > limit:
			answer.More = true
			return answer, nil
		case err != nil:
			return Answer{}, fmt.Errorf("period %d: %w", span.Number, err)
		case span.End.Year() > lastYear:
			return Answer{}, fmt.Errorf("periods: period %d ends after the year %d: ask for fewer", span.Number, lastYear)
		}
		answer.Periods = append(answer.Periods, c.period(span))
	}
	return answer, nil
}

func (c Case) limit() int {
	switch {
	case c.Periods > 0:
		return c.Periods
	case c.EndsAfter > 0 || c.EndsAt != "":
		return mostPeriods
	}
	return usualPeriods
}

func (c Case) period(span calendar.Span) Period {
	p := Period{
		Number: span.Number, Start: span.Start, End: span.End, Zone: span.Zone.Name(), Days: span.Zone.Days(span.Period),
		LocalStart: span.Zone.Clock(span.Start).Format(time.RFC3339Nano), LocalEnd: span.Zone.Clock(span.End).Format(time.RFC3339Nano),
		Trial: span.Trial, Stub: span.Stub, Cut: span.Cut, Charged: c.charged(span),
	}
	if span.Full != span.Period {
		p.Full = &Full{Start: span.Full.Start, End: span.Full.End, Days: span.Zone.Days(span.Full)}
	}
	return p
}

// charged is how a plan that prorates charges what recurs.
func (c Case) charged(span calendar.Span) string {
	switch {
	case span.Trial:
		return string(calendar.StubFree)
	case span.Stub && c.Alignment.Stub != "":
		return string(c.Alignment.Stub)
	case span.Stub || span.Cut:
		return string(calendar.StubProrated)
	}
	return string(calendar.StubWhole)
}
