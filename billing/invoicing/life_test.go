package invoicing_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

var (
	anyZone     = rapid.SampledFrom([]string{"UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin", "Pacific/Apia", "America/Sao_Paulo"})
	anyCurrency = rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"})
	fineGrain   = rapid.SampledFrom([]catalog.Grain{catalog.GrainDay, catalog.GrainDayInclusive, catalog.GrainMonth30, catalog.GrainSecond})
	anyGrain    = rapid.SampledFrom([]catalog.Grain{
		catalog.GrainDay, catalog.GrainDayInclusive, catalog.GrainMonth30, catalog.GrainSecond, catalog.GrainNone,
	})
	anyMonth   = rapid.SampledFrom([]string{"2027-01", "2027-02", "2027-03", "2026-11"})
	anyCountry = rapid.SampledFrom([]string{"US", "DE", "GB", "HU", "FI"})
)

// market is where generated prices are valid: a currency and the digits that prices may have beyond its own.
type market struct {
	currency money.Currency
	finer    int32
}

func (m market) amount(rt *rapid.T, label string) decimal.Decimal {
	return decimal.New(rapid.Int64Range(0, 500_000).Draw(rt, label), -int32(m.currency.Digits())-m.finer)
}

func (m market) perUnit(rt *rapid.T) catalog.Price {
	return catalog.Price{Model: catalog.PerUnit, UnitAmount: m.amount(rt, "unit")}
}

func (m market) tiered(rt *rapid.T) catalog.Price {
	bound := decimal.NewFromInt(rapid.Int64Range(1, 50).Draw(rt, "bound"))
	return catalog.Price{
		Model:      rapid.SampledFrom([]catalog.Model{catalog.Graduated, catalog.Volume}).Draw(rt, "model"),
		FlatAtZero: rapid.Bool().Draw(rt, "flat at zero"),
		Tiers: []catalog.Tier{
			{UpTo: &bound, UnitAmount: m.amount(rt, "first"), FlatAmount: m.amount(rt, "flat")}, {UnitAmount: m.amount(rt, "second")},
		},
	}
}

func (m market) charge(rt *rapid.T, id string) catalog.Charge {
	price := m.perUnit(rt)
	if rapid.Bool().Draw(rt, "tiered") {
		price = m.tiered(rt)
	}
	usage := rapid.Bool().Draw(rt, "usage")
	if rapid.IntRange(0, 2).Draw(rt, "other model") == 0 {
		price = m.otherwise(rt, usage)
	}
	if usage {
		return catalog.Charge{
			ID: id, Name: id, Kind: catalog.Usage, Timing: catalog.Arrears, Meter: "m-" + id, TaxCategory: "saas_b2c", Prices: in(m.currency, price),
		}
	}
	per := rapid.SampledFrom([]catalog.Per{catalog.PerSubscription, catalog.PerSeat}).Draw(rt, "per")
	timing := rapid.SampledFrom([]catalog.Timing{catalog.Advance, catalog.Advance, catalog.Arrears}).Draw(rt, "timing")
	return recurring(id, per, timing, in(m.currency, price))
}

func (m market) plan(rt *rapid.T, id string, grain catalog.Grain) catalog.Plan {
	charges := make([]catalog.Charge, rapid.IntRange(1, 3).Draw(rt, "charges"))
	for i := range charges {
		charges[i] = m.charge(rt, fmt.Sprintf("c%d", i))
	}
	p := plan(rt, id, grain, charges...)
	blocks := recurring("blocks", catalog.PerQuantity, rapid.SampledFrom([]catalog.Timing{catalog.Advance, catalog.Arrears}).Draw(rt, "timing"),
		in(m.currency, m.perUnit(rt)))
	p.AddOns = []catalog.AddOn{{ID: "extra", Name: "Extra", Charges: []catalog.Charge{blocks}}}
	require.NoError(rt, p.Validate())
	return p
}

// otherwise draws a price of the models that have no tiers; those of usage need more than its quantity.
func (m market) otherwise(rt *rapid.T, usage bool) catalog.Price {
	count := func(label string) decimal.Decimal { return decimal.NewFromInt(rapid.Int64Range(1, 50).Draw(rt, label)) }
	models := []catalog.Model{catalog.Flat, catalog.Package, catalog.Stairstep}
	if usage {
		models = []catalog.Model{catalog.Package, catalog.Stairstep, catalog.Percentage, catalog.GraduatedPercentage, catalog.Dynamic, catalog.Matrix}
	}
	p := catalog.Price{Model: rapid.SampledFrom(models).Draw(rt, "model")}
	bound, other := count("bound"), m.amount(rt, "other")
	switch p.Model {
	case catalog.Flat:
		p.FlatAmount = m.amount(rt, "flat")
	case catalog.Package:
		p.UnitAmount, p.PackageSize = m.amount(rt, "package"), count("size")
	case catalog.Stairstep:
		p.Tiers = []catalog.Tier{{UpTo: &bound, FlatAmount: m.amount(rt, "flat")}, {FlatAmount: m.amount(rt, "flat")}}
	case catalog.GraduatedPercentage:
		p.Tiers = []catalog.Tier{{UpTo: &bound, Percent: count("percent")}, {Percent: count("percent")}}
	case catalog.Percentage:
		p.Percent, p.EventAmount = count("percent"), m.amount(rt, "fee")
	case catalog.Dynamic:
		p.Multiplier = count("multiplier")
	case catalog.Matrix:
		p.Dimensions, p.DefaultUnitAmount = []string{"kind"}, &other
		p.Cells = []catalog.Cell{
			{Values: map[string]string{"kind": "a"}, UnitAmount: m.amount(rt, "a")}, {Values: map[string]string{"kind": "b"}, UnitAmount: m.amount(rt, "b")},
		}
	}
	return p
}

// drawDetail is what any model may want to know of a quantity.
func drawDetail(rt *rapid.T, quantity decimal.Decimal) rating.Detail {
	amount, left := decimal.New(rapid.Int64Range(0, 100_000).Draw(rt, "amount"), -2), quantity
	detail := rating.Detail{Amount: &amount, EventCount: rapid.Int64Range(0, 50).Draw(rt, "events")}
	for _, kind := range []string{"a", "b"} {
		part := decimal.New(rapid.Int64Range(0, left.Shift(2).IntPart()).Draw(rt, kind), -2)
		detail.Groups = append(detail.Groups, rating.Group{Values: map[string]string{"kind": kind}, Quantity: part})
		left = left.Sub(part)
	}
	detail.Groups = append(detail.Groups, rating.Group{Values: map[string]string{"kind": "c"}, Quantity: left})
	return detail
}

// life is a subscription whose terms change again and again in one period.
type life struct {
	*account
	market market
	facts  invoicing.Facts
	period calendar.Period
	offers []catalog.Plan
	terms  invoicing.Terms
	now    time.Time
}

func drawLife(rt *rapid.T, m market, grains *rapid.Generator[catalog.Grain]) *life {
	z := zone(rt, anyZone.Draw(rt, "zone"))
	l := &life{market: m, period: month(rt, z, anyMonth.Draw(rt, "month"))}
	for _, id := range []string{"a", "b", "c"} {
		l.offers = append(l.offers, m.plan(rt, id, grains.Draw(rt, "grain")))
	}
	l.account = newAccount(rt, l.offers...)
	l.facts = taxedIn(anyCountry.Draw(rt, "country"), untaxed(z, l.period.Start))
	l.facts.Currency = m.currency
	l.facts.Balance = money.New(rapid.Int64Range(0, 1_000_000).Draw(rt, "balance"), m.currency)
	l.now, l.terms = l.period.Start, l.drawTerms(rt)
	f := l.facts
	f.Opens = &invoicing.Opening{Period: l.period, Terms: l.terms}
	l.bill(f)
	return l
}

func (l *life) drawTerms(rt *rapid.T) invoicing.Terms {
	drawn := terms(rapid.SampledFrom(l.offers).Draw(rt, "plan"), rapid.Int64Range(0, 80).Draw(rt, "seats"))
	if extra := rapid.Int64Range(0, 3).Draw(rt, "extra"); extra > 0 {
		drawn.AddOns = map[string]int64{"extra": extra}
	}
	return drawn
}

// pass lets time go by inside the period; often none does.
func (l *life) pass(rt *rapid.T) {
	left := int64(l.period.End.Sub(l.now)/time.Second) - 1
	if rapid.Bool().Draw(rt, "passes") && left > 0 {
		l.now = l.now.Add(time.Duration(rapid.Int64Range(0, left).Draw(rt, "seconds")) * time.Second)
	}
}

func (l *life) bill(f invoicing.Facts) {
	inv, err := invoicing.Build(f)
	if err != nil {
		require.ErrorIs(l.t, err, invoicing.ErrNothingToBill)
		return
	}
	requireAddsUp(l.t, inv, f)
	l.keep(inv, f.IssuedAt)
}

func (l *life) change(to invoicing.Terms) {
	l.bill(l.revision(l.facts, l.period, l.now, &to))
	l.terms = to
}

// price is what terms cost in advance for a part of the period, not rounded. It asks Build for the whole.
func (l *life) price(of invoicing.Terms, from, to time.Time) decimal.Decimal {
	f := l.facts
	f.Opens = &invoicing.Opening{Period: l.period, Terms: of}
	inv, err := invoicing.Build(f)
	if err != nil {
		require.ErrorIs(l.t, err, invoicing.ErrNothingToBill)
		return decimal.Zero
	}
	num, den := l.part(of.Plan.Proration, from, to)
	return inv.Subtotal.Decimal().Mul(decimal.NewFromInt(num)).DivRound(decimal.NewFromInt(den), 12)
}

// part counts on its own, without package proration.
func (l *life) part(grain catalog.Grain, from, to time.Time) (num, den int64) {
	if grain == catalog.GrainSecond {
		return int64(to.Sub(from) / time.Second), int64(l.period.End.Sub(l.period.Start) / time.Second)
	}
	days := func(a, b time.Time) int64 {
		from, to := l.facts.Zone.DateOf(a), l.facts.Zone.DateOf(b)
		if grain == catalog.GrainMonth30 {
			return int64(360*(to.Year-from.Year) + 30*int(to.Month-from.Month) + min(to.Day, 30) - min(from.Day, 30))
		}
		return int64(from.DaysUntil(to))
	}
	return days(from, to), days(l.period.Start, l.period.End)
}

// drawClosing is a period that ended now, with a change of terms or two and whatever was used.
func (l *life) drawClosing(rt *rapid.T) *invoicing.Closing {
	closing := &invoicing.Closing{Period: calendar.Period{Start: l.period.Start, End: l.now}, Full: l.period}
	middle := l.period.Start.Add(l.now.Sub(l.period.Start) / 2).Truncate(time.Second)
	for _, period := range []calendar.Period{{Start: l.period.Start, End: middle}, {Start: middle, End: l.now}} {
		s := invoicing.Segment{Period: period, Terms: l.drawTerms(rt)}
		for _, meter := range s.Terms.Plan.Meters() {
			quantity := decimal.New(rapid.Int64Range(0, 1_000_000).Draw(rt, "used"), -2)
			s.Usage = append(s.Usage, invoicing.Usage{Meter: meter, Quantity: quantity, Late: quantity.Div(decimal.NewFromInt(4)), Detail: drawDetail(rt, quantity)})
		}
		closing.Segments = append(closing.Segments, s)
	}
	return closing
}
