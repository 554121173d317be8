package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/store"
)

// mailTemplates reads the mails of an invoice whose first payment fails, whose second needs the customer and whose third
// succeeds.
func mailTemplates(t *testing.T, b *mailBundle) {
	invoice := b.queued("ada")
	b.attempt(invoice, 1, mailDay, "insufficient_funds")
	b.queue(invoice, "payment_failed", mailDay)
	b.attempt(invoice, 2, mailDay.AddDate(0, 0, 1), "authentication_required")
	b.queue(invoice, "authentication_required", mailDay.AddDate(0, 0, 1))
	b.runOnce(b.mailer(), 3)
	paid := mailDay.AddDate(0, 0, 2)
	b.attempt(invoice, 3, paid, "")
	b.queue(invoice, "receipt", paid)
	b.runOnce(b.mailer(), 1)

	texts, subjects := map[string]string{}, map[string]string{}
	for _, mail := range b.mailbox("ada@example.com") {
		texts[mail.Categories[0]], subjects[mail.Categories[0]] = mail.Text, mail.Subject
	}
	require.Equal(t, map[string]string{
		"authentication_required": "Please confirm your payment for invoice NW-000001 from Northwind Software Inc.",

		"invoice":        "Invoice NW-000001 from Northwind Software Inc.: USD\u00a0$49.00",
		"payment_failed": "Payment failed for invoice NW-000001 from Northwind Software Inc.",
		"receipt":        "Receipt from Northwind Software Inc.: USD\u00a0$49.00 for invoice NW-000001",
	}, subjects)
	require.Equal(t, mailText(invoice, `Here is your invoice for March 1–31, 2027.

Number: NW-000001
Issued: March 1, 2027
Total: USD $49.00
Amount due: USD $49.00

We collect the amount due with the payment method you gave us. There is nothing you need to do.`), texts["invoice"])
	require.Equal(t, mailText(invoice, `We could not collect USD $49.00 for invoice NW-000001: the account has insufficient funds.

Invoice: NW-000001
Issued: March 1, 2027
Amount due: USD $49.00

Please check that your payment method is valid and has enough funds. We will confirm as soon as we have received the payment.

Pay now: https://billing.example.com/pay/`+invoice.PageKey), texts["payment_failed"])
	require.Equal(t, mailText(invoice, `Your bank asks you to confirm the payment of USD $49.00 for invoice NW-000001. Without you we cannot collect it.

Invoice: NW-000001
Issued: March 1, 2027
To be paid: USD $49.00

Follow the link to confirm it, or to pay in another way. We will tell you as soon as we have received the payment.

Pay now: https://billing.example.com/pay/`+invoice.PageKey), texts["authentication_required"])
	require.Equal(t, mailText(invoice, `Thank you. We have received your payment of USD $49.00.

Invoice: NW-000001
Paid on March 3, 2027: USD $49.00, Visa

This receipt is for your records.`), texts["receipt"])
}

func mailText(invoice store.Invoice, body string) string {
	return "Hello Ada <b>Moreno</b>,\n\n" + strings.ReplaceAll(body, "USD ", "USD\u00a0") + `

View the invoice: https://billing.example.com/invoices/` + invoice.PageKey + `

Northwind Software Inc.
500 Harbor Street
Boston, MA 02110
United States
`
}

// attempt records a try to collect an invoice; without a decline code it succeeds.
func (b *mailBundle) attempt(invoice store.Invoice, number int, at time.Time, declineCode string) {
	ctx := b.t.Context()
	method := store.PaymentMethod{ID: "pm_" + invoice.ID, CustomerID: invoice.CustomerID, ProviderToken: "pm_card_visa", Position: 1, ChangedAt: at}
	require.NoError(b.t, b.ReplacePaymentMethod(ctx, method))
	providerID := "provider_" + method.ID
	method.ProviderID, method.Kind, method.Status, method.Network = &providerID, "card", store.MethodUsable, "visa"
	require.NoError(b.t, b.Tx(ctx, func(tx store.Tx) error { return tx.SaveMethod(ctx, method) }))
	key := "charge:" + invoice.ID + ":" + at.Format(time.RFC3339)
	payment := store.Payment{
		ID: "pay:" + key, InvoiceID: invoice.ID, Attempt: number, Status: store.PaymentPending, Amount: invoice.AmountDue,
		Currency: invoice.Currency, IdempotencyKey: key, MethodID: &method.ID, AskedAt: at,
	}
	require.NoError(b.t, b.Tx(ctx, func(tx store.Tx) error { return tx.AddPayment(ctx, payment) }))
	payment.Status, payment.DeclineCode, payment.SettledAt = store.PaymentSucceeded, declineCode, &at
	if declineCode != "" {
		payment.Status = store.PaymentFailed
	}
	require.NoError(b.t, b.Tx(ctx, func(tx store.Tx) error {
		if err := tx.SettlePayment(ctx, payment); err != nil || declineCode != "" {
			return err
		}
		return tx.SetInvoiceStatus(ctx, invoice.ID, "paid", invoice.AmountDue, &at)
	}))
}
