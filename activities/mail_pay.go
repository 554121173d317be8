package activities

import (
	"fmt"
	"net/url"

	"github.com/perennial-billing/perennial/internal/document"
)

// withPay adds the link to the page on which an invoice is paid, unless there is nothing more to pay.
func (m *Mailer) withPay(n notice, inv document.Invoice, failure error) (notice, error) {
	if failure != nil || inv.Status != "open" {
		return n, failure
	}
	var err error
	if n.Pay, err = url.JoinPath(m.PayURL, inv.PageKey); err != nil {
		return n, fmt.Errorf("PayURL: %w", err)
	}
	return n, nil
}

// authenticationNotice asks for what only the customer can do.
func authenticationNotice(inv document.Invoice) notice {
	n := notice{
		Subject: fmt.Sprintf("Please confirm your payment for invoice %s from %s", inv.Number, inv.Seller.Name),
		Lead: fmt.Sprintf("Your bank asks you to confirm the payment of %s for invoice %s. Without you we cannot collect it.",
			inv.WriteAmount(inv.Owed), inv.Number),
		Facts:   []noticeFact{{"Invoice", inv.Number}, {"Issued", inv.WriteDate(inv.Issued)}, {"To be paid", inv.WriteAmount(inv.Owed)}},
		Closing: "Follow the link to confirm it, or to pay in another way. We will tell you as soon as we have received the payment.",
	}
	if inv.Status == "paid" {
		n.Lead = fmt.Sprintf("Your bank asked you to confirm the payment for invoice %s.", inv.Number)
		n.Closing = "It has been paid in the meantime. There is nothing you need to do."
	}
	return n
}
