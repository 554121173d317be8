package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// Entity is a legal entity: a seller with books of its own.
type Entity struct {
	ID            string         `db:"id" json:"id"`
	Name          string         `db:"name" json:"name"`
	Country       string         `db:"country" json:"country"`
	Zone          string         `db:"zone" json:"zone"`
	BookCurrency  money.Currency `db:"book_currency" json:"book_currency"`
	InvoicePrefix string         `db:"invoice_prefix" json:"invoice_prefix"`
	Address       string         `db:"address" json:"address"`
	// Dunning is how the entity collects what its customers did not pay.
	Dunning dunning.Policy `db:"dunning_policy" json:"dunning_policy"`
	// Presentment is how it makes prices in currencies that its catalogue lacks; nil: it does not.
	Presentment *presentment.Policy `db:"presentment" json:"presentment,omitempty"`
	// MethodChoice is who chooses what the provider's pages offer; nil: the provider.
	MethodChoice *paymethod.Choice `db:"method_choice" json:"method_choice,omitempty"`
	// Prepaid says which of their grants its customers use first.
	Prepaid wallet.Policy `db:"prepaid_policy" json:"prepaid_policy,omitzero"`
	// OwnsProviderAccount says that what is nobody's in the payment provider's account is this entity's.
	OwnsProviderAccount bool      `db:"owns_provider_account" json:"owns_provider_account,omitempty"`
	CreatedAt           time.Time `db:"created_at" json:"created_at"`
}

// Customer is who is billed.
type Customer struct {
	ID                 string         `db:"id" json:"id"`
	EntityID           string         `db:"entity_id" json:"entity_id"`
	Name               string         `db:"name" json:"name"`
	Email              string         `db:"email" json:"email"`
	Country            string         `db:"country" json:"country"`
	PostalCode         string         `db:"postal_code" json:"postal_code"`
	Zone               string         `db:"zone" json:"zone"`
	Currency           money.Currency `db:"currency" json:"currency"`
	Locale             string         `db:"locale" json:"locale"`
	Business           bool           `db:"business" json:"business"`
	TaxID              string         `db:"tax_id" json:"tax_id,omitempty"`
	TaxIDValid         bool           `db:"tax_id_valid" json:"tax_id_valid"`
	TestClockID        *string        `db:"test_clock_id" json:"test_clock,omitempty"`
	ProviderCustomerID *string        `db:"provider_customer_id" json:"provider_customer_id,omitempty"`
	// ParentID is the customer above; nil at the top. InvoicedTo says in whose name the customer's invoices are and PaidBy who
	// pays them: self (as when empty) or parent.
	ParentID   *string       `db:"parent_id" json:"parent,omitempty"`
	InvoicedTo account.Owner `db:"invoiced_to" json:"invoiced_to"`
	PaidBy     account.Owner `db:"paid_by" json:"paid_by"`
	CreatedAt  time.Time     `db:"created_at" json:"created_at"`
}

// Buyer is the customer as tax rules see it.
func (c Customer) Buyer() tax.Buyer {
	return tax.Buyer{Country: c.Country, PostalCode: c.PostalCode, Business: c.Business, TaxID: c.TaxID, TaxIDValid: c.TaxIDValid}
}

const entityColumns = `id, name, country, zone, book_currency, invoice_prefix, address, dunning_policy, presentment,
	method_choice, prepaid_policy, owns_provider_account, created_at`

// AddEntity records a legal entity with its invoice numbers. An entity that exists is left as it is.
func (q Queries) AddEntity(ctx context.Context, e Entity, at time.Time) error {
	if err := e.Dunning.Validate(); err != nil {
		return fmt.Errorf("legal entity %q: %w", e.ID, err)
	}
	_, err := q.exec(ctx, "add legal entity "+e.ID, `
		INSERT INTO legal_entity (id, name, country, zone, book_currency, invoice_prefix, address, dunning_policy, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
		e.ID, e.Name, e.Country, e.Zone, e.BookCurrency, e.InvoicePrefix, e.Address, e.Dunning, at)
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, "add invoice sequence", `INSERT INTO invoice_sequence (entity_id) VALUES ($1) ON CONFLICT DO NOTHING`, e.ID)
	return err
}

// Entity reads a legal entity.
func (q Queries) Entity(ctx context.Context, id string) (Entity, error) {
	return one[Entity](ctx, q.db, fmt.Sprintf("legal entity %q", id), `SELECT `+entityColumns+` FROM legal_entity WHERE id = $1`, id)
}

// Entities lists all legal entities.
func (q Queries) Entities(ctx context.Context) ([]Entity, error) {
	return many[Entity](ctx, q.db, "legal entities", `SELECT `+entityColumns+` FROM legal_entity ORDER BY id`)
}

// AddTaxRegistration records a registration of an entity. One that exists is left as it is.
func (q Queries) AddTaxRegistration(ctx context.Context, entityID string, r tax.Registration) error {
	_, err := q.exec(ctx, "add tax registration", `
		INSERT INTO tax_registration (entity_id, scheme, country, number, valid_from, valid_to)
		VALUES ($1, $2, $3, $4, $5, NULLIF($6, '')::date) ON CONFLICT DO NOTHING`,
		entityID, r.Scheme, r.Country, r.Number, r.From.String(), dateOrEmpty(r.To))
	return err
}

// Seller is a legal entity as tax rules see it: its country and all its registrations.
func (q Queries) Seller(ctx context.Context, entityID string) (tax.Seller, error) {
	entity, err := q.Entity(ctx, entityID)
	if err != nil {
		return tax.Seller{}, err
	}
	seller := tax.Seller{Country: entity.Country}
	type row struct {
		Scheme  tax.Scheme `db:"scheme"`
		Country string     `db:"country"`
		Number  string     `db:"number"`
		From    string     `db:"valid_from"`
		To      string     `db:"valid_to"`
	}
	rows, err := many[row](ctx, q.db, "tax registrations", `
		SELECT scheme, country, number, valid_from::text, COALESCE(valid_to::text, '') AS valid_to
		  FROM tax_registration WHERE entity_id = $1 ORDER BY scheme, valid_from`, entityID)
	if err != nil {
		return tax.Seller{}, err
	}
	for _, r := range rows {
		registration := tax.Registration{Scheme: r.Scheme, Country: r.Country, Number: r.Number}
		if registration.From, err = calendar.ParseDate(r.From); err != nil {
			return tax.Seller{}, fmt.Errorf("tax registration %s: %w", r.Number, err)
		}
		if r.To != "" {
			if registration.To, err = calendar.ParseDate(r.To); err != nil {
				return tax.Seller{}, fmt.Errorf("tax registration %s: %w", r.Number, err)
			}
		}
		seller.Registrations = append(seller.Registrations, registration)
	}
	return seller, nil
}

func dateOrEmpty(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

const customerColumns = `id, entity_id, name, email, country, postal_code, zone, currency, locale, business, tax_id,
	tax_id_valid, test_clock_id, provider_customer_id, parent_id, invoiced_to, paid_by, created_at`

// AddCustomer records a customer; ErrExists when the id is taken.
func (q Queries) AddCustomer(ctx context.Context, c Customer) error {
	_, err := q.exec(ctx, "add customer "+c.ID, `
		INSERT INTO customer (id, entity_id, name, email, country, postal_code, zone, currency, locale, business, tax_id,
			tax_id_valid, test_clock_id, created_at, parent_id, invoiced_to, paid_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		c.ID, c.EntityID, c.Name, c.Email, c.Country, c.PostalCode, c.Zone, c.Currency, c.Locale, c.Business, c.TaxID,
		c.TaxIDValid, c.TestClockID, c.CreatedAt, c.ParentID, ownerOr(c.InvoicedTo), ownerOr(c.PaidBy))
	if Violates(err, "customer_pkey") {
		return fmt.Errorf("customer %q: %w", c.ID, ErrExists)
	}
	return err
}

// Customer reads a customer.
func (q Queries) Customer(ctx context.Context, id string) (Customer, error) {
	return one[Customer](ctx, q.db, fmt.Sprintf("customer %q", id), `SELECT `+customerColumns+` FROM customer WHERE id = $1`, id)
}

// Customers lists an entity's customers by id, after a given one.
func (q Queries) Customers(ctx context.Context, entityID, after string, limit int) ([]Customer, error) {
	return many[Customer](ctx, q.db, "customers", `SELECT `+customerColumns+`
		FROM customer WHERE ($1 = '' OR entity_id = $1) AND id > $2 ORDER BY id LIMIT $3`, entityID, after, limit)
}

// SetProviderCustomer records the id the payment provider gave a customer, once, and returns the one that is recorded.
func (q Queries) SetProviderCustomer(ctx context.Context, id, providerID string) (recorded string, err error) {
	err = q.db.QueryRow(ctx, `UPDATE customer SET provider_customer_id = COALESCE(provider_customer_id, $2) WHERE id = $1
		RETURNING provider_customer_id`, id, providerID).Scan(&recorded)
	if err != nil {
		return "", fmt.Errorf("record provider's id of customer %s: %w", id, err)
	}
	return recorded, nil
}

// ReplacePaymentMethod makes a method the customer's choice in its place; the one that was there is retired. A retired
// method may come back. ErrExists when the id belongs to another customer.
func (q Queries) ReplacePaymentMethod(ctx context.Context, m PaymentMethod) error {
	// One statement, so that the customer is never left without a method. It reads from retired, and so comes after it.
	added, err := q.exec(ctx, "replace payment method "+m.ID, `
		WITH retired AS (
			UPDATE payment_method SET active = FALSE, changed_at = $5
			 WHERE customer_id = $2 AND position = $4 AND active AND id <> $1 RETURNING id
		)
		INSERT INTO payment_method (id, customer_id, provider_token, position, created_at, changed_at)
		SELECT $1, $2, $3, $4, $5, $5 FROM (SELECT COUNT(*) FROM retired) AS first
		ON CONFLICT (id) DO UPDATE SET active = TRUE, position = EXCLUDED.position, changed_at = EXCLUDED.changed_at
		 WHERE payment_method.customer_id = EXCLUDED.customer_id`,
		m.ID, m.CustomerID, m.ProviderToken, m.Position, m.ChangedAt)
	if err == nil && added == 0 {
		return fmt.Errorf("payment method %q of another customer: %w", m.ID, ErrExists)
	}
	return err
}

// PaymentMethods lists a customer's methods in the order in which they are charged.
func (q Queries) PaymentMethods(ctx context.Context, customerID string) ([]PaymentMethod, error) {
	return many[PaymentMethod](ctx, q.db, "payment methods of customer "+customerID, `
		SELECT `+methodColumns+` FROM payment_method WHERE customer_id = $1 AND active ORDER BY position`, customerID)
}

// RetirePaymentMethod stops charging a customer's method, or setting it up; false when the customer has none of that id.
func (q Queries) RetirePaymentMethod(ctx context.Context, customerID, id string, at time.Time) (retired bool, err error) {
	changed, err := q.exec(ctx, "retire payment method "+id, `
		UPDATE payment_method SET active = FALSE, changed_at = $3,
			status = CASE WHEN status IN ('pending', 'verifying') THEN 'dropped' ELSE status END,
			status_reason = CASE WHEN status IN ('pending', 'verifying') THEN 'removed' ELSE status_reason END
		 WHERE customer_id = $1 AND id = $2 AND (active OR status IN ('pending', 'verifying'))`, customerID, id, at)
	return changed > 0, err
}

// PaymentMethodByID reads a method, in use or retired.
func (q Queries) PaymentMethodByID(ctx context.Context, id string) (PaymentMethod, error) {
	return one[PaymentMethod](ctx, q.db, fmt.Sprintf("payment method %q", id), `
		SELECT `+methodColumns+` FROM payment_method WHERE id = $1`, id)
}
