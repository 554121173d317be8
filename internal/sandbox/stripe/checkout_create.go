package stripe

import (
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

// Life of a session, and size of its cart.
const (
	longestSession  = 24 * time.Hour
	maxCartItems    = 100
	maxQuantity     = 1_000_000
	shortestSession = 30 * time.Minute
)

// sessionSpec leaves out what would change the price in ways the sandbox does not know: discounts, shipping, taxes.
func sessionSpec() spec {
	later := spec{"description": text(), "metadata": metadata()}
	priceData := spec{
		"currency": required(text()), "product": text(), "tax_behavior": enum("exclusive", "inclusive", "unspecified"), "unit_amount": required(integer()),
		"product_data": hash(spec{"description": text(), "images": list(text()), "metadata": metadata(), "name": required(text()), "tax_code": text()}),
	}
	return spec{
		"adaptive_pricing": hash(spec{"enabled": boolean()}), "after_expiration": hash(spec{"recovery": hash(spec{"allow_promotion_codes": boolean(), "enabled": required(boolean())})}),
		"allow_promotion_codes": boolean(),
		"automatic_tax":         hash(spec{"enabled": required(boolean()), "liability": hash(spec{"account": text(), "type": required(enum("account", "self"))})}), "billing_address_collection": enum("auto", "required"),
		"cancel_url": filledText(), "client_reference_id": textUpTo(200), "consent_collection": hash(consentSpec()), "currency": filledText(),
		"custom_text": hash(customTextSpec()), "customer": filledText(), "customer_creation": enum("always", "if_required"), "customer_email": email(),
		"customer_update": hash(spec{"address": enum("auto", "never"), "name": enum("auto", "never"), "shipping": enum("auto", "never")}),
		"expires_at":      integer(), "line_items": list(hash(spec{
			"adjustable_quantity": hash(spec{"enabled": required(boolean()), "maximum": integer(), "minimum": integer()}),
			"price":               text(), "price_data": hash(priceData), "quantity": integer(),
		})),
		"locale": enum(strings.Fields(sessionLocales)...), "metadata": metadata(), "mode": required(enum("payment", "setup")), "payment_intent_data": hash(later.with(spec{
			"capture_method": enum("automatic", "automatic_async", "manual"), "receipt_email": email(), "setup_future_usage": futureUsage(),
			"shipping": hash(deliverySpec()), "statement_descriptor": textUpTo(22), "statement_descriptor_suffix": textUpTo(22), "transfer_group": text(),
		})),
		"payment_method_collection": enum("always", "if_required"), "payment_method_configuration": text(),
		"payment_method_options": sessionOptionsSpec(), "payment_method_types": methodTypes(), "phone_number_collection": hash(spec{"enabled": required(boolean())}),
		"redirect_on_completion": enum("always", "if_required", "never"), "return_url": filledText(), "saved_payment_method_options": hash(spec{
			"allow_redisplay_filters": list(redisplay()), "payment_method_save": enum("disabled", "enabled"),
		}),
		"setup_intent_data": hash(later), "submit_type": enum("auto", "book", "donate", "pay"), "success_url": filledText(),
		"tax_id_collection": hash(spec{"enabled": required(boolean())}), "ui_mode": enum("embedded", "hosted"),
	}
}

// sessionLocales are the languages of Stripe's checkout page; the portal speaks more kinds of English.
const sessionLocales = "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"

func consentSpec() spec {
	return spec{
		"payment_method_reuse_agreement": hash(spec{"position": required(enum("auto", "hidden"))}), "promotions": enum("auto", "none"),
		"terms_of_service": enum("none", "required"),
	}
}

func customTextSpec() spec {
	message := hash(spec{"message": required(textUpTo(1200))})
	return spec{"after_submit": message, "shipping_address": message, "submit": message, "terms_of_service_acceptance": message}
}

// deliverySpec wants a street, which the shipping of a payment intent does not.
func deliverySpec() spec {
	return shippingSpec().with(spec{"address": required(hash(addressSpec().with(spec{"line1": required(text())})))})
}

// sessionPlan is what the sandbox remembers of a session beyond its public object.
type sessionPlan struct {
	AsOf    time.Time   `json:"as_of"` // billing time of its creation, for a browser that sends none
	Intent  *form.Value `json:"intent,omitempty"`
	Items   []lineItem  `json:"items"`
	Options *form.Value `json:"options,omitempty"`
}

const sessionPlansBucket = "checkout_plans"

func (r *call) plan(sessionID string) sessionPlan { return planOf(r.tx, sessionID) }

func planOf(tx *bolt.Tx, sessionID string) (p sessionPlan) {
	if stored := bucketOf(tx, sessionPlansBucket).get([]byte(sessionID)); stored != nil {
		decode(stored, &p)
	}
	return p
}

func createSession(r *call) (any, error) {
	s := &checkoutSession{
		ID: newID(r, checkoutSessions), Object: "checkout.session", Created: r.now(), CustomFields: []string{}, Mode: r.args.text("mode"),
		PaymentMethodCollection: "if_required", PaymentStatus: paymentUnpaid, ShippingOptions: []string{}, Status: sessionOpen,
		UIMode: r.args.textOr("ui_mode", "hosted"),
	}
	plan := sessionPlan{
		AsOf: r.asOf, Options: r.args.field("payment_method_options"), Intent: r.args.field(map[string]string{"payment": "payment_intent_data", "setup": "setup_intent_data"}[s.Mode]),
	}
	var err error
	if s.Metadata, err = merged(r.args, nil); err != nil {
		return nil, err
	}
	for _, step := range []func(*call) error{s.applyURLs, s.applyExpiry, s.applyCustomer, s.refuseUnplayed} {
		if err := step(r); err != nil {
			return nil, err
		}
	}
	if plan.Items, err = s.fill(r); err != nil {
		return nil, err
	}
	if err := s.applyTypes(r.args); err != nil {
		return nil, err
	}
	for name, field := range map[string]**string{
		"billing_address_collection": &s.BillingAddressCollection, "client_reference_id": &s.ClientReferenceID, "locale": &s.Locale, "submit_type": &s.SubmitType,
	} {
		r.args.setText(name, field)
	}
	s.PhoneNumberCollection.Enabled = r.args.hash("phone_number_collection").boolean("enabled")
	if s.Mode == "setup" {
		if err := r.startSessionSetup(s, plan); err != nil {
			return nil, err
		}
	}
	bucketOf(r.tx, sessionPlansBucket).put([]byte(s.ID), encode(plan))
	checkoutSessions.put(r.tx, s)
	r.schedule(time.Unix(s.ExpiresAt, 0), due{Action: endSession, ID: s.ID})
	return s, nil
}

func (s *checkoutSession) applyURLs(r *call) error {
	r.args.setText("cancel_url", &s.CancelURL)
	r.args.setText("success_url", &s.SuccessURL)
	r.args.setText("return_url", &s.ReturnURL)
	switch {
	case s.UIMode == "embedded" && s.SuccessURL != nil:
		return invalid("", "success_url", "`success_url` can only be used with `ui_mode` `hosted`.")
	case s.UIMode == "embedded" && s.ReturnURL == nil && r.args.text("redirect_on_completion") != "never":
		return missing("return_url")
	case s.UIMode == "hosted" && s.SuccessURL == nil:
		return missing("success_url")
	}
	url := r.baseURL + checkoutPath + s.ID
	if s.UIMode == "embedded" {
		s.ClientSecret = optional(secret(s.ID))
	} else {
		s.URL = &url
	}
	return nil
}

func (s *checkoutSession) applyExpiry(r *call) error {
	s.ExpiresAt = r.asOf.Add(longestSession).Unix()
	if !r.args.has("expires_at") {
		return nil
	}
	s.ExpiresAt = r.args.integer("expires_at")
	switch {
	case s.ExpiresAt < r.asOf.Add(shortestSession).Unix():
		return invalid("", "expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.")
	case s.ExpiresAt > r.asOf.Add(longestSession).Unix():
		return invalid("", "expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.")
	}
	return nil
}

func (s *checkoutSession) applyCustomer(r *call) error {
	id := r.args.text("customer")
	r.args.setText("customer_email", &s.CustomerEmail)
	if id == "" {
		s.CustomerCreation = optional(r.args.textOr("customer_creation", "if_required"))
		return nil
	}
	if r.args.has("customer_email") || r.args.has("customer_creation") {
		return invalid("", "customer", "You may only specify one of these parameters: customer, customer_email, customer_creation.")
	}
	c, err := r.liveCustomer(id, "customer")
	if err != nil {
		return err
	}
	s.Customer = &id
	s.CustomerDetails = &customerDetails{Address: c.Address, Email: c.Email, Name: c.Name, Phone: c.Phone, TaxExempt: c.TaxExempt, TaxIDs: []string{}}
	return nil
}

// refuseUnplayed stops a caller from believing in what the sandbox does not calculate.
func (s *checkoutSession) refuseUnplayed(r *call) error {
	for _, name := range []string{"automatic_tax", "tax_id_collection"} {
		if r.args.hash(name).boolean("enabled") {
			return invalid("", name+"[enabled]", "The sandbox calculates no taxes at checkout: leave `%s` out.", name)
		}
	}
	if r.args.has("allow_promotion_codes") {
		on := r.args.boolean("allow_promotion_codes")
		s.AllowPromotionCodes = &on
	}
	return nil
}

// fill reads the cart and adds it up.
func (s *checkoutSession) fill(r *call) ([]lineItem, error) {
	given := r.args.hashes("line_items")
	currency := strings.ToLower(r.args.text("currency"))
	if s.Mode == "setup" {
		if len(given) > 0 {
			return nil, invalid("", "line_items", "You can not pass `line_items` in `setup` mode.")
		}
		s.PaymentStatus, s.Currency = paymentNotRequired, optional(currency)
		return nil, nil
	}
	if len(given) == 0 || len(given) > maxCartItems {
		return nil, invalid("parameter_missing", "line_items", "You must provide between 1 and %d `line_items` in `payment` mode.", maxCartItems)
	}
	var items []lineItem
	total := int64(0)
	for i, a := range given {
		item, err := r.newLineItem(a, "line_items["+strconv.Itoa(i)+"]")
		if err != nil {
			return nil, err
		}
		if currency == "" {
			currency = item.Currency
		}
		if item.Currency != currency {
			return nil, invalid("", "line_items", "All line items of a Checkout Session must be in its currency, %s; one is in %s.", currency, item.Currency)
		}
		total += item.AmountTotal
		items = append(items, *item)
	}
	if refusal := checkAmount(total, currency); refusal != nil {
		return nil, refusal
	}
	s.AmountSubtotal, s.AmountTotal, s.Currency, s.TotalDetails = &total, &total, &currency, &totalDetails{}
	return items, nil
}

func (r *call) newLineItem(a args, path string) (*lineItem, error) {
	if a.has("price") {
		return nil, noSuch("price", a.text("price"), path+"[price]")
	}
	data := a.hash("price_data")
	if data.in == nil {
		return nil, missing(path + "[price_data]")
	}
	currency, refusal := parseCurrency(data.text("currency"))
	if refusal != nil {
		return nil, refusal
	}
	quantity, unit := int64(1), data.integer("unit_amount")
	if a.has("quantity") {
		quantity = a.integer("quantity")
	}
	switch {
	case quantity < 1 || quantity > maxQuantity:
		return nil, invalid("parameter_invalid_integer", path+"[quantity]", "This value must be between 1 and %d.", maxQuantity)
	case unit < 0 || unit > maxAmount:
		return nil, invalid("parameter_invalid_integer", path+"[price_data][unit_amount]", "This value must be between 0 and %d.", maxAmount)
	case data.text("product") == "" && data.hash("product_data").in == nil:
		return nil, missing(path + "[price_data][product_data]")
	}
	id := newID(r, collection[*checkoutSession]{name: "line_item", prefix: "li_"})
	return &lineItem{
		ID: id, Object: "item", AmountSubtotal: unit * quantity, AmountTotal: unit * quantity, Currency: currency,
		Description: data.hash("product_data").textOr("name", data.text("product")), Quantity: quantity, Price: price{
			ID: "price_" + derive(idChars, "price", id), Object: "price", BillingScheme: "per_unit", Created: r.now(), Currency: currency,
			Metadata: map[string]string{}, Product: data.textOr("product", "prod_"+derive(14, "product", id)),
			TaxBehavior: data.textOr("tax_behavior", "unspecified"), Type: "one_time", UnitAmount: unit, UnitAmountDecimal: strconv.FormatInt(unit, 10),
		},
	}, nil
}
