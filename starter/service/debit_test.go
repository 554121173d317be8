package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

// debtor is a customer on a test clock who pays from a bank account.
type debtor struct {
	t      *testing.T
	id     string
	clock  string
	method store.PaymentMethod
}

// monday is the first Monday of next year's second week, noon UTC: no bank holiday is near its beginning.
func monday() time.Time {
	at := startertest.NextYear().AddDate(0, 0, 7).Add(12 * time.Hour)
	for at.Weekday() != time.Monday {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

func newDebtor(t *testing.T, in service.NewCustomer, token string) *debtor {
	t.Helper()
	seller := running.Seller(t)
	d := &debtor{t: t, id: seller + "-c", clock: seller + "-clock"}
	running.Clock(t, d.clock, monday())
	base := startertest.NewCustomer(seller, d.id)
	base.TestClock, base.PaymentMethod = d.clock, ""
	if in.Currency != "" {
		base.Country, base.Zone, base.Currency = in.Country, in.Zone, in.Currency
	}
	running.Customer(t, base)
	if token != "" {
		d.set(token, 1)
	}
	return d
}

func (d *debtor) set(token string, position int) {
	d.t.Helper()
	set, err := running.Service.SetPaymentMethod(d.t.Context(), d.id, token, position)
	require.NoError(d.t, err)
	if position == 1 {
		d.method = set.PaymentMethods[0]
	}
}

// answers scripts what the bank says of the debits to come; afterwards they are paid.
func (d *debtor) answers(codes ...string) {
	d.t.Helper()
	require.NoError(d.t, sandbox.AddScenario(d.t.Context(), running.Config.StripeURL, sandbox.Scenario{PaymentMethod: *d.method.ProviderID, Script: codes}))
}

// subscribe starts a subscription and returns its id and its first invoice's.
func (d *debtor) subscribe() (id, invoice string, started service.Subscription) {
	d.t.Helper()
	seller := d.id[:len(d.id)-2]
	started = running.Subscribe(d.t, service.NewSubscription{ID: seller + "-s", Customer: d.id, Plan: seller + "-pro"})
	return started.ID, started.Invoice.InvoiceID, started
}

func (d *debtor) advance(days int) {
	d.t.Helper()
	_, err := running.Service.AdvanceClock(d.t.Context(), d.clock, monday().AddDate(0, 0, days), nil)
	require.NoError(d.t, err)
}

func (d *debtor) payments(invoice string) []store.Payment {
	d.t.Helper()
	rows, err := running.Store.Payments(d.t.Context(), invoice)
	require.NoError(d.t, err)
	return rows
}

func (d *debtor) status(subscription string) string {
	d.t.Helper()
	row, err := running.Service.Subscription(d.t.Context(), subscription)
	require.NoError(d.t, err)
	return string(row.Status)
}

func (d *debtor) invoiceStatus(id string) string {
	d.t.Helper()
	row, err := running.Store.Invoice(d.t.Context(), id)
	require.NoError(d.t, err)
	return row.Status
}

// charges are the provider's own record of what was taken, or tried to be, for an invoice.
func (d *debtor) charges(invoice string) (booked []sandbox.BookedCharge) {
	d.t.Helper()
	books, err := sandbox.FetchBooks(d.t.Context(), running.Config.StripeURL)
	require.NoError(d.t, err)
	for _, charge := range books.Charges {
		if charge.Metadata["invoice"] == invoice {
			booked = append(booked, charge)
		}
	}
	return booked
}

// retryNow asks for an attempt at once, as an operator does in Temporal's UI.
func (d *debtor) retryNow(invoice string, at time.Time) (status message.PaymentStatus) {
	d.t.Helper()
	clock := testclock.Clock{ID: d.clock, Store: running.Store, Temporal: running.Temporal, Namespace: running.Namespace}
	require.NoError(d.t, clock.Forward(d.t.Context(), message.DunningID(invoice), at))
	asked, err := running.Temporal.UpdateWorkflow(d.t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: message.DunningID(invoice), UpdateName: message.RetryNowUpdate, Args: []any{at}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	require.NoError(d.t, err)
	require.NoError(d.t, asked.Get(d.t.Context(), &status))
	return status
}

func businessDays(t *testing.T, from, to time.Time) int {
	t.Helper()
	zone, err := calendar.LoadZone("America/New_York")
	require.NoError(t, err)
	n := 0
	for day := zone.DateOf(from).AddDays(1); day.Compare(zone.DateOf(to)) <= 0; day = day.AddDays(1) {
		if calendar.BanksUS.Works(day) {
			n++
		}
	}
	return n
}

func TestACHIsPresentedAgainTwiceAndPaid(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, service.NewCustomer{}, "pm_usBankAccount_success")
	d.answers("R01", "R01", "ok")
	id, invoice, started := d.subscribe()
	require.EqualValues(t, "processing", started.Invoice.Payment)
	require.Equal(t, "active", d.status(id), "a debit on its way makes nobody past due")
	d.advance(3)
	require.Equal(t, "active", d.status(id))
	require.Len(t, d.charges(invoice), 1, "nothing is tried while the banks have it")
	d.advance(6)
	require.Equal(t, "past_due", d.status(id))
	d.advance(30)
	payments := d.payments(invoice)
	require.Len(t, payments, 3)
	for i, p := range payments[:2] {
		require.Equal(t, "insufficient_funds", p.DeclineCode)
		require.Equal(t, 4, businessDays(t, p.AskedAt, *p.SettledAt))
		between := businessDays(t, *p.SettledAt, payments[i+1].AskedAt)
		require.True(t, between >= 3 && between <= 5, "%d business days", between)
	}
	require.Equal(t, store.PaymentSucceeded, payments[2].Status)
	require.Equal(t, "paid", d.invoiceStatus(invoice))
	require.Equal(t, "active", d.status(id))
	require.Len(t, d.charges(invoice), 3)
}

func TestACHIsNeverPresentedAThirdTime(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, service.NewCustomer{}, "pm_usBankAccount_insufficientFunds")
	id, invoice, _ := d.subscribe()
	d.advance(30)
	require.Len(t, d.charges(invoice), 3)
	require.Equal(t, "past_due", d.status(id))
	d.retryNow(invoice, *d.payments(invoice)[2].SettledAt)
	require.Len(t, d.charges(invoice), 3, "not even by hand")
	last := d.payments(invoice)[3]
	require.Equal(t, "payment_method_unusable", last.DeclineCode)
	require.Nil(t, last.MethodID)
	d.advance(60)
	require.Equal(t, "uncollectible", d.invoiceStatus(invoice))
	require.Len(t, d.charges(invoice), 3)
}

func TestAnUnauthorisedDebitRulesTheAccountOut(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, service.NewCustomer{}, "pm_usBankAccount_success")
	d.answers("R10")
	id, invoice, _ := d.subscribe()
	d.advance(10)
	require.Equal(t, "past_due", d.status(id))
	require.Equal(t, "debit_not_authorized", d.payments(invoice)[0].DeclineCode)
	shown, err := running.Service.PaymentMethods(t.Context(), d.id)
	require.NoError(t, err)
	require.Equal(t, "blocked", shown.Data[0].Status)
	require.Equal(t, "debit_not_authorized", shown.Data[0].StatusReason)
	require.Len(t, d.charges(invoice), 1)
	d.set("pm_card_visa", 1)
	require.Eventually(t, func() bool { return d.invoiceStatus(invoice) == "paid" }, time.Minute, 50*time.Millisecond)
	require.Eventually(t, func() bool { return d.status(id) == "active" }, time.Minute, 50*time.Millisecond)
	require.Equal(t, d.method.ID, *d.payments(invoice)[1].MethodID)
}

// A card stands in for the account, and is charged for later invoices too: the account stays blocked.
func TestACardStandsInForABlockedAccount(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, service.NewCustomer{}, "pm_usBankAccount_success")
	d.set("pm_card_visa", 2)
	d.answers("R02")
	id, invoice, _ := d.subscribe()
	d.advance(10)
	require.Equal(t, "paid", d.invoiceStatus(invoice))
	require.Len(t, d.payments(invoice), 2)
	d.advance(40)
	invoices, err := running.Store.Invoices(t.Context(), store.InvoiceFilter{SubscriptionID: id, Limit: 10})
	require.NoError(t, err)
	require.Len(t, invoices, 2)
	for _, row := range invoices {
		require.Equal(t, "paid", row.Status)
		for _, p := range d.payments(row.ID) {
			if p.Status == store.PaymentSucceeded {
				require.NotEqual(t, d.method.ID, *p.MethodID)
			}
		}
	}
	require.Equal(t, 1, running.Count(t, `SELECT COUNT(*) FROM payment WHERE method_id = $1`, d.method.ID))
}

// A return after success comes as a dispute: the invoice stays paid, and the account is out for the next one.
func TestALateReturnRulesTheAccountOut(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, service.NewCustomer{}, "pm_usBankAccount_dispute")
	id, invoice, _ := d.subscribe()
	d.advance(8)
	require.Equal(t, "paid", d.invoiceStatus(invoice))
	d.advance(22) // somebody's request lets the sandbox's clock come there
	_, err := running.Config.Stripe().Balance.Get(&stripe.BalanceParams{Params: stripe.Params{Headers: map[string][]string{
		sandbox.AsOfHeader: {monday().AddDate(0, 0, 22).Format(time.RFC3339)},
	}}})
	require.NoError(t, err)
	running.Events(t, stripe.EventTypeChargeDisputeCreated)
	require.Eventually(t, func() bool {
		shown, err := running.Service.PaymentMethods(t.Context(), d.id)
		return err == nil && shown.Data[0].Status == "blocked"
	}, time.Minute, 50*time.Millisecond)
	require.Equal(t, "paid", d.invoiceStatus(invoice))
	d.advance(40)
	require.Equal(t, "past_due", d.status(id), "the next invoice waits for another method")
	require.Equal(t, 1, running.Count(t, `SELECT COUNT(*) FROM payment WHERE method_id = $1`, d.method.ID))
}

var berlin = service.NewCustomer{Country: "DE", Zone: "Europe/Berlin", Currency: "EUR"}

func TestSEPAIsAnnouncedFirst(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, berlin, "pm_success_de")
	id, invoice, started := d.subscribe()
	require.EqualValues(t, "announced", started.Invoice.Payment)
	require.Equal(t, "active", d.status(id))
	require.Empty(t, d.payments(invoice))
	notice, err := running.Store.MailByKey(t.Context(), "mail:"+invoice+":debit_notice")
	require.NoError(t, err)
	require.Equal(t, "debit_notice", notice.Template)
	told, err := running.Store.DebitNotice(t.Context(), invoice, d.method.ID)
	require.NoError(t, err)
	require.False(t, told.DebitOn.Before(monday().AddDate(0, 0, 2)))
	require.Equal(t, message.Announced, d.retryNow(invoice, monday()), "not even by hand before the customer has known for two days")
	require.Empty(t, d.charges(invoice))
	d.advance(1)
	require.Empty(t, d.charges(invoice))
	d.advance(4)
	require.Equal(t, store.PaymentProcessing, d.payments(invoice)[0].Status)
	require.False(t, d.payments(invoice)[0].AskedAt.Before(told.DebitOn))
	require.Equal(t, "active", d.status(id))
	d.advance(20)
	require.Equal(t, "paid", d.invoiceStatus(invoice))
	require.Equal(t, "active", d.status(id))
	require.Equal(t, 1, running.Count(t, `SELECT COUNT(*) FROM outbox WHERE invoice_id = $1 AND template = 'debit_notice'`, invoice))
	require.Zero(t, running.Count(t, `SELECT COUNT(*) FROM outbox WHERE invoice_id = $1 AND template = 'payment_failed'`, invoice))
}

// A token that was given when the customer was created is introduced when it is charged first, and announced then.
func TestSEPAGivenWithTheCustomer(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, berlin, "")
	running.Count(t, `WITH given AS (INSERT INTO payment_method (id, customer_id, provider_token, created_at, changed_at) VALUES ($1, $2, 'pm_failed_de', $3, $3) RETURNING 1)
		SELECT COUNT(*) FROM given`, "method_"+d.id, d.id, monday())
	id, invoice, started := d.subscribe()
	require.EqualValues(t, "announced", started.Invoice.Payment)
	d.advance(20)
	payments := d.payments(invoice)
	require.Len(t, payments, 1)
	require.Equal(t, "generic_could_not_process", payments[0].DeclineCode)
	require.Equal(t, "past_due", d.status(id))
}

func TestIDEALSetUpThenSEPARenewal(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, service.NewCustomer{Country: "NL", Zone: "Europe/Amsterdam", Currency: "EUR"}, "")
	made, err := running.Config.Stripe().PaymentMethods.New(&stripe.PaymentMethodParams{Type: stripe.String("ideal")})
	require.NoError(t, err)
	_, err = running.Service.SetPaymentMethod(t.Context(), d.id, made.ID, 1)
	requireKind(t, err, service.Refused, "return_url_missing")
	_, err = running.Service.SetMethod(t.Context(), d.id, service.NewPaymentMethod{PaymentMethod: made.ID, ReturnURL: "https://shop.example.com/back"})
	require.NoError(t, err)
	shown, err := running.Service.PaymentMethods(t.Context(), d.id)
	require.NoError(t, err)
	require.Len(t, shown.Data, 1)
	require.Equal(t, "verifying", shown.Data[0].Status)
	require.NotEmpty(t, shown.Data[0].ActionURL)
	intent, err := running.Config.Stripe().SetupIntents.Get(*shown.Data[0].SetupIntent, nil)
	require.NoError(t, err)
	require.NoError(t, sandbox.Authenticate(t.Context(), running.Config.StripeURL, intent.ID, intent.ClientSecret, true))
	running.Events(t, stripe.EventTypeSetupIntentSucceeded)
	shown, err = running.Service.PaymentMethods(t.Context(), d.id)
	require.NoError(t, err)
	require.Equal(t, "usable", shown.Data[0].Status)
	require.Equal(t, "sepa_debit", shown.Data[0].Kind)
	require.Empty(t, shown.Data[0].ActionURL)
	id, _, _ := d.subscribe()
	d.advance(50)
	invoices, err := running.Store.Invoices(t.Context(), store.InvoiceFilter{SubscriptionID: id, Limit: 10})
	require.NoError(t, err)
	require.Len(t, invoices, 2)
	for _, row := range invoices {
		require.Equal(t, "paid", row.Status)
		require.Equal(t, 1, running.Count(t, `SELECT COUNT(*) FROM debit_notice WHERE invoice_id = $1`, row.ID))
	}
	require.Equal(t, "active", d.status(id))
}

// The network renews a card that had expired: what it owes is tried at once, without anybody asking.
func TestARenewedCardIsTriedAtOnce(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, service.NewCustomer{}, "pm_card_visa")
	d.answers("expired_card")
	id, invoice, _ := d.subscribe()
	require.Equal(t, "past_due", d.status(id))
	d.advance(1)
	require.NoError(t, sandbox.UpdateCard(t.Context(), running.Config.StripeURL, sandbox.CardUpdate{
		PaymentMethod: *d.method.ProviderID, ExpMonth: 12, ExpYear: int64(monday().Year() + 9),
	}))
	running.Events(t, stripe.EventTypePaymentMethodAutomaticallyUpdated)
	require.Eventually(t, func() bool { return d.invoiceStatus(invoice) == "paid" }, time.Minute, 50*time.Millisecond)
	running.Events(t, stripe.EventTypePaymentMethodAutomaticallyUpdated)
	require.Len(t, d.payments(invoice), 2)
}

// What happens to a method at the provider is followed in any order and repetition.
func TestEventsOfPaymentMethods(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, berlin, "pm_success_de")
	_, err := running.Config.Stripe().PaymentMethods.Detach(*d.method.ProviderID, nil)
	require.NoError(t, err)
	for range 2 {
		running.Events(t, stripe.EventTypeMandateUpdated)
		running.Events(t, stripe.EventTypePaymentMethodDetached)
		running.Events(t, stripe.EventTypeSetupIntentSucceeded)
	}
	shown, err := running.Service.PaymentMethods(t.Context(), d.id)
	require.NoError(t, err)
	require.Equal(t, "detached", shown.Data[0].Status)
	_, invoice, started := d.subscribe()
	require.EqualValues(t, "declined", started.Invoice.Payment)
	require.Equal(t, "payment_method_unusable", d.payments(invoice)[0].DeclineCode)
}
