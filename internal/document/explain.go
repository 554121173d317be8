package document

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/internal/store"
)

// lineFacts are what a line's words are made of: the recorded arithmetic, and the plan and price it came from.
type lineFacts struct {
	formats
	row       store.InvoiceLine
	plan      catalog.Plan
	charge    catalog.Charge // zero on lines about the plan as a whole
	price     catalog.Price
	currency  money.Currency
	explained invoicing.Explanation
	credited  *store.CreditedLine // set on credits
}

func (l *lineFacts) read() error {
	if err := json.Unmarshal(l.row.Explanation, &l.explained); err != nil {
		return fmt.Errorf("explanation of line %d: %w", l.row.Position, err)
	}
	if l.ofPlan() || l.ofItem() || l.row.Kind == string(invoicing.PrepaidCredit) {
		return nil
	}
	var err error
	if l.charge, err = l.plan.InPhase(l.explained.Phase).Charge(l.row.ChargeID); err != nil {
		return fmt.Errorf("line %d: %w", l.row.Position, err)
	}
	if l.charge.Kind == catalog.Usage && l.explained.Of > 0 {
		l.shorten()
	}
	priced := l.currency
	if l.explained.Conversion != nil {
		priced = l.explained.Conversion.From // the catalogue's own price, of the same model
	}
	if l.price, err = l.charge.Price(priced); err != nil {
		return fmt.Errorf("line %d of plan %q version %d: %w", l.row.Position, l.plan.ID, l.plan.Version, err)
	}
	return nil
}

// legiblePlaces are the decimals that are shown of a limit's part: it is known to many more, which change no cent.
const legiblePlaces = 4

// shorten rounds what came of the part of a commitment, a minimum or a maximum.
func (l *lineFacts) shorten() {
	steps := l.explained.Steps
	for i := range steps {
		steps[i].Quantity, steps[i].Amount = steps[i].Quantity.Round(legiblePlaces), steps[i].Amount.Round(legiblePlaces)
	}
	l.explained.Steps = slices.DeleteFunc(steps, func(s rating.Step) bool { return s.What == rating.Committed && s.Amount.IsZero() })
}

// ofItem says that the line charges or gives back what no plan foresees.
func (l *lineFacts) ofItem() bool {
	return l.row.Kind == string(invoicing.OneOff) || l.row.Kind == string(invoicing.Adjustment)
}

// ofPlan says that the line is about the plan as a whole, ofCommitment that it charges committed use in advance.
func (l *lineFacts) ofPlan() bool { return l.row.ChargeID == "" }

func (l *lineFacts) ofCommitment() bool {
	return l.charge.Kind == catalog.Usage && l.row.Kind != string(invoicing.UsageLine) && l.credited == nil
}

// description leaves out the quantity, which has a column of its own and is written for the locale there.
func (l *lineFacts) description() string {
	return strings.Replace(l.row.Description, l.row.Quantity.String()+" × ", "", 1)
}

// details explain the amount, most important first.
func (l *lineFacts) details() []string {
	details := l.arithmetic()
	if l.credited != nil {
		details = append(details, fmt.Sprintf("Credits line %d of invoice %s", l.credited.OriginalPosition, l.credited.OriginalNumber))
	}
	if l.explained.Of > 0 {
		details = append(details, l.prorated())
	}
	if l.explained.Capped {
		details = append(details, "Limited to what the new terms cost: the plan gives nothing back")
	}
	if l.explained.Late != "" {
		details = append(details, fmt.Sprintf("Includes %s used before this period and reported late", l.late()))
	}
	if l.explained.AlreadyBilled != "" {
		details = append(details, "Priced together with what was billed before, less "+l.alreadyBilled())
	}
	if l.explained.Phase > 0 {
		details = append(details, fmt.Sprintf("The price of phase %d of the plan", l.explained.Phase))
	}
	if l.explained.Agreed {
		details = append(details, "An agreed price")
	}
	for _, taken := range l.explained.Discounts {
		details = append(details, l.discounted(taken))
	}
	if l.explained.Conversion != nil {
		details = append(details, l.converted(*l.explained.Conversion))
	}
	return details
}

// discounted says what a discount took off. Of a credit it is what goes back to the discount, and is not paid out.
func (l *lineFacts) discounted(t discount.Taken) string {
	if t.Amount.IsNegative() {
		return fmt.Sprintf("%s had been taken off by %s", l.Money(t.Amount.Neg()), t.Name)
	}
	if t.PercentOff.IsZero() {
		return fmt.Sprintf("Less %s of %s (%s)", l.Money(t.Amount), l.Money(t.Of), t.Name)
	}
	return fmt.Sprintf("Less %s %%, %s of %s (%s)", l.Number(t.PercentOff), l.Money(t.Amount), l.Money(t.Of), t.Name)
}

// converted says where a price came from that is not the catalogue's own.
func (l *lineFacts) converted(c catalog.Conversion) string {
	text := fmt.Sprintf("Price in %s, converted at 1 %s = %s %s (%s, %s)", c.From, c.From, l.Number(c.Rate), l.currency, c.Source, l.Date(c.RateDate))
	if c.MarkupPercent.IsPositive() {
		text += fmt.Sprintf(" plus %s %%", l.Number(c.MarkupPercent))
	}
	return text
}

// prorated says which share of which amount is charged or credited.
func (l *lineFacts) prorated() string {
	share := fmt.Sprintf("%d of %d days", l.explained.Part, l.explained.Of)
	if l.inSeconds() {
		share = fmt.Sprintf("%s of %s", elapsed(l.explained.Part), elapsed(l.explained.Of))
	}
	switch {
	case l.ofPlan():
		return "Minimum and maximum spend for " + share
	case l.row.Kind == string(invoicing.UsageLine):
		return "Commitment, minimum and maximum for " + share
	}
	if l.credited != nil {
		return fmt.Sprintf("%s unused, of %s%s", share, l.Money(money.New(l.credited.OriginalAmount, l.currency)), l.exactly())
	}
	if l.explained.Passed > 0 {
		share += fmt.Sprintf(", after %d of them", l.explained.Passed)
		if l.inSeconds() {
			share = fmt.Sprintf("%s of %s, after %s", elapsed(l.explained.Part), elapsed(l.explained.Of), elapsed(l.explained.Passed))
		}
	}
	return fmt.Sprintf("%s, prorated from %s", share, l.priced(l.whole()))
}

// exactly is what the credited line came to before it was rounded, if the credit is a share of that.
func (l *lineFacts) exactly() string {
	exact, err := decimal.NewFromString(l.explained.OfExact)
	if err != nil { // none
		return ""
	}
	return fmt.Sprintf(" (%s before rounding)", l.priced(exact.Round(legiblePlaces)))
}

// longestCycle is more days than any billing interval has.
const longestCycle = 3660

// inSeconds says what the share was counted in. A plan that does not prorate takes the grain of the one it replaces in
// mid-period; then the size of the whole tells days from seconds.
func (l *lineFacts) inSeconds() bool {
	return l.plan.Proration == catalog.GrainSecond || l.plan.Proration == catalog.GrainNone && l.explained.Of > longestCycle
}

func (l *lineFacts) whole() decimal.Decimal {
	sum := decimal.Zero
	for _, step := range l.explained.Steps {
		sum = sum.Add(step.Amount)
	}
	return sum
}

func (l *lineFacts) priced(d decimal.Decimal) string { return l.formats.price(d, l.currency) }

// unitPrice is the price per unit where the whole amount is the quantity times it.
func (l *lineFacts) unitPrice() *decimal.Decimal {
	one := decimal.NewFromInt(1)
	switch {
	case l.credited != nil || l.ofCommitment() || len(l.explained.Steps) != 1:
		return nil
	case l.price.Model == catalog.PerUnit, l.ofItem():
		return &l.explained.Steps[0].UnitAmount
	case l.price.Model == catalog.Flat && l.row.Quantity.Equal(one):
		return &l.explained.Steps[0].FlatAmount
	}
	return nil
}
