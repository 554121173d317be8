package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Seating is what is remembered of a subscription whose seats follow its members, by the rules of package fairbilling.
type Seating interface {
	// FairBilling is what was agreed, nil for a subscription whose seats are charged as they are bought.
	FairBilling(ctx context.Context) (*FairBilling, error)
	// ActiveSeats is how many seats the policy charges for the members who are active on a day.
	ActiveSeats(ctx context.Context, policy fairbilling.Policy, on calendar.Date) (int64, error)
	// Members lists who may be active on a day of [from, to), with their actions in it and in the policy's window before.
	Members(ctx context.Context, policy fairbilling.Policy, from, to calendar.Date) ([]fairbilling.Member, error)
	// UnsettledLines lists what was charged in advance for time that ends at an instant, and has been neither credited nor
	// settled.
	UnsettledLines(ctx context.Context, end time.Time) ([]invoicing.BilledLine, error)
	// KeepStatement keeps what became of the seats of a line, which is settled then, and adds the credits to the plan credit.
	KeepStatement(ctx context.Context, s SeatStatement) error
	// ExpirePlanCredit ends what is left of the plan credit, and notes why.
	ExpirePlanCredit(ctx context.Context, at time.Time, why string) error
}

// FairBilling is how the seats of a subscription follow its members.
type FairBilling struct {
	fairbilling.Policy
	// FirstSeats are charged for the first paid period whoever is active; 0 if they are counted for it as well.
	FirstSeats int64
}

// SeatStatement is what became of the seats that one line charged in advance.
type SeatStatement struct {
	fairbilling.Statement
	// Key is that of the invoice with which the line is settled. If nothing is to be billed then, there is no such invoice.
	Key string
	// Line is the line, ChargeID its charge, and Period the part of its time that is settled.
	Line     invoicing.LineRef
	ChargeID string
	Period   calendar.Period
	// Through is the first day of which nothing was known yet.
	Through calendar.Date
	At      time.Time
}

// Seated is an agreement whose seats follow its members, and who they are when it begins.
type Seated struct {
	Agreement
	FairBilling

	Members []fairbilling.Member
}

// SeatMembers completes an agreement whose seats are to follow its members: if no seats were agreed on, they are those of
// the members who are active when it begins. The error begins with the field of fair that is wrong; it is a
// *subscription.Refusal if the plan has no seats that could follow anybody.
func (g Agreement) SeatMembers(fair fairbilling.Agreement, plan catalog.Plan, zone calendar.Zone) (Seated, error) {
	seated := Seated{Agreement: g, FairBilling: FairBilling{Policy: fair.Policy, FirstSeats: g.Terms.Seats}}
	if plan.BilledBy == catalog.ByInvoiceRun || !slices.ContainsFunc(plan.Charges, paysSeatsAhead) {
		return seated, refuse("fair_billing_without_seats",
			"plan %q version %d charges no seats in advance: leave fair_billing out", plan.ID, plan.Version)
	}
	if err := checkFollows(plan); err != nil {
		return seated, err
	}
	first := zone.DateOf(g.StartAt)
	var err error
	if seated.Members, err = fair.Begin(first); err == nil && g.Terms.Seats == 0 {
		seated.Terms.Seats = atLeastOne(fair.Seats(seated.Members, first))
	}
	return seated, err
}

func paysSeatsAhead(c catalog.Charge) bool {
	return c.Kind == catalog.Recurring && c.Per == catalog.PerSeat && c.Timing == catalog.Advance
}

// checkFollows refuses a plan in which the number of seats cannot be that of the members, whatever it is.
func checkFollows(plan catalog.Plan) error {
	if plan.Seats.Narrow() {
		return refuse("seats_bounded", "plan %q version %d is sold with %d to %d seats, which cannot follow members: choose one without bounds, or set minimum_seats",
			plan.ID, plan.Version, plan.Seats.Least(), plan.Seats.Most())
	}
	return nil
}

// atLeastOne keeps a price for the members who come later: it is that of the seats which were paid.
func atLeastOne(seats int64) int64 { return max(seats, 1) }

// seatNextCycle has the cycle that begins at an instant charge the members who are active then.
func (a Account) seatNextCycle(ctx context.Context, state subscription.State, plan catalog.Plan, at time.Time) (subscription.State, error) {
	fair, err := a.Records.FairBilling(ctx)
	if fair == nil || err != nil || !plan.HasSeats() || state.Cycle < 0 && fair.FirstSeats > 0 {
		return state, err
	}
	seats, err := a.Records.ActiveSeats(ctx, fair.Policy, a.Zone.DateOf(at))
	return state.SeatNextCycle(atLeastOne(seats)), err
}

// reseat has what is charged for the rest of the period under way be for the members who are active at an instant.
func (a Account) reseat(ctx context.Context, state subscription.State, at time.Time) (subscription.State, error) {
	fair, err := a.Records.FairBilling(ctx)
	if fair == nil || err != nil {
		return state, err
	}
	plan, err := a.Records.Plan(ctx, state.Terms)
	if err != nil || !plan.HasSeats() {
		return state, err
	}
	seats, err := a.Records.ActiveSeats(ctx, fair.Policy, a.Zone.DateOf(at))
	state.Terms.Seats = atLeastOne(seats)
	return state, err
}

// seatCommand is a command as it is for a subscription whose seats follow its members: nobody sets their number, and
// terms that begin at once are those of the members who are active then.
func (a Account) seatCommand(ctx context.Context, state subscription.State, c subscription.Command) (subscription.Command, error) {
	if c.Terms == nil && c.Mode != subscription.PauseExtend {
		return c, nil
	}
	fair, err := a.Records.FairBilling(ctx)
	switch {
	case fair == nil || err != nil:
		return c, err
	case c.Mode == subscription.PauseExtend:
		return c, refuse("cannot_extend",
			"subscription %s is billed for its active members, whose days go on while it is paused: pause with keep or credit", state.ID)
	case c.BillNext:
		return c, refuse("bill_now", "subscription %s is billed for its active members, which is settled when its terms change: bill the change at once", state.ID)
	case c.Terms.Seats != 0 && c.Terms.Seats != state.Terms.Seats:
		return c, refuse("seats_follow_members", "subscription %s is billed for its active members: add or remove members, and leave seats out", state.ID)
	}
	terms := *c.Terms
	if plan, err := a.Records.Plan(ctx, terms); err == nil && plan.HasSeats() { // else Offer says what is wrong with it
		if err := checkFollows(plan); err != nil {
			return c, err
		}
		later := c.AtPeriodEnd || !c.On.IsZero()
		if terms.Seats = state.Terms.Seats; terms.Seats == 0 || !later {
			seats, err := a.Records.ActiveSeats(ctx, fair.Policy, a.Zone.DateOf(c.At))
			if err != nil {
				return c, err
			}
			terms.Seats = atLeastOne(seats)
		}
	}
	c.Terms = &terms
	return c, nil
}

// Why plan credit expires.
const (
	creditEnded       = "subscription ended"
	creditTransferred = "subscription transferred"
)

// expirePlanCredit ends what members who were not active have earned: it has no value but as a part of the plan.
func (a Account) expirePlanCredit(ctx context.Context, at time.Time, why string) error {
	fair, err := a.Records.FairBilling(ctx)
	if fair == nil || err != nil {
		return err
	}
	return a.Records.ExpirePlanCredit(ctx, at, why)
}
