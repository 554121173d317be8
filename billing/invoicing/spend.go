package invoicing

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// spendLines keep what a plan costs within its Spend, given the lines that it is charged in arrears. Compared is what the
// plan is charged for the tenure, in arrears and in advance, before discounts, tax and credits: what somebody else pays
// for the customer does not make the plan cost less. The limits are the tenure's part of those of a whole period.
func (f Facts) spendLines(t tenure, arrears []Line) ([]Line, error) {
	spend, limited := t.plan().Spend[f.Currency]
	if !limited {
		return nil, nil
	}
	part, err := f.share(t, catalog.Charge{})
	if err != nil {
		return nil, err
	}
	s := spending{f: f, tenure: t, spend: spend, part: part, lines: arrears}
	for _, step := range []func() error{s.add, s.trueUp, s.overage, s.limit} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("plan %q: spend: %w", t.plan().ID, err)
		}
	}
	return s.more, nil
}

// spending works out the lines about one tenure as a whole.
type spending struct {
	f      Facts
	tenure tenure
	spend  catalog.Spend
	part   rating.Share
	lines  []Line
	// arrears is what the lines come to, total that with what was charged in advance.
	arrears, total money.Amount
	more           []Line
}

func (s *spending) add() error {
	var err error
	s.arrears = money.Zero(s.f.Currency)
	for _, line := range s.lines {
		if s.arrears, err = s.arrears.Add(line.Amount); err != nil {
			return err
		}
	}
	before, err := s.f.Closes.Late.amount(s.tenure.plan(), s.f.Currency, UsageLine, Recurring)
	if err != nil {
		return err
	}
	if s.total, err = s.arrears.Add(before); err != nil {
		return err
	}
	paidAhead, err := s.paidAhead()
	if err != nil {
		return err
	}
	for _, paid := range paidAhead {
		if plan := s.tenure.plan(); paid.PlanID != plan.ID || paid.PlanVersion != plan.Version {
			continue
		}
		if s.total, err = s.total.Add(paid.Amount); err != nil {
			return err
		}
	}
	return nil
}

// paidAhead is what was charged in advance, with what the invoice itself charges and takes back of it.
func (s *spending) paidAhead() ([]PlanAmount, error) {
	revised, err := s.f.revisionLines(0)
	if err != nil {
		return nil, err
	}
	paid := slices.Clip(s.f.Closes.InAdvance)
	for _, line := range revised {
		price, err := line.Price()
		if err != nil {
			return nil, err
		}
		paid = append(paid, PlanAmount{PlanID: line.PlanID, PlanVersion: line.PlanVersion, Amount: price})
	}
	return paid, nil
}

// of is the part of a limit that the tenure has.
func (s *spending) of(limit decimal.Decimal) (money.Amount, error) {
	return money.FromFraction(limit, s.part.Num, s.part.Den, s.f.Currency, money.HalfUp)
}

func (s *spending) trueUp() error {
	least, err := s.of(s.spend.Minimum)
	if err != nil {
		return err
	}
	var steps []rating.Step
	if s.total.Cmp(least) < 0 {
		steps = append(steps, flat(rating.Minimum, least.Decimal()), flat(AlreadyCharged, s.total.Decimal().Neg()))
		s.total = least
	}
	return s.putRest(TrueUp, "up to the minimum spend", steps)
}

func (s *spending) overage() error {
	least, err := s.of(s.spend.Minimum)
	if err != nil {
		return err
	}
	var steps []rating.Step
	if !s.spend.OverageFactor.IsZero() && s.total.Cmp(least) > 0 {
		beyond, extra := s.total.Decimal().Sub(least.Decimal()), s.spend.OverageFactor.Sub(decimal.NewFromInt(1))
		steps = append(steps, rating.Step{What: rating.Overage, Quantity: beyond, UnitAmount: extra, Amount: beyond.Mul(extra)})
	}
	first := len(s.more)
	if err := s.putRest(SpendOverage, "spend beyond the minimum", steps); err != nil {
		return err
	}
	before, err := s.f.Closes.Late.amount(s.tenure.plan(), s.f.Currency, SpendOverage)
	if err != nil {
		return err
	}
	if s.total, err = s.total.Add(before); err != nil {
		return err
	}
	for _, line := range s.more[first:] {
		if s.arrears, err = s.arrears.Add(line.Amount); err != nil {
			return err
		}
		if s.total, err = s.total.Add(line.Amount); err != nil {
			return err
		}
	}
	return nil
}

// putRest adds a line about the plan as a whole, less what such lines charged before. What changes nothing is no line.
func (s *spending) putRest(kind LineKind, about string, steps []rating.Step) error {
	before, err := s.f.Closes.Late.amount(s.tenure.plan(), s.f.Currency, kind)
	if err != nil {
		return err
	}
	if len(steps) == 0 && before.IsZero() {
		return nil
	}
	if err := s.put(kind, about, s.spend.TaxCategory, steps...); err != nil || before.IsZero() {
		return err
	}
	last := len(s.more) - 1
	line := &s.more[last]
	if line.Amount, err = line.Amount.Sub(before); err != nil {
		return err
	}
	if line.Amount.IsZero() {
		s.more = s.more[:last]
		return nil
	}
	line.Exact = line.Exact.Sub(before.Decimal())
	line.Explanation.Steps = append(line.Explanation.Steps, flat(AlreadyCharged, before.Decimal().Neg()))
	return nil
}

// limit takes off what exceeds the maximum, from each tax category in proportion to what it contributes. What was charged
// in advance is not given back, and a tenure whose part counts nothing has no maximum.
func (s *spending) limit() error {
	most, err := s.of(s.spend.Maximum)
	if err != nil || s.spend.Maximum.IsZero() || s.part.Num == 0 || s.total.Cmp(most) <= 0 {
		return err
	}
	before, err := s.f.Closes.Late.amount(s.tenure.plan(), s.f.Currency, SpendLimit)
	if err != nil {
		return err
	}
	excess, err := s.total.Sub(most)
	if err == nil {
		excess, err = excess.Add(before) // of which some was taken off
	}
	if err != nil {
		return err
	}
	categories, weights := s.contributions()
	if excess.Cmp(s.arrears) > 0 {
		excess = s.arrears
	}
	if !excess.IsPositive() {
		return nil
	}
	parts, err := excess.Allocate(weights)
	if err != nil {
		return err
	}
	for i, part := range parts {
		if part.IsPositive() {
			if err := s.put(SpendLimit, "above the maximum spend", categories[i], flat(rating.Maximum, part.Decimal().Neg())); err != nil {
				return err
			}
		}
	}
	return nil
}

// contributions are the tax categories of the lines with what each comes to, none below zero.
func (s *spending) contributions() (categories []string, weights []int64) {
	for _, line := range slices.Concat(s.lines, s.more) {
		i := slices.Index(categories, line.TaxCategory)
		if i < 0 {
			i, categories, weights = len(categories), append(categories, line.TaxCategory), append(weights, 0)
		}
		weights[i] += line.Amount.Minor
	}
	for i, weight := range weights {
		weights[i] = max(0, weight)
	}
	return categories, weights
}

// AlreadyCharged is the step of a true-up that takes off what the plan's own lines charge.
const AlreadyCharged rating.What = "already_charged"

func flat(what rating.What, amount decimal.Decimal) rating.Step {
	return rating.Step{What: what, FlatAmount: amount, Amount: amount}
}

// put adds a line about the plan as a whole.
func (s *spending) put(kind LineKind, about, category string, steps ...rating.Step) error {
	plan := s.tenure.plan()
	exact := decimal.Zero
	for _, step := range steps {
		exact = exact.Add(step.Amount)
	}
	amount, err := money.FromDecimal(exact, s.f.Currency)
	if err != nil {
		return err
	}
	s.more = append(s.more, Line{
		Kind: kind, PlanID: plan.ID, PlanVersion: plan.Version, ProductID: plan.ProductID(), Description: fmt.Sprintf("%s: %s", plan.Name, about),
		Quantity: decimal.NewFromInt(1), Exact: exact, Amount: amount, TaxCategory: category, Period: s.tenure.period(),
		Explanation: explained(s.part, steps),
	})
	return nil
}
