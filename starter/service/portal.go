package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v79"
)

// portalPurpose marks our configuration of the provider's customer portal among those of an account.
const portalPurpose = "customer-portal"

// Portal is a link for one customer to the provider's portal.
type Portal struct {
	Customer string `json:"customer"`
	URL      string `json:"url" doc:"Where the customer manages payment methods. It works for a short time; who has it is taken for the customer."`
}

// NewPortal asks for a link.
type NewPortal struct {
	ReturnURL string `json:"return_url,omitempty" doc:"Where the customer goes back; nowhere when absent." example:"https://shop.example/account"`
}

// Portal makes a link for a customer to the provider's portal. What they do there comes back as events. The link is made here
// and by no workflow: it is a secret that lasts minutes, nothing of ours follows from it, and one more is harmless.
func (s *Service) Portal(ctx context.Context, customerID string, in NewPortal) (Portal, error) {
	if in.ReturnURL != "" {
		if err := checkAddress(in.ReturnURL); err != nil {
			return Portal{}, invalid("return_url", "%s", err)
		}
	}
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Portal{}, err
	}
	if customer.ProviderCustomerID == nil {
		return Portal{}, refused("customer_unknown_to_provider",
			"customer %s has never paid and saved nothing at the provider: make a checkout with setup, on which they save a payment method", customerID)
	}
	configuration, err := s.portalConfiguration(ctx)
	if err != nil {
		return Portal{}, err
	}
	params := &stripe.BillingPortalSessionParams{
		Params: stripe.Params{Context: ctx}, Configuration: &configuration, Customer: customer.ProviderCustomerID,
		Locale: stripe.String(portalLocale(customer.Locale)),
	}
	if in.ReturnURL != "" {
		params.ReturnURL = &in.ReturnURL
	}
	made, err := s.stripe.BillingPortalSessions.New(params)
	if err != nil {
		return Portal{}, fmt.Errorf("make a portal session for customer %s: %w", customerID, err)
	}
	return Portal{Customer: customerID, URL: made.URL}, nil
}

// portalConfiguration finds our configuration, or makes it, once per account. Customers manage payment methods there and
// nothing else: invoices are ours, and so are names and addresses, which decide the tax.
func (s *Service) portalConfiguration(ctx context.Context) (string, error) {
	list := s.stripe.BillingPortalConfigurations.List(&stripe.BillingPortalConfigurationListParams{
		ListParams: stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}, Active: stripe.Bool(true),
	})
	for list.Next() {
		if list.BillingPortalConfiguration().Metadata["perennial"] == portalPurpose {
			return list.BillingPortalConfiguration().ID, nil
		}
	}
	if err := list.Err(); err != nil {
		return "", fmt.Errorf("list portal configurations: %w", err)
	}
	params := &stripe.BillingPortalConfigurationParams{
		Params: stripe.Params{Context: ctx, IdempotencyKey: stripe.String("portal-configuration:" + portalPurpose)},
		// Stripe wants a profile. It may be empty, but the library sends nothing of a profile without fields.
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String("")},
		Features: &stripe.BillingPortalConfigurationFeaturesParams{
			CustomerUpdate:      &stripe.BillingPortalConfigurationFeaturesCustomerUpdateParams{Enabled: stripe.Bool(false)},
			InvoiceHistory:      &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: stripe.Bool(false)},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: stripe.Bool(true)},
		},
	}
	params.AddMetadata("perennial", portalPurpose)
	made, err := s.stripe.BillingPortalConfigurations.New(params)
	if err != nil {
		return "", fmt.Errorf("make the portal configuration: %w", err)
	}
	return made.ID, nil
}

// portalLocale is the portal's language. It knows those of Checkout; one that it does not know is the browser's choice.
func portalLocale(locale string) string {
	language, _, _ := strings.Cut(locale, "-")
	for known := range strings.FieldsSeq("bg cs da de el en es et fi fil fr hr hu id it ja ko lt lv ms mt nb nl pl pt ro ru sk sl sv th tr vi zh") {
		if known == language {
			return known
		}
	}
	return "auto"
}
