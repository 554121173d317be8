package subscription_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
)

var update = flag.Bool("update", false, "write docs/subscription-states.md anew")

const statesDoc = "../../docs/subscription-states.md"

// standing is a state of the table, in words.
type standing struct {
	name  string
	state subscription.State
}

func standings() []standing {
	return []standing{
		{"scheduled", scheduled(0)},
		{"trialing", trialing()},
		{"active", active(0)},
		{"active, to end with its period", ending()},
		{"active, a pause planned", planning()},
		{"held", held()},
		{"past_due", pastDue()},
		{"paused", paused()},
		{"paused, keep", pausedAs(subscription.PauseKeep)},
		{"paused, extend", pausedAs(subscription.PauseExtend)},
		{"canceled", canceled()},
	}
}

const ok = ""

// asking is a row of the table: a command, and for each standing, in their order, "" if it is accepted or the code of the refusal.
type asking struct {
	name    string
	command subscription.Command
	want    [11]string
}

func askings() []asking {
	late := day(5)
	asked := func(kind subscription.Kind) subscription.Command { return command(kind, late) }
	pause := func(mode subscription.PauseMode) subscription.Command {
		return pausing(mode, asked(subscription.Pause))
	}
	crediting := asked(subscription.Cancel)
	crediting.CreditUnused = true
	noSeats := team
	noSeats.Seats = 0
	return []asking{
		{"change", asked(subscription.ChangeTerms), [11]string{"cannot_change", ok, ok, ok, ok, "held_for_review", ok, "cannot_change", "cannot_change", "cannot_change", "subscription_canceled"}},
		{"change to no seats", to(noSeats, asked(subscription.ChangeTerms)), [11]string{"cannot_change", ok, ok, ok, ok, "held_for_review", ok, "cannot_change", "cannot_change", "cannot_change", "subscription_canceled"}},
		{"change, at period end", atPeriodEnd(asked(subscription.ChangeTerms)), [11]string{"cannot_change", ok, ok, ok, ok, "held_for_review", ok, "cannot_change", "cannot_change", "cannot_change", "subscription_canceled"}},
		{"change, on a date in the period", on(day(10), asked(subscription.ChangeTerms)), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "subscription_canceled"}},
		{"change, on a date after the period", on(day(40), asked(subscription.ChangeTerms)), [11]string{ok, ok, ok, "after_the_end", ok, ok, ok, ok, ok, ok, "subscription_canceled"}},
		{"change to the terms in force", to(team, asked(subscription.ChangeTerms)), [11]string{"cannot_change", "nothing_to_change", "nothing_to_change", "nothing_to_change", "nothing_to_change", "held_for_review", "nothing_to_change", "cannot_change", "cannot_change", "cannot_change", "subscription_canceled"}},
		{"change to the terms in force, at period end", atPeriodEnd(to(team, asked(subscription.ChangeTerms))), [11]string{"cannot_change", "nothing_to_change", "nothing_to_change", ok, "nothing_to_change", "held_for_review", "nothing_to_change", "cannot_change", "cannot_change", "cannot_change", "subscription_canceled"}},
		{"pause, credit", pause(subscription.PauseCredit), [11]string{"cannot_pause", "cannot_pause", ok, "cancellation_pending", ok, "held_for_review", ok, "cannot_pause", "cannot_pause", "cannot_pause", "subscription_canceled"}},
		{"pause, keep", pause(subscription.PauseKeep), [11]string{"cannot_pause", "cannot_pause", ok, ok, ok, "held_for_review", ok, "cannot_pause", "cannot_pause", "cannot_pause", "subscription_canceled"}},
		{"pause, extend", pause(subscription.PauseExtend), [11]string{"cannot_pause", "cannot_pause", ok, "cancellation_pending", ok, "held_for_review", ok, "cannot_pause", "cannot_pause", "cannot_pause", "subscription_canceled"}},
		{"pause, at period end", atPeriodEnd(asked(subscription.Pause)), [11]string{"cannot_pause", "cannot_pause", ok, "cancellation_pending", ok, "held_for_review", ok, "cannot_pause", "cannot_pause", "cannot_pause", "subscription_canceled"}},
		{"pause, on a date", on(day(10), asked(subscription.Pause)), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "subscription_canceled"}},
		{"resume", asked(subscription.Resume), [11]string{"cannot_resume", "cannot_resume", "cannot_resume", "cannot_resume", "cannot_resume", "cannot_resume", "cannot_resume", ok, ok, ok, "subscription_canceled"}},
		{"resume, at period end", atPeriodEnd(asked(subscription.Resume)), [11]string{"cannot_resume", "cannot_resume", "cannot_resume", "cannot_resume", "cannot_resume", "cannot_resume", "cannot_resume", "no_period_to_end", ok, "no_period_to_end", "subscription_canceled"}},
		{"resume, on a date", on(day(10), asked(subscription.Resume)), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "subscription_canceled"}},
		{"cancel", asked(subscription.Cancel), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "subscription_canceled"}},
		{"cancel, with credit", crediting, [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "subscription_canceled"}},
		{"cancel, at period end", atPeriodEnd(asked(subscription.Cancel)), [11]string{"no_period_to_end", ok, ok, ok, ok, ok, ok, "no_period_to_end", ok, "no_period_to_end", "subscription_canceled"}},
		{"cancel, on a date", on(day(10), asked(subscription.Cancel)), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "subscription_canceled"}},
		{"reactivate", asked(subscription.Reactivate), [11]string{"nothing_to_reactivate", "nothing_to_reactivate", "nothing_to_reactivate", ok, "nothing_to_reactivate", "nothing_to_reactivate", "nothing_to_reactivate", "nothing_to_reactivate", "nothing_to_reactivate", "nothing_to_reactivate", ok}},
		{"reactivate, on a date", on(day(10), asked(subscription.Reactivate)), [11]string{"cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan"}},
		{"transfer", asked(subscription.Transfer), [11]string{ok, ok, ok, ok, ok, "held_for_review", ok, ok, ok, ok, "subscription_canceled"}},
		{"transfer, at period end", atPeriodEnd(asked(subscription.Transfer)), [11]string{"no_period_to_end", ok, ok, "cancellation_pending", ok, "held_for_review", ok, "no_period_to_end", ok, "no_period_to_end", "subscription_canceled"}},
		{"transfer, on a date", on(day(10), asked(subscription.Transfer)), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "subscription_canceled"}},
		{"withdraw a planned command", asked(subscription.Withdraw), [11]string{"not_planned", "not_planned", "not_planned", "not_planned", ok, "not_planned", "not_planned", "not_planned", "not_planned", "not_planned", "subscription_canceled"}},
		{"charge on the next invoice", charging(true, asked(subscription.Charge)), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, "no_next_invoice"}},
		{"charge now", charging(false, asked(subscription.Charge)), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}},
		{"charge, on a date", on(day(10), charging(false, asked(subscription.Charge))), [11]string{"cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan", "cannot_plan"}},
		{"cancel a charge", asked(subscription.CancelCharge), [11]string{ok, ok, ok, ok, ok, ok, ok, ok, ok, ok, ok}},
		{"bill late usage", asked(subscription.BillLate), [11]string{"not_ended", "not_ended", "not_ended", "not_ended", "not_ended", "not_ended", "not_ended", "not_ended", "not_ended", "not_ended", ok}},
		{"release", asked(subscription.Release), [11]string{"cannot_release", "cannot_release", "cannot_release", "cannot_release", "cannot_release", ok, "cannot_release", "cannot_release", "cannot_release", "cannot_release", "subscription_canceled"}},
		{"something else", asked("explode"), [11]string{"command_unknown", "command_unknown", "command_unknown", "command_unknown", "command_unknown", "command_unknown", "command_unknown", "command_unknown", "command_unknown", "command_unknown", "subscription_canceled"}},
	}
}

func TestEveryCommandInEveryState(t *testing.T) {
	t.Parallel()
	for _, row := range askings() {
		for i, from := range standings() {
			require.Equal(t, row.want[i], code(t, from.state, row.command), "%s when %s", row.name, from.name)
			due, acts := from.state.NextDue()
			if row.want[i] == ok && (!acts || row.command.At.Before(due)) { // else the owner lets what is due come first
				requirePossible(t, carriedOut(from.state, row.command))
			}
		}
	}
}

// The page is drawn from the table that the test above proves: run with -update after a change of the rules.
func TestStatesDoc(t *testing.T) {
	t.Parallel()
	page := drawStates(t)
	if *update {
		require.NoError(t, os.WriteFile(statesDoc, page, 0o600))
	}
	written, err := os.ReadFile(statesDoc)
	require.NoError(t, err)
	require.Equal(t, string(page), string(written), "out of date: go test ./billing/subscription -update")
}

func drawStates(t *testing.T) []byte {
	t.Helper()
	var page bytes.Buffer
	page.WriteString(`# The states of a subscription

Drawn from the table in ` + "`billing/subscription/table_test.go`" + `, which is also the test of these rules.

` + "```mermaid\nstateDiagram-v2\n" + `    [*] --> scheduled: is agreed
    scheduled --> trialing: begins, if the plan has a trial
    scheduled --> active: begins
    trialing --> active: the trial ends
    active --> active: the period ends
    active --> held: the first payment is to be reviewed
    active --> past_due: a payment fails
    past_due --> active: the last unpaid invoice is paid or given up
    active --> canceled: the term ends, or a cancellation at the period's end
    past_due --> canceled: dunning gives up
`)
	for _, arrow := range arrows(t) {
		fmt.Fprintf(&page, "    %s\n", arrow)
	}
	page.WriteString("```\n\n" + `A pause does one of three things with the period under way:

| Mode | Paid time that is left | While paused | On resuming |
|---|---|---|---|
| ` + "`credit`" + ` (default) | credited | no period begins | a new period begins, and its day is the anchor |
| ` + "`keep`" + ` | passes | periods follow each other and are not charged | the period goes on; one that began in the pause is charged for its rest |
| ` + "`extend`" + ` | is served later | no period begins | the period's end and the anchor move by the civil days of the pause |

What is accepted (✓), or the code of the refusal:

`)
	names := make([]string, 0, len(standings()))
	for _, s := range standings() {
		names = append(names, s.name)
	}
	fmt.Fprintf(&page, "| | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, row := range askings() {
		cells := make([]string, len(names))
		for i, refused := range row.want {
			cells[i] = "✓"
			if refused != ok {
				cells[i] = "`" + refused + "`"
			}
		}
		fmt.Fprintf(&page, "| %s | %s |\n", row.name, strings.Join(cells, " | "))
	}
	page.WriteString(`
A command on a date is planned, and refused on its day if the subscription does not stand so that it could be carried out: ` + "`subscription show`" + `
lists what is planned and what was missed. One planned for the very instant of a boundary takes effect at that boundary, before the next
period is billed.

How many seats there may be is up to the plan, in every state: [catalogue.md](catalogue.md#how-many-seats).
`)
	return page.Bytes()
}

// arrows are the transitions that commands make at once, found by making them.
func arrows(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, row := range askings() {
		if row.command.AtPeriodEnd || !row.command.On.IsZero() || row.command.CreditUnused {
			continue
		}
		for i, from := range standings() {
			if row.want[i] != ok {
				continue
			}
			next := carriedOut(from.state, row.command)
			arrow := fmt.Sprintf("%s --> %s: %s", from.state.Status, next.Status, row.command.Kind)
			if next.Status != from.state.Status && !slices.Contains(found, arrow) {
				found = append(found, arrow)
			}
		}
	}
	slices.Sort(found)
	return found
}
