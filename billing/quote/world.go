package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// mostBoundaries ends a scenario that would run for ever, such as one of daily periods until the year 9999.
const mostBoundaries = 100_000

// world is everything there is while a scenario is played.
type world struct {
	scenario  *Scenario
	meters    map[string]catalog.Measures
	catalog   []catalog.Plan
	seller    tax.Seller
	customers []*customer
	books     []*book // in the order in which their subscriptions began
	issued    []*document
	skipped   []Skipped
	refused   []Refused
	used      []Used
	// undo takes back, last first, what was changed since the latest thing that was done as a whole.
	undo       []func()
	boundaries int
}

// customer is who buys, with what they have and used.
type customer struct {
	id string
	// addressee is in whose name the customer's invoices are, payer who pays them.
	addressee, payer *customer
	zone             calendar.Zone
	currency         money.Currency
	buyer            tax.Buyer
	purses           []*purse
	buckets          []*bucket // in the order of their first use
	inBucket         map[bucketKey]*bucket
	// discounts are in the order in which they were redeemed, those that ended included.
	discounts []*held
	// uses are of features with a limit, in the order in which they were allowed.
	uses []used
}

// purse is what a customer has in a currency: credit, what invoices carried to the next one, and grants with their movements.
type purse struct {
	credit, carried money.Amount
	wallet          wallet.Wallet
	moved           []wallet.Movement
}

func (c *customer) purse(currency money.Currency) *purse {
	for _, p := range c.purses {
		if p.credit.Currency == currency {
			return p
		}
	}
	opened := &purse{credit: money.Zero(currency), carried: money.Zero(currency), wallet: wallet.Wallet{Currency: currency}}
	c.purses = append(c.purses, opened)
	return opened
}

// change sets a value in a way that can be taken back.
func change[T any](w *world, at *T, to T) {
	before := *at
	w.undo = append(w.undo, func() { *at = before })
	*at = to
}

// whole does something entirely or, when it fails, not at all.
func (w *world) whole(do func() error) error {
	w.undo = nil
	err := do()
	if err != nil {
		for _, undo := range slices.Backward(w.undo) {
			undo()
		}
	}
	w.undo = nil
	return err
}

// Run plays a scenario to its end. The same scenario always has the same result. Errors begin with the path of the entry
// that is wrong, or name the subscription and the instant of a boundary that cannot be carried out.
func Run(ctx context.Context, s *Scenario) (Result, error) {
	w, err := newWorld(s)
	if err != nil {
		return Result{}, err
	}
	steps, err := w.schedule()
	if err != nil {
		return Result{}, err
	}
	for _, step := range steps {
		if err := w.advance(ctx, func(*book) time.Time { return step.at }); err != nil {
			return Result{}, err
		}
		if err := w.play(ctx, step); err != nil {
			return Result{}, err
		}
	}
	if err := w.advance(ctx, func(b *book) time.Time { return s.Until.In(b.zone) }); err != nil {
		return Result{}, err
	}
	for _, c := range w.customers {
		for _, p := range c.purses {
			if err := p.expire(w, c, s.Until.In(c.zone)); err != nil {
				return Result{}, fmt.Errorf("customer %s: %w", c.id, err)
			}
		}
	}
	return w.result()
}

func newWorld(s *Scenario) (*world, error) {
	w := &world{scenario: s, catalog: s.Catalog.Plans(), meters: s.measures()}
	w.seller = tax.Seller{Country: s.Seller.Country, Registrations: s.Seller.Registrations}
	if w.seller.Country == "" {
		w.seller.Country = "US"
	}
	for i, c := range s.Customers {
		zone, err := calendar.LoadZone(c.Zone)
		if err != nil {
			return nil, fmt.Errorf("customers[%d].zone: %w", i, err)
		}
		w.customers = append(w.customers, &customer{
			id: c.ID, zone: zone, currency: c.Currency, inBucket: map[bucketKey]*bucket{},
			buyer: tax.Buyer{
				Country: c.Country, Region: c.Region, PostalCode: c.PostalCode, Business: c.Business, TaxID: c.TaxID, TaxIDValid: c.TaxIDValid,
			},
		})
	}
	return w, w.setParties()
}

// step is an entry of the time line with its instant.
type step struct {
	path   string
	at     time.Time
	who    *customer
	action action
}

// schedule puts the entries in the order of their instants. Those of one instant stay in the order of the file.
func (w *world) schedule() ([]step, error) {
	clocks, err := w.clocks()
	if err != nil {
		return nil, err
	}
	steps := make([]step, 0, len(w.scenario.Timeline))
	for i, entry := range w.scenario.Timeline {
		doing := entry.actions()[0]
		path := fmt.Sprintf("timeline[%d]", i)
		who, err := doing.whose(w)
		if err != nil {
			return nil, fmt.Errorf("%s.%w", path, err)
		}
		at, until := clocks[who].in(entry.At), clocks[who].in(w.scenario.Until)
		if at.After(until) {
			return nil, fmt.Errorf("%s.at: %s is after the end of the scenario (until: %s)", path, entry.At, w.scenario.Until)
		}
		steps = append(steps, step{path: path, at: at, who: who, action: doing})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return a.at.Compare(b.at) })
	return steps, nil
}

// play carries out one entry. What is refused changes nothing.
func (w *world) play(ctx context.Context, s step) error {
	err := w.whole(func() error { return s.action.do(ctx, w, s) })
	refusal, refused := errors.AsType[*subscription.Refusal](err)
	switch {
	case refused && w.scenario.Settings.Strict:
		return fmt.Errorf("%s: refused (%s): %w", s.path, refusal.Code, refusal)
	case refused:
		w.refused = append(w.refused, Refused{Path: s.path, At: local(s.at, s.who.zone), Code: refusal.Code, Message: refusal.Message})
		return nil
	case err != nil:
		return fmt.Errorf("%s.%w", s.path, err)
	}
	return nil
}

// advance carries out, in the order of their instants, all that falls due by itself until an instant, which is included:
// what happens at a boundary belongs to what begins there. Subscriptions of one instant follow each other as they began.
func (w *world) advance(ctx context.Context, until func(*book) time.Time) error {
	for {
		var next *book
		var due time.Time
		for _, b := range w.books {
			at, ok := b.nextDue()
			if ok && !at.After(until(b)) && (next == nil || at.Before(due)) {
				next, due = b, at
			}
		}
		if next == nil {
			return nil
		}
		if w.boundaries++; w.boundaries > mostBoundaries {
			return fmt.Errorf("until: more than %d billing periods begin before %s: end the scenario earlier", mostBoundaries, w.scenario.Until)
		}
		err := w.whole(func() error { return next.fallTogether(ctx, due) })
		if refused, ok := errors.AsType[*subscription.Refusal](err); ok {
			err = next.miss(due, refused)
		}
		if err != nil {
			return fmt.Errorf("subscription %s at %s: %w", next.state.ID, local(due, next.zone), err)
		}
	}
}

// miss notes that a planned command was refused on its day, which changed nothing else.
func (b *book) miss(at time.Time, refused *subscription.Refusal) error {
	planned, _, is := b.state.PlannedFor(at)
	if !is {
		return refused
	}
	b.state = lifecycle.Missed(b.state, at, refused)
	if b.w.scenario.Settings.Strict {
		return fmt.Errorf("planned command %s: refused (%s): %w", planned.ID, refused.Code, refused)
	}
	b.w.refused = append(b.w.refused, Refused{Path: planned.ID, At: local(at, b.zone), Code: refused.Code, Message: refused.Message})
	return nil
}

// nextDue is the instant at which the subscription acts by itself or the monthly run bills its month.
func (b *book) nextDue() (time.Time, bool) {
	at, ok := b.state.NextDue()
	if end, runs := b.monthEnd(); runs && (!ok || end.Before(at)) {
		return end, true
	}
	return at, ok
}

// monthEnd is when the monthly run bills the next month: as soon as it is over for the customer.
func (b *book) monthEnd() (time.Time, bool) {
	if b.month.IsZero() || b.state.Status == subscription.Scheduled {
		return time.Time{}, false
	}
	period := calendar.Cycle(b.month, monthly, b.zone, 0)
	over := b.state.EndedAt != nil && !b.state.EndedAt.After(period.Start)
	return period.End, !over
}

var monthly = calendar.Interval{Unit: calendar.Month, Count: 1}

// fallDue carries out what falls due at an instant: the subscription's own boundary, then its month.
func (b *book) fallDue(ctx context.Context, at time.Time, account lifecycle.Account) (lifecycle.Outcome, error) {
	if due, ok := b.state.NextDue(); ok && !due.After(at) {
		return account.Turn(ctx, b.state, due)
	}
	month := fmt.Sprintf("%04d-%02d", b.month.Year, b.month.Month)
	_, err := account.BillMonth(ctx, b.state, month, at)
	if err != nil && !errors.Is(err, invoicing.ErrNothingToBill) {
		return lifecycle.Outcome{}, err
	}
	change(b.w, &b.month, monthly.Nth(b.month, 1))
	return lifecycle.Outcome{State: b.state}, nil
}

// accept goes on from the state that follows. Invoices that were paid in full from a credit are not collected any more.
func (b *book) accept(outcome lifecycle.Outcome) {
	state := outcome.State
	for _, issued := range []*lifecycle.Issued{outcome.Former, outcome.Invoice} {
		if issued == nil {
			continue
		}
		for _, d := range b.invoices {
			if slices.Contains(issued.Pays, d.Key) && d.owed.IsZero() {
				state = state.CollectionEnded(d.Key)
				d.settled(b)
			}
		}
	}
	change(b.w, &b.state, state)
}
