package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// closing gathers what the period under way is charged in arrears until an instant, as far as it has not been billed.
func (a Account) closing(ctx context.Context, state subscription.State, until time.Time) (*invoicing.Closing, error) {
	closing, err := a.closingPart(ctx, state, state.Period, calendar.Period{Start: state.UnbilledFrom(), End: until})
	if err != nil {
		return nil, err
	}
	closing.Period.Start = state.Period.Start
	if state.Full != (calendar.Period{}) {
		closing.Full = state.Full
	}
	return closing, nil
}

// closingPart gathers what a part of a period is charged in arrears: its segments, each with the usage not billed yet.
// Usage that arrived too late for its own period goes to the first segment that has the meter.
func (a Account) closingPart(ctx context.Context, state subscription.State, full, part calendar.Period) (*invoicing.Closing, error) {
	closing := &invoicing.Closing{Period: part, Full: full}
	segments, err := a.Records.Segments(ctx, part.Start, part.End)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, inForce := range segments {
		plan, err := a.Records.Plan(ctx, inForce.Terms)
		if err != nil {
			return nil, err
		}
		segment := invoicing.Segment{Period: inForce.clip(closing.Period), Terms: inPhase(state, plan, inForce.Terms)}
		for _, meter := range slices.Sorted(slices.Values(segment.Terms.Meters())) { // the order in which usage is stored
			spans := []calendar.Period{segment.Period}
			if !seen[meter] {
				seen[meter] = true
				if spans, err = a.withEarlier(ctx, segment, meter, part.Start); err != nil {
					return nil, err
				}
			}
			for _, claim := range a.claims(segment.Terms, meter, spans, full.Start) {
				used, err := a.Records.ClaimUsage(ctx, claim)
				if err != nil {
					return nil, err
				}
				segment.Usage = append(segment.Usage, used...)
			}
		}
		closing.Segments = append(closing.Segments, segment)
	}
	if a.limited(closing.Segments) {
		closing.InAdvance, err = a.Records.ChargedAhead(ctx, calendar.Period{Start: part.Start, End: full.End})
	}
	return closing, err
}

// limited says that a plan among the segments limits what it costs as a whole.
func (a Account) limited(segments []invoicing.Segment) bool {
	return slices.ContainsFunc(segments, func(s invoicing.Segment) bool {
		_, limited := s.Terms.Plan.Spend[a.Currency]
		return limited
	})
}

// inPhase are terms of a plan at the prices of its phase in the period under way. Everything that is billed comes through
// here: a period is charged wholly at one phase's prices, whether it opens, closes or is revised.
func inPhase(state subscription.State, plan catalog.Plan, terms subscription.Terms) invoicing.Terms {
	return sold(plan.InPeriod(state.PeriodUnder(plan.ID)), terms)
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

// revision gathers what the period under way was charged in advance and has not been credited. Lines of earlier periods
// are none of it, also if their time is not over: who ended without credit and began again has left it behind.
func (a Account) revision(ctx context.Context, state subscription.State, at time.Time) (*invoicing.Revision, error) {
	since := a.Zone.AddDays(at, -state.Extended)
	if state.Extended == 0 {
		since = at
	} else if since.Before(state.Period.Start) {
		since = state.Period.Start
	}
	billed, err := a.Records.RunningLines(ctx, since)
	if err != nil {
		return nil, err
	}
	from := state.UnbilledFrom().Truncate(time.Microsecond) // records may keep no finer instants
	billed = slices.DeleteFunc(billed, func(b invoicing.BilledLine) bool { return b.Line.Period.Start.Before(from) })
	revision := a.changing(state, at)
	revision.Billed = billed
	return revision, nil
}

// withPending adds to an invoice the changes in the period under way that were left to it.
func (a Account) withPending(ctx context.Context, state subscription.State, facts *invoicing.Facts) error {
	for _, change := range state.Pending {
		revision, err := a.revision(ctx, state, change.At)
		if err != nil {
			return err
		}
		plan, err := a.Records.Plan(ctx, change.Terms)
		if err != nil {
			return err
		}
		next := inPhase(state, plan, change.Terms)
		revision.NewTerms = &next
		facts.Earlier = append(facts.Earlier, *revision)
	}
	return nil
}

// changing is the revision of the period under way at an instant. A period that pauses have extended has the length that is
// paid for: it is so many days later, and its end is where it now is.
func (a Account) changing(state subscription.State, at time.Time) *invoicing.Revision {
	revision := &invoicing.Revision{At: at.UTC(), Period: state.Period, Full: state.Full}
	if state.Extended == 0 {
		return revision
	}
	revision.Period.Start = a.Zone.AddDays(state.Period.Start, state.Extended)
	if revision.Period.Start.After(at) {
		revision.Period.Start = at
	}
	if state.Full != (calendar.Period{}) {
		revision.Full.Start = a.Zone.AddDays(state.Full.Start, state.Extended)
		revision.Full.End = a.Zone.AddDays(state.Full.End, state.Extended)
	}
	return revision
}
