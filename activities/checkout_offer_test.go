package activities_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
)

// choose sets who chooses what the provider's pages offer.
func (b *bundle) choose(mode string, without ...string) {
	b.t.Helper()
	require.NoError(b.t, b.SetMethodChoice(b.ctx, "acme", &paymethod.Choice{Mode: mode, Without: without}))
}

// inMarket makes an invoice of 60 (in yen, forint and rupees 6000) of a customer in a market.
func (b *bundle) inMarket(id, country string, currency money.Currency) (invoice string) {
	b.t.Helper()
	price := "60"
	if slices.Contains([]money.Currency{"JPY", "HUF", "INR"}, currency) {
		price = "6000"
	}
	plans, err := catalog.Parse(strings.NewReader(fmt.Sprintf(`[{"id":"in-%s","version":1,"name":"Everywhere","interval":{"unit":"month","count":1},
		"proration":"day","billed_by":"renewal","charges":[{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance",
		"tax_category":"saas_b2c","prices":{%q:{"model":"flat","flat_amount":%q}}}]}]`, strings.ToLower(string(currency)), currency, price)))
	require.NoError(b.t, err)
	require.NoError(b.t, b.AddPlan(b.ctx, "acme", plans[0], day0))
	require.NoError(b.t, b.AddCustomer(b.ctx, store.Customer{
		ID: id, EntityID: "acme", Name: "Customer " + id, Email: id + "@example.com", Country: country, PostalCode: "97201", Zone: "Europe/Berlin",
		Currency: currency, Locale: "en-US", CreatedAt: day0,
	}))
	return b.subscribe(agreement("sub_"+id, id, plans[0].ID, 0, currency)).Invoice.InvoiceID
}

// page is what the provider's page of a new checkout offers.
func (b *bundle) offeredOn(id, customer, invoice string, save bool) []string {
	b.t.Helper()
	b.newCheckout(id, customer, invoice, func(c *store.Checkout) { c.SaveMethod = save })
	b.opened(id, day0)
	row, err := b.Checkout(b.ctx, id)
	require.NoError(b.t, err)
	session, err := b.payments.Stripe.CheckoutSessions.Get(*row.ProviderSession, nil)
	require.NoError(b.t, err)
	require.Equal(b.t, stripe.CheckoutSessionStatusOpen, session.Status)
	return session.PaymentMethodTypes
}

// In every market of the table, the provider makes a page with what the table says: for a payment, for one whose method is
// charged again, and to save a method.
func TestPagesOfferWhatTheTableSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.choose(paymethod.ByTable, "zip")
	choice := paymethod.Choice{Mode: paymethod.ByTable, Without: []string{"zip"}}
	countries := map[string]bool{}
	for _, market := range paymethod.Markets() {
		countries[market.Country] = true
		id := strings.ToLower(market.Country + string(market.Currency))
		invoice := b.inMarket(id, market.Country, market.Currency)
		row, err := b.Invoice(b.ctx, invoice)
		require.NoError(t, err)
		once := choice.Kinds(market.Country, row.Owed(), paymethod.Once)
		recurring := choice.Kinds(market.Country, row.Owed(), paymethod.Recurring)
		require.Contains(t, once, "card", id)
		require.NotContains(t, once, "zip", id)
		require.Equal(t, once, b.offeredOn(id+"-once", id, invoice, false), id)
		require.Equal(t, recurring, b.offeredOn(id+"-again", id, invoice, true), id)
		require.Equal(t, recurring, b.offeredOn(id+"-setup", id, "", true), id)
	}
	require.GreaterOrEqual(t, len(countries), 20)
}

func TestTheProviderChoosesUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nl := b.inMarket("nl", "NL", "EUR")
	before := b.offeredOn("before", "nl", nl, true)
	require.NotContains(t, before, "paypal", "the table's order and kinds are not sent")
	b.choose(paymethod.ByProvider)
	require.Equal(t, before, b.offeredOn("dynamic", "nl", nl, true))
	b.choose(paymethod.ByTable)
	require.Equal(t, []string{"ideal", "sepa_debit", "card", "link", "paypal"}, b.offeredOn("table", "nl", nl, true))
	b.payOn(b.page("table"), "ideal")
	require.True(t, b.askCheckout("table", day0, false).SavedMethod, "and what the page offers is charged again as a debit")
}
