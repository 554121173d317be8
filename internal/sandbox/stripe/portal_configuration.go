package stripe

// portalConfiguration is Stripe's billing portal configuration: what customers may do there. The sandbox's page knows
// payment methods only, whatever else is enabled.
type portalConfiguration struct {
	ID               string            `json:"id"`
	Object           string            `json:"object"`
	Active           bool              `json:"active"`
	Application      *string           `json:"application"`
	BusinessProfile  businessProfile   `json:"business_profile"`
	Created          int64             `json:"created"`
	DefaultReturnURL *string           `json:"default_return_url"`
	Features         portalFeatures    `json:"features"`
	IsDefault        bool              `json:"is_default"`
	Livemode         bool              `json:"livemode"`
	LoginPage        loginPage         `json:"login_page"`
	Metadata         map[string]string `json:"metadata"`
	Updated          int64             `json:"updated"`
}

type businessProfile struct {
	Headline          *string `json:"headline"`
	PrivacyPolicyURL  *string `json:"privacy_policy_url"`
	TermsOfServiceURL *string `json:"terms_of_service_url"`
}

type portalFeatures struct {
	CustomerUpdate      customerUpdate     `json:"customer_update"`
	InvoiceHistory      switchedOn         `json:"invoice_history"`
	PaymentMethodUpdate switchedOn         `json:"payment_method_update"`
	SubscriptionCancel  subscriptionCancel `json:"subscription_cancel"`
	SubscriptionUpdate  subscriptionUpdate `json:"subscription_update"`
}

type customerUpdate struct {
	AllowedUpdates []string `json:"allowed_updates"`
	Enabled        bool     `json:"enabled"`
}

type subscriptionCancel struct {
	CancellationReason cancellationReason `json:"cancellation_reason"`
	Enabled            bool               `json:"enabled"`
	Mode               string             `json:"mode"`
	ProrationBehavior  string             `json:"proration_behavior"`
}

type cancellationReason struct {
	Enabled bool     `json:"enabled"`
	Options []string `json:"options"`
}

type subscriptionUpdate struct {
	DefaultAllowedUpdates []string `json:"default_allowed_updates"`
	Enabled               bool     `json:"enabled"`
	ProrationBehavior     string   `json:"proration_behavior"`
}

type loginPage struct {
	Enabled bool    `json:"enabled"`
	URL     *string `json:"url"`
}

func (c *portalConfiguration) identity() (string, int64) { return c.ID, c.Created }

func (c *portalConfiguration) indexed() map[string]string { return nil }

var portalConfigurations = collection[*portalConfiguration]{name: "configuration", prefix: "bpc_"}

func portalConfigurationEndpoints() []endpoint {
	enabled := hash(spec{"enabled": required(boolean())})
	settings := spec{
		"business_profile":   hash(spec{"headline": textUpTo(60), "privacy_policy_url": text(), "terms_of_service_url": text()}),
		"default_return_url": text(), "login_page": enabled, "metadata": metadata(),
	}
	changes := spec{"allowed_updates": list(enum("address", "email", "name", "phone", "shipping", "tax_id")), "enabled": required(boolean())}
	features := spec{"customer_update": hash(changes), "invoice_history": enabled, "payment_method_update": enabled}
	creation := settings.with(spec{"business_profile": required(settings["business_profile"]), "features": required(hash(features))})
	update := settings.with(spec{"active": boolean(), "features": hash(features.with(spec{
		"customer_update": hash(changes.with(spec{"enabled": boolean()})),
	}))})
	return []endpoint{
		post("/v1/billing_portal/configurations", creation, createPortalConfiguration),
		get("/v1/billing_portal/configurations", pageSpec(spec{"active": boolean(), "is_default": boolean()}), listPortalConfigurations),
		get("/v1/billing_portal/configurations/{id}", nil, retrieve(portalConfigurations, "configuration")),
		post("/v1/billing_portal/configurations/{id}", update, updatePortalConfiguration),
	}
}

func createPortalConfiguration(r *call) (any, error) {
	c := r.newPortalConfiguration()
	if err := c.apply(r); err != nil {
		return nil, err
	}
	portalConfigurations.put(r.tx, c)
	r.emit("billing_portal.configuration.created", c, nil)
	return c, nil
}

func (r *call) newPortalConfiguration() *portalConfiguration {
	return &portalConfiguration{
		ID: newID(r, portalConfigurations), Object: "billing_portal.configuration", Active: true, Created: r.now(), Metadata: map[string]string{}, Updated: r.now(),
		Features: portalFeatures{
			CustomerUpdate:     customerUpdate{AllowedUpdates: []string{}},
			SubscriptionCancel: subscriptionCancel{CancellationReason: cancellationReason{Options: []string{}}, Mode: "at_period_end", ProrationBehavior: "none"},
			SubscriptionUpdate: subscriptionUpdate{DefaultAllowedUpdates: []string{}, ProrationBehavior: "none"},
		},
	}
}

func listPortalConfigurations(r *call) (any, error) {
	return portalConfigurations.list(r, func(c *portalConfiguration) bool {
		return (!r.args.has("active") || c.Active == r.args.boolean("active")) && (!r.args.has("is_default") || c.IsDefault == r.args.boolean("is_default"))
	})
}

func updatePortalConfiguration(r *call) (any, error) {
	c, found := portalConfigurations.get(r.tx, r.id)
	if !found {
		return nil, notFound(portalConfigurations.name, r.id, "configuration")
	}
	before := snapshot(c)
	if r.args.has("active") {
		if c.IsDefault && !r.args.boolean("active") {
			return nil, refused("", "active", "You cannot deactivate the default configuration.")
		}
		c.Active = r.args.boolean("active")
	}
	if err := c.apply(r); err != nil {
		return nil, err
	}
	c.Updated = r.now()
	portalConfigurations.put(r.tx, c)
	r.emitUpdate("billing_portal.configuration.updated", before, c)
	return c, nil
}

func (c *portalConfiguration) apply(r *call) error {
	var err error
	if c.Metadata, err = merged(r.args, c.Metadata); err != nil {
		return err
	}
	r.args.setText("default_return_url", &c.DefaultReturnURL)
	profile := r.args.hash("business_profile")
	profile.setText("headline", &c.BusinessProfile.Headline)
	profile.setText("privacy_policy_url", &c.BusinessProfile.PrivacyPolicyURL)
	profile.setText("terms_of_service_url", &c.BusinessProfile.TermsOfServiceURL)
	features := r.args.hash("features")
	for name, field := range map[string]*bool{
		"customer_update": &c.Features.CustomerUpdate.Enabled, "invoice_history": &c.Features.InvoiceHistory.Enabled,
		"payment_method_update": &c.Features.PaymentMethodUpdate.Enabled,
	} {
		if given := features.hash(name); given.has("enabled") {
			*field = given.boolean("enabled")
		}
	}
	if given := features.hash("customer_update"); given.has("allowed_updates") {
		c.Features.CustomerUpdate.AllowedUpdates = append([]string{}, given.list("allowed_updates")...)
	}
	if given := r.args.hash("login_page"); given.has("enabled") {
		c.LoginPage.Enabled = given.boolean("enabled")
	}
	return nil
}

// portalConfiguration finds the named configuration, or the account's default, which is made on its first use.
func (r *call) portalConfiguration(id string) (*portalConfiguration, error) {
	if id != "" {
		c, found := portalConfigurations.get(r.tx, id)
		if !found {
			return nil, noSuch(portalConfigurations.name, id, "configuration")
		}
		if !c.Active {
			return nil, refused("", "configuration", "The portal configuration %s is not active.", id)
		}
		return c, nil
	}
	var standard *portalConfiguration
	portalConfigurations.all(r.tx, func(c *portalConfiguration) bool {
		if c.IsDefault {
			standard = c
		}
		return standard == nil
	})
	if standard == nil {
		standard = r.newPortalConfiguration()
		standard.IsDefault = true
		standard.Features.InvoiceHistory.Enabled, standard.Features.PaymentMethodUpdate.Enabled = true, true
		portalConfigurations.put(r.tx, standard)
	}
	return standard, nil
}
