package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
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
	books     []*book // in the order in which their subscriptions were agreed
	agenda    agenda
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
	id      string
	account account.Account
	// addressee is in whose name the customer's invoices are, payer who pays them.
	addressee, payer *customer
	zone             calendar.Zone
	currency         money.Currency
	buyer            tax.Buyer
	purses           []*purse
	buckets          []*bucket // in the order of their first use
	inBucket         map[bucketKey]*bucket
	// usageEnds is when the quarter of an hour is over in which usage became known last that the customer is invoiced for.
	usageEnds time.Time
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
	// sold is credit that invoices sold. topUp is how it is bought by itself, if it is; looked is when that was looked at last.
	sold   []*sold
	topUp  *topUp
	looked time.Time
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
	err := w.attempt(do)
	w.undo = nil
	return err
}

// attempt does a part of what is done as a whole entirely or, when it fails, not at all.
func (w *world) attempt(do func() error) error {
	before := len(w.undo)
	err := do()
	if err != nil {
		w.takeBack(before)
	}
	return err
}

// trial does something and takes it back.
func (w *world) trial(do func() error) error {
	outer := w.undo
	w.undo = nil
	err := do()
	w.takeBack(0)
	w.undo = outer
	return err
}

// takeBack takes back all changes but the first ones.
func (w *world) takeBack(first int) {
	for _, undo := range slices.Backward(w.undo[first:]) {
		undo()
	}
	w.undo = w.undo[:first]
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
		if err := w.advance(ctx, step.at, func(calendar.Zone) time.Time { return step.at }); err != nil {
			return Result{}, err
		}
		if err := w.play(ctx, step); err != nil {
			return Result{}, err
		}
		if err := w.topUpAll(ctx, step.at); err != nil {
			return Result{}, err
		}
	}
	if err := w.advance(ctx, w.end(), s.Until.In); err != nil {
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
			id: c.ID, account: c.account(), zone: zone, currency: c.Currency, inBucket: map[bucketKey]*bucket{},
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
