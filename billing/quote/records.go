package quote

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// book is one subscription with its records, kept in memory: what lifecycle.Records are.
type book struct {
	w     *world
	owner *customer
	// zone is where the subscription's days begin: that of its first customer, also after a transfer.
	zone     calendar.Zone
	currency money.Currency
	state    subscription.State
	segments []lifecycle.Segment
	invoices []*document
	// credited are the lines that were credited.
	credited map[invoicing.LineRef]bool
	// items wait for the next invoice; planCredit is what members who are not active have earned.
	items      []invoicing.Item
	planCredit money.Amount
	// fair is nil for a subscription whose seats are charged as they are bought.
	fair *fair
	// agreed are the prices that were agreed for a version of a plan.
	agreed map[planVersion]catalog.Agreed
	// done are the commands that were carried out, by id.
	done map[string]subscription.Command
	// month is the next one that the monthly run bills, as its first day; zero for who is not billed by it.
	month calendar.Date
}

type planVersion struct {
	id      string
	version int
}

// document is an issued invoice.
type document struct {
	invoicing.Invoice
	of *book
	// to is in whose name it is, payer who pays it.
	to, payer *customer
	number    int
	issuedAt  time.Time
	cycle     int
	// owed is what the customer has not paid of it, offset what later credits paid of it.
	owed, offset money.Amount
}

func (b *book) account() lifecycle.Account {
	return lifecycle.Account{Records: b, Currency: b.currency, Zone: b.zone, Seller: b.w.seller, Buyer: b.owner.addressee().buyer}
}

// Plan is a plan version of the catalogue, at the prices that were agreed for it.
func (b *book) Plan(_ context.Context, terms subscription.Terms) (catalog.Plan, error) {
	for _, plan := range b.w.scenario.Catalog {
		if plan.ID == terms.PlanID && plan.Version == terms.PlanVersion {
			return plan.WithAgreed(b.agreed[planVersion{plan.ID, plan.Version}]), nil
		}
	}
	return catalog.Plan{}, &subscription.Refusal{
		Code: "plan_unknown", Message: fmt.Sprintf("plan %q version %d is not in the catalog", terms.PlanID, terms.PlanVersion),
	}
}

// Offer is the plan at the agreed prices, or the catalogue's.
func (b *book) Offer(ctx context.Context, terms subscription.Terms, _ time.Time) (catalog.Plan, error) {
	plan, err := b.Plan(ctx, terms)
	if err != nil {
		return plan, err
	}
	return plan, lifecycle.CheckSellable(plan, terms, b.currency)
}

// Segments lists the terms that were in force in [from, to).
func (b *book) Segments(_ context.Context, from, to time.Time) ([]lifecycle.Segment, error) {
	var overlapping []lifecycle.Segment
	for _, s := range b.segments {
		lasts := s.To.IsZero() || s.To.After(from) && s.To.After(s.From)
		if s.From.Before(to) && lasts {
			overlapping = append(overlapping, s)
		}
	}
	return overlapping, nil
}

// Enforce puts terms in force from an instant on.
func (b *book) Enforce(ctx context.Context, terms subscription.Terms, at time.Time) error {
	if err := b.CloseSegment(ctx, at); err != nil {
		return err
	}
	change(b.w, &b.segments, append(b.segments, lifecycle.Segment{From: at, Terms: terms}))
	return nil
}

// CloseSegment ends the terms in force at an instant.
func (b *book) CloseSegment(_ context.Context, at time.Time) error {
	closed := slices.Clone(b.segments)
	if last := len(closed) - 1; last >= 0 && closed[last].To.IsZero() {
		closed[last].To = at
	}
	change(b.w, &b.segments, closed)
	return nil
}

// RunningLines lists what was charged in advance for time after an instant and has not been credited.
func (b *book) RunningLines(ctx context.Context, at time.Time) ([]invoicing.BilledLine, error) {
	var running []invoicing.BilledLine
	for _, d := range b.invoices {
		for i, line := range d.Lines {
			ref := invoicing.LineRef{InvoiceID: d.Key, Position: i + 1}
			ahead := line.Period.End.After(at) && line.Period.End.After(d.issuedAt)
			if !ahead || b.credited[ref] || !line.Kind.PaysAhead() {
				continue
			}
			plan, err := b.Plan(ctx, subscription.Terms{PlanID: line.PlanID, PlanVersion: line.PlanVersion})
			if err != nil {
				return nil, err
			}
			running = append(running, invoicing.BilledLine{InvoiceID: d.Key, Position: i + 1, Line: line, Plan: plan})
		}
	}
	return running, nil
}

// Transfer makes another customer of the scenario the owner.
func (b *book) Transfer(_ context.Context, customerID string) (lifecycle.Account, error) {
	next, err := b.w.customer("customer", customerID)
	if err != nil {
		return lifecycle.Account{}, refuse("customer_unknown", "%s", err)
	}
	change(b.w, &b.owner, next)
	return b.account(), nil
}

// ChargedAhead is what was charged in advance for time inside a period, and what was credited of that, before discounts.
func (b *book) ChargedAhead(_ context.Context, inside calendar.Period) ([]invoicing.PlanAmount, error) {
	var charged []invoicing.PlanAmount
	counts := map[invoicing.LineRef]bool{}
	for _, d := range b.invoices {
		for i, line := range d.Lines {
			ahead := line.Kind.PaysAhead() && line.Period.End.After(d.issuedAt)
			within := !line.Period.Start.Before(inside.Start) && !line.Period.End.After(inside.End)
			counts[invoicing.LineRef{InvoiceID: d.Key, Position: i + 1}] = ahead && within
			if ahead && within || line.Credits != nil && counts[*line.Credits] {
				price, err := line.Price()
				if err != nil {
					return nil, err
				}
				charged = append(charged, invoicing.PlanAmount{PlanID: line.PlanID, PlanVersion: line.PlanVersion, Amount: price})
			}
		}
	}
	return charged, nil
}

// AddCycle notes the billing periods for which there is no invoice.
func (b *book) AddCycle(_ context.Context, cycle lifecycle.Cycle, at time.Time) error {
	if cycle.SkippedBecause != "" {
		change(b.w, &b.w.skipped, append(b.w.skipped, Skipped{
			Subscription: b.state.ID, Cycle: cycle.Number, At: local(at, b.zone),
			Period: periodOf(cycle.Period, b.zone), Reason: cycle.SkippedBecause,
		}))
	}
	return nil
}

// Issue makes an invoice of facts, completed with what the customer has and owes.
func (b *book) Issue(_ context.Context, facts invoicing.Facts, cycle int) (*lifecycle.Issued, error) {
	to := b.addressed(facts)
	facts.Buyer = to.buyer
	if err := b.complete(&facts, to); err != nil {
		return nil, err
	}
	debts := b.debts(&facts, to)
	built, err := invoicing.Build(facts)
	if err != nil {
		return nil, err
	}
	issued := &document{
		Invoice: built, of: b, to: to, payer: b.owner.payer(), number: len(b.w.issued) + 1, issuedAt: facts.IssuedAt, cycle: cycle,
		owed: built.AmountDue, offset: money.Zero(b.currency),
	}
	if b.w.scenario.Settings.Collection != Manual {
		issued.owed = money.Zero(b.currency)
	}
	change(b.w, &b.w.issued, append(b.w.issued, issued))
	change(b.w, &b.invoices, append(b.invoices, issued))
	for _, line := range built.Lines {
		if line.Credits != nil {
			b.w.undo = append(b.w.undo, func() { delete(b.credited, *line.Credits) })
			b.credited[*line.Credits] = true
		}
	}
	change(b.w, &b.items, nil)
	if err := b.noteDiscounts(built); err != nil {
		return nil, err
	}
	if err := b.prepay(built, facts.IssuedAt, to); err != nil {
		return nil, err
	}
	pays, err := b.settle(built, debts, to)
	if err != nil {
		return nil, err
	}
	return &lifecycle.Issued{
		InvoiceID: built.Key, Number: fmt.Sprint(issued.number), Total: built.Total, AmountDue: built.AmountDue, Pays: pays,
	}, nil
}

// complete adds to the facts what the one has whose name is on the invoice, and what waits for an invoice.
func (b *book) complete(facts *invoicing.Facts, to *customer) error {
	purse := to.purse(b.currency)
	if err := purse.expire(b.w, to, usableUntil(*facts)); err != nil {
		return err
	}
	facts.Balance, facts.CarriedIn = purse.credit, purse.carried
	facts.Prepaid, facts.PrepaidPolicy = purse.wallet.Held(), b.w.scenario.Settings.Prepaid
	facts.Items, facts.PlanCredit = append(slices.Clone(b.items), facts.Items...), b.planCredit
	var err error
	facts.Discounts, err = b.discounts(*facts)
	return err
}

// debts adds to the facts what is owed for the subscription, which a credit pays first: only a revision credits anything.
func (b *book) debts(facts *invoicing.Facts, to *customer) []*document {
	if facts.Revises == nil && len(facts.Earlier) == 0 {
		return nil
	}
	var owing []*document
	for _, d := range b.invoices {
		if d.owed.IsPositive() && d.to == to {
			owing = append(owing, d)
			facts.Debts = append(facts.Debts, invoicing.Debt{InvoiceID: d.Key, Owed: d.owed})
		}
	}
	return owing
}

// settle moves the customer's credit, pays debts from it, and carries on what is too little to be collected.
func (b *book) settle(built invoicing.Invoice, debts []*document, to *customer) (pays []string, err error) {
	purse := to.purse(b.currency)
	credit, err := purse.credit.Add(built.CreditGranted)
	if err == nil {
		credit, err = credit.Sub(built.CreditApplied)
	}
	for i, offset := range built.Offsets { // in the order of the debts
		if err == nil {
			err = debts[i].payFrom(b.w, offset.Amount)
		}
		if err == nil {
			credit, err = credit.Sub(offset.Amount)
		}
		pays = append(pays, offset.InvoiceID)
	}
	if err != nil {
		return nil, err
	}
	change(b.w, &purse.credit, credit)
	change(b.w, &purse.carried, built.CarriedOut)
	return pays, nil
}

// payFrom pays an amount of an invoice from a credit.
func (d *document) payFrom(w *world, credit money.Amount) error {
	owed, err := d.owed.Sub(credit)
	if err != nil {
		return err
	}
	offset, err := d.offset.Add(credit)
	if err != nil {
		return err
	}
	change(w, &d.owed, owed)
	change(w, &d.offset, offset)
	return nil
}
