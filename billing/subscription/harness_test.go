package subscription_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

var (
	anchor = calendar.Date{Year: 2027, Month: time.January, Day: 31}
	team   = subscription.Terms{PlanID: "team", PlanVersion: 2, Seats: 5}
	pro    = subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: 5}
)

// day is noon UTC of a day counted from 31 January 2027.
func day(n int) time.Time { return time.Date(2027, time.January, 31+n, 12, 0, 0, 0, time.UTC) }

// monthFrom is a billing period of 30 days.
func monthFrom(n int) calendar.Period { return calendar.Period{Start: day(n), End: day(n + 30)} }

func scheduled(endsAfter int) subscription.State {
	return subscription.New("sub_1", "cus_1", team, catalog.ByRenewal, day(0), endsAfter)
}

func trialing() subscription.State { return scheduled(0).StartTrial(anchor, day(14)) }

func active(endsAfter int) subscription.State {
	return scheduled(endsAfter).Reanchor(anchor).BeginCycle(monthFrom(0))
}

func pastDue() subscription.State { return active(0).PaymentFailed("inv_1") }

func held() subscription.State { return active(0).Hold("pay_1") }

func ending() subscription.State {
	return active(0).Defer(atPeriodEnd(command(subscription.Cancel, day(3))))
}

func paused() subscription.State { return pausedAs(subscription.PauseCredit) }

func pausedAs(mode subscription.PauseMode) subscription.State {
	return active(0).PauseNow(pausing(mode, command(subscription.Pause, day(3))))
}

// planning is an active subscription that is to be paused some day.
func planning() subscription.State {
	planned := on(day(9), command(subscription.Pause, day(3)))
	planned.ID = "planned"
	return active(0).Plan(planned)
}

func canceled() subscription.State {
	return active(0).CancelNow(command(subscription.Cancel, day(3)))
}

func command(kind subscription.Kind, at time.Time) subscription.Command {
	c := subscription.Command{ID: "cmd_1", Kind: kind, At: at, Actor: "customer"}
	switch kind {
	case subscription.ChangeTerms:
		to := pro
		c.Terms = &to
	case subscription.Transfer:
		c.Customer = "cus_2"
	case subscription.Withdraw:
		c.Withdraws = "planned"
	}
	return c
}

func pausing(mode subscription.PauseMode, c subscription.Command) subscription.Command {
	c.Mode = mode
	return c
}

func on(at time.Time, c subscription.Command) subscription.Command {
	c.On = at
	return c
}

func atPeriodEnd(c subscription.Command) subscription.Command {
	c.AtPeriodEnd = true
	return c
}

func charging(next bool, c subscription.Command) subscription.Command {
	c.BillNext = next
	c.Item = &invoicing.Item{
		ID: "set-up", Kind: invoicing.OneOff, Description: "Set-up", Quantity: decimal.NewFromInt(1), Unit: decimal.NewFromInt(30), TaxCategory: "saas_b2b",
	}
	return c
}

func to(terms subscription.Terms, c subscription.Command) subscription.Command {
	c.Terms = &terms
	return c
}

// code is the refusal of a command, "" for an accepted one.
func code(t require.TestingT, s subscription.State, c subscription.Command) string {
	err := s.Check(c)
	if err == nil {
		return ""
	}
	var refused *subscription.Refusal
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Message, s.ID)
	require.Equal(t, refused.Message, refused.Error())
	return refused.Code
}

// apply does what the owner of the state does with an accepted command.
func apply(t *testing.T, s subscription.State, c subscription.Command) subscription.State {
	t.Helper()
	require.NoError(t, s.Check(c))
	return carriedOut(s, c)
}

func carriedOut(s subscription.State, c subscription.Command) subscription.State {
	switch {
	case !c.On.IsZero():
		return s.Plan(c)
	case c.AtPeriodEnd:
		return s.Defer(c)
	}
	switch c.Kind {
	case subscription.ChangeTerms:
		return s.ChangeNow(c)
	case subscription.Pause:
		return s.PauseNow(c)
	case subscription.Resume:
		return resumed(s, c)
	case subscription.Reactivate:
		if s.Ended() {
			return beginsAnew(s.BeginAgain(c), c.At)
		}
		return s.KeepGoing(c)
	case subscription.Transfer:
		return s.TransferNow(c)
	case subscription.Withdraw:
		return s.WithdrawPlanned(c)
	case subscription.Charge, subscription.CancelCharge:
		return s.Noted(c)
	case subscription.Release:
		return s.ReleaseNow()
	}
	return s.CancelNow(c)
}

func resumed(s subscription.State, c subscription.Command) subscription.State {
	switch s.PauseMode {
	case subscription.PauseKeep:
		return s.ResumeInPeriod(c)
	case subscription.PauseExtend:
		days := int(c.At.Sub(*s.PausedAt) / (24 * time.Hour))
		end := s.Period.End.AddDate(0, 0, days)
		return s.ResumeExtended(c, days, end, dateOf(end))
	}
	return beginsAnew(s, c.At)
}

func beginsAnew(s subscription.State, at time.Time) subscription.State {
	return s.Reanchor(dateOf(at)).BeginCycle(calendar.Period{Start: at, End: at.AddDate(0, 0, 30)})
}

func dateOf(at time.Time) calendar.Date {
	return calendar.Date{Year: at.Year(), Month: at.Month(), Day: at.Day()}
}
