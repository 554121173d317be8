package activities_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// toTransfer makes an invoice of EUR 10 of a customer who always pays by bank transfer, and asks for it.
func (b *bundle) toTransfer(id string) (invoice string) {
	b.t.Helper()
	invoice = b.billed(id, "EUR", "customer_balance").InvoiceID
	charged := b.persist(invoice, 1)
	require.Equal(b.t, message.Processing, charged.Status, "nobody is past due who is asked to pay")
	require.Equal(b.t, "customer_balance", charged.Method)
	return invoice
}

func (b *bundle) provider(customer string) string {
	b.t.Helper()
	row, err := b.Customer(b.ctx, customer)
	require.NoError(b.t, err)
	return *row.ProviderCustomerID
}

// send plays a transfer in euro from the customer's bank.
func (b *bundle) send(customer string, minor int64, reference string, at time.Time) {
	b.t.Helper()
	b.sendIn("eur", customer, minor, reference, at)
}

func (b *bundle) sendIn(currency, customer string, minor int64, reference string, at time.Time) {
	b.t.Helper()
	_, err := b.payments.Stripe.TestHelpersCustomers.FundCashBalance(b.provider(customer), &stripe.TestHelpersCustomerFundCashBalanceParams{
		Params: stripe.Params{Headers: http.Header{activities.AsOfHeader: []string{at.Format(time.RFC3339)}}},
		Amount: &minor, Currency: &currency, Reference: &reference,
	})
	require.NoError(b.t, err)
}

// asked is what the provider tells the customer of an invoice.
func (b *bundle) asked(invoice string) *stripe.PaymentIntentNextActionDisplayBankTransferInstructions {
	b.t.Helper()
	row, err := b.Invoice(b.ctx, invoice)
	require.NoError(b.t, err)
	intent, err := b.payments.Stripe.PaymentIntents.Get(*row.ProviderIntent, nil)
	require.NoError(b.t, err)
	require.NotNil(b.t, intent.NextAction)
	return intent.NextAction.DisplayBankTransferInstructions
}

func (b *bundle) recordCash(customer string, at time.Time) message.CashRecorded {
	b.t.Helper()
	recorded, err := b.payments.RecordCash(b.ctx, message.CashInput{CustomerID: customer, At: at})
	require.NoError(b.t, err)
	return recorded
}

// unused is what a customer sent in euro and pays nothing yet, by our records.
func (b *bundle) unused(customer string) (minor int64) {
	b.t.Helper()
	deposits, err := b.Deposits(b.ctx, "", customer)
	require.NoError(b.t, err)
	for _, deposit := range deposits {
		require.Equal(b.t, money.Currency("EUR"), deposit.Currency)
		minor += deposit.Amount
	}
	return minor
}

func TestAnInvoiceIsPaidByTransfer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.toTransfer("ada")
	told := b.asked(invoice)
	require.Equal(t, int64(1000), told.AmountRemaining)
	require.Equal(t, "IE", told.FinancialAddresses[0].IBAN.Country, "who is in no country with accounts gets an Irish one")
	require.Equal(t, 1, b.mails("transfer"))
	step := b.next(invoice, day0.Add(time.Hour))
	require.Equal(t, message.DunningWait, step.Kind)
	require.Equal(t, day0.AddDate(0, 0, 30), step.At.UTC(), "whatever arrives before is told")

	b.send("ada", 400, told.Reference, day0.AddDate(0, 0, 2))
	require.Equal(t, message.Processing, b.ask(invoice, day0.AddDate(0, 0, 2)).Status)
	require.Equal(t, message.CashRecorded{Movements: 2}, b.recordCash("ada", day0.AddDate(0, 0, 2)), "it came, and was set aside for the invoice")
	require.Equal(t, message.CashRecorded{}, b.recordCash("ada", day0.AddDate(0, 0, 2)), "once")
	b.sound()
	require.Equal(t, int64(600), b.asked(invoice).AmountRemaining)

	b.send("ada", 900, told.Reference, day0.AddDate(0, 0, 3))
	for range 2 {
		require.Equal(t, message.Paid, b.ask(invoice, day0.AddDate(0, 0, 3)).Status)
	}
	b.paidOnce(invoice)
	require.Equal(t, int64(300), b.unused("ada"), "what was sent too much is the customer's")
	require.Equal(t, 1, b.mails("receipt"))

	next := b.subscribe(agreement("sub_next", "ada", "seats", 1, "EUR")).Invoice.InvoiceID
	require.Equal(t, message.Processing, b.persist(next, 1).Status)
	require.Equal(t, int64(700), b.asked(next).AmountRemaining, "and pays a part of the next invoice at once")
	b.send("ada", 700, "", day0.AddDate(0, 0, 4))
	require.Equal(t, message.Paid, b.ask(next, day0.AddDate(0, 0, 4)).Status)
	b.paidOnce(next)
	require.Zero(t, b.unused("ada"))
	got := b.reconcile("")
	require.Empty(t, got.Differences)
	require.Equal(t, got.Held[0].Theirs, got.Held[0].Ours, "to the cent")
}

// Whatever the provider answers, there is one thing that waits for the money.
func TestTheProviderFailsWhileATransferIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"intent:", "charge:"} {
		for _, kind := range []sandbox.FaultKind{
			sandbox.DropBefore, sandbox.DropAfterCommit, sandbox.ServerError, sandbox.ServerErrorAfter, sandbox.HTML502, sandbox.TooManyRequests,
		} {
			t.Run(prefix+string(kind), func(t *testing.T) {
				t.Parallel()
				b := setup(t)
				b.fault(sandbox.Fault{Kind: kind, IdempotencyKeyPrefix: prefix})
				invoice := b.toTransfer("ada")
				b.send("ada", 1000, b.asked(invoice).Reference, day0.AddDate(0, 0, 1))
				require.Equal(t, message.Paid, b.ask(invoice, day0.AddDate(0, 0, 1)).Status)
				b.paidOnce(invoice)
				require.Zero(t, b.unused("ada"))
			})
		}
	}
}

// Money that comes after a transfer was given up pays when it comes.
func TestMoneyComesLate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.toTransfer("ada")
	waiting, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice, Attempt: 2, At: day0.AddDate(0, 0, 20)})
	require.NoError(t, err)
	require.Equal(t, message.Processing, waiting.Status, "an operator's retry does not take back what may be on its way")
	lapsed := day0.AddDate(0, 0, 30)
	ended := b.ask(invoice, lapsed)
	require.Equal(t, message.Declined, ended.Status)
	require.Equal(t, "transfer_not_received", ended.DeclineCode)
	step := b.next(invoice, lapsed)
	require.Equal(t, message.DunningWait, step.Kind)
	require.Equal(t, "needs_customer", step.Reason)
	require.Equal(t, 14, int(step.At.Sub(lapsed).Hours()/24), "the policy's days begin when the transfer is given up")
	require.Equal(t, 1, b.mails("payment_failed"))

	arrives := lapsed.AddDate(0, 0, 3)
	b.send("ada", 1000, "", arrives)
	require.Equal(t, message.CashRecorded{Movements: 1, Waiting: true}, b.recordCash("ada", arrives))
	require.Equal(t, int64(1000), b.unused("ada"), "it is explained while it pays nothing")
	b.sound()
	step = b.next(invoice, arrives.Add(time.Minute))
	require.Equal(t, message.DunningRetry, step.Kind)
	require.Equal(t, message.Paid, b.chargeAt(invoice, step.Attempt, step.At).Status)
	b.paidOnce(invoice)
	require.Zero(t, b.unused("ada"))
}

// A customer whose card fails wants to transfer, sends a part, and pays with another card after all.
func TestACustomerChangesTheirMindAboutATransfer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.owing("ada")
	for attempt := 2; attempt < 4; attempt++ { // a second click
		charged, err := b.payments.ChargeInvoice(b.ctx, message.Charge{
			InvoiceID: invoice, Attempt: attempt, At: day0.Add(time.Hour), Pages: pages, Transfer: true,
		})
		require.NoError(t, err)
		require.Equal(t, message.Processing, charged.Status)
	}
	require.Equal(t, 2, b.lastAttempt(invoice).Attempt)
	require.Equal(t, day0.Add(time.Hour).AddDate(0, 0, 7), b.next(invoice, day0.Add(2*time.Hour)).At.UTC())
	b.send("ada", 250, b.asked(invoice).Reference, day0.AddDate(0, 0, 1))
	b.pay("ada", "pm_card_visa", day0.AddDate(0, 0, 2))
	charged, err := b.payNow(invoice, 3, day0.AddDate(0, 0, 2))
	require.NoError(t, err)
	require.Equal(t, message.Paid, charged.Status)
	b.paidOnce(invoice)
	b.recordCash("ada", day0.AddDate(0, 0, 2))
	require.Equal(t, int64(250), b.unused("ada"), "what was sent is the customer's again")
	b.sound()
	movements, err := b.CashMovements(b.ctx, "ada")
	require.NoError(t, err)
	require.Len(t, movements, 3, "sent, set aside, and no longer")
}

// An account that leaves it to us to use what customers sent.
func TestCashIsAppliedByUs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.toTransfer("ada")
	_, err := b.payments.Stripe.CashBalances.Update(&stripe.CashBalanceParams{
		Customer: stripe.String(b.provider("ada")), Settings: &stripe.CashBalanceSettingsParams{ReconciliationMode: stripe.String("manual")},
	})
	require.NoError(t, err)
	b.send("ada", 600, "", day0.AddDate(0, 0, 1))
	require.Equal(t, message.Processing, b.ask(invoice, day0.AddDate(0, 0, 1)).Status)
	require.Equal(t, int64(400), b.asked(invoice).AmountRemaining)
	b.send("ada", 600, "", day0.AddDate(0, 0, 2))
	require.Equal(t, message.Paid, b.ask(invoice, day0.AddDate(0, 0, 2)).Status)
	b.paidOnce(invoice)
	require.Equal(t, int64(200), b.unused("ada"))
}

func TestATransferThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("kuwaiti", "KWD", "customer_balance").InvoiceID
	refused := b.persist(invoice, 1)
	require.Equal(t, message.Declined, refused.Status)
	asked, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice, Attempt: 2, At: day0.Add(time.Hour), Pages: pages, Transfer: true})
	require.NoError(t, err)
	require.Equal(t, "currency_not_supported", asked.DeclineCode)
	require.Empty(t, b.books().Charges)
}

// What customers sent and we did not hear of is found; what the movements do not explain is named.
func TestReconciliationOfTransfers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.toTransfer("ada")
	b.send("ada", 1500, "", day0.AddDate(0, 0, 1))
	require.Equal(t, map[string]bool{"charge_not_recorded": true}, kinds(b.reconcile("acme")), "the charge is found, and recorded with what paid it")
	require.Equal(t, int64(500), b.unused("ada"))
	b.send("ada", 100, "", day0.AddDate(0, 0, 1))
	require.Equal(t, map[string]bool{"cash_not_recorded": true}, kinds(b.reconcile("acme")))
	require.Equal(t, int64(600), b.unused("ada"))
	b.sound()
	b.falsify(`INSERT INTO cash_movement (id, customer_id, kind, net, currency, at) VALUES ('ccsbtxn_false', 'ada', 'funded', 7, 'EUR', now())`)
	got := b.reconcile("acme")
	require.Equal(t, map[string]bool{"cash_balance": false}, kinds(got))
	require.Contains(t, got.Differences[0].Detail, "EUR -0.07 more for customer ada")
}

// A customer chooses the transfer on the provider's page.
func TestATransferOnAPage(t *testing.T) {
	t.Parallel()
	for name, arrives := range map[string]bool{"it arrives": true, "it does not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.choose("table")
			invoice := b.inMarket("de", "DE", "EUR")
			b.newCheckout("chk", "de", invoice, func(c *store.Checkout) { c.SaveMethod = false })
			b.payOn(b.opened("chk", day0), "customer_balance")
			require.Equal(t, message.RequiresAction, b.ask(invoice, day0.AddDate(0, 0, 2)).Status, "days after the page has closed")
			if !arrives {
				require.Equal(t, "transfer_not_received", b.ask(invoice, day0.AddDate(0, 0, 7)).DeclineCode)
				return
			}
			b.send("de", 6000, "", day0.AddDate(0, 0, 3))
			require.Equal(t, message.Paid, b.ask(invoice, day0.AddDate(0, 0, 3)).Status)
			b.paidOnce(invoice)
			require.Zero(t, b.unused("de"))
		})
	}
}
