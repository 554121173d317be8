package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// claim is something that must be true of the books, how much was looked at, and what contradicts it.
type claim struct {
	Claim   string `json:"claim"`
	Unit    string `json:"unit"`
	Checked int    `json:"checked"`
	// Faults are the first contradictions in words; FaultCount counts all.
	Faults     []string `json:"faults"`
	FaultCount int      `json:"fault_count"`
}

const maxFaults = 20

func (c *claim) fault(format string, args ...any) {
	c.FaultCount++
	if len(c.Faults) < maxFaults {
		c.Faults = append(c.Faults, fmt.Sprintf(format, args...))
	}
}

// claims are all that is checked beside starter/proof.
func (b *books) claims(h *house, o options, promises []promise, wrong []string) []claim {
	return []claim{
		b.chargedOnce(), b.nothingLost(), b.balanced(), b.sameMoney(), b.kept(promises, wrong), b.usageOnce(promises),
		b.periods(h, o, promises), b.collected(), b.running(),
	}
}

// kept looks for everything that was accepted, and for answers that were wrong by themselves.
func (b *books) kept(promises []promise, wrong []string) claim {
	c := claim{Claim: "Everything the API accepted is there, as it was answered", Unit: "accepted requests", Checked: len(promises)}
	for _, answer := range wrong {
		c.fault("%s", answer)
	}
	customers, subscriptions := map[string]bool{}, map[string]subscriptionRow{}
	for _, id := range b.customers {
		customers[id] = true
	}
	for _, s := range b.subscriptions {
		subscriptions[s.ID] = s
	}
	commands := map[commandRow]int{}
	for _, row := range b.commands {
		commands[row]++
	}
	due := map[string]int64{}
	for _, invoice := range b.invoices {
		due[invoice.ID] = invoice.AmountDue
	}
	seats := map[string]int64{}
	for _, p := range promises {
		if !customers[p.customer] {
			c.fault("customer %s is not there", p.customer)
		}
		if row, there := subscriptions[p.subscription]; p.subscription != "" && (!there || row.CustomerID != p.customer) {
			c.fault("subscription %s is not there", p.subscription)
		}
		if n := commands[commandRow{p.subscription, p.key}]; p.kind == "command" && n != 1 {
			c.fault("command %s of subscription %s is there %d times", p.key, p.subscription, n)
		}
		if amount, there := due[p.invoice]; p.invoice != "" && (!there || amount != p.due) {
			c.fault("invoice %s was answered with %d due; it is there: %t, with %d", p.invoice, p.due, there, amount)
		}
		if p.seats > 0 {
			seats[p.subscription] = p.seats // of one subscription they were asked for one after the other
		}
	}
	for id, wanted := range seats {
		if row := subscriptions[id]; row.EndedAt == nil && row.Seats != wanted {
			c.fault("subscription %s has %d seats; the last accepted change was to %d", id, row.Seats, wanted)
		}
	}
	return c
}

// usageOnce compares what was accepted with the events, and these with what bills are made of.
func (b *books) usageOnce(promises []promise) claim {
	c := claim{Claim: "Every accepted usage event is stored and counted once", Unit: "events"}
	stored, sums := map[[2]string]string{}, map[string]decimal.Decimal{}
	for _, row := range b.usage {
		stored[[2]string{row.CustomerID, row.ID}] = row.Quantity
		sums[row.CustomerID] = sums[row.CustomerID].Add(decimal.RequireFromString(row.Quantity))
	}
	for _, p := range promises {
		for _, event := range p.events {
			c.Checked++
			if got := stored[[2]string{p.customer, event.ID}]; got != event.Quantity {
				c.fault("event %s of %s: %s was accepted, %q is stored", event.ID, p.customer, event.Quantity, got)
			}
		}
	}
	if len(b.usage) != c.Checked {
		c.fault("%d events were accepted, %d are stored", c.Checked, len(b.usage))
	}
	for _, bucket := range b.buckets {
		quantity, claimed := decimal.RequireFromString(bucket.Quantity), decimal.RequireFromString(bucket.Claimed)
		sums[bucket.CustomerID] = sums[bucket.CustomerID].Sub(quantity)
		if claimed.GreaterThan(quantity) {
			c.fault("customer %s: more was billed (%s) than used (%s)", bucket.CustomerID, claimed, quantity)
		}
	}
	for customer, rest := range sums {
		if !rest.IsZero() {
			c.fault("customer %s: events and the sums that are billed differ by %s", customer, rest)
		}
	}
	return c
}

// periods checks that nobody is behind the clock and each period came to one invoice at most, and follows the one before.
func (b *books) periods(h *house, o options, promises []promise) claim {
	c := claim{Claim: "Every subscription was billed for each of its periods, once, and none is behind", Unit: "periods", Checked: len(b.cycles)}
	invoices := map[string]int{}
	for _, invoice := range b.invoices {
		if invoice.Reason == "cycle" {
			invoices[fmt.Sprintf("%s %d", invoice.SubscriptionID, invoice.Cycle)]++
		}
	}
	cycles := map[string]int{}
	var last cycleRow
	for _, cycle := range b.cycles {
		cycles[cycle.SubscriptionID]++
		if last.SubscriptionID == cycle.SubscriptionID && (cycle.Cycle != last.Cycle+1 || cycle.Start.Before(last.Start)) {
			c.fault("subscription %s: period %d does not follow period %d", cycle.SubscriptionID, cycle.Cycle, last.Cycle)
		}
		wanted := 0
		if cycle.InvoiceID != nil {
			wanted = 1
		}
		if n := invoices[fmt.Sprintf("%s %d", cycle.SubscriptionID, cycle.Cycle)]; n != wanted {
			c.fault("subscription %s, period %d: %d invoices, recorded %d", cycle.SubscriptionID, cycle.Cycle, n, wanted)
		}
		last = cycle
	}
	for _, p := range promises {
		if p.resumes { // the month of the pause is missing, unless the period that began with its end makes up for it
			cycles[p.subscription]++
		}
	}
	b.onTime(&c, cycles, h.end(o), o)
	return c
}

// onTime checks the customers on test clocks, who have a number of periods behind them.
func (b *books) onTime(c *claim, cycles map[string]int, end time.Time, o options) {
	rows := map[string]subscriptionRow{}
	for _, s := range b.subscriptions {
		rows[s.ID] = s
	}
	for _, p := range people(o) {
		row, there := rows[p.subscription()]
		if !there {
			c.fault("subscription %s is not there", p.subscription())
			continue
		}
		if row.EndedAt != nil || row.Status == "paused" {
			continue
		}
		if row.BilledBy == "renewal" && (row.PeriodEnd == nil || !row.PeriodEnd.After(end)) {
			c.fault("subscription %s is behind: its period ends at %v, the clock is at %s", row.ID, row.PeriodEnd, end.Format(time.RFC3339))
		}
		if n := cycles[row.ID]; n < o.periods {
			c.fault("subscription %s (%s) was billed for %d periods of %d", row.ID, row.Status, n, o.periods)
		}
	}
}

// collected checks that somebody is after each invoice that is still open, unless there is nothing to collect.
func (b *books) collected() claim {
	c := claim{Claim: "Every invoice is paid, written off, or being collected", Unit: "invoices", Checked: len(b.invoices)}
	after := map[string]bool{}
	for _, d := range b.dunning {
		after[d.InvoiceID] = !d.Ended
	}
	for _, invoice := range b.invoices {
		owed := invoice.AmountDue - invoice.AmountPaid - invoice.AmountCredited
		if invoice.Status == "open" && owed > 0 && !after[invoice.ID] {
			c.fault("invoice %s of %s is open with %d %s, and nobody collects it", invoice.ID, invoice.SubscriptionID, owed, invoice.Currency)
		}
		if invoice.Status != "open" && after[invoice.ID] {
			c.fault("invoice %s is %s and still being collected", invoice.ID, invoice.Status)
		}
	}
	return c
}

// running checks that the workflows that run are those that must.
func (b *books) running() claim {
	c := claim{Claim: "Every subscription and collection has its workflow, and no workflow is left over", Unit: "workflows that run", Checked: len(b.open)}
	left := maps.Clone(b.open)
	must := func(id string) {
		if !left[id] {
			c.fault("%s does not run", id)
		}
		delete(left, id)
	}
	for _, s := range b.subscriptions {
		if s.EndedAt == nil {
			must("subscription/" + s.ID)
		}
	}
	for _, d := range b.dunning {
		if !d.Ended {
			must("dunning/" + d.InvoiceID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		c.fault("%s runs, and nothing is to be done by it", id)
	}
	return c
}

// mailFates counts messages by their fate.
func (b *books) mailFates() map[string]int {
	fates := map[string]int{}
	for _, m := range b.mail {
		fates[m.Status]++
	}
	return fates
}
