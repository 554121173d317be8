package quote_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/quote"
)

// Splitting a period by what changes nothing never changes what is billed, to the minor unit and for each charge:
//
//   - another plan, another number of seats or add-ons, and at the same instant the old terms again; billed at once or later
//   - the same terms asked for again, now or at the period's end
//   - a pause that keeps or extends the period, ended at the instant at which it begins
//   - the zone that the customer has anyway
//   - usage reported in two parts
//
// It holds for all charge models with and without limits, all kinds of proration and rounding, stubs, phases, currencies with 0, 2
// and 3 decimals, and between changes and pauses that really change something. The rule is that a charge's lines of a period,
// charged and taken back, are differences of rounded prices, each of the time from some instant to the period's end (in arrears:
// up to some instant); what is split at an instant is rounded alike on both sides of it.
//
// Plans whose credits are none are left out: what is not used of them is lost, which is what they are for.
func TestSplittingAPeriodNeverChangesItsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		shop := shop{schedule: anySchedule(rt), grains: everyGrain, usage: true, limits: true, phases: true, modes: append([]money.Mode{""}, money.Modes...)}
		s := beginStory(rt, []catalog.Plan{shop.plan(rt, "home"), shop.plan(rt, "away"), shop.plan(rt, "other")})
		for range rapid.IntRange(1, 10).Draw(rt, "steps") {
			s.pass(20)
			switch rapid.IntRange(0, 7).Draw(rt, "step") {
			case 0:
				s.terms = s.anyTerms()
				s.tell("change", s.terms.change())
			case 1:
				s.keepAway()
			case 2:
				s.use()
			default:
				s.doNothing()
			}
		}
		s.pass(20)
		if rapid.Bool().Draw(rt, "ends") {
			s.tell("cancel", map[string]any{"credit_unused": rapid.Bool().Draw(rt, "credited")})
		}
		until := s.now.Add(400 * 24 * time.Hour)
		require.Equal(rt, netByCharge(s.play(s.plain, until)), netByCharge(s.play(s.split, until)),
			"%s in %s\nplays %v\nsplit by %v", s.currency, s.zone, s.scenario(s.plain, until), s.split)
	})
}

// keepAway is a real pause. Of a plan that does not prorate it would make the rest of a period free that began in the pause, and
// only until another plan takes its place: a detour then is a change.
func (s *story) keepAway() {
	if s.terms.plan.Proration == catalog.GrainNone {
		return
	}
	s.tell("pause", map[string]any{"mode": "keep"})
	s.pass(40)
	s.tell("resume", map[string]any{})
}

// doNothing puts something into one of the time lines that changes nothing.
func (s *story) doNothing() {
	for range rapid.IntRange(1, 3).Draw(s.rt, "times") {
		switch rapid.IntRange(0, 5).Draw(s.rt, "nothing") {
		case 0:
			s.detour(s.anyTerms())
		case 1:
			s.detour(held{plan: s.terms.plan, seats: s.number("more", 1, 60), extras: s.number("more", 0, 5)})
		case 2:
			s.aside("change", s.terms.change())
		case 3:
			later := s.anyTerms().change()
			later["when"] = "period_end"
			s.aside("change", later)
			later = s.terms.change()
			later["when"] = "period_end"
			s.aside("change", later)
		case 4:
			mode := rapid.SampledFrom([]string{"keep", "extend"}).Draw(s.rt, "mode")
			s.aside("pause", map[string]any{"mode": mode})
			s.aside("resume", map[string]any{})
		case 5:
			s.pass(1)
			s.aside("customer", map[string]any{"id": "ada", "zone": s.zone})
		}
	}
}

// detour takes up other terms, and the old ones again at the same instant. What came in mid-period to a plan that does not
// prorate is free until the period ends, but not for who leaves the plan: then only seats and add-ons make the detour.
func (s *story) detour(away held) {
	if s.terms.plan.Proration == catalog.GrainNone {
		away.plan = s.terms.plan
	}
	there, back := away.change(), s.terms.change()
	if rapid.Bool().Draw(s.rt, "billed later") {
		there["bill"] = "next"
	}
	if rapid.Bool().Draw(s.rt, "billed later") {
		back["bill"] = "next"
	}
	s.aside("change", there)
	s.aside("change", back)
}

// A plan whose new version costs the same costs the same however often, and whenever, a subscription goes over from one version to
// the other, at once or later, in advance and in arrears, with all kinds of proration and rounding: what is taken back of a
// line is rounded as what takes its place, and parts in arrears are what the price so far exceeds the price before them by.
//
// Usage is left out: that of another version begins its tiers anew.
func TestEqualPricesSplitNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		shop := shop{schedule: anySchedule(rt), grains: everyGrain, modes: append([]money.Mode{""}, money.Modes...)}
		old := shop.plan(rt, "home")
		renewed := old
		renewed.Version = 2
		s := beginStory(rt, []catalog.Plan{old, renewed})
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			s.pass(20)
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0:
				s.terms.seats, s.terms.extras = s.number("seats", 1, 30), s.number("extras", 0, 3)
				s.plain = append(s.plain, s.entry("change", held{old, s.terms.seats, s.terms.extras}.change()))
				s.aside("change", s.terms.change())
			case 1:
				s.keepAway()
			default:
				s.terms.plan = rapid.SampledFrom(s.plans).Draw(rt, "version")
				over := s.terms.change()
				if rapid.Bool().Draw(rt, "billed later") {
					over["bill"] = "next"
				}
				s.aside("change", over)
			}
		}
		s.pass(20)
		if rapid.Bool().Draw(rt, "ends") {
			s.tell("cancel", map[string]any{"credit_unused": rapid.Bool().Draw(rt, "credited")})
		}
		until := s.now.Add(400 * 24 * time.Hour)
		require.Equal(rt, ofBothVersions(s.play(s.plain, until)), ofBothVersions(s.play(s.split, until)),
			"%s in %s\nplays %v\nsplit by %v", s.currency, s.zone, s.scenario(s.plain, until), s.split)
	})
}

func ofBothVersions(result quote.Result) map[string]int64 {
	net := map[string]int64{}
	for _, invoice := range result.Invoices {
		for _, line := range invoice.Lines {
			if net[line.Charge] += line.Amount.Minor; net[line.Charge] == 0 {
				delete(net, line.Charge)
			}
		}
	}
	return net
}
