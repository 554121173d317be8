package rating

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// prices draws a valid price of any model that needs nothing but a quantity, with or without limits.
func prices() *rapid.Generator[catalog.Price] {
	return rapid.Custom(func(t *rapid.T) catalog.Price {
		p := catalog.Price{Model: rapid.SampledFrom(catalog.Models).Draw(t, "model"), Rounding: rapid.SampledFrom(money.Modes).Draw(t, "rounding")}
		amount := func(name string) decimal.Decimal { return decimals(1e6).Draw(t, name) }
		switch p.Model {
		case catalog.Flat:
			p.FlatAmount = amount("flat")
		case catalog.PerUnit:
			p.UnitAmount, p.FreeUnits = amount("unit"), amount("free")
		case catalog.Package:
			p.UnitAmount, p.FreeUnits, p.PackageSize = amount("unit"), amount("free"), amount("size").Add(d("0.1"))
		case catalog.Percentage:
			p.Percent, p.FreeUnits, p.EventAmount, p.FreeEvents = amount("percent"), amount("free"), amount("fee"), rapid.Int64Range(0, 5).Draw(t, "free events")
			p.EventMinimum = amount("least")
			p.EventMaximum = p.EventMinimum.Add(amount("most"))
			p.FreeRule = rapid.SampledFrom([]catalog.FreeRule{"", catalog.FreeEvents}).Draw(t, "free rule")
		case catalog.Dynamic:
			p.Multiplier = amount("multiplier")
		case catalog.Matrix:
			p.Dimensions, p.DefaultUnitAmount = []string{"kind"}, ref(amount("default"))
			p.Cells = []catalog.Cell{{Values: map[string]string{"kind": "a"}, UnitAmount: amount("a")}, {Values: map[string]string{"kind": "b"}, UnitAmount: amount("b")}}
		default:
			p.Tiers, p.FlatAtZero = tiersOf(t, p.Model), rapid.Bool().Draw(t, "at zero")
			if (p.Model == catalog.Graduated || p.Model == catalog.Volume) && rapid.Bool().Draw(t, "packages") {
				p.PackageSize = amount("size").Add(d("0.1"))
				p.PackagesAcrossTiers = p.Model == catalog.Graduated && rapid.Bool().Draw(t, "across")
			}
		}
		drawLimits(t, &p)
		require.NoError(t, p.Validate())
		return p
	})
}

func tiersOf(t *rapid.T, model catalog.Model) []catalog.Tier {
	tiers := tiersWithoutFlats().Draw(t, "tiers")
	for i := range tiers {
		tiers[i].FlatAmount = decimals(1e4).Draw(t, "flat")
		switch model {
		case catalog.Stairstep:
			tiers[i].UnitAmount = decimal.Zero
		case catalog.GraduatedPercentage:
			tiers[i].Percent, tiers[i].UnitAmount = tiers[i].UnitAmount, decimal.Zero
		}
	}
	return tiers
}

func drawLimits(t *rapid.T, p *catalog.Price) {
	switch rapid.IntRange(0, 3).Draw(t, "limits") {
	case 1:
		p.Minimum = decimals(1e6).Draw(t, "minimum")
		p.Maximum = p.Minimum.Add(decimals(1e6).Draw(t, "above")).Add(d("1"))
	case 2:
		if p.Model != catalog.Flat {
			p.Commitment = &catalog.Commitment{Amount: decimals(1e6).Draw(t, "commitment").Add(d("1")), OverageFactor: decimals(3).Draw(t, "factor")}
		}
	case 3:
		if p.Model == catalog.Graduated || p.Model == catalog.Stairstep || p.Model == catalog.PerUnit {
			p.Commitment = &catalog.Commitment{Quantity: decimals(1000).Draw(t, "commitment").Add(d("1")), OverageUnitAmount: decimals(1e4).Draw(t, "overage")}
		}
	}
}

// usages draws events that any model can price.
func usages() *rapid.Generator[Usage] {
	return rapid.Custom(func(t *rapid.T) Usage {
		var u Usage
		for range rapid.IntRange(0, 6).Draw(t, "events") {
			u.Events = append(u.Events, Event{
				Quantity: decimals(1e6).Draw(t, "quantity"), Amount: ref(decimals(1e6).Draw(t, "amount")),
				Values: map[string]string{"kind": rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "kind")},
			})
		}
		return u
	})
}

// However a cycle is cut into invoices, they add up to the price of the cycle, in every model and whatever its limits.
func TestSplittingACycleLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := Request{Price: prices().Draw(t, "price"), Currency: "USD", Metered: true}
		r.Part = Share{rapid.Int64Range(1, 31).Draw(t, "part"), 31}
		billed := money.Zero("USD")
		for _, more := range rapid.SliceOfN(usages(), 1, 5).Draw(t, "usage") {
			r.Usage, r.AlreadyBilled = r.Usage.Plus(more), billed
			line, err := r.Line()
			require.NoError(t, err)
			requireExplained(t, line.Rated)
			billed, err = billed.Add(line.Amount)
			require.NoError(t, err)
		}
		r.AlreadyBilled = money.Amount{}
		whole, err := r.Line()
		require.NoError(t, err)
		require.Equal(t, whole.Amount, billed)
	})
}

// A price keeps its limits, is not negative, and is explained by its steps.
func TestPricesKeepTheirLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, u := prices().Draw(t, "price"), usages().Draw(t, "usage")
		part := Share{rapid.Int64Range(1, 31).Draw(t, "part"), 31}
		rated, err := RatePart(p, u, part)
		require.NoError(t, err)
		requireExplained(t, rated)
		require.False(t, rated.Exact.IsNegative())
		require.True(t, rated.Exact.GreaterThanOrEqual(part.Of(p.Minimum, limitPlaces)))
		require.True(t, p.Maximum.IsZero() || rated.Exact.LessThanOrEqual(part.Of(p.Maximum, limitPlaces)))
		require.True(t, rated.Exact.GreaterThanOrEqual(part.Of(Commitment(p).Exact, limitPlaces)))
	})
}

// More use never costs less, but by volume, whose later tiers may be cheaper for every unit, and in stairsteps that go down.
func TestPricesAreMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, u := prices().Filter(func(p catalog.Price) bool {
			return p.Model != catalog.Volume && p.Model != catalog.Stairstep
		}).Draw(t, "price"), usages().Draw(t, "usage")
		before, err := Rate(p, u)
		require.NoError(t, err)
		after, err := Rate(p, u.Plus(usages().Draw(t, "more")))
		require.NoError(t, err)
		require.True(t, after.Exact.GreaterThanOrEqual(before.Exact))
	})
}

// A commitment paid in advance costs, with what is charged in the end, what it costs in arrears.
func TestCommitmentsCostTheSameWheneverTheyArePaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := prices().Filter(func(p catalog.Price) bool { return p.Commitment != nil }).Draw(t, "price")
		u, part := usages().Draw(t, "usage"), Share{rapid.Int64Range(0, 31).Draw(t, "part"), 31}
		arrears, err := RatePart(p, u, part)
		require.NoError(t, err)
		advance := *p.Commitment
		advance.Paid = catalog.PaidInAdvance
		p.Commitment = &advance
		rest, err := RatePart(p, u, part)
		require.NoError(t, err)
		require.True(t, arrears.Exact.Equal(rest.Exact.Add(part.Of(Commitment(p).Exact, limitPlaces))))
	})
}

// A price times a factor charges so many times as much for whatever is used, to the last decimal.
func TestAPriceTimesAFactor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		price, used := prices().Draw(t, "price"), usages().Draw(t, "used")
		before := price
		factor := decimals(10).Draw(t, "factor").Round(2)
		if factor.IsZero() {
			factor = d("0.5")
		}
		once, err := Rate(price, used)
		require.NoError(t, err)
		times := price.Times(factor)
		if times.Validate() != nil {
			t.Skip("the factor makes more decimals than a price may have")
		}
		rated, err := Rate(times, used)
		require.NoError(t, err)
		require.True(t, once.Exact.Mul(factor).Equal(rated.Exact), "%s × %s is not %s", once.Exact, factor, rated.Exact)
		require.Equal(t, before, price, "the price itself is not changed")
	})
}
