package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// advance carries out, in the order of their instants, all that falls due by itself until an instant, which is included:
// what happens at a boundary belongs to what begins there. Subscriptions of one instant follow each other as they were agreed;
// credit that is bought by itself comes after them. The instant may depend on the zone; last is where it comes last.
func (w *world) advance(ctx context.Context, last time.Time, until func(calendar.Zone) time.Time) error {
	for {
		next, due := w.nextBoundary(last, until)
		if looking, at := w.nextLook(until); looking && (next == nil || at.Before(due)) {
			if err := w.topUpAll(ctx, at); err != nil {
				return err
			}
			continue
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
		if err := w.topUpAll(ctx, due); err != nil {
			return err
		}
	}
}

// nextBoundary is the first boundary that falls due until an instant, and whose it is. A subscription whose own instant is before
// the last of all does nothing any more when that has passed.
func (w *world) nextBoundary(last time.Time, until func(calendar.Zone) time.Time) (*book, time.Time) {
	for {
		next, due, ok := w.agenda.next()
		if !ok || due.After(last) {
			return nil, time.Time{}
		}
		if !due.After(until(next.zone)) {
			return next, due
		}
		w.agenda.drop()
	}
}

// end is the scenario's last instant, where it comes last.
func (w *world) end() time.Time {
	var end time.Time
	for _, b := range w.books {
		if at := w.scenario.Until.In(b.zone); at.After(end) {
			end = at
		}
	}
	return end
}

// miss notes that a planned command was refused on its day, which changed nothing else.
func (b *book) miss(at time.Time, refused *subscription.Refusal) error {
	planned, _, is := b.state.PlannedFor(at)
	if !is {
		return refused
	}
	b.become(lifecycle.Missed(b.state, at, refused))
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
	b.await()
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
	b.become(state)
}
