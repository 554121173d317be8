package activities

import (
	"context"
	"fmt"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/internal/store"
)

// debitNotice tells a customer what is debited from their account, when and by whom, as the rules of debits ask for.
func (m *Mailer) debitNotice(ctx context.Context, queued store.Mail, inv document.Invoice) (notice, error) {
	told, err := m.Store.DebitNoticeByKey(ctx, queued.MessageKey)
	if err != nil {
		return notice{}, err
	}
	method, err := m.Store.PaymentMethodByID(ctx, told.MethodID)
	if err != nil {
		return notice{}, err
	}
	zone, err := calendar.LoadZone(inv.Zone)
	if err != nil {
		return notice{}, fmt.Errorf("debit notice of invoice %s: %w", inv.ID, err)
	}
	return writeDebit(inv, told, method, inv.WriteDate(zone.DateOf(told.DebitOn))), nil
}

func writeDebit(inv document.Invoice, told store.DebitNotice, method store.PaymentMethod, on string) notice {
	amount := inv.WriteAmount(money.New(told.Amount, told.Currency))
	kind, _ := paymethod.Lookup(method.Kind)
	n := notice{
		Subject: fmt.Sprintf("%s will debit %s on %s", inv.Seller.Name, amount, on),
		Lead:    fmt.Sprintf("We will collect %s for invoice %s from your bank account by %s.", amount, inv.Number, kind.Name),
		Facts: []noticeFact{
			{"Amount", amount}, {"Not before", on}, {"Creditor", inv.Seller.Name}, {"Account ending in", method.Last4},
		},
		Closing: "Please make sure that the account has enough funds. There is nothing else you need to do.",
	}
	if reference := method.MandateReference; reference != "" {
		n.Facts = append(n.Facts, noticeFact{"Mandate reference", reference})
	} else if method.Mandate != nil {
		n.Facts = append(n.Facts, noticeFact{"Mandate", *method.Mandate})
	}
	n.Facts = append(n.Facts, noticeFact{"Invoice", inv.Number})
	if inv.Status == "paid" {
		n.Closing = "The invoice has been paid in the meantime: nothing will be debited."
	}
	return n
}
