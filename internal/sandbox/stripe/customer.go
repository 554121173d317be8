package stripe

import (
	"strconv"

	bolt "go.etcd.io/bbolt"
)

// customer is Stripe's customer object.
type customer struct {
	ID                  string            `json:"id"`
	Object              string            `json:"object"`
	Address             *address          `json:"address"`
	Balance             int64             `json:"balance"`
	Created             int64             `json:"created"`
	Currency            *string           `json:"currency"`
	DefaultSource       *string           `json:"default_source"`
	Delinquent          bool              `json:"delinquent"`
	Description         *string           `json:"description"`
	Discount            *string           `json:"discount"`
	Email               *string           `json:"email"`
	InvoicePrefix       *string           `json:"invoice_prefix"`
	InvoiceSettings     invoiceSettings   `json:"invoice_settings"`
	Livemode            bool              `json:"livemode"`
	Metadata            map[string]string `json:"metadata"`
	Name                *string           `json:"name"`
	NextInvoiceSequence int64             `json:"next_invoice_sequence"`
	Phone               *string           `json:"phone"`
	PreferredLocales    []string          `json:"preferred_locales"`
	Shipping            *shipping         `json:"shipping"`
	TaxExempt           string            `json:"tax_exempt"`
	TestClock           *string           `json:"test_clock"`
}

type invoiceSettings struct {
	CustomFields         []customField     `json:"custom_fields"`
	DefaultPaymentMethod *string           `json:"default_payment_method"`
	Footer               *string           `json:"footer"`
	RenderingOptions     *renderingOptions `json:"rendering_options"`
}

type customField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type renderingOptions struct {
	AmountTaxDisplay *string `json:"amount_tax_display"`
	Template         *string `json:"template"`
}

const maxCustomFields = 4

func (c *customer) identity() (string, int64) { return c.ID, c.Created }

func (c *customer) indexed() map[string]string { return map[string]string{"email": deref(c.Email)} }

var customers = collection[*customer]{name: "customer", prefix: "cus_"}

// deleted is what Stripe answers for an object that was deleted.
type deleted struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

const deletedCustomersBucket = "deleted_customers"

func customerSpec() spec {
	return spec{
		"address": hash(addressSpec()), "balance": integer(), "description": text(), "email": email(),
		"invoice_prefix": text(), "invoice_settings": hash(spec{
			"custom_fields":          list(hash(spec{"name": required(textUpTo(40)), "value": required(textUpTo(140))})),
			"default_payment_method": text(), "footer": text(), "rendering_options": hash(spec{
				"amount_tax_display": clearable(enum("exclude_tax", "include_inclusive_tax")), "template": text(),
			}),
		}),
		"metadata": metadata(), "name": textUpTo(256), "next_invoice_sequence": integer(), "phone": textUpTo(20),
		"preferred_locales": list(text()), "shipping": hash(recipientSpec()), "tax": hash(spec{"ip_address": text(), "validate_location": enum("deferred", "immediately")}),
		"tax_exempt": clearable(enum("none", "exempt", "reverse")),
	}
}

func customerEndpoints() []endpoint {
	creation := customerSpec().with(spec{"payment_method": filledText(), "tax_id_data": list(hash(taxIDSpec()))})
	return []endpoint{
		post("/v1/customers", creation, createCustomer),
		get("/v1/customers", datedPageSpec(spec{"email": filledText()}), func(r *call) (any, error) { return customers.list(r, nil, "email") }),
		get("/v1/customers/{id}", nil, getCustomer),
		post("/v1/customers/{id}", customerSpec(), updateCustomer),
		del("/v1/customers/{id}", deleteCustomer),
		get("/v1/customers/{id}/payment_methods", pageSpec(spec{"allow_redisplay": redisplay(), "type": methodType()}), listCustomerMethods),
		get("/v1/customers/{id}/payment_methods/{item}", nil, getCustomerMethod),
	}
}

func createCustomer(r *call) (any, error) {
	c := &customer{
		ID: newID(r, customers), Object: "customer", Created: r.now(), Metadata: map[string]string{},
		NextInvoiceSequence: 1, PreferredLocales: []string{}, TaxExempt: "none",
	}
	c.InvoicePrefix = optional(derivePrefix(c.ID))
	customers.put(r.tx, c)
	if id := r.args.text("payment_method"); id != "" {
		if _, err := r.attach(id, c.ID); err != nil {
			return nil, err
		}
	}
	if err := c.apply(r); err != nil {
		return nil, err
	}
	customers.put(r.tx, c)
	r.emit("customer.created", c, nil)
	for i, data := range r.args.hashes("tax_id_data") {
		t, refusal := r.newTaxID(data, "tax_id_data["+strconv.Itoa(i)+"]")
		if refusal != nil {
			return nil, refusal
		}
		r.giveTaxID(t, c)
	}
	return c, nil
}

func updateCustomer(r *call) (any, error) {
	c, err := r.liveCustomer(r.id, "id")
	if err != nil {
		return nil, err
	}
	before := snapshot(c)
	if err := c.apply(r); err != nil {
		return nil, err
	}
	customers.put(r.tx, c)
	r.emitUpdate("customer.updated", before, c)
	return c, nil
}

func (c *customer) apply(r *call) error {
	a := r.args
	merged, refusal := a.mergeMetadata(c.Metadata)
	if refusal != nil {
		return refusal
	}
	c.Metadata = merged
	if a.has("address") {
		c.Address = readAddress(a.hash("address"))
	}
	if a.has("shipping") {
		c.Shipping = readShipping(a.hash("shipping"))
	}
	if a.has("balance") {
		c.Balance = a.integer("balance")
	}
	if a.has("next_invoice_sequence") {
		c.NextInvoiceSequence = a.integer("next_invoice_sequence")
	}
	if a.has("preferred_locales") {
		c.PreferredLocales = append([]string{}, a.list("preferred_locales")...)
	}
	if a.has("tax_exempt") {
		c.TaxExempt = a.textOr("tax_exempt", "none")
	}
	for name, field := range map[string]**string{
		"description": &c.Description, "email": &c.Email, "invoice_prefix": &c.InvoicePrefix, "name": &c.Name, "phone": &c.Phone,
	} {
		a.setText(name, field)
	}
	if err := c.applyTax(r); err != nil {
		return err
	}
	return c.applyInvoiceSettings(r)
}

// applyInvoiceSettings lets only a method of this customer become the default.
func (c *customer) applyInvoiceSettings(r *call) error {
	settings := r.args.hash("invoice_settings")
	settings.setText("footer", &c.InvoiceSettings.Footer)
	if err := c.InvoiceSettings.applyLayout(settings); err != nil {
		return err
	}
	if !settings.has("default_payment_method") {
		return nil
	}
	id := settings.text("default_payment_method")
	if id == "" {
		c.InvoiceSettings.DefaultPaymentMethod = nil
		return nil
	}
	if made := r.made[id]; made != "" {
		id = made
	}
	method, found := paymentMethods.get(r.tx, id)
	if !found {
		return noSuch("PaymentMethod", id, "invoice_settings[default_payment_method]")
	}
	if deref(method.Customer) != c.ID {
		return refused("resource_missing", "invoice_settings[default_payment_method]",
			"The customer does not have a payment method with the ID %s. The payment method must be attached to the customer.", id)
	}
	c.InvoiceSettings.DefaultPaymentMethod = &id
	return nil
}

// applyLayout keeps what invoices of this customer are to show.
func (s *invoiceSettings) applyLayout(a args) error {
	if a.has("custom_fields") {
		s.CustomFields = nil
		for _, field := range a.hashes("custom_fields") {
			s.CustomFields = append(s.CustomFields, customField{Name: field.text("name"), Value: field.text("value")})
		}
		if len(s.CustomFields) > maxCustomFields {
			return invalid("", "invoice_settings[custom_fields]", "You may only specify up to %d custom fields.", maxCustomFields)
		}
	}
	if a.has("rendering_options") {
		s.RenderingOptions = nil
		if options := a.hash("rendering_options"); options.text("amount_tax_display") != "" || options.text("template") != "" {
			s.RenderingOptions = &renderingOptions{AmountTaxDisplay: optional(options.text("amount_tax_display")), Template: optional(options.text("template"))}
		}
	}
	return nil
}

// liveCustomer finds a customer that was not deleted.
func (r *call) liveCustomer(id, param string) (*customer, error) {
	c, found := customers.get(r.tx, id)
	if !found || r.isDeleted(id) {
		if id == r.id {
			return nil, notFound("customer", id, param)
		}
		return nil, noSuch("customer", id, param)
	}
	return c, nil
}

func (r *call) isDeleted(id string) bool {
	return bucketOf(r.tx, deletedCustomersBucket).get([]byte(id)) != nil
}

func getCustomer(r *call) (any, error) {
	shown, found := showCustomer(r.tx, r.id)
	if !found {
		return nil, notFound("customer", r.id, "id")
	}
	return shown, nil
}

// showCustomer is all that anybody still sees of a deleted customer: that it was deleted.
func showCustomer(tx *bolt.Tx, id string) (any, bool) {
	if bucketOf(tx, deletedCustomersBucket).get([]byte(id)) != nil {
		return deleted{ID: id, Object: "customer", Deleted: true}, true
	}
	return from(customers)(tx, id)
}

// deleteCustomer keeps the record for the books, detaches the payment methods and hides the rest.
func deleteCustomer(r *call) (any, error) {
	c, err := r.liveCustomer(r.id, "id")
	if err != nil {
		return nil, err
	}
	var attached []*paymentMethod
	paymentMethods.where(r.tx, "customer", c.ID, func(m *paymentMethod) bool {
		attached = append(attached, m)
		return true
	})
	for _, m := range attached {
		m.detach(r)
	}
	bucketOf(r.tx, deletedCustomersBucket).put([]byte(c.ID), []byte{1})
	customers.unlist(r.tx, c)
	r.emit("customer.deleted", c, nil)
	return deleted{ID: c.ID, Object: "customer", Deleted: true}, nil
}

func listCustomerMethods(r *call) (any, error) {
	if _, err := r.liveCustomer(r.id, "customer"); err != nil {
		return nil, err
	}
	kind := r.args.text("type")
	return paymentMethods.list(r, func(m *paymentMethod) bool {
		return deref(m.Customer) == r.id && (kind == "" || m.Type == kind)
	})
}

func getCustomerMethod(r *call) (any, error) {
	if _, err := r.liveCustomer(r.id, "customer"); err != nil {
		return nil, err
	}
	m, found := paymentMethods.get(r.tx, r.item)
	if !found || deref(m.Customer) != r.id {
		return nil, notFound("PaymentMethod", r.item, "id")
	}
	return m, nil
}
