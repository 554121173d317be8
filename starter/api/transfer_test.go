package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// send plays a bank transfer of the customer's, in cents.
func (d debtor) send(cents int64, reference string) {
	d.t.Helper()
	customer, err := running.Store.Customer(d.t.Context(), d.id+"-c")
	require.NoError(d.t, err)
	_, err = running.Config.Stripe().TestHelpersCustomers.FundCashBalance(*customer.ProviderCustomerID, &stripe.TestHelpersCustomerFundCashBalanceParams{
		Amount: &cents, Currency: stripe.String("usd"), Reference: &reference,
	})
	require.NoError(d.t, err)
}

func (d debtor) payable() service.Payable {
	d.t.Helper()
	row, err := running.Store.Invoice(d.t.Context(), d.invoice)
	require.NoError(d.t, err)
	shown, err := running.Service.PayPage(d.t.Context(), row.PageKey)
	require.NoError(d.t, err)
	return shown
}

// A customer who always pays by bank transfer sends a part, and then too much: webhooks tell of both.
func TestACustomerPaysByTransfer(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "customer_balance")
	subscription, err := running.Store.Subscription(t.Context(), d.id+"-s")
	require.NoError(t, err)
	require.EqualValues(t, "active", subscription.Status, "whoever is asked to pay is not past due")
	told := d.payable().Transfer
	require.NotNil(t, told)
	_, text, _ := visit(t, http.MethodGet, d.page)
	require.Contains(t, text, "We are waiting for your bank transfer.")
	require.Contains(t, text, told.Reference)
	for _, detail := range told.Accounts[0].Details {
		require.Contains(t, text, detail.Label)
		require.Contains(t, text, detail.Value)
	}
	require.Contains(t, text, "Routing number")
	require.NotContains(t, text, "on file", "nothing is charged")

	res, err := http.Get(strings.Replace(d.page, "/pay/", "/invoices/", 1))
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	invoice, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(invoice), strings.TrimPrefix(d.page, base)+`">Waiting for your bank transfer</a>`, "the invoice leads there")

	d.send(400, told.Reference)
	require.Eventually(t, func() bool { return d.payable().Transfer.Remaining.Minor == 600 }, 20*time.Second, 20*time.Millisecond)
	_, text, _ = visit(t, http.MethodGet, d.page)
	require.Contains(t, text, "We have received a part of your bank transfer.")
	require.Contains(t, text, "$6.00")
	d.send(850, told.Reference)
	require.Eventually(t, func() bool { return d.payable().Invoice.Status == "paid" }, 20*time.Second, 20*time.Millisecond)
	d.requirePaid()
	require.Eventually(t, func() bool {
		cash, err := running.Service.CustomerCash(t.Context(), d.id+"-c")
		return err == nil && len(cash.Deposits) == 1 && cash.Deposits[0].Amount == 250 && len(cash.Movements) == 4
	}, 20*time.Second, 20*time.Millisecond, "what was too much is recorded as the customer's")
}

func TestACustomerAsksForATransfer(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_chargeCustomerFail")
	_, text, _ := visit(t, http.MethodGet, d.page)
	require.Contains(t, text, "Pay by bank transfer")
	require.Contains(t, text, "Pay this invoice only")
	for range 2 { // a second click
		require.Equal(t, d.page, press(t, d.page+"/transfer"))
	}
	told := d.payable().Transfer
	require.NotNil(t, told)
	asked, err := running.Service.AskTransfer(t.Context(), d.invoice)
	require.NoError(t, err)
	require.Equal(t, told, asked, "an operator sees the same")
	account, err := running.Service.FundingInstructions(t.Context(), d.id+"-c", "")
	require.NoError(t, err)
	require.Equal(t, told.Accounts, account.Accounts, "the account is the customer's, whatever it is to pay")
	mails, err := sandbox.Mailbox(t.Context(), running.Config.SendGridURL, d.id+"-c@example.com")
	require.NoError(t, err)
	for _, mail := range mails {
		for _, detail := range told.Accounts[0].Details[1:] {
			require.NotContains(t, mail.Text, detail.Value, "mail is no place for it")
		}
	}
	d.send(1000, told.Reference)
	require.Eventually(t, func() bool { return d.payable().Invoice.Status == "paid" }, 20*time.Second, 20*time.Millisecond)
	d.requirePaid()
}

// A mandate that is revoked by itself: the account is not debited any more, and the customer is asked for another method.
func TestAMandateIsRevoked(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	in := startertest.NewCustomer(id, id+"-c")
	in.Country, in.Zone, in.Currency, in.PaymentMethod = "DE", "Europe/Berlin", "EUR", ""
	running.Customer(t, in)
	set, err := running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_success_de", 1)
	require.NoError(t, err)
	method := set.PaymentMethods[0]
	require.Equal(t, store.MethodUsable, method.Status)
	require.NoError(t, sandbox.RevokeMandates(t.Context(), running.Config.StripeURL, sandbox.Revocation{PaymentMethod: *method.ProviderID}))
	require.Eventually(t, func() bool {
		read, err := running.Store.PaymentMethodByID(t.Context(), method.ID)
		return err == nil && read.Status == store.MethodBlocked && read.StatusReason == "mandate_inactive"
	}, 20*time.Second, 20*time.Millisecond, "the webhook tells")
	require.ErrorContains(t, sandbox.RevokeMandates(t.Context(), running.Config.StripeURL, sandbox.Revocation{PaymentMethod: *method.ProviderID}),
		"has no mandate in force")

	started := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	d := debtor{t: t, id: id, invoice: started.Invoice.InvoiceID}
	payments, err := running.Store.Payments(t.Context(), d.invoice)
	require.NoError(t, err)
	require.Len(t, payments, 1)
	require.Equal(t, "payment_method_unusable", payments[0].DeclineCode)
	books, err := sandbox.FetchBooks(t.Context(), running.Config.StripeURL)
	require.NoError(t, err)
	for _, charge := range books.Charges {
		require.NotEqual(t, d.invoice, charge.Metadata["invoice"], "nothing was debited, nor tried to be")
	}
	require.Eventually(t, func() bool {
		mails, err := sandbox.Mailbox(t.Context(), running.Config.SendGridURL, id+"-c@example.com")
		if err != nil {
			return false
		}
		for _, mail := range mails {
			if mail.Categories[0] == "payment_failed" {
				require.Contains(t, mail.Text, "the payment method can no longer be used")
				require.Contains(t, mail.Text, "/pay/")
				return true
			}
		}
		return false
	}, 20*time.Second, 50*time.Millisecond, "the customer is asked for another")
	_, err = running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_card_visa", 1)
	require.NoError(t, err)
	row, err := running.Store.Invoice(t.Context(), d.invoice)
	require.NoError(t, err)
	press(t, base+"/pay/"+row.PageKey)
	d.requirePaid()
}
