package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/store"
)

// The notice of a debit says what is debited, when, by whom, under which mandate and from which account.
func TestDebitNotice(t *testing.T) {
	t.Parallel()
	b := newMailBundle(t, newDatabase(t))
	invoice := b.invoice("ada", "ada@example.com")
	for _, m := range []struct{ id, reference string }{{"m1", "AB12CD34"}, {"m2", ""}} {
		mandate := "mandate_" + m.id
		method := store.PaymentMethod{
			ID: m.id, CustomerID: invoice.CustomerID, ProviderToken: "pm_success_de", Position: 1, ChangedAt: mailDay, Kind: "sepa_debit",
			Status: store.MethodUsable, Last4: "3000", Mandate: &mandate, MandateReference: m.reference,
		}
		require.NoError(t, b.ReplacePaymentMethod(t.Context(), method))
		require.NoError(t, b.Tx(t.Context(), func(tx store.Tx) error {
			if err := tx.SaveMethod(t.Context(), method); err != nil {
				return err
			}
			return tx.AddDebitNotice(t.Context(), store.DebitNotice{
				InvoiceID: invoice.ID, MethodID: m.id, Amount: 4900, Currency: "USD", ToldAt: mailDay, DebitOn: mailDay.AddDate(0, 0, 2),
			}, invoice.CustomerID)
		}))
	}
	b.runOnce(b.mailer(), 2)
	texts := map[string]string{}
	for _, mail := range b.mailbox("ada@example.com") {
		require.Equal(t, "Northwind Software Inc. will debit USD\u00a0$49.00 on March 3, 2027", mail.Subject)
		texts[mail.CustomArgs["message_key"]] = mail.Text
	}
	require.Equal(t, mailText(invoice, `We will collect USD $49.00 for invoice NW-000001 from your bank account by SEPA Direct Debit.

Amount: USD $49.00
Not before: March 3, 2027
Creditor: Northwind Software Inc.
Account ending in: 3000
Mandate reference: AB12CD34
Invoice: NW-000001

Please make sure that the account has enough funds. There is nothing else you need to do.`), texts["mail:inv_ada:debit_notice"])
	require.Contains(t, texts["mail:inv_ada:debit_notice:m2"], "Mandate: mandate_m2\n", "another account, another notice")
}
