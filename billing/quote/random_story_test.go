package quote_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/quote"
)

// story is a random time line of one subscription, told twice: as it is, and with things that change nothing put in.
type story struct {
	rt       *rapid.T
	plans    []catalog.Plan
	measures map[string]catalog.Measures
	zone     string
	currency money.Currency
	began    time.Time
	now      time.Time
	terms    held
	plain    []map[string]any
	split    []map[string]any
}

// held are terms as a story knows them.
type held struct {
	plan   catalog.Plan
	seats  int64
	extras int64
}

func beginStory(rt *rapid.T, plans []catalog.Plan) *story {
	s := &story{rt: rt, plans: plans, measures: map[string]catalog.Measures{}}
	for _, plan := range plans {
		for meter, m := range plan.Measures() {
			s.measures[meter] = s.measures[meter].Join(m)
		}
	}
	s.zone = rapid.SampledFrom([]string{"UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo"}).Draw(rt, "zone")
	s.currency = rapid.SampledFrom(anyCurrencies).Draw(rt, "currency")
	s.now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 90*24*3600).Draw(rt, "start")) * time.Second)
	s.began, s.terms = s.now, held{plan: plans[0], seats: s.number("seats", 1, 30), extras: s.number("extras", 0, 3)}
	s.tell("subscribe", map[string]any{
		"id": "sub", "customer": "ada", "plan": plans[0].ID, "plan_version": plans[0].Version, "seats": s.terms.seats, "add_ons": s.terms.added(false),
	})
	return s
}

func (s *story) number(label string, least, most int64) int64 {
	return rapid.Int64Range(least, most).Draw(s.rt, label)
}

func (s *story) anyTerms() held {
	plan := rapid.SampledFrom(s.plans).Draw(s.rt, "to")
	return held{plan: plan, seats: s.number("seats", 1, 30), extras: s.number("extras", 0, 3)}
}

// pass lets a second to some days go by.
func (s *story) pass(days int64) {
	s.now = s.now.Add(time.Duration(s.number("seconds", 1, days*24*3600)) * time.Second)
}

// tell adds an entry to both time lines, aside one to that which splits.
func (s *story) tell(action string, fields map[string]any) {
	s.plain = append(s.plain, s.entry(action, fields))
	s.aside(action, fields)
}

func (s *story) aside(action string, fields map[string]any) {
	s.split = append(s.split, s.entry(action, fields))
}

func (s *story) entry(action string, fields map[string]any) map[string]any {
	return map[string]any{"at": s.now.Format(time.RFC3339), action: fields}
}

func (h held) added(always bool) []map[string]any {
	if h.extras == 0 && !always {
		return nil
	}
	return []map[string]any{{"id": "extra", "quantity": h.extras}}
}

func (h held) change() map[string]any {
	return map[string]any{"plan": h.plan.ID, "plan_version": h.plan.Version, "seats": h.seats, "add_ons": h.added(true)}
}

// use reports some usage of a meter, which the time line that splits reports in parts where the price does not count events.
func (s *story) use() {
	meters := slices.Sorted(maps.Keys(s.measures))
	if len(meters) == 0 {
		return
	}
	meter := rapid.SampledFrom(meters).Draw(s.rt, "meter")
	first, second := s.number("used", 0, 200), s.number("used", 0, 200)
	whole, measures := s.usage(meter, first+second), s.measures[meter]
	s.plain = append(s.plain, s.entry("usage", whole))
	if measures.NeedsAmount || s.countsEvents(meter) {
		s.aside("usage", whole)
		return
	}
	for _, part := range []int64{first, second} {
		half := s.usage(meter, part)
		if whole["values"] != nil {
			half["values"] = whole["values"]
		}
		s.aside("usage", half)
	}
}

func (s *story) countsEvents(meter string) bool {
	return slices.ContainsFunc(s.plans, func(p catalog.Plan) bool {
		return slices.ContainsFunc(p.Charges, func(c catalog.Charge) bool {
			return c.Meter == meter && c.Prices[s.currency].Model == catalog.Percentage
		})
	})
}

func (s *story) usage(meter string, quantity int64) map[string]any {
	fields, measures := map[string]any{"customer": "ada", "meter": meter, "quantity": quantity}, s.measures[meter]
	if measures.NeedsAmount {
		fields["amount"] = s.number("event", 0, 5000)
	}
	if len(measures.Dimensions) > 0 {
		fields["values"] = map[string]any{"kind": rapid.SampledFrom([]string{"a", "b"}).Draw(s.rt, "kind")}
	}
	if s.countsEvents(meter) && fields["amount"] == nil && fields["values"] == nil {
		fields["detail"] = map[string]any{"event_count": 1}
	}
	return fields
}

// scenario is a time line as a file, played until an instant.
func (s *story) scenario(timeline []map[string]any, until time.Time) string {
	fields := map[string]any{
		"catalog": asFields(s.rt, s.plans), "until": until.Format(time.RFC3339), "timeline": timeline,
		"customers": []map[string]any{
			{"id": "ada", "zone": s.zone, "country": "US", "currency": s.currency}, {"id": "bob", "zone": s.zone, "country": "US", "currency": s.currency},
		},
	}
	text, err := json.Marshal(fields)
	require.NoError(s.rt, err)
	return string(text)
}

func (s *story) play(timeline []map[string]any, until time.Time) quote.Result {
	text := s.scenario(timeline, until)
	scenario, err := quote.Parse(strings.NewReader(text))
	require.NoError(s.rt, err, text)
	result, err := quote.Run(s.rt.Context(), scenario)
	require.NoError(s.rt, err, text)
	return result
}

// netByCharge is what each charge of each version of a plan came to on all invoices and credit notes of a customer.
func netByCharge(result quote.Result) map[string]int64 {
	net := map[string]int64{}
	for _, invoice := range result.Invoices {
		for _, line := range invoice.Lines {
			key := fmt.Sprintf("%s %s.%d %s", invoice.Customer, line.Plan, line.PlanVersion, line.Charge)
			if net[key] += line.Amount.Minor; net[key] == 0 {
				delete(net, key)
			}
		}
	}
	return net
}
