package tax

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Compute is the tax on a base at a percentage: one rounding to the currency's minor unit, half away from zero. It
// is meant for the base of a whole group (EN 16931 BR-CO-17); no regime here rounds per line.
func Compute(base money.Amount, rate decimal.Decimal) (money.Amount, error) {
	if rate.IsNegative() || rate.GreaterThan(decimal.NewFromInt(100)) {
		return money.Amount{}, fmt.Errorf("tax rate %s is outside 0 to 100 percent", rate)
	}
	tax, err := money.FromDecimal(base.Decimal().Mul(rate).Shift(-2), base.Currency)
	if err != nil {
		return money.Amount{}, fmt.Errorf("tax of %s %% on %s: %w", rate, base, err)
	}
	return tax, nil
}

// Line is one invoice line with its decision. A credit is a line with a negative net.
type Line struct {
	ID       string
	Net      money.Amount
	Decision Decision
}

// LineTax is a line with its share of its group's tax.
type LineTax struct {
	ID       string       `json:"id"`
	Net      money.Amount `json:"net"`
	Tax      money.Amount `json:"tax"`
	Decision Decision     `json:"decision"`
}

// Group is what an invoice prints per tax: all lines with the same jurisdiction, scheme, treatment and rate. The
// taxes of its lines sum to Tax exactly.
type Group struct {
	Jurisdiction string          `json:"jurisdiction"`
	Scheme       Scheme          `json:"scheme,omitempty"`
	Treatment    Treatment       `json:"treatment"`
	Rate         decimal.Decimal `json:"rate"`
	Base         money.Amount    `json:"base"`
	Tax          money.Amount    `json:"tax"`
	Lines        []LineTax       `json:"lines"`
}

// Apply taxes the lines of one invoice. Groups come ordered by jurisdiction, scheme, treatment and rate; lines keep
// their order. Errors: a repeated line id, two currencies, an amount that overflows.
func Apply(lines []Line) ([]Group, error) {
	groups, err := group(lines)
	if err != nil {
		return nil, err
	}
	for i := range groups {
		if err := groups[i].settle(); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

func group(lines []Line) ([]Group, error) {
	var groups []Group
	seen := make(map[string]bool, len(lines))
	for i, line := range lines {
		if seen[line.ID] {
			return nil, fmt.Errorf("invoice line id %q is used twice", line.ID)
		}
		seen[line.ID] = true
		if line.Net.Currency != lines[0].Net.Currency {
			return nil, fmt.Errorf("invoice line %q: %w: %s on an invoice in %s",
				line.ID, money.ErrCurrencyMismatch, line.Net.Currency, lines[0].Net.Currency)
		}
		at, found := slices.BinarySearchFunc(groups, line.Decision, Group.compare)
		if !found {
			groups = slices.Insert(groups, at, newGroup(line, len(lines)-i))
		}
		groups[at].Lines = append(groups[at].Lines, LineTax{ID: line.ID, Net: line.Net, Decision: line.Decision})
	}
	return groups, nil
}

// newGroup begins a group with its first line, of so many at most.
func newGroup(line Line, most int) Group {
	d := line.Decision
	return Group{
		Lines:        make([]LineTax, 0, most),
		Jurisdiction: d.Jurisdiction, Scheme: d.Scheme, Treatment: d.Treatment, Rate: d.Rate,
		Base: money.Zero(line.Net.Currency), Tax: money.Zero(line.Net.Currency),
	}
}

func (g Group) compare(d Decision) int {
	return cmp.Or(
		cmp.Compare(g.Jurisdiction, d.Jurisdiction),
		cmp.Compare(g.Scheme, d.Scheme),
		cmp.Compare(g.Treatment, d.Treatment),
		g.Rate.Cmp(d.Rate),
	)
}

func (g *Group) settle() error {
	nets := make([]money.Amount, len(g.Lines))
	for i, line := range g.Lines {
		nets[i] = line.Net
	}
	base, err := money.Sum(g.Base.Currency, nets...)
	if err != nil {
		return fmt.Errorf("taxable base of %s at %s %%: %w", g.Jurisdiction, g.Rate, err)
	}
	tax, err := Compute(base, g.rate())
	if err != nil {
		return err
	}
	g.Base, g.Tax = base, tax
	g.allocate()
	return nil
}

// rate guards against a decision that carries a rate it must not charge.
func (g *Group) rate() decimal.Decimal {
	if g.Treatment != Taxed {
		return decimal.Zero
	}
	return g.Rate
}

// allocate gives every line its own exact tax rounded down, and the units left over to the largest remainders, the
// earlier line first. A group with a negative base is treated as its mirror image, so that a credit note takes back
// line by line exactly what the invoice charged.
func (g *Group) allocate() {
	sign := int64(1)
	if g.Base.IsNegative() {
		sign = -1
	}
	left := sign * g.Tax.Minor
	rate := newLinesRate(g.rate())
	remainders := make([]*big.Int, len(g.Lines))
	order := make([]int, len(g.Lines))
	shares := make([]int64, len(g.Lines))
	for i, line := range g.Lines {
		shares[i], remainders[i] = rate.floor(sign * line.Net.Minor)
		order[i] = i
		left -= shares[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return remainders[b].Cmp(remainders[a]) })
	for rank, i := range order {
		if int64(rank) < left {
			shares[i]++
		}
		g.Lines[i].Tax = money.New(sign*shares[i], g.Tax.Currency)
	}
}

// linesRate is a rate in percent, made ready for the taxes of many lines.
type linesRate struct{ percent, per *big.Int }

func newLinesRate(rate decimal.Decimal) linesRate {
	percent := rate.Rat()
	return linesRate{percent: percent.Num(), per: new(big.Int).Mul(percent.Denom(), big.NewInt(100))}
}

// floor is the tax on a net amount rounded towards minus infinity, and what the rounding left, as a numerator over the
// denominator all lines of the rate share.
func (r linesRate) floor(net int64) (int64, *big.Int) {
	exact := big.NewInt(net)
	// DivMod is Euclidean: the remainder is never negative.
	floor, remainder := exact.DivMod(exact.Mul(exact, r.percent), r.per, new(big.Int))
	return floor.Int64(), remainder
}
