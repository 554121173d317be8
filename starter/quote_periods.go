package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/starter/periods"
	"github.com/perennial-billing/perennial/starter/service"
)

const periodsManual = `Print the boundaries of billing periods: as the customer's clock shows them, in UTC, and in civil days.

A start is a date (its first instant where the customer lives), a local time such as 2027-01-31T15:30, or an instant such as
2027-01-31T14:30:00Z. Boundaries are always counted from the day of the first paid period, so that the 31st comes back after
a short month. Periods include their start and exclude their end.

With --stream every line of standard input is a case in JSON and is answered by one line: the periods, or what is wrong with
the case. A wrong case stops nothing; the exit code is then 3. The format is in docs/quote.md, "Print boundaries":
{"id": "c1", "start": "2027-01-31", "zone": "Europe/Berlin", "interval": {"unit": "month", "count": 1}}`

// periodFlags are a case as it is written on a command line.
type periodFlags struct {
	periods.Case

	interval, trial string
	moves           []string
	stream          bool
}

func (p *program) quotePeriods() *cobra.Command {
	var in periodFlags
	c := &cobra.Command{
		Use: "periods", Short: "Print the boundaries of billing periods", Args: cobra.NoArgs, Long: periodsManual,
		Example: `  go run ./starter quote periods --start 2027-01-31 --zone Europe/Berlin --interval month
  go run ./starter quote periods --start 2027-01-20T18:00 --zone America/Havana --interval quarter --align calendar --trial "14 days"
  go run ./starter quote periods --start 2027-01-20 --zone Asia/Kolkata --interval month --align day_of_month --day 31 --stub free
  go run ./starter quote periods --start 2027-01-31 --zone Asia/Tokyo --interval month --ends-at 2027-06-15 \
    --move 2027-03-10T12:00=America/New_York
  cat cases.jsonl | go run ./starter quote periods --stream`,
		RunE: p.do(func(_ context.Context, _ []string) error {
			if in.stream {
				return p.answerLines(answerPeriods)
			}
			question, err := in.question()
			if err != nil {
				return err
			}
			answer, err := question.Answer()
			if err != nil {
				return &service.Error{Kind: service.Invalid, Code: "invalid_case", Message: err.Error()}
			}
			return p.show(answer, func(out io.Writer) error { return printPeriods(out, answer) })
		}),
	}
	in.register(c)
	return c
}

func (in *periodFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&in.Start, "start", "", "when the subscription, with its trial, begins")
	f.StringVar(&in.Zone, "zone", "", "the customer's time zone, such as Europe/Berlin")
	f.StringVar(&in.interval, "interval", "", "distance of two boundaries: day, 2 weeks, month, quarter, year …")
	f.StringVar((*string)(&in.Alignment.To), "align", "", "where boundaries lie: anniversary (the usual), calendar, day_of_month")
	f.IntVar(&in.Alignment.Day, "day", 0, "the day of the month for day_of_month, 1 to 31")
	f.IntVar(&in.Alignment.Month, "month", 0, "the month for day_of_month, 1 to 12, and those that are whole intervals from it (default any)")
	f.StringVar((*string)(&in.Alignment.WeekStart), "week-start", "", "the first day of calendar weeks (default monday)")
	f.StringVar((*string)(&in.Alignment.Stub), "stub", "", "how an aligned subscription's first partial period is charged: prorated (the usual), whole, free")
	f.StringVar(&in.trial, "trial", "", "free trial before the first period: 14 days, 2 weeks, month …")
	f.StringVar((*string)(&in.Trial.Ends), "trial-ends", "", "when on its last day: start_of_day (the usual), time_of_day of the start")
	f.IntVar(&in.EndsAfter, "ends-after", 0, "fixed term in periods")
	f.StringVar(&in.EndsAt, "ends-at", "", "fixed term to a date or time, which is not included")
	f.StringArrayVar(&in.moves, "move", nil, "AT=ZONE: the customer's zone changes; may be repeated")
	f.IntVar(&in.Periods, "periods", 0, "number of periods to print (default 12, or all of a fixed term)")
	f.BoolVar(&in.stream, "stream", false, "answer the cases in standard input, one JSON object a line")
	c.MarkFlagsOneRequired("start", "stream")
	c.MarkFlagsMutuallyExclusive("start", "stream")
	c.MarkFlagsRequiredTogether("start", "zone", "interval")
}

// question is the case that the flags describe.
func (in *periodFlags) question() (periods.Case, error) {
	question := in.Case
	var err error
	if question.Interval, err = calendar.ParseInterval(in.interval); err != nil {
		return question, wrong("interval", "%s", err)
	}
	if in.trial != "" {
		if question.Trial.Interval, err = calendar.ParseInterval(in.trial); err != nil {
			return question, wrong("trial", "%s", err)
		}
	}
	for _, text := range in.moves {
		at, zone, found := strings.Cut(text, "=")
		if !found {
			return question, wrong("move", "%q: write it as AT=ZONE, such as 2027-03-10T12:00=Asia/Tokyo", text)
		}
		question.ZoneChanges = append(question.ZoneChanges, periods.ZoneChange{At: at, Zone: zone})
	}
	return question, nil
}

func answerPeriods(line []byte) (any, json.RawMessage, error) {
	question, err := periods.Parse(line)
	if err != nil {
		return nil, question.ID, err
	}
	answer, err := question.Answer()
	return answer, question.ID, err
}

func printPeriods(out io.Writer, answer periods.Answer) error {
	rows := make([][]any, len(answer.Periods))
	for i, period := range answer.Periods {
		rows[i] = []any{
			period.Number, periodKind(period), period.LocalStart, period.LocalEnd, period.Days, period.Start, period.End, period.Zone, charging(period),
		}
	}
	if err := table(out, "no|period|from|up to, excluded|days|from (UTC)|up to (UTC)|zone|charged", rows); err != nil {
		return err
	}
	return facts(out, "Time zones", answer.TZVersion)
}

func periodKind(p periods.Period) string {
	switch {
	case p.Trial:
		return "trial"
	case p.Stub && p.Cut:
		return "stub, cut"
	case p.Stub:
		return "stub"
	case p.Cut:
		return "cut"
	}
	return "whole"
}

// charging says in a few words how a period is charged.
func charging(p periods.Period) string {
	if p.Charged == string(calendar.StubProrated) && p.Full != nil {
		return fmt.Sprintf("%d of %d days", p.Days, p.Full.Days)
	}
	return p.Charged
}
