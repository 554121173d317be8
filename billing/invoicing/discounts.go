package invoicing

import (
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
)

// PlanCreditID stands for the plan credit where discounts are listed.
const PlanCreditID = "plan-credit"

// discountedLines are the lines with what their discounts leave of them.
func (f Facts) discountedLines() ([]Line, error) {
	lines, err := f.lines()
	if err != nil {
		return nil, err
	}
	return lines, f.applyDiscounts(lines)
}

// applyDiscounts lowers the lines by the discounts, then by the plan credit. An amount that goes back with a credit on the
// same invoice can be taken off again.
func (f Facts) applyDiscounts(lines []Line) error {
	back, err := discount.Totals(f.Currency, taken(lines))
	if err != nil {
		return err
	}
	inForce := make([]discount.InForce, len(f.Discounts))
	for i, d := range f.Discounts {
		if inForce[i], err = withGivenBack(d, back); err != nil {
			return err
		}
	}
	if err := f.takeOff(inForce, lines, Line.discountable); err != nil {
		return err
	}
	if !f.PlanCredit.IsZero() {
		credit, err := withGivenBack(f.planCredit(), back)
		if err != nil {
			return err
		}
		if err := f.takeOff([]discount.InForce{credit}, lines, Line.charged); err != nil {
			return err
		}
	}
	if err := f.creditOwnLines(lines); err != nil {
		return err
	}
	return f.keepPaid(lines)
}

// creditOwnLines makes the credits for lines of this very invoice, which were worked out before its discounts, give back no
// more than what the lines cost after them.
func (f Facts) creditOwnLines(lines []Line) error {
	for i, line := range lines {
		if line.Credits == nil || line.Credits.InvoiceID != f.Key {
			continue
		}
		original := lines[line.Credits.Position-1]
		if len(original.Explanation.Discounts) == 0 {
			continue
		}
		if err := lines[i].creditNet(original); err != nil {
			return fmt.Errorf("charge %q: credit of the same invoice: %w", line.ChargeID, err)
		}
	}
	return nil
}

// creditNet lets a credit give back its part of what the original line came to. One that was cut stays as low as it was cut.
func (l *Line) creditNet(original Line) error {
	part := l.Explanation.share()
	net, err := original.Amount.MulRatio(part.Num, part.Den)
	if err != nil || l.Amount.Neg().Cmp(net) < 0 {
		return err
	}
	l.Amount, l.Exact = net.Neg(), part.Of(original.Amount.Decimal(), exactPlaces).Neg()
	if l.Explanation.Discounts, err = discount.GivenBack(original.Explanation.Discounts, part.Num, part.Den); err != nil {
		return err
	}
	l.Discount, err = l.sumDiscounts()
	return err
}

// planCredit is the plan credit as a discount: it is what a coupon with an amount is whose rest is carried.
func (f Facts) planCredit() discount.InForce {
	return discount.InForce{
		ID: PlanCreditID, Coupon: discount.Coupon{ID: PlanCreditID, Name: "Credit for inactive members"}, Left: f.PlanCredit,
	}
}

func withGivenBack(d discount.InForce, back []discount.Total) (discount.InForce, error) {
	for _, total := range back {
		if total.DiscountID != d.ID || !d.Coupon.PercentOff.IsZero() {
			continue
		}
		var err error
		if d.Left, err = d.Left.Add(total.GivenBack); err != nil {
			return d, fmt.Errorf("discount %q: %w", d.ID, err)
		}
	}
	return d, nil
}

// takeOff applies discounts to what they can lower of the lines, as they stand.
func (f Facts) takeOff(discounts []discount.InForce, lines []Line, lowerable func(Line) money.Amount) error {
	if len(discounts) == 0 {
		return nil
	}
	targets := make([]discount.Line, len(lines))
	for i, line := range lines {
		targets[i] = discount.Line{ProductID: line.ProductID, PlanID: line.PlanID, ChargeID: line.ChargeID, Amount: lowerable(line)}
	}
	off, err := discount.Apply(f.Currency, discounts, targets)
	if err != nil {
		return err
	}
	for i := range lines {
		if err := lines[i].lower(off[i]); err != nil {
			return fmt.Errorf("charge %q: %w", lines[i].ChargeID, err)
		}
	}
	return nil
}

// discountable is what a discount concerns: what plans cost and one-off charges, but neither credits nor adjustments, which
// were agreed as they are.
func (l Line) discountable() money.Amount {
	if l.Credits != nil || l.Kind == Adjustment || l.Kind == PrepaidCredit {
		return money.Zero(l.Amount.Currency)
	}
	return l.Amount
}

// charged is what the plan credit can lower: anything but a credit.
func (l Line) charged() money.Amount {
	if l.Credits != nil {
		return money.Zero(l.Amount.Currency)
	}
	return l.Amount
}

func (l *Line) lower(off []discount.Taken) error {
	if len(off) == 0 {
		return nil
	}
	sum, err := discount.Sum(l.Amount.Currency, off)
	if err != nil {
		return err
	}
	if l.Amount, err = l.Amount.Sub(sum); err != nil {
		return err
	}
	l.Explanation.Discounts = append(l.Explanation.Discounts, off...)
	l.Discount, err = l.sumDiscounts()
	return err
}

// sumDiscounts is no amount where nothing was taken off.
func (l Line) sumDiscounts() (money.Amount, error) {
	if len(l.Explanation.Discounts) == 0 {
		return money.Amount{}, nil
	}
	return discount.Sum(l.Amount.Currency, l.Explanation.Discounts)
}

func taken(lines []Line) [][]discount.Taken {
	all := make([][]discount.Taken, len(lines))
	for i, line := range lines {
		all[i] = line.Explanation.Discounts
	}
	return all
}

// Price is what a line cost before its discounts, or gave back of that: a plan's minimum and maximum are about prices.
func (l Line) Price() (money.Amount, error) {
	if l.Discount.Currency == "" {
		return l.Amount, nil
	}
	return l.Amount.Add(l.Discount)
}

// PlanCreditLeft is what an invoice leaves of the plan credit there was: less what it used, with what it gave back.
func (inv Invoice) PlanCreditLeft(before money.Amount) (money.Amount, error) {
	for _, total := range inv.Discounts {
		if total.DiscountID != PlanCreditID {
			continue
		}
		left, err := before.Sub(total.Taken)
		if err != nil {
			return left, err
		}
		return left.Add(total.GivenBack)
	}
	return before, nil
}

// returnsPlanCredit says that a credit gives plan credit back, perhaps nothing else: what it had paid in whole.
func (l Line) returnsPlanCredit() bool {
	return slices.ContainsFunc(l.Explanation.Discounts, func(t discount.Taken) bool {
		return t.DiscountID == PlanCreditID && !t.Amount.IsZero()
	})
}

// Worth is what a line cost whoever paid for it: what was charged, and what they paid with plan credit.
func (l Line) Worth() (money.Amount, error) {
	worth := l.Amount
	for _, t := range l.Explanation.Discounts {
		if t.DiscountID != PlanCreditID {
			continue
		}
		var err error
		if worth, err = worth.Add(t.Amount); err != nil {
			return worth, err
		}
	}
	return worth, nil
}
