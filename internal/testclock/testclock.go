// Package testclock gives customers a billing time of their own: it moves their workflows through months in seconds on
// a development Temporal server, whose time skipping is per workflow.
//
// Everything attached to a clock moves in the order of its due instants, so that a subscription, its dunning and the
// month's run never see each other's past as future: of each customer, only what is due first moves, and nothing else of
// that customer moves until it has come to rest. Customers do not depend on each other, so they move side by side, until
// an instant that concerns all: the month's invoice run or a tax filing, which the clock starts itself because schedules
// do not skip time.
package testclock

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/store"
)

// atOnce is how many customers move at the same time.
const atOnce = 24

// Clock moves the workflows attached to one test clock.
type Clock struct {
	ID        string
	Store     *store.Store
	Temporal  client.Client
	Namespace string
	// AtShared does what falls due for everybody at an instant and returns when it is done.
	AtShared func(ctx context.Context, instant Shared) error
	// Progress, when set, is told the billing time that has been reached and what is being waited for, one thing at a time.
	Progress func(now time.Time, waitingFor string)

	telling sync.Mutex
	told    time.Time
	// quiet has, by run, how long its history was when it was found to tell nobody anything.
	quiet sync.Map
	// stood is where the clock stands while it is moved: what ended since then may not have come to rest.
	stood time.Time
}

// Advance moves everything attached to the clock to an instant, in steps from one due instant to the next.
func (c *Clock) Advance(ctx context.Context, to time.Time) error {
	clock, err := c.Store.Clock(ctx, c.ID)
	if err != nil {
		return err
	}
	if to.Before(clock.Now) {
		return fmt.Errorf("test clock %s stands at %s: it cannot go back to %s", c.ID, clock.Now.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	shared, err := c.sharedBetween(ctx, clock.Now, to)
	if err != nil {
		return err
	}
	c.stood = clock.Now
	for i, instant := range shared {
		if err := c.reach(ctx, instant.At); err != nil {
			return err
		}
		if err := c.AtShared(ctx, instant); err != nil {
			return fmt.Errorf("at %s: %w", instant.At.Format(time.RFC3339), err)
		}
		// An instant has passed when all that falls due at it is done: who is cut short before comes back to it.
		if last := i+1 == len(shared) || !shared[i+1].At.Equal(instant.At); !last {
			continue
		}
		if err := c.Store.SetClock(ctx, c.ID, instant.At); err != nil {
			return err
		}
	}
	if err := c.reach(ctx, to); err != nil {
		return err
	}
	return c.Store.SetClock(ctx, c.ID, to)
}

// reach lets everything happen that is due until an instant, of each customer the earliest first.
func (c *Clock) reach(ctx context.Context, until time.Time) error {
	for {
		due, err := c.Store.Agenda(ctx, c.ID, until)
		if err != nil {
			return err
		}
		if len(due) == 0 {
			already, err := c.atRest(ctx, until, func() (map[string]time.Time, error) { return c.ended(ctx, "") })
			if err == nil && !already {
				continue // the end of something may have made something else due
			}
			c.tell(until, "")
			return err
		}
		if err := c.settle(ctx, firstOfEach(due), until); err != nil {
			return err
		}
	}
}

// firstOfEach keeps the earliest entry of each customer; the agenda comes in order.
func firstOfEach(due []store.Due) []store.Due {
	var first []store.Due
	seen := map[string]bool{}
	for _, entry := range due {
		if !seen[entry.CustomerID] {
			seen[entry.CustomerID] = true
			first = append(first, entry)
		}
	}
	return first
}

// settle takes customers, each beginning with what is due first, to an instant, side by side.
func (c *Clock) settle(ctx context.Context, entries []store.Due, until time.Time) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, entry := range entries {
		group.Go(func() error { return c.follow(ctx, entry, until) })
	}
	return group.Wait()
}

// follow takes one customer from one due instant to the next: it moves the workflow that is due first and waits until all
// of the customer's workflows have come to rest.
func (c *Clock) follow(ctx context.Context, entry store.Due, until time.Time) error {
	for {
		c.tell(entry.At, "")
		// What was under way may have brought about something that is due earlier: then the agenda is read again.
		already, err := c.atRest(ctx, entry.At, func() (map[string]time.Time, error) { return c.alive(ctx, entry.CustomerID) })
		if err == nil && already {
			if err = c.move(ctx, entry.WorkflowID, entry.At); err == nil {
				err = c.rest(ctx, entry)
			}
		}
		if err != nil {
			return err
		}
		next, err := c.Store.NextActions(ctx, entry.CustomerID)
		if err != nil {
			return err
		}
		due := false
		for _, workflowID := range slices.Sorted(maps.Keys(next)) {
			if at := next[workflowID]; !at.After(until) && (!due || at.Before(entry.At)) {
				due, entry.WorkflowID, entry.At = true, workflowID, at
			}
		}
		if !due {
			return nil
		}
	}
}

func (c *Clock) tell(now time.Time, waitingFor string) {
	if c.Progress == nil {
		return
	}
	c.telling.Lock()
	defer c.telling.Unlock()
	if now.Before(c.told) { // a customer behind the first
		now = c.told
	}
	c.told = now
	c.Progress(now, waitingFor)
}
