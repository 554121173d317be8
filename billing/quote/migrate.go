package quote

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Migrate moves subscriptions to another version of their plan.
type Migrate struct {
	Plan       string   `json:"plan" doc:"The plan's id"`
	From       int      `json:"from" minimum:"1" doc:"The version that the subscriptions have"`
	To         int      `json:"to" minimum:"1" doc:"The version that they go over to"`
	When       Moment   `json:"when,omitempty" enum:"renewal,now" doc:"renewal when left out: at the end of the period under way"`
	Percent    int      `json:"percent,omitempty" minimum:"0" maximum:"100" doc:"Only this part of the subscriptions, by their ids; all when left out"`
	Customers  []string `json:"customers,omitempty" doc:"Only the subscriptions of these customers"`
	NoticeDays *int     `json:"notice_days,omitempty" minimum:"0" doc:"Leave out whoever renews in fewer days; 30 when left out. Only at renewal"`

	Prices map[string]catalog.Agreed `json:"prices,omitempty" doc:"Prices agreed for the new version, by subscription and charge id"`
}

// Moment is when a migration takes effect.
type Moment string

// When migrations take effect.
const (
	MigrateAtRenewal Moment = "renewal"
	MigrateNow       Moment = "now"
)

// whose is the first customer that it names, or of all: on whose clock the entry's time is.
func (a *Migrate) whose(w *world) (*customer, error) {
	for i, id := range a.Customers {
		if _, err := w.customer(fmt.Sprintf("migrate.customers[%d]", i), id); err != nil {
			return nil, err
		}
	}
	if len(a.Customers) > 0 {
		return w.customer("migrate.customers[0]", a.Customers[0])
	}
	return w.customers[0], nil
}

// do moves whoever can be moved. Who cannot is refused alone.
func (a *Migrate) do(ctx context.Context, w *world, s step) error {
	if err := a.check(w); err != nil {
		return fmt.Errorf("migrate.%w", err)
	}
	to, err := w.plan(subscription.Terms{PlanID: a.Plan, PlanVersion: a.To})
	if err != nil {
		return err
	}
	if _, err := w.plan(subscription.Terms{PlanID: a.Plan, PlanVersion: a.From}); err != nil {
		return err
	}
	for _, b := range w.books {
		if !a.covers(b) {
			continue
		}
		err := w.attempt(func() error { return a.move(ctx, b, s, to) })
		refusal, refused := errors.AsType[*subscription.Refusal](err)
		switch {
		case refused && !w.scenario.Settings.Strict:
			change(w, &w.refused, append(slices.Clip(w.refused), Refused{
				Path: s.path + ".migrate." + b.state.ID, At: local(s.at, b.zone), Code: refusal.Code, Message: refusal.Message,
			}))
		case err != nil:
			return err
		}
	}
	return nil
}

func (a *Migrate) check(w *world) error {
	switch {
	case a.From == a.To:
		return errors.New("to: is the version that the subscriptions have: give another")
	case a.When == MigrateNow && a.NoticeDays != nil && *a.NoticeDays > 0:
		return errors.New("notice_days: there is no time for a notice when the price changes now: leave it out, or migrate at renewal")
	}
	for _, id := range slices.Sorted(maps.Keys(a.Prices)) {
		if _, err := w.subscribed("prices."+id, id); err != nil {
			return err
		}
	}
	return nil
}

// covers says that a subscription is to be moved. Who was moved before is not moved again.
func (a *Migrate) covers(b *book) bool {
	_, before := b.done[lifecycle.MigrationID(a.Plan, a.From, a.To)]
	return !before && !b.state.Ended() && b.state.Terms.PlanID == a.Plan && b.state.Terms.PlanVersion == a.From &&
		(a.Percent == 0 || subscription.InCohort(b.state.ID, a.Percent)) &&
		(len(a.Customers) == 0 || slices.Contains(a.Customers, b.owner.id))
}

func (a *Migrate) move(ctx context.Context, b *book, s step, to catalog.Plan) error {
	terms, notice := lifecycle.MigratedTerms(b.state.Terms, to), lifecycle.UsualNotice
	if a.NoticeDays != nil {
		notice = *a.NoticeDays
	}
	id, timing := lifecycle.MigrationID(a.Plan, a.From, a.To), Timing{When: PeriodEnd}
	if a.When == MigrateNow {
		timing.When = Now
	}
	command := subscription.Command{
		ID: id, Kind: subscription.ChangeTerms, At: s.at, AtPeriodEnd: timing.When == PeriodEnd, Terms: &terms, Prices: a.Prices[b.state.ID],
	}
	if _, err := b.account().CheckMigration(b.state, command, to, notice); err != nil {
		return err
	}
	if err := b.checkPrices(ctx, "migrate.prices."+b.state.ID, terms, command.Prices); err != nil {
		return err
	}
	return b.command(ctx, s, id, timing, command)
}
