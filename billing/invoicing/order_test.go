package invoicing_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// The invoice is a function of the set of its facts: in whatever order they are listed, it is the same to the last
// field of the last line, and so is the error. It has to be, since facts are gathered from a database, by several
// processes and again after a crash.
//
// Permuted are the lines billed of the latest and of earlier revisions, segments, usage of different meters and its groups, what was
// charged in advance and late, discounts, grants, items and the seller's registrations; for an invoice that opens, closes and revises,
// alone and consolidated with others. What has an order of its own is left as it is: the revisions themselves, debts, a plan's
// charges, the events of a meter, and segments of no length.
func TestInvoiceDoesNotDependOnTheOrderOfFacts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		l := drawLife(rt, market{anyCurrency.Draw(rt, "currency"), 3}, anyGrain)
		f := l.drawEverything(rt)
		one, err := invoicing.Build(f)
		if err == nil {
			requireAddsUp(rt, one, f)
		}
		other, errOther := invoicing.Build(shuffled(rt, f))
		require.Equal(rt, withSortedGroups(one), withSortedGroups(other))
		require.Equal(rt, err, errOther)

		alone := f
		alone.Discounts, alone.Items, alone.Key = nil, nil, "invoice:other"
		parts := []invoicing.Part{{SubscriptionID: "a", Facts: f}, {SubscriptionID: "b", Facts: alone}, {SubscriptionID: "c", Facts: alone}}
		head := f
		head.Opens, head.Closes, head.Revises, head.Earlier, head.PlanCredit = nil, nil, nil, nil, money.Amount{}
		together, err := invoicing.Consolidate(head, parts)
		for i := range parts {
			parts[i].Facts = shuffled(rt, parts[i].Facts)
		}
		again, errAgain := invoicing.Consolidate(shuffled(rt, head), rapid.Permutation(parts).Draw(rt, "parts"))
		require.Equal(rt, withSortedGroups(together), withSortedGroups(again))
		require.Equal(rt, err, errAgain)
	})
}

// withSortedGroups makes lists of groups, which lines repeat as they came, the sets that they are.
func withSortedGroups(inv invoicing.Invoice) invoicing.Invoice {
	for i := range inv.Lines {
		inv.Lines[i].Measured.Groups = slices.SortedFunc(slices.Values(inv.Lines[i].Measured.Groups), func(a, b rating.Group) int {
			return cmp.Or(cmp.Compare(a.Values["kind"], b.Values["kind"]), a.Quantity.Cmp(b.Quantity))
		})
	}
	return inv
}

// drawEverything makes facts of every kind there is.
func (l *life) drawEverything(rt *rapid.T) invoicing.Facts {
	for range rapid.IntRange(1, 3).Draw(rt, "changes") {
		l.pass(rt)
		l.change(l.drawTerms(rt))
	}
	earlier := l.drawTerms(rt)
	first := l.revision(l.facts, l.period, l.now, &earlier).Revises
	l.pass(rt)
	next := l.drawTerms(rt)
	f := l.revision(l.facts, l.period, l.now, &next)
	if rapid.Bool().Draw(rt, "earlier") {
		f.Earlier = []invoicing.Revision{*first}
	}
	f.Closes = l.drawClosing(rt)
	if rapid.Bool().Draw(rt, "opens") {
		f.Opens = &invoicing.Opening{Period: calendar.Period{Start: l.period.End, End: l.period.End.Add(30 * 24 * time.Hour)}, Terms: l.drawTerms(rt)}
	}
	l.drawCharged(rt, f.Closes)
	l.drawCredits(rt, &f)
	return f
}

// drawCharged adds what was charged before for a closing, in advance and perhaps for its usage.
func (l *life) drawCharged(rt *rapid.T, closing *invoicing.Closing) {
	amount := func() money.Amount {
		return money.New(rapid.Int64Range(0, 50_000).Draw(rt, "charged"), l.market.currency)
	}
	late := &invoicing.Late{}
	for _, p := range l.offers {
		closing.InAdvance = append(closing.InAdvance, invoicing.PlanAmount{PlanID: p.ID, PlanVersion: p.Version, Amount: amount()})
		for _, c := range p.Charges {
			if c.Meter == "" {
				continue
			}
			quantity := number("7")
			late.Charged = append(late.Charged, invoicing.Charged{
				Kind: invoicing.UsageLine, PlanID: p.ID, PlanVersion: p.Version, ChargeID: c.ID, Amount: amount(),
				Usage: rating.Usage{Quantity: quantity, Detail: drawDetail(rt, quantity)},
			})
		}
	}
	if rapid.Bool().Draw(rt, "late") {
		closing.Late = late
	}
}

func permuted[T any](rt *rapid.T, facts []T, label string) []T {
	if len(facts) == 0 {
		return facts
	}
	return rapid.Permutation(slices.Clone(facts)).Draw(rt, label)
}

// shuffled lists the same facts in another order.
func shuffled(rt *rapid.T, f invoicing.Facts) invoicing.Facts {
	f.Discounts = permuted(rt, f.Discounts, "discounts")
	f.Prepaid = permuted(rt, f.Prepaid, "prepaid")
	f.Items = permuted(rt, f.Items, "items")
	f.Seller.Registrations = permuted(rt, f.Seller.Registrations, "registrations")
	f.Earlier = slices.Clone(f.Earlier)
	for i := range f.Earlier {
		f.Earlier[i].Billed = permuted(rt, f.Earlier[i].Billed, "billed earlier")
	}
	if f.Revises != nil {
		revises := *f.Revises
		revises.Billed = permuted(rt, revises.Billed, "billed")
		f.Revises = &revises
	}
	if f.Closes != nil {
		closes := shuffledClosing(rt, *f.Closes)
		f.Closes = &closes
	}
	return f
}

func shuffledClosing(rt *rapid.T, c invoicing.Closing) invoicing.Closing {
	c.InAdvance = permuted(rt, c.InAdvance, "in advance")
	if c.Late != nil {
		c.Late = &invoicing.Late{Charged: permuted(rt, c.Late.Charged, "charged late")}
	}
	c.Segments = slices.Clone(c.Segments)
	for i, s := range c.Segments {
		c.Segments[i].Usage = permuted(rt, s.Usage, "usage")
		for j, used := range c.Segments[i].Usage {
			c.Segments[i].Usage[j].Detail.Groups = permuted(rt, used.Detail.Groups, "groups")
		}
	}
	if c.Segments[0].Period != c.Segments[1].Period { // of terms that were never in force, only the list knows the order
		c.Segments = permuted(rt, c.Segments, "segments")
	}
	return c
}
