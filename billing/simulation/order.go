package simulation

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// step is what happened to one subscription: an event, which met a state, or a month of the monthly run.
type step struct {
	of     *replay
	event  Event
	before subscription.State
	month  *Month
	at     time.Time
	// invoice is what the step is billed on, alone or with others; empty if nothing was billed. serial is the one of an
	// invoice on record.
	invoice string
	serial  int64
	// due, recorded and after are the step's place among the steps of all: see ordered.
	due      time.Time
	recorded time.Time
	after    int64
}

// events are the steps that commands and boundaries were, in their order.
func (r *replay) events() []*step {
	steps := make([]*step, len(r.Events))
	before := r.first()
	for i, event := range r.Events {
		steps[i] = &step{of: r, event: event, before: before, at: event.Command.At, recorded: event.RecordedAt, invoice: event.InvoiceID}
		for _, id := range []string{event.FormerID, event.InvoiceID} {
			steps[i].serial = cmp.Or(steps[i].serial, r.invoice(id).Serial)
		}
		before = event.After
	}
	return steps
}

// months are the steps of the monthly run, in their order.
func (r *replay) months() []*step {
	steps := make([]*step, len(r.Months))
	for i, month := range r.Months {
		steps[i] = &step{of: r, month: &month, at: month.AsOf, invoice: month.InvoiceID, serial: r.invoice(month.InvoiceID).Serial}
	}
	return steps
}

// ordered are the steps of all subscriptions as they happened. Invoices tell by their numbers in which order they were issued:
// what was billed late, such as a renewal after an outage, met what others had been billed meanwhile. What was not billed
// happened at its instant, after what had happened to its subscription before, and among what happened at that instant when it
// was recorded. Months come before commands of the same instant, which go on from them.
func ordered(replays []*replay) []*step {
	var queues [][]*step
	for _, r := range replays {
		queues = append(queues, r.months(), r.events())
	}
	all := slices.Concat(queues...)
	if len(replays) > 1 {
		join(all)
	}
	billed := slices.DeleteFunc(slices.Clone(all), func(s *step) bool { return s.serial == 0 })
	slices.SortStableFunc(billed, func(a, b *step) int { return cmp.Compare(a.serial, b.serial) })
	follow(billed)
	for _, queue := range queues {
		follow(queue)
	}
	slices.SortStableFunc(all, func(a, b *step) int {
		return cmp.Or(a.due.Compare(b.due), a.recorded.Compare(b.recorded), cmp.Compare(a.after, b.after))
	})
	return all
}

// follow gives each of some steps a place that is not before that of the one before it.
func follow(steps []*step) {
	for i, s := range steps {
		s.due, s.after = later(s.due, s.at), max(s.after, s.serial)
		if i > 0 {
			before := steps[i-1]
			s.due, s.recorded, s.after = later(s.due, before.due), later(s.recorded, before.recorded), max(s.after, before.after)
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// common is what steps share an invoice by.
type common struct {
	account.Sharing

	month string
	at    int64
}

// join puts the renewals and months of which nothing was billed on the invoice that they would have shared: at other prices
// there may be something to bill. Those that had an invoice of their own on record keep it.
func join(all []*step) {
	sharing := map[common][]*step{}
	for _, s := range all {
		if by, can := s.common(); can {
			sharing[by] = append(sharing[by], s)
		}
	}
	for by, steps := range sharing {
		invoices := map[string]int64{}
		for _, s := range steps {
			if s.invoice != "" {
				invoices[s.invoice] = s.serial
			}
		}
		if len(invoices) > 1 {
			continue
		}
		id, serial := strings.Join([]string{"none", by.CustomerID, by.BillingGroup, by.PONumber, by.month, time.Unix(0, by.at).String()}, " "), int64(0)
		for billed, number := range invoices {
			id, serial = billed, number
		}
		for _, s := range steps {
			s.invoice, s.serial = id, serial
		}
	}
}

// common says by what a step can share an invoice, if it can. Whose seats follow members is billed alone.
func (s *step) common() (by common, can bool) {
	by = common{Sharing: s.of.Sharing, at: kept(s.at).UnixNano()}
	switch {
	case s.of.Seating != nil:
		return by, false
	case s.month != nil:
		by.CustomerID, by.month = cmp.Or(s.of.invoice(s.month.InvoiceID).CustomerID, s.of.CustomerID), s.month.Month
	default:
		by.CustomerID = s.before.CustomerID
	}
	renewed := s.event.Command.Kind == Boundary && s.before.RenewsAt(s.at)
	return by, by.BillingGroup != "" && (renewed || s.month != nil)
}
