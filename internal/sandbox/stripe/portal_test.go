package stripe_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func TestPortalChangesTheDefaultMethod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "billing_portal.session.created", "payment_method.attached", "customer.updated")
	c := b.customer(t)
	s, err := b.api.BillingPortalSessions.New(&stripego.BillingPortalSessionParams{Customer: &c.ID, ReturnURL: stripego.String("https://shop.example/account")})
	require.NoError(t, err)
	page, err := http.Get(s.URL)
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	require.Equal(t, http.StatusOK, page.StatusCode)
	_, err = sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "pm_card_chargeDeclined"})
	require.ErrorContains(t, err, "Your card was declined.")
	next, err := sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "pm_card_mastercard"})
	require.NoError(t, err)
	require.Equal(t, "https://shop.example/account", next)
	got, err := b.api.Customers.Get(c.ID, &stripego.CustomerParams{Expand: stripego.StringSlice([]string{"invoice_settings.default_payment_method"})})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentMethodCardBrandMastercard, got.InvoiceSettings.DefaultPaymentMethod.Card.Brand)
	require.Equal(t, []string{"billing_portal.session.created", "payment_method.attached", "customer.updated"}, kindsOf(in.wait(t, 3)))

	next, err = sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "pm_card_threeDSecure2Required"})
	require.NoError(t, err)
	require.Contains(t, authenticate(t, next, "succeed").Header.Get("Location"), "https://shop.example/account")
	got, err = b.api.Customers.Get(c.ID, &stripego.CustomerParams{Expand: stripego.StringSlice([]string{"invoice_settings.default_payment_method"})})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentMethodCardBrandVisa, got.InvoiceSettings.DefaultPaymentMethod.Card.Brand, "after the bank has asked")
	for _, link := range []string{strings.Split(s.URL, "?")[0], b.StripeURL() + "/_sandbox/portal/bps_none?secret=x"} {
		_, err = sandbox.Pay(b.ctx, link, sandbox.Payer{PaymentMethod: "pm_card_visa"})
		require.ErrorContains(t, err, "404")
	}
}

func TestPortalConfigurations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	closed, err := b.api.BillingPortalConfigurations.New(&stripego.BillingPortalConfigurationParams{
		BusinessProfile:  &stripego.BillingPortalConfigurationBusinessProfileParams{Headline: stripego.String("Shop")},
		DefaultReturnURL: stripego.String("https://shop.example/account"), Features: &stripego.BillingPortalConfigurationFeaturesParams{
			InvoiceHistory: &stripego.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: stripego.Bool(true)},
		},
	})
	require.NoError(t, err)
	require.False(t, closed.Features.PaymentMethodUpdate.Enabled)
	flow := &stripego.BillingPortalSessionParams{
		Customer: &c.ID, Configuration: &closed.ID, FlowData: &stripego.BillingPortalSessionFlowDataParams{
			Type: stripego.String("payment_method_update"), AfterCompletion: &stripego.BillingPortalSessionFlowDataAfterCompletionParams{
				Type: stripego.String("redirect"), Redirect: &stripego.BillingPortalSessionFlowDataAfterCompletionRedirectParams{ReturnURL: stripego.String("https://shop.example/thanks")},
			},
		},
	}
	_, err = b.api.BillingPortalSessions.New(flow)
	require.Contains(t, refusal(t, err).Msg, "not enabled")
	_, err = b.api.BillingPortalConfigurations.Update(closed.ID, &stripego.BillingPortalConfigurationParams{Features: &stripego.BillingPortalConfigurationFeaturesParams{
		PaymentMethodUpdate: &stripego.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: stripego.Bool(true)},
	}})
	require.NoError(t, err)
	s, err := b.api.BillingPortalSessions.New(flow)
	require.NoError(t, err)
	require.Equal(t, "https://shop.example/account", s.ReturnURL)
	next, err := sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "pm_success_de"})
	require.NoError(t, err)
	require.Equal(t, "https://shop.example/thanks", next)
	standard, err := b.api.BillingPortalSessions.New(&stripego.BillingPortalSessionParams{Customer: &c.ID})
	require.NoError(t, err)
	_, err = b.api.BillingPortalConfigurations.Update(standard.Configuration.ID, &stripego.BillingPortalConfigurationParams{Active: stripego.Bool(false)})
	require.Contains(t, refusal(t, err).Msg, "cannot deactivate the default")
	b.requireShape(t, "/v1/billing_portal/configurations?is_default=true", stripego.BillingPortalConfigurationList{})
}
