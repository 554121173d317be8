package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// shown is what operators were last told through search attributes.
type shown struct {
	status subscription.Status
	period string
	next   time.Time
}

// show tells operators where the subscription stands: search attributes when they changed, and details in words.
func (s *subscriptionRun) show(ctx workflow.Context) {
	now := shown{status: s.state.Status, period: month(s.state.PeriodDay)}
	next, _ := s.state.NextDue()
	now.next = next
	if now != s.shown {
		s.shown = now
		mark(ctx, message.BillingStatus.ValueSet(string(now.status)), message.BillingPeriod.ValueSet(now.period), nextActionAt(next))
	}
	workflow.SetCurrentDetails(ctx, s.details())
}

// month is how operators search for a period: "2027-06" is the month in which it begins for the customer.
func month(day calendar.Date) string {
	if day.IsZero() {
		return "none yet"
	}
	return fmt.Sprintf("%04d-%02d", day.Year, day.Month)
}

func (s *subscriptionRun) details() string {
	st := s.state
	rows := [][2]string{
		{"Customer", st.CustomerID},
		{"Status", string(st.Status)},
		{"Plan", fmt.Sprintf("%s, version %d", st.Terms.PlanID, st.Terms.PlanVersion)},
		{"Seats", fmt.Sprint(st.Terms.Seats)},
		{"Period", fmt.Sprintf("no. %d, %s", st.Cycle+1, st.Period)},
		{"Next", s.nextAction()},
	}
	for _, planned := range st.Planned {
		rows = append(rows, [2]string{"Planned", fmt.Sprintf("%s on %s (%s)", planned.Kind, planned.On.Format(time.RFC3339), planned.ID)})
	}
	for _, missed := range st.Missed {
		rows = append(rows, [2]string{"Missed", fmt.Sprintf("%s on %s (%s): %s",
			missed.Kind, missed.At.Format(time.RFC3339), missed.CommandID, missed.Refusal.Message)})
	}
	if s.outcome != "" {
		rows = append(rows, [2]string{"Last attempt to collect", s.outcome})
	}
	if len(st.Unpaid) > 0 {
		rows = append(rows, [2]string{"Unpaid", strings.Join(st.Unpaid, ", ")})
	}
	if st.Ended() {
		rows = append(rows, [2]string{"Ended", st.EndedAt.Format(time.RFC3339) + ", " + st.EndReason})
	}
	if s.askedToStop() {
		rows = append(rows, [2]string{"Cancellation", "requested of the workflow, which goes on: `starter subscription cancel` ends a subscription"})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| Subscription | %s |\n|---|---|\n", st.ID)
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	return b.String()
}

// nextAction says in words what the subscription will do by itself.
func (s *subscriptionRun) nextAction() string {
	due, ok := s.state.NextDue()
	if !ok {
		return "nothing until somebody asks"
	}
	at := due.UTC().Format("2006-01-02 15:04 MST")
	if planned, _, is := s.state.PlannedFor(due); is {
		return fmt.Sprintf("%s, as planned, on %s", planned.Kind, at)
	}
	switch s.state.Status {
	case subscription.Scheduled:
		return "start on " + at
	case subscription.Trialing:
		return "end the trial on " + at
	}
	if reason, ends := s.state.EndsAtBoundary(); ends {
		return "end on " + at + " (" + reason + ")"
	}
	switch {
	case s.state.PausesAtBoundary():
		return "pause on " + at
	case s.state.PassesBoundary():
		return fmt.Sprintf("let period no. %d begin in the pause on %s", s.state.Cycle+2, at)
	}
	return fmt.Sprintf("bill period no. %d on %s", s.state.Cycle+2, at)
}
