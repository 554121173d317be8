package quote_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/quote"
)

// act does something that the subscription's state allows.
func (c *conservation) act() {
	acts := []func(){c.use, c.useLate}
	switch {
	case c.ended:
		acts = append(acts, c.reactivate)
	case c.paused != "":
		acts = append(acts, c.resume, c.resume)
	case c.later != nil || c.do != nil:
		acts = append(acts, c.charge)
	default:
		acts = append(acts, c.charge, c.change, c.change, c.change, c.pause, c.cancel, c.transfer)
	}
	rapid.SampledFrom(acts).Draw(c.s.rt, "act")()
}

// finish ends what has not ended, so that everything is billed.
func (c *conservation) finish() {
	for c.do != nil {
		c.pass(10)
	}
	c.pass(1)
	if c.paused != "" {
		c.resume()
		c.pass(1)
	}
	if !c.ended {
		credited := c.s.number("credited", 0, 1) == 1
		c.end(credited, c.s.now)
		c.s.tell("cancel", map[string]any{"credit_unused": credited})
	}
}

// when draws whether something happens now, at the end of the period or on a date, and adds it to the entry. Only what happens
// later is kept until then.
func (c *conservation) when(fields map[string]any, do func(at time.Time), atEnd func()) {
	switch c.s.number("when", 0, 5) {
	case 0:
		if atEnd != nil {
			fields["when"] = "period_end"
			c.later = atEnd
			return
		}
	case 1:
		on := c.s.now.Add(time.Duration(c.s.number("ahead", 1, 20*24*4)) * quarter)
		if delete(fields, "bill"); on.Equal(c.o.end) {
			on = on.Add(quarter)
		}
		fields["on"] = on.Format(time.RFC3339)
		c.on, c.do = on, func() { do(on) }
		return
	}
	do(c.s.now)
}

func (c *conservation) change() {
	to := c.s.anyTerms()
	fields := to.change()
	if to.plan.Interval == c.o.terms.plan.Interval && c.s.number("bill next", 0, 2) == 0 {
		fields["bill"] = "next"
	}
	c.when(fields, func(at time.Time) { c.goOver(to, at) }, func() { c.o.terms = to })
	if fields["when"] != nil {
		delete(fields, "bill")
	}
	c.s.tell("change", fields)
}

func (c *conservation) goOver(to held, at time.Time) {
	c.o.ahead(at, -1)
	c.o.stop(at)
	if to.plan.Interval == c.o.terms.plan.Interval {
		c.o.terms = to
		c.o.ahead(at, 1)
		c.o.serve(at)
		return
	}
	c.o.settle(c.s.plans)
	c.o.terms = to
	c.takeUp(at)
}

func (c *conservation) pause() {
	modes := []string{"credit", "keep"}
	if c.extends {
		modes = append(modes, "extend", "extend")
	}
	mode := rapid.SampledFrom(modes).Draw(c.s.rt, "mode")
	atEnd := func() { c.paused = mode }
	if mode == "extend" {
		atEnd = nil
	}
	fields := map[string]any{"mode": mode}
	c.when(fields, func(at time.Time) {
		if mode == "credit" {
			c.o.ahead(at, -1)
		}
		c.o.stop(at)
		if mode == "credit" {
			c.o.settle(c.s.plans)
		}
		c.paused, c.pausedAt = mode, at
	}, atEnd)
	c.s.tell("pause", fields)
}

func (c *conservation) resume() {
	at, mode := c.s.now, c.paused
	c.s.tell("resume", map[string]any{})
	c.paused = ""
	if mode == "credit" {
		c.takeUp(at)
		return
	}
	if mode == "extend" {
		if days := int(c.o.day(at).Sub(c.o.day(c.pausedAt)) / (24 * time.Hour)); days > 0 {
			c.o.extended += days
			c.o.anchor, c.o.next = c.o.day(c.o.end).AddDate(0, 0, days), 0
			c.o.end = c.o.boundary(0)
		}
	}
	if c.o.uncharged {
		c.o.ahead(at, 1)
		c.o.uncharged = false
	}
	c.o.serve(at)
}

func (c *conservation) cancel() {
	credited := c.s.number("credited", 0, 1) == 1
	fields := map[string]any{}
	c.when(fields, func(at time.Time) { c.end(credited, at) }, func() { c.ended = true })
	if fields["when"] == nil {
		fields["credit_unused"] = credited
	}
	c.s.tell("cancel", fields)
}

// end is the end at an instant. What is left of what was paid is given back, or not.
func (c *conservation) end(credited bool, at time.Time) {
	if credited {
		c.o.ahead(at, -1)
	}
	c.o.stop(at)
	c.o.settle(c.s.plans)
	c.ended, c.later = true, nil
}

func (c *conservation) reactivate() {
	c.s.tell("reactivate", map[string]any{})
	c.ended = false
	c.takeUp(c.s.now)
}

func (c *conservation) transfer() {
	to := map[string]string{"ada": "bob", "bob": "ada"}[c.o.owner]
	fields := map[string]any{"customer": to}
	c.when(fields, func(at time.Time) {
		c.o.ahead(at, -1)
		c.o.stop(at)
		c.o.settle(c.s.plans)
		c.o.owner, c.moved = to, at
		c.o.ahead(at, 1)
		c.o.serve(at)
	}, func() { c.o.owner, c.moved = to, c.o.end })
	c.s.tell("transfer", fields)
}

// charge bills something that no plan foresees, or gives something back.
func (c *conservation) charge() {
	cents := c.s.number("unit", -3000, 5000)
	if cents == 0 {
		return
	}
	id, kind, when := fmt.Sprintf("item-%d", len(c.s.plain)), "one_off", rapid.SampledFrom([]string{"now", "next_invoice"}).Draw(c.s.rt, "when")
	if cents < 0 {
		kind = "adjustment"
	}
	unit := money.New(cents, c.s.currency).Decimal()
	c.s.tell("charge", map[string]any{"id": id, "kind": kind, "unit_amount": unit, "tax_category": "saas_b2c", "when": when})
	c.o.net[c.o.owner+" "+id] += cents
}

// use reports usage as it happens.
func (c *conservation) use() {
	at := c.s.now
	c.s.now = at.Add(quarter / 2)
	defer func() { c.s.now = at.Add(quarter) }()
	quantity, amount := c.s.number("quantity", 0, 200), c.s.number("amount", 0, 300)
	kind := rapid.SampledFrom([]string{"a", "b"}).Draw(c.s.rt, "kind")
	fields := map[string]any{"customer": c.o.owner, "meter": "calls", "quantity": quantity, "detail": map[string]any{"event_count": 1}}
	measures := c.s.measures["calls"]
	if measures.NeedsAmount {
		fields["amount"] = amount
		delete(fields, "detail")
	}
	if len(measures.Dimensions) > 0 {
		fields["values"] = map[string]any{"kind": kind}
		delete(fields, "detail")
	}
	c.s.tell("usage", fields)
	if !c.o.serves {
		return
	}
	u := c.o.used[c.o.terms.plan.ID]
	u.quantity, u.events, u.amount = u.quantity+quantity, u.events+1, u.amount+amount
	if kind == "a" {
		kinds := map[string]int64{"a": u.kinds["a"] + quantity}
		u.kinds = kinds
	}
	c.o.used[c.o.terms.plan.ID] = u
}

// useLate reports what was used up to forty days ago, and costs the same whenever it becomes known.
func (c *conservation) useLate() {
	at := c.s.now
	happened := at.Add(-time.Duration(c.s.number("ago", 1, 40*24*4))*quarter + quarter/2)
	if !happened.After(c.moved) || happened.Before(c.s.began) {
		return
	}
	quantity := c.s.number("quantity", 0, 200)
	c.s.tell("usage", map[string]any{"customer": c.o.owner, "meter": "mb", "quantity": quantity, "happened_at": happened.Format(time.RFC3339)})
	within := slices.ContainsFunc(c.o.served, func(s stretch) bool { return !happened.Before(s.from) && happened.Before(s.to) })
	if quantity > 0 && (within || c.o.serves && !happened.Before(c.o.since)) {
		c.o.net[c.o.owner+" mb"] += 3 * quantity
	}
}

// conserved is what the oracle works out, from invoices and credit notes.
func conserved(result quote.Result) map[string]int64 {
	net := map[string]int64{}
	for _, invoice := range result.Invoices {
		for _, line := range invoice.Lines {
			key := fmt.Sprintf("%s %s.%d %s", invoice.Customer, line.Plan, line.PlanVersion, line.Charge)
			if line.Plan == "" || line.Charge == "mb" {
				key = invoice.Customer + " " + line.Charge
			}
			if net[key] += line.Amount.Minor; net[key] == 0 {
				delete(net, key)
			}
		}
	}
	return net
}

// requireCreditsWithinCharges says that a line is credited once at most, and by no more than it charged.
func requireCreditsWithinCharges(t require.TestingT, result quote.Result) {
	charged, credited := map[quote.LineRef]int64{}, map[quote.LineRef]bool{}
	for _, invoice := range result.Invoices {
		for i, line := range invoice.Lines {
			if line.Credits == nil {
				charged[quote.LineRef{Invoice: invoice.ID, Line: i + 1}] = line.Amount.Minor
				continue
			}
			require.False(t, credited[*line.Credits], "a line is credited once")
			require.LessOrEqual(t, -line.Amount.Minor, charged[*line.Credits])
			credited[*line.Credits] = true
		}
	}
}

// requireDueAddsUp says that customers were asked for what the invoices come to, less what they have left.
func requireDueAddsUp(t require.TestingT, result quote.Result) {
	open := map[string]int64{}
	for _, invoice := range result.Invoices {
		open[invoice.Customer] += invoice.AmountDue.Minor - invoice.Total.Minor
		for _, pays := range invoice.Pays {
			open[invoice.Customer] -= pays.Amount.Minor
		}
	}
	for _, credit := range result.Credit {
		open[credit.Customer] -= credit.Amount.Minor - credit.Carried.Minor
	}
	for customer, amount := range open {
		require.Zero(t, amount, customer)
	}
}
