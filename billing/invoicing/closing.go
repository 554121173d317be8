package invoicing

import (
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/proration"
	"github.com/perennial-billing/perennial/billing/rating"
)

// closingLines charges in arrears for the period that ended, plan by plan in the order in which they came into force.
func (f Facts) closingLines() ([]Line, error) {
	if f.Closes == nil {
		return nil, nil
	}
	if err := f.Closes.check(); err != nil {
		return nil, err
	}
	var lines []Line
	for _, tenure := range f.Closes.tenures() {
		if tenure.isNothing() {
			continue
		}
		first, charges := len(lines), tenure.plan().EveryCharge()
		lines = slices.Grow(lines, len(charges))
		for _, charge := range charges {
			bought := tenure.paying(charge)
			if !f.Closes.pays(charge) || len(bought) == 0 {
				continue
			}
			var err error
			if lines, err = f.appendArrears(lines, bought, charge); err != nil {
				return nil, err
			}
		}
		if f.Closes.Late != nil && len(lines) == first {
			continue
		}
		limits, err := f.spendLines(tenure, lines[first:])
		if err != nil {
			return nil, err
		}
		lines = append(lines, limits...)
	}
	return lines, nil
}

// appendArrears adds what a charge costs in arrears, if anything, to the lines.
func (f Facts) appendArrears(lines []Line, t tenure, c catalog.Charge) ([]Line, error) {
	if c.Kind == catalog.Usage {
		line, charged, err := f.usageLine(t, c)
		if err == nil && charged {
			lines = append(lines, line)
		}
		return lines, err
	}
	full, charged := against(t.plan(), f.Closes.Period, f.Closes.Full)
	if !charged {
		return lines, nil
	}
	stretches, grain := f.Closes.payable(t, c)
	for _, stretch := range stretches {
		num, den, err := f.served(grain, full, stretch.Period)
		if err != nil {
			return nil, fmt.Errorf("plan %q charge %q: %w", t.plan().ID, c.ID, err)
		}
		if num == 0 {
			continue
		}
		served := stretch.Period
		if served.End.After(f.Closes.Period.End) {
			served.End = f.Closes.Period.End
		}
		passed, _, err := proration.Between(grain, f.Zone, full, later(full.Start, f.Closes.Period.Start), served.Start)
		if err != nil {
			return nil, fmt.Errorf("plan %q charge %q: %w", t.plan().ID, c.ID, err)
		}
		line, err := f.lineAfter(ofSeats(c, stretch.Terms, served, rating.Share{Num: num, Den: den}), passed)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// served is the part of the full period that a stretch pays for. Where nothing follows its end, the grain may count the
// day of the end, but none that a later stretch begins on.
func (f Facts) served(grain catalog.Grain, full, stretch calendar.Period) (num, den int64, err error) {
	next := f.Closes.Full.End
	if f.Opens != nil {
		next = f.Closes.Period.End
	}
	for _, segment := range f.Closes.Segments {
		if !segment.Period.Start.Before(stretch.End) && segment.Period.Start.Before(next) {
			next = segment.Period.Start
		}
	}
	if sameDay := f.Zone.DayAt(next) == f.Zone.DayAt(stretch.End); sameDay {
		return proration.Between(grain, f.Zone, full, stretch.Start, stretch.End)
	}
	return proration.Until(grain, f.Zone, full, stretch.Start, stretch.End)
}

// payable lists the stretches of a tenure that pay for a recurring charge, and the grain that prorates them: the plan's.
// A plan that does not prorate, where it takes the place of one that does, pays for the rest of the period by that one's
// grain and whatever is changed later, as it does when it is charged in advance: else the rest would cost nothing.
func (c Closing) payable(t tenure, charge catalog.Charge) ([]Segment, catalog.Grain) {
	grain := t.plan().Proration
	before := c.grainBefore(t)
	if grain != catalog.GrainNone || before == catalog.GrainNone {
		return t.stretches(charge), grain
	}
	rest := t[0]
	rest.Period.End = c.Full.End
	return []Segment{rest}, before
}

// grainBefore is the grain of the plan whose place the tenure's plan took, none if it took no other's.
func (c Closing) grainBefore(t tenure) catalog.Grain {
	at := slices.IndexFunc(c.Segments, func(s Segment) bool { return samePlan(s.Terms.Plan, t.plan()) })
	if at == 0 {
		return catalog.GrainNone
	}
	return c.Segments[at-1].Terms.Plan.Proration
}

// usageLine charges a meter once for all the time under the plan: seats that changed in between neither begin the
// tiers anew nor charge a flat amount or a started package again. Nothing used and nothing charged is no line.
func (f Facts) usageLine(t tenure, c catalog.Charge) (line Line, charged bool, err error) {
	used, err := t.used(c.Meter)
	if err != nil {
		return Line{}, false, fmt.Errorf("plan %q charge %q: %w", t.plan().ID, c.ID, err)
	}
	more := rating.Usage{Quantity: used.Quantity, Detail: used.Detail}
	if f.Closes.Late != nil && more.Quantity.IsZero() && more.Detail.IsZero() {
		return Line{}, false, nil
	}
	whole, billed, err := f.Closes.Late.usage(t.plan(), c.ID, more, f.Currency)
	if err != nil {
		return Line{}, false, err
	}
	if billed == (money.Amount{}) {
		billed = used.AlreadyBilled
	}
	part := rating.Whole
	if c.Prices[f.Currency].HasLimits() {
		if part, err = f.share(t, c); err != nil {
			return Line{}, false, err
		}
	}
	line, err = f.line(item{
		charge: c, terms: t[0].Terms, usage: whole, billed: billed, period: t.period(), part: part,
	})
	if err != nil {
		return Line{}, false, err
	}
	if used.Quantity.IsZero() && line.Amount.IsZero() {
		return Line{}, false, nil
	}
	line.Kind, line.Meter, line.Measured = UsageLine, c.Meter, used.Detail
	if f.Closes.Late != nil {
		line.Quantity, line.Description = used.Quantity, describe(t.plan(), c, used.Quantity)
	}
	if !used.Late.IsZero() {
		line.Explanation.Late = used.Late.String()
	}
	return line, true, nil
}

// share is the part of the full period in which a tenure was in force, by the grain that its plan is charged by.
func (f Facts) share(t tenure, c catalog.Charge) (rating.Share, error) {
	stretches, grain := f.Closes.payable(t, c)
	var total rating.Share
	for _, stretch := range stretches {
		num, den, err := f.served(grain, f.Closes.Full, stretch.Period)
		if err != nil {
			return rating.Share{}, fmt.Errorf("plan %q charge %q: %w", t.plan().ID, c.ID, err)
		}
		total.Num, total.Den = total.Num+num, den
	}
	return total, nil
}

// tenure is the segments, in order of time, in which one version of a plan was in force.
type tenure []Segment

// tenures groups the segments by plan version: what was left and taken up again is one tenure.
func (c Closing) tenures() []tenure {
	var tenures []tenure
	for _, segment := range c.Segments {
		i := slices.IndexFunc(tenures, func(t tenure) bool { return samePlan(t.plan(), segment.Terms.Plan) })
		if i < 0 {
			tenures = append(tenures, tenure{segment})
			continue
		}
		tenures[i] = append(tenures[i], segment)
	}
	return tenures
}

func samePlan(a, b catalog.Plan) bool { return a.ID == b.ID && a.Version == b.Version }

// isNothing says that the plan was in force for no time, as at a boundary at which the owner changes, and that nothing was
// used of it: then not even what a price charges for no usage is owed.
func (t tenure) isNothing() bool {
	return !slices.ContainsFunc(t, func(s Segment) bool { return s.Period.End.After(s.Period.Start) || len(s.Usage) > 0 })
}

func (t tenure) plan() catalog.Plan { return t[0].Terms.Plan }

func (t tenure) period() calendar.Period {
	return calendar.Period{Start: t[0].Period.Start, End: t[len(t)-1].Period.End}
}

// paying are the segments of a tenure in which a charge is paid for: all, but for a charge of an add-on.
func (t tenure) paying(c catalog.Charge) tenure {
	if _, added := t.plan().AddOnOf(c.ID); !added {
		return t
	}
	return slices.DeleteFunc(slices.Clone(t), func(s Segment) bool { return s.Terms.bought(c) == 0 })
}

// used joins what the segments used of a meter.
func (t tenure) used(meter string) (Usage, error) {
	total := Usage{Meter: meter}
	sum := rating.Usage{}
	for _, segment := range t {
		for _, usage := range segment.Usage {
			if usage.Meter != meter {
				continue
			}
			sum = sum.Plus(rating.Usage{Quantity: usage.Quantity, Detail: usage.Detail})
			total.Late = total.Late.Add(usage.Late)
			if total.AlreadyBilled.IsZero() {
				total.AlreadyBilled = usage.AlreadyBilled
			} else if !usage.AlreadyBilled.IsZero() {
				var err error
				if total.AlreadyBilled, err = total.AlreadyBilled.Add(usage.AlreadyBilled); err != nil {
					return Usage{}, err
				}
			}
		}
	}
	total.Quantity, total.Detail = sum.Quantity, sum.Detail
	return total, nil
}

// stretches joins segments that follow each other without changing what the charge costs, so that a change which does
// not concern the charge does not split its line and round twice.
func (t tenure) stretches(c catalog.Charge) []Segment {
	var joined []Segment
	for _, segment := range t {
		if last := len(joined) - 1; last >= 0 && joined[last].Period.End.Equal(segment.Period.Start) &&
			joined[last].Terms.quantity(c).Equal(segment.Terms.quantity(c)) {
			joined[last].Period.End = segment.Period.End
			continue
		}
		joined = append(joined, segment)
	}
	return joined
}

// check guards against charging time or usage twice or not at all: segments follow each other inside the period, and
// every meter that was used has a charge in force.
func (c Closing) check() error {
	from := c.Period.Start
	for i, segment := range c.Segments {
		if segment.Period.Start.Before(from) || segment.Period.End.Before(segment.Period.Start) || segment.Period.End.After(c.Period.End) {
			return fmt.Errorf("closing segment %d, %s: segments must follow each other inside the period %s", i+1, segment.Period, c.Period)
		}
		from = segment.Period.End
		plan, meters := segment.Terms.Plan, segment.Terms.Meters()
		for _, usage := range segment.Usage {
			if !slices.Contains(meters, usage.Meter) {
				return fmt.Errorf("closing segment %d: plan %q version %d has no charge for meter %q, of which %s were used",
					i+1, plan.ID, plan.Version, usage.Meter, usage.Quantity)
			}
		}
	}
	return nil
}
