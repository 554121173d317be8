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
	"github.com/perennial-billing/perennial/billing/lifecycle/memory"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// book is one subscription with its records, kept in memory: what lifecycle.Records are.
type book struct {
	memory.Records

	w *world
	// place is the subscription's among all, in the order in which they were agreed.
	place int
	owner *customer
	// zone is where the subscription's days begin: that of its first customer, also after a transfer, until its owner moves.
	zone     calendar.Zone
	currency money.Currency
	// group and order say with which subscriptions of the owner this one shares invoices.
	group, order string

	state    subscription.State
	invoices []*document
	// items wait for the next invoice; planCredit is what members who are not active have earned.
	items      []invoicing.Item
	itemIDs    []string // of all charges there ever were
	planCredit money.Amount
	// fair is nil for a subscription whose seats are charged as they are bought.
	fair *fair
	// agreed are the prices that were agreed for a version of a plan.
	agreed map[planVersion]catalog.Agreed
	// locks are the converted prices that versions of plans were sold at.
	locks map[planVersion]lock
	// done are the commands that were carried out, by id.
	done map[string]subscription.Command
	// cycles are the numbers of the billing periods of which something came.
	cycles []int
	// month is the next one that the monthly run bills, as its first day; zero for who is not billed by it.
	month calendar.Date
}

type planVersion struct {
	id      string
	version int
}

// document is an issued invoice.
type document struct {
	memory.Invoice

	// parts are the subscriptions that it is for; an invoice that sells credit is for none.
	parts []*book
	// order is the purchase order that the customer gave for it.
	order string
	// to is in whose name it is, payer who pays it.
	to, payer *customer
	// zone is the subscription's when it was issued.
	zone   calendar.Zone
	number int
	cycle  int
	// owed is what the customer has not paid of it, offset what later credits paid of it.
	owed, offset money.Amount
	// refunded, in minor units, is what was paid out of what was paid for it.
	refunded int64
}

// account is the subscription's billing. What it does to the records can be taken back.
func (b *book) account() lifecycle.Account {
	change(b.w, &b.Records, b.Records)
	return lifecycle.Account{Records: b, Currency: b.currency, Zone: b.zone, Seller: b.w.seller, Buyer: b.owner.addressee.buyer}
}

// Transfer makes another customer of the scenario the owner.
func (b *book) Transfer(ctx context.Context, customerID string) (lifecycle.Account, error) {
	next, err := b.w.customer("customer", customerID)
	if err != nil {
		return lifecycle.Account{}, refuse("customer_unknown", "%s", err)
	}
	plan, err := b.Plan(ctx, b.state.Terms)
	if err != nil {
		return lifecycle.Account{}, err
	}
	if err := lifecycle.CheckEventAmounts(plan, b.currency, next.currency); err != nil {
		return lifecycle.Account{}, err
	}
	change(b.w, &b.owner, next)
	return b.account(), nil
}

// AddCycle notes the billing periods for which there is no invoice.
func (b *book) AddCycle(_ context.Context, cycle lifecycle.Cycle, at time.Time) error {
	change(b.w, &b.cycles, append(b.cycles, cycle.Number))
	if cycle.SkippedBecause != "" {
		change(b.w, &b.w.skipped, append(b.w.skipped, Skipped{
			Subscription: b.state.ID, Cycle: cycle.Number, At: local(at, b.zone),
			Period: periodOf(cycle.Period, b.zone), Reason: cycle.SkippedBecause,
		}))
	}
	return nil
}

// HasCycle says that something came of a billing period.
func (b *book) HasCycle(_ context.Context, cycle int) (bool, error) {
	return slices.Contains(b.cycles, cycle), nil
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
	return b.file(built, facts, to, debts, &document{parts: []*book{b}, cycle: cycle})
}

// file records an invoice with everything that follows from it.
func (b *book) file(built invoicing.Invoice, facts invoicing.Facts, to *customer, debts []*document, issued *document) (*lifecycle.Issued, error) {
	issued.Invoice = memory.Invoice{Invoice: built, IssuedAt: facts.IssuedAt}
	issued.to, issued.payer, issued.order, issued.zone, issued.number = to, b.owner.payer, b.order, b.zone, len(b.w.issued)+1
	issued.owed, issued.offset = built.AmountDue, money.Zero(b.currency)
	if b.w.scenario.Settings.Collection != Manual {
		issued.owed = money.Zero(b.currency)
	}
	change(b.w, &b.w.issued, append(b.w.issued, issued))
	for _, part := range issued.parts {
		part.record(issued)
	}
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

// record adds an invoice to those for the subscription, with its own lines.
func (b *book) record(issued *document) {
	change(b.w, &b.invoices, append(b.invoices, issued))
	change(b.w, &b.Records, b.Records)
	own := issued.Invoice
	if len(issued.parts) > 1 {
		own = own.For(b.state.ID)
	}
	b.Keep(own)
	change(b.w, &b.items, nil)
}

// complete adds to the facts what the one has whose name is on the invoice, and what waits for an invoice.
func (b *book) complete(facts *invoicing.Facts, to *customer) error {
	purse := to.purse(b.currency)
	if err := purse.expire(b.w, to, facts.UsableUntil()); err != nil {
		return err
	}
	facts.Balance, facts.CarriedIn = purse.credit, purse.carried
	facts.Prepaid, facts.PrepaidPolicy = purse.wallet.Held(), b.w.scenario.Settings.Prepaid
	facts.Items, facts.PlanCredit = append(slices.Clone(b.items), facts.Items...), b.planCredit
	var err error
	facts.Discounts, err = b.discounts(*facts, b.owner.discounts)
	return err
}

// debts adds to the facts what is owed for the subscription, which a credit pays first.
func (b *book) debts(facts *invoicing.Facts, to *customer) []*document {
	if !facts.MayCredit() {
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
