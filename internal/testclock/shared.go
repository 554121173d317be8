package testclock

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// Shared is something that falls due for a whole legal entity: the run of a month, or the return of a quarter.
type Shared struct {
	At       time.Time
	EntityID string
	// Month ("2027-01") is set for an invoice run, Quarter ("2027-Q1") and Scheme for a filing.
	Month   string
	Quarter string
	Scheme  string
}

// A month is over everywhere on earth at noon UTC of the next one's first day. The run starts then; filings follow an
// hour later, so that a quarter's return contains its last month's run.
const (
	runHour    = 12
	filingHour = 13
)

// sharedBetween lists what falls due for the clock's entities in (from, to], in order.
func (c *Clock) sharedBetween(ctx context.Context, from, to time.Time) ([]Shared, error) {
	entities, err := c.Store.ClockEntities(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	var shared []Shared
	for first := firstOfMonth(from); !first.After(to); first = first.AddDate(0, 1, 0) {
		for _, entity := range entities {
			due, err := c.dueOn(ctx, entity, first)
			if err != nil {
				return nil, err
			}
			for _, instant := range due {
				if instant.At.After(from) && !instant.At.After(to) {
					shared = append(shared, instant)
				}
			}
		}
	}
	sort.SliceStable(shared, func(i, j int) bool { return shared[i].At.Before(shared[j].At) })
	return shared, nil
}

func firstOfMonth(t time.Time) time.Time {
	return time.Date(t.UTC().Year(), t.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
}

// dueOn lists what is due for an entity on the first of a month: the run of the month before and, after a quarter, the
// returns of the schemes under which it is registered. Months before the entity began are nobody's.
func (c *Clock) dueOn(ctx context.Context, entity store.Entity, first time.Time) ([]Shared, error) {
	if !first.After(entity.CreatedAt) {
		return nil, nil
	}
	ended := first.AddDate(0, -1, 0)
	due := []Shared{{At: first.Add(runHour * time.Hour), EntityID: entity.ID, Month: ended.Format("2006-01")}}
	if ended.Month()%3 != 0 {
		return due, nil
	}
	seller, err := c.Store.Seller(ctx, entity.ID)
	if err != nil {
		return nil, err
	}
	seen := map[tax.Scheme]bool{}
	for _, registration := range seller.Registrations {
		if seen[registration.Scheme] || registration.Scheme == tax.SchemeEUVAT {
			continue
		}
		seen[registration.Scheme] = true
		due = append(due, Shared{
			At: first.Add(filingHour * time.Hour), EntityID: entity.ID, Scheme: string(registration.Scheme),
			Quarter: fmt.Sprintf("%d-Q%d", ended.Year(), int(ended.Month())/3),
		})
	}
	return due, nil
}
