package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// closingOf is the closing of the period under way.
func (a Account) closingOf(ctx context.Context, state subscription.State, until time.Time) (*invoicing.Closing, error) {
	closing, err := a.closing(ctx, state.Period, until)
	if err == nil && state.Full != (calendar.Period{}) {
		closing.Full = state.Full
	}
	return closing, err
}

// closing gathers what a period is charged in arrears until an instant: its segments, each with the usage not billed yet.
// Usage that arrived too late for its own period goes to the first segment that has the meter.
func (a Account) closing(ctx context.Context, full calendar.Period, until time.Time) (*invoicing.Closing, error) {
	closing := &invoicing.Closing{Period: calendar.Period{Start: full.Start, End: until}, Full: full}
	segments, err := a.Records.Segments(ctx, full.Start, until)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, inForce := range segments {
		plan, err := a.Records.Plan(ctx, inForce.Terms)
		if err != nil {
			return nil, err
		}
		segment := invoicing.Segment{
			Period: inForce.clip(closing.Period), Terms: invoicing.Terms{Plan: plan, Seats: inForce.Terms.Seats},
		}
		for _, meter := range slices.Sorted(slices.Values(plan.Meters())) { // the order in which usage is stored
			from := segment.Period.Start
			if !seen[meter] {
				seen[meter], from = true, time.Time{}
			}
			used, err := a.Records.ClaimUsage(ctx, meter, from, segment.Period.End, full.Start)
			if err != nil {
				return nil, err
			}
			segment.Usage = append(segment.Usage, used...)
		}
		closing.Segments = append(closing.Segments, segment)
	}
	return closing, nil
}

func (s Segment) clip(to calendar.Period) calendar.Period {
	clipped := calendar.Period{Start: s.From, End: to.End}
	if clipped.Start.Before(to.Start) {
		clipped.Start = to.Start
	}
	if !s.To.IsZero() && s.To.Before(to.End) {
		clipped.End = s.To
	}
	return clipped
}

// revision gathers what the period under way was charged in advance and has not been credited.
func (a Account) revision(ctx context.Context, state subscription.State, at time.Time) (*invoicing.Revision, error) {
	billed, err := a.Records.RunningLines(ctx, at)
	if err != nil {
		return nil, err
	}
	return &invoicing.Revision{At: at.UTC(), Period: state.Period, Full: state.Full, Billed: billed}, nil
}
