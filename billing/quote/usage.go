package quote

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/rating"
)

// Usage is summed by quarters of an hour, as it is stored: what was used in a quarter belongs where the quarter begins.
const quarter = 15 * time.Minute

// bucket is what a customer used of a meter in a quarter of an hour, and how much of it was billed.
type bucket struct {
	meter        string
	begins       time.Time
	used, billed decimal.Decimal
	// detail is what else is known of what was not billed, but for the events, which are kept with their instants.
	detail rating.Detail
	events []happened
}

// happened is an event of which only the quantity is looked at: its amount and its values are in the sums.
type happened struct {
	at       time.Time
	quantity decimal.Decimal
}

// use adds to what a customer used.
func (c *customer) use(meter string, at time.Time, usage rating.Usage) {
	key := bucketKey{meter: meter, begins: at.Truncate(quarter).Unix()}
	b, begun := c.inBucket[key]
	if !begun {
		b = &bucket{meter: meter, begins: at.UTC().Truncate(quarter)}
		c.inBucket[key] = b
		c.buckets = append(c.buckets, b)
	}
	for _, event := range usage.Events {
		b.events = append(b.events, happened{at: at, quantity: event.Quantity})
	}
	usage.Events = nil
	b.used = b.used.Add(usage.Quantity)
	b.detail = joined(b.detail, usage.Detail)
}

func (b *bucket) isBilled() bool {
	return !b.billed.LessThan(b.used) && b.detail.IsZero() && len(b.events) == 0
}

func joined(a, b rating.Detail) rating.Detail {
	return rating.Usage{Detail: a}.Plus(rating.Usage{Detail: b}).Detail
}

type bucketKey struct {
	meter  string
	begins int64 // in seconds
}

// ClaimUsage takes what the customer used of a meter in the quarters of an hour that begin in the stretch of time, and was not
// billed for. The time of a trial and of a pause is free; what was used before the subscription began is not, because nobody
// else would bill it.
func (b *book) ClaimUsage(_ context.Context, claim lifecycle.UsageClaim) ([]invoicing.Usage, error) {
	claimed := invoicing.Usage{Meter: claim.Meter}
	var events []happened
	found := false
	for _, q := range b.owner.buckets {
		if q.meter != claim.Meter || q.begins.Before(claim.From) || !q.begins.Before(claim.To) || q.isBilled() || !b.pays(q) {
			continue
		}
		found = true
		open := q.used.Sub(q.billed)
		claimed.Quantity = claimed.Quantity.Add(open)
		if q.begins.Before(claim.LateBefore) {
			claimed.Late = claimed.Late.Add(open)
		}
		claimed.Detail, events = joined(claimed.Detail, q.detail), append(events, q.events...)
		change(b.w, &q.billed, q.used)
		change(b.w, &q.detail, rating.Detail{})
		change(b.w, &q.events, nil)
	}
	if !found {
		return nil, nil
	}
	if claim.Each {
		claimed.Detail.Events = inOrder(events, claimed)
	}
	return []invoicing.Usage{claimed}, nil
}

// inOrder lists all events of the usage in the order of time, none if some are only known together.
func inOrder(events []happened, used invoicing.Usage) []rating.Event {
	slices.SortStableFunc(events, func(a, b happened) int { return a.at.Compare(b.at) })
	listed, total := make([]rating.Event, len(events)), decimal.Zero
	for i, event := range events {
		listed[i], total = rating.Event{Quantity: event.quantity}, total.Add(event.quantity)
	}
	if !total.Equal(used.Quantity) || int64(len(events)) != used.Detail.EventCount {
		return nil
	}
	return listed
}

// pays says whether a quarter of an hour is the subscription's to pay for.
func (b *book) pays(q *bucket) bool {
	if q.begins.Before(b.state.StartAt) {
		return true
	}
	return slices.ContainsFunc(b.InForce, func(s lifecycle.Segment) bool {
		return s.From.Before(q.begins.Add(quarter)) && (s.To.IsZero() || s.To.After(q.begins))
	})
}
