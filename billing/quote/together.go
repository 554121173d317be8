package quote

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
)

// BillingGroup says what a subscription shares its invoices with from now on, and which purchase order is on them. Both are
// replaced.
type BillingGroup struct {
	Subscription string `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	BillingGroup string `json:"billing_group,omitempty" doc:"With which of the customer's subscriptions it shares invoices; with none when left out"`
	PONumber     string `json:"po_number,omitempty" doc:"The customer's purchase order; none when left out"`
}

func (a *BillingGroup) whose(w *world) (*customer, error) {
	return w.customerOf("billing_group.subscription", a.Subscription)
}

func (a *BillingGroup) do(_ context.Context, w *world, _ step) error {
	b, err := w.book("billing_group.subscription", a.Subscription)
	if err != nil {
		return err
	}
	change(w, &b.group, a.BillingGroup)
	change(w, &b.order, a.PONumber)
	return nil
}

// fallTogether carries out what falls due for a subscription at an instant, with those that share the invoice of it.
func (b *book) fallTogether(ctx context.Context, at time.Time) error {
	sharing := b.sharing(at)
	shared := &lifecycle.Together[*book]{}
	outcomes := make([]lifecycle.Outcome, len(sharing))
	for i, one := range sharing {
		account := one.account()
		if len(sharing) > 1 {
			account = shared.Of(one.state.ID, account, one)
		}
		var err error
		if outcomes[i], err = one.fallDue(ctx, at, account); err != nil {
			return err
		}
	}
	if err := shared.Issue(ctx, issueTogether); err != nil {
		return err
	}
	for i, one := range sharing {
		one.accept(outcomes[i])
	}
	return nil
}

// sharing are the subscriptions, by id, that share the invoice of what falls due for one of them at an instant; itself alone, if
// it has no billing group or has not to be billed together: only renewals are, and months.
func (b *book) sharing(at time.Time) []*book {
	due := b.billsAt(at)
	if b.group == "" || due == nothing {
		return []*book{b}
	}
	var all []*book
	for _, other := range b.w.books {
		if other.shares().With(b.shares()) && other.billsAt(at) == due {
			all = append(all, other)
		}
	}
	slices.SortFunc(all, func(a, b *book) int { return strings.Compare(a.state.ID, b.state.ID) })
	return all
}

func (b *book) shares() account.Sharing {
	return account.Sharing{CustomerID: b.owner.id, Currency: b.currency, Zone: b.zone.Name(), BillingGroup: b.group, PONumber: b.order}
}

// due is what can share an invoice.
type due int

const (
	nothing due = iota
	renewal
	month
)

// billsAt says whether a subscription is renewed at an instant, or its month billed.
func (b *book) billsAt(at time.Time) due {
	if next, ok := b.state.NextDue(); ok && !next.After(at) {
		if b.state.RenewsAt(at) {
			return renewal
		}
		return nothing
	}
	if end, runs := b.monthEnd(); runs && end.Equal(at) {
		return month
	}
	return nothing
}

// Share completes facts with what is the subscription's own. Who has members that are counted needs an invoice of its own: what
// they earned is credited there.
func (b *book) Share(_ context.Context, facts invoicing.Facts) (invoicing.Facts, error) {
	facts.Items = b.items
	if err := facts.CheckBills(); err != nil {
		return facts, err
	}
	if b.fair != nil || b.addressed(facts) != b.owner.addressee {
		return facts, lifecycle.ErrAlone
	}
	var own []*held
	for _, h := range b.owner.discounts {
		if h.subscription == b.state.ID {
			own = append(own, h)
		}
	}
	var err error
	facts.Discounts, err = b.discounts(facts, own)
	return facts, err
}

// issueTogether makes one invoice of several parts, which are of one owner.
func issueTogether(_ context.Context, head invoicing.Facts, parts []*lifecycle.Part[*book]) (*lifecycle.Issued, error) {
	first := parts[0].Records
	to := first.owner.addressee
	var books []*book
	var debts []*document
	for _, part := range parts {
		books = append(books, part.Records)
		of := part.Facts
		for _, d := range part.Records.debts(&of, to) {
			if !slices.Contains(debts, d) {
				debts = append(debts, d)
			}
		}
	}
	slices.SortFunc(debts, func(a, b *document) int { return a.number - b.number })
	for _, d := range debts {
		head.Debts = append(head.Debts, invoicing.Debt{InvoiceID: d.Key, Owed: d.owed})
	}
	if err := first.completeHead(&head, parts, to); err != nil {
		return nil, err
	}
	built, err := invoicing.Consolidate(head, lifecycle.Parts(parts))
	if err != nil {
		return nil, err
	}
	return first.file(built, head, to, debts, &document{parts: books})
}

// completeHead adds what the addressee has, and the owner's discounts.
func (b *book) completeHead(head *invoicing.Facts, parts []*lifecycle.Part[*book], to *customer) error {
	purse := to.purse(b.currency)
	usable := head.IssuedAt
	for _, part := range parts {
		if until := part.Facts.UsableUntil(); until.Before(usable) {
			usable = until
		}
	}
	if err := purse.expire(b.w, to, usable); err != nil {
		return err
	}
	head.Balance, head.CarriedIn = purse.credit, purse.carried
	head.Prepaid, head.PrepaidPolicy = purse.wallet.Held(), b.w.scenario.Settings.Prepaid
	var owners []*held
	for _, h := range b.owner.discounts {
		if h.subscription == "" {
			owners = append(owners, h)
		}
	}
	var err error
	head.Discounts, err = b.discounts(parts[0].Facts, owners)
	return err
}

// settled tells the other subscriptions of an invoice that it is paid.
func (d *document) settled(but *book) {
	for _, part := range d.parts {
		if part != but {
			part.become(part.state.CollectionEnded(d.Key))
		}
	}
}
