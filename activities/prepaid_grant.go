package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// GrantCredit gives or sells a customer prepaid credit. Credit that is sold comes with an invoice, to be collected like any
// other. A repetition answers as the first time. What is wrong with the request is an error that is not retried, with a code,
// and writes nothing.
func (b *Billing) GrantCredit(ctx context.Context, in message.GrantCredit) (message.CreditGranted, error) {
	var granted message.CreditGranted
	err := b.Store.Tx(ctx, func(tx store.Tx) error {
		p, err := openPurse(ctx, tx, in.CustomerID, in.Amount.Currency)
		if errors.Is(err, store.ErrNotFound) {
			return refuse("customer_unknown", "%v", err)
		}
		if err != nil {
			return err
		}
		wanted, err := p.wanted(in)
		if err != nil {
			return err
		}
		recorded, err := tx.Grant(ctx, in.CustomerID, in.GrantID)
		if errors.Is(err, store.ErrNotFound) {
			recorded, err = p.grant(ctx, wanted, in)
		}
		if err != nil {
			return err
		}
		if err := sameGrant(recorded, wanted, in); err != nil {
			return err
		}
		granted, err = p.granted(ctx, recorded)
		return err
	})
	return granted, err
}

// wanted is the grant that a request asks for.
func (p purse) wanted(in message.GrantCredit) (store.Grant, error) {
	g := store.Grant{
		CustomerID: in.CustomerID, PaidOutside: in.Payment == message.PaidOutside, GrantedAt: in.At, ValidFor: in.ValidFor,
		Waiting: in.Payment == message.PaidByInvoice && !in.AtOnce,
		Held: wallet.Held{Grant: wallet.Grant{
			ID: in.GrantID, Basis: wallet.Paid, Amount: in.Amount, Cost: in.Cost, Priority: in.Priority, From: in.At, ExpiresAt: in.ExpiresAt,
			AppliesTo: in.AppliesTo, Rollover: in.Rollover,
		}},
	}
	if in.Payment == message.NotPaid {
		g.Grant.Basis = wallet.Promotional
	}
	if in.ValidFor != nil {
		if !in.ExpiresAt.IsZero() {
			return g, refuse("grant_invalid", "grant %q: expires_at excludes valid_for: leave one out", in.GrantID)
		}
		if err := in.ValidFor.Validate(); err != nil {
			return g, refuse("grant_invalid", "grant %q: valid_for: %v", in.GrantID, err)
		}
		g.Grant.ExpiresAt = p.validUntil(in.At, in.ValidFor)
	} else if g.Waiting && !in.ExpiresAt.IsZero() {
		return g, refuse("grant_invalid", "grant %q can be used when it is paid, which may be after expires_at: say valid_for how long", in.GrantID)
	}
	if err := g.Grant.Validate(); err != nil {
		return g, refuse("grant_invalid", "%v", err)
	}
	if g.Waiting {
		g.Grant.ExpiresAt = time.Time{}
	}
	return g, nil
}

// validUntil is when credit ends that can be used from an instant on; zero is never.
func (p purse) validUntil(from time.Time, interval *calendar.Interval) time.Time {
	if interval == nil {
		return time.Time{}
	}
	return calendar.Boundary(p.zone.DateOf(from), *interval, p.zone, 1)
}

// grant writes a grant down with its first movement, its invoice if it is sold, and its posting.
func (p purse) grant(ctx context.Context, g store.Grant, in message.GrantCredit) (store.Grant, error) {
	if in.Payment == message.PaidByInvoice {
		invoiceID, err := p.sell(ctx, g, in.At)
		if err != nil {
			return g, err
		}
		g.InvoiceID = invoiceID
	}
	if err := p.tx.AddGrant(ctx, g); err != nil {
		return g, err
	}
	_, m, err := wallet.Wallet{Currency: p.currency}.Grant(g.Grant)
	if err != nil {
		return g, err
	}
	if err := p.tx.MoveGrant(ctx, p.customer.ID, m, ""); err != nil {
		return g, err
	}
	if in.Payment == message.PaidOutside {
		return g, p.tx.Post(ctx, ledger.GrantPaidElsewhere(p.ledger(g.Grant.ID), in.At, g.Grant.Cost))
	}
	return g, nil
}

// sell makes the invoice of credit that is sold.
func (p purse) sell(ctx context.Context, g store.Grant, at time.Time) (string, error) {
	a := account{tx: p.tx, customer: p.customer, zone: p.zone, row: store.Subscription{EntityID: p.customer.EntityID}}
	var err error
	if a.Parties, err = p.tx.Parties(ctx, p.customer); err != nil {
		return "", err
	}
	a.Addressee = p.customer // whoever pays for it, the credit is theirs
	if a.seller, err = p.tx.Seller(ctx, p.customer.EntityID); err != nil {
		return "", err
	}
	facts := invoicing.Facts{
		Key: "invoice:prepaid:" + p.customer.ID + ":" + g.Grant.ID, Reason: invoicing.ForPrepaid, IssuedAt: at.UTC(), Currency: p.currency,
		Zone: p.zone, Seller: a.seller, Buyer: p.customer.Buyer(), Balance: money.Zero(p.currency),
		Sells: &invoicing.Sale{GrantID: g.Grant.ID, Description: "Prepaid credit of " + g.Grant.Amount.String(), Cost: g.Grant.Cost},
	}
	built, err := invoicing.Build(facts)
	if errors.Is(err, invoicing.ErrTooSmall) {
		return "", refuse("cost_not_chargeable", "%v", err)
	}
	if err != nil {
		return "", err
	}
	row, lines, err := a.rows(built, facts, 0)
	if err != nil {
		return "", err
	}
	row.Parts = nil // it is for no subscription
	if row, err = p.tx.AddInvoice(ctx, row, lines); err != nil {
		return "", err
	}
	if err := a.book(ctx, row.ID, built, at); err != nil {
		return "", err
	}
	if err := a.declareTax(ctx, row.ID, built, facts); err != nil {
		return "", err
	}
	return row.ID, p.tx.QueueMail(ctx, "invoice", p.customer.ID, row.ID, at)
}

// sameGrant holds a repetition to what was granted under the id.
func sameGrant(recorded, wanted store.Grant, in message.GrantCredit) error {
	terms := func(g store.Grant) string {
		text, err := json.Marshal([]any{
			g.Grant.Basis, g.Grant.Amount, g.Grant.Cost, g.Grant.Priority, g.Grant.AppliesTo, g.Grant.Rollover, g.ValidFor, g.PaidOutside,
		})
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	sold := in.Payment == message.PaidByInvoice
	ends := in.ValidFor != nil || recorded.Grant.ExpiresAt.Equal(wanted.Grant.ExpiresAt.Truncate(time.Microsecond))
	if terms(recorded) != terms(wanted) || sold != (recorded.InvoiceID != "") || !ends {
		return refuse("grant_exists", "customer %s already has a grant %q with other terms: give this one another id", in.CustomerID, in.GrantID)
	}
	return nil
}

// granted is what came of a grant, for who asked for it.
func (p purse) granted(ctx context.Context, g store.Grant) (message.CreditGranted, error) {
	granted := message.CreditGranted{GrantID: g.Grant.ID, Waiting: g.Waiting}
	if g.InvoiceID == "" {
		return granted, nil
	}
	invoice, err := p.tx.Invoice(ctx, g.InvoiceID)
	granted.Invoice = &message.Billed{
		InvoiceID: invoice.ID, Number: invoice.Number, Total: money.New(invoice.Total, invoice.Currency), AmountDue: invoice.Due(),
	}
	return granted, err
}

// openSold makes credit usable whose invoice was paid.
func openSold(ctx context.Context, tx store.Tx, invoice store.Invoice, at time.Time) error {
	p, g, err := creditSold(ctx, tx, invoice)
	if err != nil || !g.Waiting {
		return err
	}
	return tx.OpenGrant(ctx, invoice.CustomerID, g.Grant.ID, at, p.validUntil(at, g.ValidFor))
}

// revokeSold takes back what is left of credit whose invoice was given up: it never becomes usable, or stops being so.
func revokeSold(ctx context.Context, tx store.Tx, invoice store.Invoice, at time.Time) error {
	p, g, err := creditSold(ctx, tx, invoice)
	if err != nil || g.Left.IsZero() {
		return err
	}
	m, err := p.end(ctx, g, wallet.Revoked, at)
	if err != nil {
		return err
	}
	return tx.Post(ctx, ledger.GrantRevoked(p.ledger(g.Grant.ID), at, m.Cost.Neg()))
}

// returnSold gives back what was paid for the rest of credit that an invoice sold, as the customer's credit.
func returnSold(ctx context.Context, tx store.Tx, invoice store.Invoice, at time.Time) error {
	p, g, err := creditSold(ctx, tx, invoice)
	if err != nil || g.Waiting || g.Left.IsZero() {
		return err
	}
	_, err = p.giveBack(ctx, g, at)
	return err
}

// creditSold is the credit that an invoice sells; a grant of nothing if it sells none.
func creditSold(ctx context.Context, tx store.Tx, invoice store.Invoice) (purse, store.Grant, error) {
	if invoice.Reason != string(invoicing.ForPrepaid) {
		return purse{}, store.Grant{}, nil
	}
	p, err := openPurse(ctx, tx, invoice.CustomerID, invoice.Currency)
	if err != nil {
		return p, store.Grant{}, err
	}
	g, err := tx.GrantSold(ctx, invoice.ID)
	return p, g, err
}

// end takes out all that is left of a grant.
func (p purse) end(ctx context.Context, g store.Grant, kind wallet.Kind, at time.Time) (wallet.Movement, error) {
	_, m, err := wallet.Restore(p.currency, []wallet.Held{g.Held}).End(g.Grant.ID, kind, at)
	if err != nil {
		return m, err
	}
	return m, p.tx.MoveGrant(ctx, p.customer.ID, m, "")
}

// ReturnCredit takes back what is left of a grant. What was paid for it becomes the customer's credit, which pays invoices or
// can be refunded. A repetition returns nothing more.
func (b *Billing) ReturnCredit(ctx context.Context, in message.ReturnCredit) (message.CreditReturned, error) {
	returned := message.CreditReturned{GrantID: in.GrantID, Amount: money.Zero(in.Currency), Cost: money.Zero(in.Currency)}
	err := b.Store.Tx(ctx, func(tx store.Tx) error {
		p, err := openPurse(ctx, tx, in.CustomerID, in.Currency)
		if err != nil {
			return err
		}
		g, err := tx.Grant(ctx, in.CustomerID, in.GrantID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return refuse("grant_unknown", "%v", err)
		case err != nil:
			return err
		case g.Waiting && !g.Left.IsZero():
			return refuse("grant_not_paid", "grant %q is not paid yet: give its invoice up instead", in.GrantID)
		case g.Left.IsZero():
			return nil
		}
		m, err := p.giveBack(ctx, g, in.At)
		returned.Amount, returned.Cost = m.Amount.Neg(), m.Cost.Neg()
		return err
	})
	if err != nil {
		return returned, fmt.Errorf("return grant %s: %w", in.GrantID, err)
	}
	return returned, nil
}

// giveBack turns what was paid for the rest of a grant into the customer's credit.
func (p purse) giveBack(ctx context.Context, g store.Grant, at time.Time) (wallet.Movement, error) {
	m, err := p.end(ctx, g, wallet.Returned, at)
	if err != nil {
		return m, err
	}
	if err := p.tx.MoveWallet(ctx, "grant:"+p.customer.ID+":"+g.Grant.ID+":returned", p.customer.ID, m.Cost.Neg(), at); err != nil {
		return m, err
	}
	return m, p.tx.Post(ctx, ledger.GrantReturned(p.ledger(g.Grant.ID), at, m.Cost.Neg()))
}
