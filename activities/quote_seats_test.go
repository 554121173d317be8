package activities_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// workspace is a random time line of a subscription whose seats follow its members.
type workspace struct {
	timeline
	agreed  fairbilling.Agreement
	actions []action
}

// action is what a member does, told at an instant, perhaps later than the day on which it was.
type action struct {
	at     time.Time
	member string
	left   bool
	on     calendar.Date
}

const workspaceDays = 200

// randomWorkspace has some ten members who come, go and do something now and then, and an owner who changes plans and pauses.
func randomWorkspace(t *testing.T, seed uint64) workspace {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 28))
	zoneName := []string{"Europe/London", "Asia/Kolkata", "Pacific/Apia", "America/New_York"}[seed%4]
	zone, err := calendar.LoadZone(zoneName)
	require.NoError(t, err)
	id := fmt.Sprintf("workspace%d", seed)
	start := day0.Add(time.Duration(rng.IntN(30*24)) * time.Hour)
	w := workspace{
		timeline: timeline{customer: id, zone: zoneName, until: start.AddDate(0, 0, 2*workspaceDays)},
		agreed: fairbilling.Agreement{Policy: fairbilling.Policy{
			WindowDays: []int{28, 28, 7, 1}[rng.IntN(4)], MinimumSeats: int64(rng.IntN(3)),
		}},
	}
	first := event{at: start, action: "subscribe", subscription: id, plan: []string{"seats", "roomy", "seats-ramp"}[rng.IntN(3)]}
	if rng.IntN(3) == 0 {
		first.seats = int64(1 + rng.IntN(4))
	}
	w.entries = append(w.entries, first)
	for n := range rng.IntN(5) {
		w.agreed.Members = append(w.agreed.Members, fairbilling.Arrival{
			ID: fmt.Sprintf("m%d", n), LastActive: zone.DateOf(start).AddDays(-rng.IntN(40)),
		})
	}
	for range 120 {
		a := action{at: start.Add(time.Duration(rng.IntN(workspaceDays*24*3600)) * time.Second), member: fmt.Sprintf("m%d", rng.IntN(12)), left: rng.IntN(14) == 0}
		if rng.IntN(5) == 0 {
			a.on = zone.DateOf(a.at).AddDays(-rng.IntN(20))
		}
		w.actions = append(w.actions, a)
	}
	for range 5 {
		w.entries = append(w.entries, w.randomCommand(rng, start))
	}
	slices.SortStableFunc(w.actions, func(a, b action) int { return a.at.Compare(b.at) })
	slices.SortStableFunc(w.entries, func(a, b event) int { return a.at.Compare(b.at) })
	return w
}

func (w workspace) randomCommand(rng *rand.Rand, start time.Time) event {
	e := event{
		at: start.Add(time.Duration(rng.IntN(workspaceDays*24*3600)) * time.Second), subscription: w.entries[0].subscription,
		when: []quote.When{quote.Now, quote.Now, quote.PeriodEnd}[rng.IntN(3)],
	}
	switch e.action = []string{"change", "change", "change", "pause", "resume", "resume", "cancel"}[rng.IntN(7)]; e.action {
	case "change":
		e.plan = []string{"seats", "roomy", "seats-yearly", "metered"}[rng.IntN(4)]
		e.billNext = e.when == quote.Now && rng.IntN(8) == 0
		if rng.IntN(6) == 0 {
			e.seats = 7
		}
		if e.plan == "roomy" {
			e.addOns, _ = subscription.AddOns{}.Changed(subscription.HeldAddOn{ID: "support", Quantity: int64(rng.IntN(2))})
		}
	case "pause", "resume":
		e.when = quote.Now
	case "cancel":
		e.at = e.at.AddDate(0, 0, workspaceDays/3)
	}
	return e
}

// scenario is the time line for the quote, with the members.
func (w workspace) scenario(t *testing.T) string {
	t.Helper()
	var whole map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.timeline.scenario(t)), &whole))
	entries := whole["timeline"].([]any)
	for _, entry := range entries {
		fields := entry.(map[string]any)
		if subscribe, is := fields["subscribe"].(map[string]any); is {
			subscribe["fair_billing"] = w.agreed
		}
		if change, is := fields["change"].(map[string]any); is && change["seats"] == 0.0 {
			delete(change, "seats")
		}
	}
	for _, a := range w.actions {
		activity := map[string]any{"subscription": w.customer, "member": a.member, "on": a.on}
		if a.left {
			activity["event"] = quote.Left
		}
		entries = append(entries, map[string]any{"at": a.at, "activity": activity})
	}
	whole["timeline"] = entries
	text, err := json.Marshal(whole)
	require.NoError(t, err)
	return string(text)
}

// happen plays the time line in earnest. What is refused of members is not compared: the records are told in batches.
func (w workspace) happen(b *bundle) *history {
	b.t.Helper()
	require.NoError(b.t, b.AddCustomer(b.ctx, store.Customer{
		ID: w.customer, EntityID: "acme", Name: w.customer, Email: w.customer + "@example.com", Country: "GB", PostalCode: "W1A 1AA",
		Zone: w.zone, Currency: "EUR", Locale: "en-GB", CreatedAt: day0,
	}))
	h := &history{bundle: b}
	actions := w.actions
	act := func(until time.Time) {
		for len(actions) > 0 && actions[0].at.Before(until) {
			h.advance(actions[0].at)
			h.act(w, actions[0])
			actions = actions[1:]
		}
		h.advance(until)
	}
	for i, e := range w.entries {
		act(e.at)
		switch {
		case e.action == "subscribe":
			in := agreement(e.subscription, w.customer, e.plan, e.seats, "EUR")
			in.StartAt, in.Terms.AddOns, in.FairBilling = e.at, e.addOns, &w.agreed
			opened, err := b.billing.OpenSubscription(b.ctx, in)
			require.NoError(b.t, err)
			require.Nil(b.t, opened.Refusal)
			again, err := b.billing.OpenSubscription(b.ctx, in)
			require.NoError(b.t, err)
			require.Equal(b.t, opened, again, "the activity may run twice")
			h.states = append(h.states, opened.State)
		case e.action == "change" && e.seats == 0 && e.plan != "metered":
			e.seats = h.states[0].Terms.Seats // what a caller knows who names no seats
			h.command(i, e)
		default:
			h.command(i, e)
		}
	}
	act(w.until)
	return h
}

// act tells the records what a member did.
func (h *history) act(w workspace, a action) {
	h.t.Helper()
	zone, err := calendar.LoadZone(w.zone)
	require.NoError(h.t, err)
	day := a.on
	if day.IsZero() {
		day = zone.DateOf(a.at)
	}
	if !a.left {
		_, err := h.AddActivity(h.ctx, w.customer, []store.MemberDay{{MemberID: a.member, Day: day}, {MemberID: a.member, Day: day}})
		require.NoError(h.t, err)
		return
	}
	_, err = h.LeaveMember(h.ctx, w.customer, a.member, day)
	if _, refused := errors.AsType[*subscription.Refusal](err); !refused && !errors.Is(err, store.ErrNotFound) {
		require.NoError(h.t, err)
	}
}

// TestSeatsFollowMembersAsQuoted plays random workspaces as a quote and on a real Postgres: with members who come, go, and
// of whom is known late what they did, with changes, pauses and ends.
func TestSeatsFollowMembersAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	seen := map[string]int{}
	for seed := range uint64(60) {
		w := randomWorkspace(t, seed)
		scenario, err := quote.Parse(strings.NewReader(w.scenario(t)))
		require.NoError(t, err, "seed %d", seed)
		quoted, err := quote.Run(t.Context(), scenario)
		require.NoError(t, err, "seed %d: %s", seed, w.scenario(t))
		happened := w.happen(b)
		require.Equal(t, withoutMembers(quotedRefusals(quoted)), happened.refused, "seed %d: %s", seed, w.scenario(t))
		require.Equal(t, quotedStatements(quoted), happened.statements(w.customer), "seed %d: %s", seed, w.scenario(t))
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, w.scenario(t))
		require.Equal(t, quoted.Subscriptions[0].PlanCredit.Minor, happened.planCredit(w.customer), "seed %d", seed)
		count(seen, quoted)
		for _, s := range quoted.Seats {
			for _, e := range s.Entries {
				seen[string(e.Kind)]++
			}
		}
		for _, r := range quoted.Refused {
			seen[r.Code]++
		}
		for _, i := range quoted.Invoices {
			for _, d := range i.Discounts {
				seen[d.Discount]++
			}
		}
	}
	for _, what := range []string{
		"started", "charged", "took_over", "credited", "kept", "adjustment", "proration_credit", "plan-credit", "seats_follow_members", "bill_now", "member_left",
	} {
		require.Positive(t, seen[what], "the time lines must be worth playing: %s", what)
	}
	b.salesBooked()
	faults, err := b.PlanCreditFaults(b.ctx)
	require.NoError(t, err)
	require.Empty(t, faults)
	for month := range 12 {
		b.simulated(otherCatalogue, monthOf(time.January+time.Month(month)))
	}
}

// withoutMembers are the refusals of commands.
func withoutMembers(refused []string) []string {
	return append([]string(nil), slices.DeleteFunc(refused, func(r string) bool {
		return slices.ContainsFunc([]string{"member_left", "member_unknown", "left_before_joining"}, func(code string) bool { return strings.HasSuffix(r, code) })
	})...)
}

func quotedStatements(r quote.Result) []string {
	var all []string
	for _, s := range r.Seats {
		text := fmt.Sprintf("%s %s charges %d credits %d:", s.Charge, s.Period.Start.Clock().UTC().Format(time.RFC3339), s.Charges.Minor, s.Credits.Minor)
		for _, e := range s.Entries {
			text += fmt.Sprintf(" %s %s %s %d/%d %d;", e.On, e.Member, e.Kind, e.Days, e.Of, e.Amount.Minor)
		}
		all = append(all, text)
	}
	return all
}

func (h *history) statements(subscriptionID string) []string {
	h.t.Helper()
	statements, err := h.SeatStatements(h.ctx, subscriptionID, time.Time{}, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(h.t, err)
	var all []string
	for _, s := range statements {
		entries, err := h.SeatEntries(h.ctx, []int64{s.ID}, "")
		require.NoError(h.t, err)
		text := fmt.Sprintf("%s %s charges %d credits %d:", s.ChargeID, s.PeriodStart.UTC().Format(time.RFC3339), s.Charges, s.Credits)
		for _, e := range entries {
			text += fmt.Sprintf(" %s %s %s %d/%d %d;", e.Day, e.MemberID, e.Kind, e.Days, e.Of, e.Amount)
		}
		all = append(all, text)
	}
	return all
}

// planCredit is what there is or, in the end, what has expired.
func (h *history) planCredit(subscriptionID string) int64 {
	h.t.Helper()
	entries, err := h.PlanCreditEntries(h.ctx, subscriptionID)
	require.NoError(h.t, err)
	left := int64(0)
	for _, e := range entries {
		left += e.Amount
	}
	if n := len(entries); h.states[0].Ended() && n > 0 && entries[n-1].Kind == store.PlanCreditExpired {
		require.Zero(h.t, left)
		return -entries[n-1].Amount
	}
	return left
}
