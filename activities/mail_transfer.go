package activities

import (
	"context"
	"fmt"

	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/internal/store"
)

// invoiceNotice tells of an invoice, and of what its customer has to do, if anything: who pays by bank transfer must send it,
// and who does not pay it learns who does.
func (m *Mailer) invoiceNotice(ctx context.Context, queued store.Mail, inv document.Invoice) (notice, error) {
	n := invoiceNotice(inv)
	if !inv.AmountDue.IsPositive() {
		return n, nil
	}
	row, err := m.Store.Invoice(ctx, inv.ID)
	if err != nil {
		return n, err
	}
	if row.PayerID != queued.CustomerID {
		payer, err := m.Store.Customer(ctx, row.PayerID)
		n.Closing = payer.Name + " pays it for you."
		return n, err
	}
	methods, err := m.Store.PaymentMethods(ctx, queued.CustomerID)
	if err == nil && len(methods) > 0 && methods[0].Kind == paymethod.KindTransfer {
		n.Closing = "Please pay by bank transfer. We send you in another message where to."
	}
	return n, err
}

// transferNotice asks for a bank transfer. The account is the customer's own at the provider, which tells it to whoever follows
// the link: mail is no place for it, and it may have changed by the time that somebody reads an old message.
func transferNotice(inv document.Invoice) notice {
	n := notice{
		Subject: fmt.Sprintf("Please transfer %s for invoice %s from %s", inv.WriteAmount(inv.Owed), inv.Number, inv.Seller.Name),
		Lead:    fmt.Sprintf("We are waiting for your bank transfer of %s for invoice %s.", inv.WriteAmount(inv.Owed), inv.Number),
		Facts:   []noticeFact{{"Invoice", inv.Number}, {"Issued", inv.WriteDate(inv.Issued)}, {"To be paid", inv.WriteAmount(inv.Owed)}},
		Closing: "Follow the link to see the account and the reference. We will tell you as soon as we have received the money.",
	}
	if inv.Status == "paid" {
		n.Subject = fmt.Sprintf("Your bank transfer for invoice %s from %s", inv.Number, inv.Seller.Name)
		n.Lead = fmt.Sprintf("We were waiting for your bank transfer for invoice %s.", inv.Number)
		n.Closing = "It has been paid in the meantime. There is nothing you need to do."
	}
	return n
}
