package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// NewFairBilling asks that a subscription's seats follow its members.
type NewFairBilling struct {
	WindowDays   int                   `json:"window_days,omitempty" doc:"For how many days an action makes active, its own included: 28 when absent."`
	MinimumSeats *int64                `json:"minimum_seats,omitempty" doc:"How many seats are billed whoever is active: 1 when absent."`
	Members      []fairbilling.Arrival `json:"members,omitempty" doc:"Who is there from the beginning, at most 1000; others can be added afterwards."`
}

// agreed is what is asked for, completed by the defaults.
func (n *NewFairBilling) agreed() *fairbilling.Agreement {
	if n == nil {
		return nil
	}
	agreed := fairbilling.Agreement{Policy: fairbilling.DefaultPolicy(), Members: n.Members}
	if n.WindowDays != 0 {
		agreed.WindowDays = n.WindowDays
	}
	if n.MinimumSeats != nil {
		agreed.MinimumSeats = *n.MinimumSeats
	}
	return &agreed
}

// MemberAction is that a member did something.
type MemberAction struct {
	Member string `json:"member" doc:"Your id of the member: 1 to 100 bytes. Nothing else is kept of them." example:"U024BE7LH"`
	At     string `json:"at" doc:"The day where the subscription is billed, or an instant." example:"2027-04-11"`
}

// MemberActivity are actions of members of one subscription.
type MemberActivity struct {
	Actions []MemberAction `json:"actions" doc:"1 to 10000 actions. Several of a member on one day count as one."`
}

// LargestActivity is how many actions a request may carry.
const LargestActivity = 10_000

// ActivityResult says what became of the actions of a request.
type ActivityResult struct {
	Accepted int   `json:"accepted" doc:"Actions in the request that are on record now."`
	New      int64 `json:"new" doc:"Days with an action of a member that were not on record before."`
	Joined   int64 `json:"joined" doc:"Members who were not on record before."`
	// Left are not stored.
	Left []MemberAction `json:"left,omitempty" doc:"Actions after their member had left, which are not stored: who comes back gets another id."`
}

// AddMemberActivity stores what members did: all of it, or nothing if an action is wrong. What is on record is not stored again.
func (s *Service) AddMemberActivity(ctx context.Context, subscriptionID string, in MemberActivity) (ActivityResult, error) {
	if n := len(in.Actions); n == 0 || n > LargestActivity {
		return ActivityResult{}, invalid("actions", "%d actions were sent: send 1 to %d at a time", n, LargestActivity)
	}
	w, err := s.workspace(ctx, subscriptionID)
	if err != nil {
		return ActivityResult{}, err
	}
	batch := make([]store.MemberDay, len(in.Actions))
	var p problems
	for i, a := range in.Actions {
		p.check(fmt.Sprintf("actions[%d].member", i), fairbilling.CheckMemberID(a.Member))
		batch[i].MemberID = a.Member
		batch[i].Day, err = w.day(a.At)
		p.check(fmt.Sprintf("actions[%d].at", i), err)
	}
	if err := p.err(); err != nil {
		return ActivityResult{}, err
	}
	added, err := s.store.AddActivity(ctx, w.row.ID, batch)
	result := ActivityResult{Accepted: len(batch) - len(added.Left), New: added.New, Joined: added.Joined}
	for _, at := range added.Left {
		result.Left = append(result.Left, in.Actions[at])
	}
	return result, err
}

// workspace is a subscription whose seats follow its members.
type workspace struct {
	row   store.Subscription
	fair  store.FairBilling
	zone  calendar.Zone
	today calendar.Date
	// latest is the latest instant that can be told of.
	latest time.Time
}

func (s *Service) workspace(ctx context.Context, subscriptionID string) (workspace, error) {
	var w workspace
	var err error
	if w.row, err = s.Subscription(ctx, subscriptionID); err != nil {
		return w, err
	}
	w.fair, err = s.store.FairBilling(ctx, w.row.ID)
	if errors.Is(err, store.ErrNotFound) {
		return w, refused("no_fair_billing",
			"the seats of subscription %s are charged as they are bought: only one that was created with fair_billing has members", w.row.ID)
	}
	if err != nil {
		return w, err
	}
	if w.zone, err = calendar.LoadZone(w.row.Zone); err != nil {
		return w, err
	}
	customer, err := s.customer(ctx, w.row.CustomerID)
	if err != nil {
		return w, err
	}
	now, err := s.now(ctx, customer)
	w.latest, w.today = now.Add(skew), w.zone.DateOf(now)
	return w, err
}

// TodayOf is the day it is where a subscription is billed.
func (s *Service) TodayOf(ctx context.Context, subscriptionID string) (calendar.Date, error) {
	w, err := s.workspace(ctx, subscriptionID)
	return w.today, err
}

// day reads a day, or the day on which an instant is where the subscription is billed. The future is not known yet.
func (w workspace) day(text string) (calendar.Date, error) {
	if text == "" {
		return calendar.Date{}, errors.New("must be given: a day such as 2027-04-11, or an instant such as 2027-04-11T10:00:00Z")
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return w.zone.DateOf(at), checkUsageTime(at, w.latest)
	}
	day, err := calendar.ParseDate(text)
	switch {
	case err != nil:
		return day, fmt.Errorf("%.60q is neither a day such as 2027-04-11 nor an instant such as 2027-04-11T10:00:00Z", text)
	case day.Compare(w.zone.DateOf(w.latest)) > 0:
		return day, fmt.Errorf("%s is in the future: it is %s where the subscription is billed", day, w.today)
	case day.Year < earliestUsage.Year():
		return day, fmt.Errorf("%s is before %d: is it in another unit?", day, earliestUsage.Year())
	}
	return day, nil
}

// Member is a member of a subscription.
type Member struct {
	ID string `json:"id"`
	// Since is the first day, Until the first one on which the member is not there any more.
	Since calendar.Date `json:"since"`
	Until calendar.Date `json:"until,omitzero"`
	// Active says that the member counts today; LastActive is the latest action that makes it so.
	Active     bool          `json:"active"`
	LastActive calendar.Date `json:"last_active,omitzero" doc:"The latest day with an action, if it still counts."`
}

func (w workspace) member(m fairbilling.Member) Member {
	shown := Member{ID: m.ID, Since: m.Since, Until: m.Until, Active: w.fair.Policy().ActiveOn(m, w.today)}
	if shown.Active {
		shown.LastActive = slices.MaxFunc(append(m.Actions, m.Since), calendar.Date.Compare)
	}
	return shown
}

// Members lists the members of a subscription by id.
func (s *Service) Members(ctx context.Context, subscriptionID, after string, limit int) (Page[Member], error) {
	limit, err := pageSize(limit)
	if err != nil {
		return Page[Member]{}, err
	}
	w, err := s.workspace(ctx, subscriptionID)
	if err != nil {
		return Page[Member]{}, err
	}
	rows, err := s.store.MembersOf(ctx, w.row.ID, after, limit+1, w.today.AddDays(-w.fair.WindowDays))
	members := make([]Member, len(rows))
	for i, row := range rows {
		members[i] = w.member(row)
	}
	return page(members, limit, func(m Member) string { return m.ID }), err
}

// RemoveMember notes that a member has left, on a day or (empty) today. What is settled stays: who is said to have left before
// leaves with the first day that is not. Repeating it changes nothing.
func (s *Service) RemoveMember(ctx context.Context, subscriptionID, memberID, on string) (Member, error) {
	w, err := s.workspace(ctx, subscriptionID)
	if err != nil {
		return Member{}, err
	}
	day := w.today
	if on != "" {
		if day, err = w.day(on); err != nil {
			return Member{}, invalid("on", "%s", err)
		}
	}
	left, err := s.store.LeaveMember(ctx, w.row.ID, memberID, day)
	if refusal, is := errors.AsType[*subscription.Refusal](err); is {
		return Member{}, refused(refusal.Code, "%s", refusal.Message)
	}
	if err != nil {
		return Member{}, named(err)
	}
	return w.member(left), nil
}
