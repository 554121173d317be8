// Package memory keeps in memory what is on record of one subscription, as far as it is the same for everybody who asks
// package lifecycle without a database: which terms were in force, and what was invoiced. What is used, what a customer has
// and what plans cost differs, and is the business of whoever embeds Records to implement lifecycle.Records.
package memory

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Records are the terms and the invoices of one subscription. A copy is a memento: whoever puts it back has taken back
// everything that was recorded since, and must not go on from what was taken back.
type Records struct {
	// Plans is lifecycle.Records.Plan: a plan version as the subscription has it.
	Plans func(context.Context, subscription.Terms) (catalog.Plan, error)
	// InForce are the terms that were in force, oldest first.
	InForce  []lifecycle.Segment
	invoices []Invoice
	// ahead are the lines that were charged in advance and have not been credited, in the order of their invoices.
	ahead []position
}

// position is a line by its places, counted from 0, with the end of the time that it pays for.
type position struct {
	invoice, line int
	end           time.Time
}

// Invoice is an invoice with the instant at which it was issued.
type Invoice struct {
	invoicing.Invoice

	IssuedAt time.Time
	// own are the places of the lines that concern the subscription, counted from 0, if shared says that others do not.
	own    []int
	shared bool
}

// For is the invoice with those lines only that are for one subscription.
func (i Invoice) For(subscriptionID string) Invoice {
	i.own, i.shared = nil, true
	for place := range i.Lines {
		if i.Lines[place].SubscriptionID == subscriptionID {
			i.own = append(i.own, place)
		}
	}
	return i
}

// lines are those that concern the subscription, by their places.
func (i Invoice) lines() iter.Seq2[int, invoicing.Line] {
	return func(yield func(int, invoicing.Line) bool) {
		if !i.shared {
			slices.All(i.Lines)(yield)
			return
		}
		for _, place := range i.own {
			if !yield(place, i.Lines[place]) {
				return
			}
		}
	}
}

// Keep records an invoice that was issued.
func (r *Records) Keep(issued Invoice) {
	r.invoices = append(r.invoices, issued)
	for i, line := range issued.lines() {
		if line.Credits != nil {
			r.credit(*line.Credits)
		}
		if issued.chargesAhead(line) {
			r.ahead = append(r.ahead, position{invoice: len(r.invoices) - 1, line: i, end: line.Period.End})
		}
	}
}

// credit takes a line out of those that have not been credited. A memento keeps it.
func (r *Records) credit(credited invoicing.LineRef) {
	i := slices.IndexFunc(r.ahead, func(at position) bool {
		return at.line == credited.Position-1 && r.invoices[at.invoice].Key == credited.InvoiceID
	})
	if i >= 0 {
		r.ahead = slices.Concat(r.ahead[:i], r.ahead[i+1:])
	}
}

// Segments lists the terms that were in force in [from, to), oldest first.
func (r *Records) Segments(_ context.Context, from, to time.Time) ([]lifecycle.Segment, error) {
	var overlapping []lifecycle.Segment
	for _, s := range r.InForce {
		lasts := s.To.IsZero() || s.To.After(from) && s.To.After(s.From)
		if s.From.Before(to) && lasts {
			overlapping = append(overlapping, s)
		}
	}
	return overlapping, nil
}

// Enforce puts terms in force from an instant on, in place of those in force.
func (r *Records) Enforce(ctx context.Context, terms subscription.Terms, at time.Time) error {
	if err := r.CloseSegment(ctx, at); err != nil {
		return err
	}
	r.InForce = append(r.InForce, lifecycle.Segment{From: at, Terms: terms})
	return nil
}

// CloseSegment ends the terms in force at an instant. Without any in force nothing changes.
func (r *Records) CloseSegment(_ context.Context, at time.Time) error {
	r.InForce = slices.Clone(r.InForce) // a memento keeps the end that it had
	if last := len(r.InForce) - 1; last >= 0 && r.InForce[last].To.IsZero() {
		r.InForce[last].To = at
	}
	return nil
}

// RunningLines lists what was charged in advance for time after an instant and has not been credited.
func (r *Records) RunningLines(ctx context.Context, at time.Time) ([]invoicing.BilledLine, error) {
	var running []invoicing.BilledLine
	for _, place := range r.ahead {
		if !place.end.After(at) {
			continue
		}
		invoice := r.invoices[place.invoice]
		line := invoice.Lines[place.line]
		plan, err := r.Plans(ctx, subscription.Terms{PlanID: line.PlanID, PlanVersion: line.PlanVersion})
		if err != nil {
			return nil, err
		}
		running = append(running, invoicing.BilledLine{InvoiceID: invoice.Key, Position: place.line + 1, Line: line, Plan: plan})
	}
	return running, nil
}

// ChargedAhead is what was charged in advance for time inside a period, and what was credited of that, before discounts.
func (r *Records) ChargedAhead(_ context.Context, inside calendar.Period) ([]invoicing.PlanAmount, error) {
	var charged []invoicing.PlanAmount
	counts := map[invoicing.LineRef]bool{}
	for _, invoice := range r.invoices {
		for i, line := range invoice.lines() {
			within := !line.Period.Start.Before(inside.Start) && !line.Period.End.After(inside.End)
			ahead := within && invoice.chargesAhead(line)
			counts[invoicing.LineRef{InvoiceID: invoice.Key, Position: i + 1}] = ahead
			if !ahead && (line.Credits == nil || !counts[*line.Credits]) {
				continue
			}
			price, err := line.Price()
			if err != nil {
				return nil, err
			}
			charged = append(charged, invoicing.PlanAmount{PlanID: line.PlanID, PlanVersion: line.PlanVersion, Amount: price})
		}
	}
	return charged, nil
}

// chargesAhead says that a line was charged before the end of the time that it pays for.
func (i Invoice) chargesAhead(line invoicing.Line) bool {
	return line.Kind.PaysAhead() && line.Period.End.After(i.IssuedAt)
}
