package api_test

import (
	"io"
	"net/http"
	"net/url"
	"path"
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

// browser goes where it is sent only when told to.
var browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// visit loads a page, or presses its button, and returns what it shows, or where it leads.
func visit(t *testing.T, method, address string) (status int, text, next string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
	require.NoError(t, err)
	res, err := browser.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, "no-referrer", res.Header.Get("Referrer-Policy"), "the address is a key")
	next = res.Header.Get("Location")
	if strings.HasPrefix(next, "/") {
		next = base + next
	}
	return res.StatusCode, string(body), next
}

// press presses a button that leads somewhere.
func press(t *testing.T, address string) (next string) {
	t.Helper()
	status, text, next := visit(t, http.MethodPost, address)
	require.Equal(t, http.StatusSeeOther, status, text)
	return next
}

// answerBank plays the customer on the bank's page and returns where that sends them.
func answerBank(t *testing.T, page, outcome string) string {
	t.Helper()
	res, err := browser.PostForm(page, url.Values{"outcome": {outcome}})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	return res.Header.Get("Location")
}

// debtor is a customer with an invoice that their card did not pay.
type debtor struct {
	t           *testing.T
	id, invoice string
	page        string
}

func newDebtor(t *testing.T, card string) debtor {
	t.Helper()
	id := running.Seller(t)
	in := startertest.NewCustomer(id, id+"-c")
	in.PaymentMethod = card
	running.Customer(t, in)
	started := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	invoice, err := running.Store.Invoice(t.Context(), started.Invoice.InvoiceID)
	require.NoError(t, err)
	return debtor{t: t, id: id, invoice: invoice.ID, page: base + "/pay/" + invoice.PageKey}
}

// requirePaid checks that the invoice is paid, once, and that the subscription heard of it.
func (d debtor) requirePaid() {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		s, err := running.Store.Subscription(d.t.Context(), d.id+"-s")
		return err == nil && s.Status == "active"
	}, 20*time.Second, 20*time.Millisecond)
	require.Equal(d.t, 1, running.Count(d.t, `SELECT COUNT(*) FROM payment p JOIN invoice i ON i.id = p.invoice_id
		WHERE i.id = $1 AND i.status = 'paid' AND p.status = 'succeeded'`, d.invoice))
	require.Equal(d.t, 1, d.charges())
}

// charges counts how often the provider took the invoice's money, whatever with.
func (d debtor) charges() int {
	d.t.Helper()
	books, err := sandbox.FetchBooks(d.t.Context(), running.Config.StripeURL)
	require.NoError(d.t, err)
	n := 0
	for _, charge := range books.Charges {
		if charge.Metadata["invoice"] == d.invoice && charge.Status == "succeeded" {
			n++
		}
	}
	return n
}

func TestACustomerConfirmsAPayment(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_authenticationRequired")
	_, text, _ := visit(t, http.MethodGet, d.page)
	require.Contains(t, text, "To be paid")
	require.Contains(t, text, "$10.00")
	require.Contains(t, text, "Pay with the Visa on file")
	require.Contains(t, text, "Where we offer it: Card, Link, ACH Direct Debit", "what customers in the United States pay with, by name")

	bank := press(t, d.page)
	require.Contains(t, bank, "/_sandbox/authenticate/")
	require.Equal(t, bank, press(t, d.page), "a second click leads to the same place")
	back := answerBank(t, bank, "fail")
	status, _, next := visit(t, http.MethodGet, back)
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, d.page, next, "without the secret that the bank's page added")
	_, text, _ = visit(t, http.MethodGet, d.page)
	require.Contains(t, text, "Your bank could not confirm that it was you.")

	back = answerBank(t, press(t, d.page), "succeed")
	_, _, next = visit(t, http.MethodGet, back)
	_, text, _ = visit(t, http.MethodGet, next)
	require.Contains(t, text, "is paid")
	d.requirePaid()
	require.Equal(t, d.page, press(t, d.page), "a stale page in another tab charges nothing")
	_, _, next = visit(t, http.MethodGet, back)
	require.Equal(t, d.page, next)
	require.Equal(t, 1, d.charges())
}

// The customer does not come back: the webhook tells.
func TestACustomerConfirmsAndClosesTheTab(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_authenticationRequired")
	answerBank(t, press(t, d.page), "succeed")
	d.requirePaid()
}

func TestTheCardThatIsConfirmedIsDeclined(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_chargeCustomerFail")
	require.Equal(t, d.page, press(t, d.page))
	_, text, _ := visit(t, http.MethodGet, d.page)
	require.Contains(t, text, "Your bank declined the payment.")
	require.Zero(t, d.charges())
}

func TestACustomerPaysInAnotherWay(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_chargeCustomerFail")
	page := press(t, d.page+"/checkout")
	require.Equal(t, page, press(t, d.page+"/checkout"), "a second click leads to the same page")
	_, err := sandbox.Pay(t.Context(), page, sandbox.Payer{PaymentMethod: "pm_card_chargeDeclined"})
	require.Error(t, err)
	next, err := sandbox.Pay(t.Context(), page, sandbox.Payer{PaymentMethod: "pm_card_mastercard"})
	require.NoError(t, err)
	require.Equal(t, d.page+"/return", next)
	_, _, next = visit(t, http.MethodGet, next)
	_, text, _ := visit(t, http.MethodGet, next)
	require.Contains(t, text, "is paid")
	d.requirePaid()
	customer, err := running.Service.Customer(t.Context(), d.id+"-c")
	require.NoError(t, err)
	require.Equal(t, "mastercard", customer.PaymentMethods[0].Network, "it is charged the next time")
}

// Two tabs: the page of the provider is open in one, and the customer pays with the card on file in the other.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_authenticationRequired")
	page := press(t, d.page+"/checkout")
	bank := press(t, d.page)
	_, err := sandbox.Pay(t.Context(), page, sandbox.Payer{PaymentMethod: "pm_card_mastercard"})
	require.ErrorContains(t, err, "410", "the page was closed before the card was asked")
	other := press(t, d.page+"/checkout")
	require.NotEqual(t, page, other)
	res, err := browser.PostForm(bank, url.Values{"outcome": {"succeed"}})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.NotEqual(t, http.StatusSeeOther, res.StatusCode, "the bank has nothing more to ask")
	_, err = sandbox.Pay(t.Context(), other, sandbox.Payer{PaymentMethod: "pm_card_mastercard"})
	require.NoError(t, err)
	d.requirePaid()
}

func TestLinksThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"/pay/unknown", "/pay/unknown/return", "/pay/%00", "/checkout/unknown"} {
		status, text, _ := visit(t, http.MethodGet, base+where)
		require.Equal(t, http.StatusNotFound, status, where)
		require.Contains(t, text, "There is no such page", where)
	}
	for _, where := range []string{"/pay/unknown", "/pay/unknown/checkout"} {
		status, _, _ := visit(t, http.MethodPost, base+where)
		require.Equal(t, http.StatusNotFound, status, where)
	}
	d := newDebtor(t, "pm_card_visa")
	require.Equal(t, d.page, press(t, d.page+"/checkout"), "a paid invoice needs no page")
	_, text, _ := visit(t, http.MethodGet, d.page)
	require.NotContains(t, text, "<form")
}

// The customer's choice on the provider's portal is charged from then on, and what is unpaid is tried with it.
func TestACustomerChoosesAMethodOnThePortal(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_chargeCustomerFail")
	made := call(t, http.MethodPost, "/v1/customers/"+d.id+"-c/portal-session", service.NewPortal{ReturnURL: "https://shop.example/account"})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	portal, _ := made.json(t)["url"].(string)
	next, err := sandbox.Pay(t.Context(), portal, sandbox.Payer{PaymentMethod: "pm_card_mastercard"})
	require.NoError(t, err)
	require.Equal(t, "https://shop.example/account", next)
	require.Eventually(t, func() bool {
		dunning, err := running.Store.Dunning(t.Context(), d.invoice)
		return err == nil && dunning.Reason == "payment_method_changed"
	}, 20*time.Second, 20*time.Millisecond, "tried as soon as a minute has passed")
	customer, err := running.Service.Customer(t.Context(), d.id+"-c")
	require.NoError(t, err)
	require.Equal(t, "mastercard", customer.PaymentMethods[0].Network)

	// Another event of the customer's says nothing of what an operator chose since.
	_, err = running.Service.SetPaymentMethod(t.Context(), d.id+"-c", "pm_card_visa", 1)
	require.NoError(t, err)
	row, err := running.Store.Customer(t.Context(), d.id+"-c")
	require.NoError(t, err)
	_, err = running.Config.Stripe().Customers.Update(*row.ProviderCustomerID, &stripe.CustomerParams{Name: stripe.String("Somebody")})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE type = 'customer.updated' AND object_id = $1 AND note = 'the choice is recorded already'`,
			*row.ProviderCustomerID) > 0
	}, 20*time.Second, 20*time.Millisecond)
	customer, err = running.Service.Customer(t.Context(), d.id+"-c")
	require.NoError(t, err)
	require.Equal(t, "pm_card_visa", customer.PaymentMethods[0].ProviderToken)

	configurations := 0
	for list := running.Config.Stripe().BillingPortalConfigurations.List(&stripe.BillingPortalConfigurationListParams{}); list.Next(); {
		require.False(t, list.BillingPortalConfiguration().Features.InvoiceHistory.Enabled)
		configurations++
	}
	require.Equal(t, 1, configurations, "one for the account")
}

func TestPortalsThatAreRefused(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	require.Equal(t, http.StatusNotFound, call(t, http.MethodPost, "/v1/customers/nobody/portal-session", nil).status)
	fresh := call(t, http.MethodPost, "/v1/customers/"+id+"-c/portal-session", nil)
	require.Equal(t, http.StatusUnprocessableEntity, fresh.status)
	require.Equal(t, "customer_unknown_to_provider", fresh.json(t)["code"])
	bad := call(t, http.MethodPost, "/v1/customers/"+id+"-c/portal-session", service.NewPortal{ReturnURL: "shop.example"})
	require.Equal(t, http.StatusBadRequest, bad.status)
	require.Contains(t, string(bad.body), "body.return_url")
}

func TestCheckoutsOverHTTP(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_chargeCustomerFail")
	asked := service.NewCheckout{ID: d.id + "-k", Invoice: d.invoice, SuccessURL: "https://shop.example/done", CancelURL: "https://shop.example/cart"}
	made := call(t, http.MethodPost, "/v1/checkouts", asked)
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	require.Equal(t, string(made.body), string(call(t, http.MethodPost, "/v1/checkouts", asked).body), "repeating it answers the same")
	page, _ := made.json(t)["url"].(string)
	require.NotEmpty(t, page)
	asked.SaveMethod = true
	require.Equal(t, http.StatusConflict, call(t, http.MethodPost, "/v1/checkouts", asked).status)

	closed := call(t, http.MethodPost, "/v1/checkouts/"+d.id+"-k/expire", nil)
	require.Equal(t, http.StatusOK, closed.status, string(closed.body))
	require.Equal(t, store.CheckoutExpired, closed.json(t)["status"])
	require.Equal(t, string(closed.body), string(call(t, http.MethodPost, "/v1/checkouts/"+d.id+"-k/expire", nil).body))
	_, err := sandbox.Pay(t.Context(), page, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.ErrorContains(t, err, "410")
	shown := call(t, http.MethodGet, "/v1/checkouts/"+d.id+"-k", nil).json(t)
	require.NotContains(t, shown, "url")

	again := call(t, http.MethodPost, "/v1/checkouts", service.NewCheckout{Invoice: d.invoice, SuccessURL: "https://shop.example/done"})
	require.Equal(t, http.StatusCreated, again.status, string(again.body))
	page, _ = again.json(t)["url"].(string)
	next, err := sandbox.Pay(t.Context(), page, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.NoError(t, err)
	require.Equal(t, "https://shop.example/done", next)
	d.requirePaid()
	list := call(t, http.MethodGet, "/v1/checkouts?invoice="+d.invoice, nil).json(t)
	require.Len(t, list["data"], 2)
	late := call(t, http.MethodPost, "/v1/checkouts", service.NewCheckout{Invoice: d.invoice})
	require.Equal(t, http.StatusUnprocessableEntity, late.status)
	require.Equal(t, "invoice_not_open", late.json(t)["code"])
}

func TestAMethodIsSavedOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	in := startertest.NewCustomer(id, id+"-c")
	in.PaymentMethod = ""
	running.Customer(t, in)
	made := call(t, http.MethodPost, "/v1/checkouts", service.NewCheckout{Setup: true, Customer: id + "-c"})
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	page, _ := made.json(t)["url"].(string)
	bank, err := sandbox.Pay(t.Context(), page, sandbox.Payer{PaymentMethod: "pm_card_threeDSecure2Required"})
	require.NoError(t, err)
	parsed, err := url.Parse(bank)
	require.NoError(t, err)
	require.NoError(t, sandbox.Authenticate(t.Context(), running.Config.StripeURL, path.Base(parsed.Path), parsed.Query().Get("client_secret"), true))
	checkout, _ := made.json(t)["id"].(string)
	_, text, _ := visit(t, http.MethodGet, base+"/checkout/"+checkout)
	require.Contains(t, text, "We have what we need")
	customer, err := running.Service.Customer(t.Context(), id+"-c")
	require.NoError(t, err)
	require.Len(t, customer.PaymentMethods, 1)
	require.Equal(t, "visa", customer.PaymentMethods[0].Network)
}
