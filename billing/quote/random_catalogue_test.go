package quote_test

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// Currencies without, with two and with three decimals. Random plans have a price in each of them.
var anyCurrencies = []money.Currency{"JPY", "USD", "KWD"}

var (
	everyGrain = []catalog.Grain{
		catalog.GrainDay, catalog.GrainDayInclusive, catalog.GrainMonth30, catalog.GrainSecond, catalog.GrainNone,
	}
	recurringModels = []catalog.Model{catalog.Flat, catalog.PerUnit, catalog.Graduated, catalog.Volume, catalog.Package, catalog.Stairstep}
	usageModels     = slices.DeleteFunc(slices.Clone(catalog.Models), func(m catalog.Model) bool { return m == catalog.Flat })
)

// shop says how random plans may be.
type shop struct {
	schedule catalog.Plan // its interval, alignment and trial
	grains   []catalog.Grain
	// usage has plans charge for usage; limits gives charges and plans a minimum, a maximum or a commitment; phases gives plans phases.
	usage, limits, phases bool
	modes                 []money.Mode
}

// anySchedule draws when the periods of a shop's plans begin.
func anySchedule(rt *rapid.T) catalog.Plan {
	interval := rapid.SampledFrom([]calendar.Interval{
		{Unit: calendar.Month, Count: 1},
		{Unit: calendar.Month, Count: 1},
		{Unit: calendar.Week, Count: 2},
		{Unit: calendar.Day, Count: 10},
		{Unit: calendar.Quarter, Count: 1},
		{Unit: calendar.Year, Count: 1},
	}).Draw(rt, "interval")
	p := catalog.Plan{Interval: interval}
	if rapid.Bool().Draw(rt, "aligned") {
		stub := rapid.SampledFrom([]calendar.Stub{calendar.StubProrated, calendar.StubWhole, calendar.StubFree}).Draw(rt, "stub")
		p.Alignment = calendar.Alignment{To: calendar.ToCalendar, Stub: stub}
	}
	return p
}

// plan draws a plan of one to three charges, with an add-on.
func (s shop) plan(rt *rapid.T, id string) catalog.Plan {
	p := s.schedule
	p.ID, p.Version, p.Name, p.BilledBy = id, 1, id, catalog.ByRenewal
	p.Proration = rapid.SampledFrom(s.grains).Draw(rt, "proration")
	if p.Proration == catalog.GrainNone && p.Alignment.Stub == calendar.StubProrated {
		p.Proration = catalog.GrainDay
	}
	for i := range rapid.IntRange(1, 3).Draw(rt, "charges") {
		p.Charges = append(p.Charges, s.charge(rt, fmt.Sprintf("c%d", i)))
	}
	p.Charges = append(p.Charges, s.recurring(rt, "seats", catalog.PerSeat))
	p.AddOns = []catalog.AddOn{{ID: "extra", Name: "Extra", Charges: []catalog.Charge{s.recurring(rt, "blocks", catalog.PerQuantity)}}}
	if s.phases && rapid.Bool().Draw(rt, "phases") {
		percent := decimal.NewFromInt(rapid.Int64Range(1, 120).Draw(rt, "percent"))
		p.Phases = []catalog.Phase{{Periods: rapid.IntRange(1, 2).Draw(rt, "phase"), Percent: &percent}}
	}
	if s.limits && rapid.Bool().Draw(rt, "spend") {
		p.Spend = map[money.Currency]catalog.Spend{}
		for _, currency := range anyCurrencies {
			least, more := rapid.Int64Range(0, 50_000).Draw(rt, "least"), rapid.Int64Range(1, 50_000).Draw(rt, "more")
			p.Spend[currency] = catalog.Spend{
				Minimum: money.New(least, currency).Decimal(), Maximum: money.New(least+more, currency).Decimal(), TaxCategory: "saas_b2c",
			}
		}
	}
	require.NoError(rt, p.Validate())
	return p
}

func (s shop) charge(rt *rapid.T, id string) catalog.Charge {
	if s.usage && rapid.Bool().Draw(rt, "usage") {
		model := rapid.SampledFrom(usageModels).Draw(rt, "model")
		return catalog.Charge{
			ID: id, Name: id, Kind: catalog.Usage, Timing: catalog.Arrears, Meter: "m-" + id, TaxCategory: "saas_b2c", Prices: s.prices(rt, model, catalog.Usage),
		}
	}
	return s.recurring(rt, id, rapid.SampledFrom([]catalog.Per{catalog.PerSubscription, catalog.PerSeat}).Draw(rt, "per"))
}

func (s shop) recurring(rt *rapid.T, id string, per catalog.Per) catalog.Charge {
	timing := rapid.SampledFrom([]catalog.Timing{catalog.Advance, catalog.Advance, catalog.Arrears}).Draw(rt, "timing")
	model := rapid.SampledFrom(recurringModels).Draw(rt, "model")
	return catalog.Charge{
		ID: id, Name: id, Kind: catalog.Recurring, Per: per, Timing: timing, TaxCategory: "saas_b2c", Prices: s.prices(rt, model, catalog.Recurring),
	}
}

func (s shop) prices(rt *rapid.T, model catalog.Model, kind catalog.Kind) map[money.Currency]catalog.Price {
	prices := map[money.Currency]catalog.Price{}
	for _, currency := range anyCurrencies {
		p := s.price(rt, model, currency)
		if s.limits {
			s.limit(rt, &p, currency, kind)
		}
		prices[currency] = p
	}
	return prices
}

// amount is one of up to a few hundred units, often finer than the currency.
func (s shop) amount(rt *rapid.T, currency money.Currency) decimal.Decimal {
	return decimal.New(rapid.Int64Range(0, 50_000).Draw(rt, "amount"), -int32(currency.Digits())-rapid.Int32Range(0, 2).Draw(rt, "finer"))
}

func (s shop) price(rt *rapid.T, model catalog.Model, currency money.Currency) catalog.Price {
	p := catalog.Price{Model: model, Rounding: rapid.SampledFrom(s.modes).Draw(rt, "rounding")}
	amount := func() decimal.Decimal { return s.amount(rt, currency) }
	count := func(label string) decimal.Decimal { return decimal.NewFromInt(rapid.Int64Range(1, 60).Draw(rt, label)) }
	switch model {
	case catalog.Flat:
		p.FlatAmount = amount()
	case catalog.PerUnit:
		p.UnitAmount, p.FreeUnits = amount(), decimal.New(rapid.Int64Range(0, 60).Draw(rt, "free"), -1)
	case catalog.Package:
		p.UnitAmount, p.PackageSize = amount(), count("size")
	case catalog.Percentage:
		p.Percent, p.EventAmount, p.FreeEvents = count("percent"), amount(), rapid.Int64Range(0, 3).Draw(rt, "free events")
	case catalog.Dynamic:
		p.Multiplier = count("multiplier")
	case catalog.Matrix:
		other := amount()
		p.Dimensions, p.DefaultUnitAmount = []string{"kind"}, &other
		p.Cells = []catalog.Cell{{Values: map[string]string{"kind": "a"}, UnitAmount: amount()}}
	default:
		s.tiers(&p, count("bound"), amount, rapid.Bool().Draw(rt, "at zero"))
	}
	return p
}

func (s shop) tiers(p *catalog.Price, bound decimal.Decimal, amount func() decimal.Decimal, atZero bool) {
	p.FlatAtZero = atZero
	p.Tiers = []catalog.Tier{{UpTo: &bound, FlatAmount: amount()}, {FlatAmount: amount()}}
	for i := range p.Tiers {
		switch p.Model {
		case catalog.Graduated, catalog.Volume:
			p.Tiers[i].UnitAmount = amount()
		case catalog.GraduatedPercentage:
			p.Tiers[i].Percent = bound
		}
	}
}

func (s shop) limit(rt *rapid.T, p *catalog.Price, currency money.Currency, kind catalog.Kind) {
	switch rapid.IntRange(0, 3).Draw(rt, "limit") {
	case 0:
		p.Minimum = s.amount(rt, currency)
		p.Maximum = p.Minimum.Add(s.amount(rt, currency)).Add(decimal.NewFromInt(1))
	case 1:
		if p.Model == catalog.Flat {
			return
		}
		p.Commitment = &catalog.Commitment{Amount: s.amount(rt, currency).Add(decimal.NewFromInt(1))}
		if kind == catalog.Usage && rapid.Bool().Draw(rt, "paid in advance") {
			p.Commitment.Paid = catalog.PaidInAdvance
		}
	}
}

// asFields writes a value as a scenario has it.
func asFields(t require.TestingT, v any) any {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var fields any
	require.NoError(t, json.Unmarshal(text, &fields))
	return fields
}
