package lifecycle_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
)

func chatPlans(t *testing.T) []catalog.Plan {
	t.Helper()
	plans, err := catalog.Parse(strings.NewReader(`[
	 {"id":"chat","version":1,"name":"Chat","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
	  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2b","prices":{"USD":{"model":"per_unit","unit_amount":"30"}}}]},
	 {"id":"plus","version":1,"name":"Plus","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
	  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2b","prices":{"USD":{"model":"per_unit","unit_amount":"60"}}}]},
	 {"id":"tried","version":1,"name":"Tried","interval":{"unit":"month","count":1},"trial_days":14,"proration":"day","billed_by":"renewal","charges":[
	  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2b","prices":{"USD":{"model":"per_unit","unit_amount":"30"}}}]},
	 {"id":"flat","version":1,"name":"Flat","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
	  {"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2b","prices":{"USD":{"model":"flat","flat_amount":"5"}}}]}]`))
	require.NoError(t, err)
	return plans
}

// workspace begins on 1 April 2027 with members who acted last on the given days of April.
func workspace(t *testing.T, plan string, acted map[string]int) *life {
	t.Helper()
	z, err := calendar.LoadZone("America/New_York")
	require.NoError(t, err)
	l := &life{t: t, zone: z, plans: chatPlans(t), owner: "cus_1"}
	l.Plans = l.Plan
	l.fair = &lifecycle.FairBilling{Policy: fairbilling.DefaultPolicy()}
	for id, day := range acted {
		l.members = append(l.members, fairbilling.Member{ID: id, Since: calendar.Date{Year: 2027, Month: 4, Day: 1}.AddDays(day - 1)})
	}
	at := l.local("2027-04-01")
	terms := subscription.Terms{PlanID: plan, PlanVersion: 1, Seats: 1}
	l.state = subscription.New("sub_1", l.owner, terms, catalog.ByRenewal, at, 0)
	l.until(at)
	return l
}

// told are the statements that were made, a text each.
func (l *life) told() []string {
	var all []string
	for _, s := range l.kept {
		text := ""
		for _, e := range s.Entries {
			text += fmt.Sprintf("%s %s %02d %d/%d %s; ", e.Member, e.Kind, e.On.Day, e.Days, e.Of, e.Amount.Decimal())
		}
		all = append(all, strings.TrimSuffix(text, "; "))
	}
	return all
}

// seatLife is what came of a workspace.
type seatLife struct {
	name     string
	plan     string
	acted    map[string]int
	do       func(l *life)
	invoices []string
	told     []string
	expired  []string
}

func seatLives(t *testing.T) []seatLife {
	t.Helper()
	change := func(plan string) subscription.Command {
		return subscription.Command{Kind: subscription.ChangeTerms, Terms: &subscription.Terms{PlanID: plan, PlanVersion: 1}}
	}
	credit := subscription.Command{Kind: subscription.Cancel, CreditUnused: true}
	return []seatLife{
		{
			name: "when the trial is over", plan: "tried", acted: map[string]int{"ada": 1, "bob": 10, "cid": -20},
			do:       func(l *life) { l.until(l.local("2027-04-15")) },
			invoices: []string{"cycle: recurring tried/seat USD 60.00;"},
		},
		{
			name: "after a change of plan", plan: "chat", acted: map[string]int{"ada": 1, "bob": -20, "cid": 5},
			do: func(l *life) { require.Empty(t, l.do("2027-04-16", change("plus"))) },
			invoices: []string{
				"cycle: recurring chat/seat USD 60.00;",
				// Ada and Cid from now on; Cid took nobody's seat over.
				"change: proration_credit chat/seat USD -30.00 15/30; proration_charge plus/seat USD 60.00 15/30; adjustment /member:seat-2027-04-05-003 USD 11.00;",
			},
			// 60.00 for half a month of two seats is 30.00; Bob's window ends on the 8th.
			told: []string{"ada started 01 15/15 15; bob started 01 15/15 15; cid charged 05 11/15 11; bob credited 08 8/15 -8"},
		},
		{
			name: "when somebody else takes the subscription over", plan: "chat", acted: map[string]int{"ada": 1, "bob": -20},
			do: func(l *life) {
				require.Empty(t, l.do("2027-04-16", subscription.Command{Kind: subscription.Transfer, Customer: "cus_2"}))
			},
			invoices: []string{
				"cycle: recurring chat/seat USD 60.00;", "change: proration_credit chat/seat USD -30.00 15/30;", "change: proration_charge chat/seat USD 15.00 15/30;",
			},
			told:    []string{"ada started 01 15/15 15; bob started 01 15/15 15; bob credited 08 8/15 -8"},
			expired: []string{"subscription transferred"},
		},
		{
			name: "when a period goes on that began in a pause", plan: "chat", acted: map[string]int{"ada": 20, "bob": -20},
			do: func(l *life) {
				require.Empty(t, l.do("2027-04-05", subscription.Command{Kind: subscription.Pause, Mode: subscription.PauseKeep}))
				require.Empty(t, l.do("2027-05-11", subscription.Command{Kind: subscription.Resume}))
			},
			invoices: []string{"cycle: recurring chat/seat USD 30.00;", "change: proration_charge chat/seat USD 20.32 21/31;"},
			told:     []string{"bob started 01 30/30 30"}, // what happens in the pause is nobody's activity
		},
		{
			name: "to a plan without seats and back", plan: "chat", acted: map[string]int{"ada": 1, "bob": 12},
			do: func(l *life) {
				require.Empty(t, l.do("2027-04-16", change("flat")))
				require.Empty(t, l.do("2027-04-26", change("chat")))
			},
			invoices: []string{
				"cycle: recurring chat/seat USD 30.00;",
				"change: proration_credit chat/seat USD -15.00 15/30; proration_charge flat/fee USD 2.50 15/30; adjustment /member:seat-2027-04-12-002 USD 4.00;",
				"change: proration_credit flat/fee USD -0.83 5/15; proration_charge chat/seat USD 10.00 5/30;",
			},
			told: []string{"ada started 01 15/15 15; bob charged 12 4/15 4"},
		},
		{
			name: "and settled when it ends", plan: "chat", acted: map[string]int{"ada": 1, "bob": -20},
			do:       func(l *life) { require.Empty(t, l.do("2027-04-16", credit)) },
			invoices: []string{"cycle: recurring chat/seat USD 60.00;", "final: proration_credit chat/seat USD -30.00 15/30;"},
			told:     []string{"ada started 01 15/15 15; bob started 01 15/15 15; bob credited 08 8/15 -8"},
			expired:  []string{"subscription ended"},
		},
	}
}

func TestSeatsAreCountedWheneverTheyAreCharged(t *testing.T) {
	t.Parallel()
	for _, test := range seatLives(t) {
		l := workspace(t, test.plan, test.acted)
		test.do(l)
		require.Equal(t, test.invoices, l.shown(0), test.name)
		require.Equal(t, test.told, l.told(), test.name)
		require.Equal(t, test.expired, l.expired, test.name)
	}
}

func TestWhatSeatsThatFollowMembersRefuse(t *testing.T) {
	t.Parallel()
	terms := func(seats int64) *subscription.Terms {
		return &subscription.Terms{PlanID: "plus", PlanVersion: 1, Seats: seats}
	}
	for code, command := range map[string]subscription.Command{
		"seats_follow_members": {Kind: subscription.ChangeTerms, Terms: terms(7)},
		"bill_now":             {Kind: subscription.ChangeTerms, Terms: terms(0), BillNext: true},
		"cannot_extend":        {Kind: subscription.Pause, Mode: subscription.PauseExtend},
		"plan_unknown":         {Kind: subscription.ChangeTerms, Terms: &subscription.Terms{PlanID: "none", PlanVersion: 1}},
	} {
		l := workspace(t, "chat", map[string]int{"ada": 1})
		require.Equal(t, code, l.do("2027-04-16", command))
	}
	l := workspace(t, "chat", map[string]int{"ada": 1})
	require.Empty(t, l.do("2027-04-16", subscription.Command{Kind: subscription.ChangeTerms, Terms: terms(1)}), "as many as there are is no change of seats")
	require.Empty(t, l.do("2027-04-17", subscription.Command{Kind: subscription.ChangeTerms, Terms: &subscription.Terms{PlanID: "chat", PlanVersion: 1}, AtPeriodEnd: true}))
	l.until(l.local("2027-05-02"))
	require.Equal(t, "chat", l.state.Terms.PlanID)
}

func TestFairBillingNeedsSeatsInAdvance(t *testing.T) {
	t.Parallel()
	flat := chatPlans(t)[3]
	_, err := lifecycle.Agreement{}.SeatMembers(fairbilling.Agreement{Policy: fairbilling.DefaultPolicy()}, flat, calendar.Zone{})
	refused, is := asRefusal(err)
	require.True(t, is)
	require.Equal(t, "fair_billing_without_seats", refused.Code)
}
