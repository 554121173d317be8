package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// NewEntity asks for a legal entity: a seller with books, invoice numbers and tax registrations of its own.
type NewEntity struct {
	ID            string             `json:"id"`
	Name          string             `json:"name"`
	Country       string             `json:"country"`
	Zone          string             `json:"zone"`
	BookCurrency  string             `json:"book_currency"`
	InvoicePrefix string             `json:"invoice_prefix"`
	Address       string             `json:"address,omitempty"`
	Dunning       *dunning.Policy    `json:"dunning_policy,omitempty"`
	Registrations []tax.Registration `json:"tax_registrations,omitempty"`
}

var invoicePrefix = regexp.MustCompile(`^[A-Z0-9]{2,8}$`)

// CreateEntity records a legal entity with its tax registrations. Repeating it with the same content changes nothing.
func (s *Service) CreateEntity(ctx context.Context, in NewEntity) (store.Entity, error) {
	entity, err := s.checkEntity(in)
	if err != nil {
		return store.Entity{}, err
	}
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		if err := tx.AddEntity(ctx, entity, s.wallNow()); err != nil {
			return err
		}
		for _, registration := range in.Registrations {
			if err := tx.AddTaxRegistration(ctx, entity.ID, registration); err != nil {
				return err
			}
		}
		// What existed was left as it was; if it differs, nothing of this request may stay.
		var err error
		if entity, err = sameEntity(ctx, tx, entity); err != nil {
			return err
		}
		return sameRegistrations(ctx, tx, entity.ID, in.Registrations)
	})
	if store.Violates(err, "legal_entity_invoice_prefix_key") {
		return store.Entity{}, conflict("invoice_prefix_taken", "invoice prefix %s belongs to another legal entity: invoice numbers would collide",
			entity.InvoicePrefix)
	}
	return entity, err
}

func (s *Service) checkEntity(in NewEntity) (store.Entity, error) {
	var p problems
	e := store.Entity{
		ID: in.ID, Name: in.Name, Country: strings.ToUpper(in.Country), Zone: in.Zone, InvoicePrefix: in.InvoicePrefix, Address: in.Address,
		Dunning: dunning.DefaultPolicy(),
	}
	p.check("id", checkID(in.ID))
	p.check("name", checkText(in.Name, longestName))
	p.check("country", checkCountry(e.Country, calendar.Zone{}.DateOf(s.wallNow())))
	_, err := calendar.LoadZone(in.Zone)
	p.check("zone", err)
	e.BookCurrency, err = money.ParseCurrency(in.BookCurrency)
	p.check("book_currency", err)
	if !invoicePrefix.MatchString(in.InvoicePrefix) {
		p.add("invoice_prefix", "%.60q: use 2 to 8 capital letters and digits, such as ACM", in.InvoicePrefix)
	}
	if in.Dunning != nil {
		e.Dunning = *in.Dunning
	}
	p.check("dunning_policy", e.Dunning.Validate())
	for i, r := range in.Registrations {
		p.check(fmt.Sprintf("tax_registrations[%d]", i), checkRegistration(r))
	}
	return e, p.err()
}

func checkRegistration(r tax.Registration) error {
	if r.Scheme != tax.SchemeUKVAT && r.Scheme != tax.SchemeEUOSS && r.Scheme != tax.SchemeEUVAT {
		return fmt.Errorf("scheme %.60q: use %s, %s or %s", r.Scheme, tax.SchemeUKVAT, tax.SchemeEUOSS, tax.SchemeEUVAT)
	}
	if r.From == (calendar.Date{}) {
		return errors.New("from is missing: give the first day on which it is valid")
	}
	if err := checkCountry(r.Country, r.From); err != nil {
		return err
	}
	return checkText(r.Number, longestName)
}

// checkCountry asks the tax rules, which have to know the country of every customer that is to get an invoice.
func checkCountry(code string, day calendar.Date) error {
	if len(code) == 2 {
		_, err := tax.Determine(tax.Seller{Country: code}, tax.Buyer{Country: code}, tax.Categories()[0], day)
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("%.60q is not a country: give its ISO 3166-1 alpha-2 code, such as DE or GB", code)
}

// sameEntity is the wanted entity with what it was given since: how it makes local prices, what its pages offer and whether the
// provider's account is its own are set by themselves.
func sameEntity(ctx context.Context, tx store.Tx, wanted store.Entity) (store.Entity, error) {
	existing, err := tx.Entity(ctx, wanted.ID)
	if err != nil {
		return wanted, err
	}
	wanted.Presentment, wanted.MethodChoice, wanted.OwnsProviderAccount = existing.Presentment, existing.MethodChoice, existing.OwnsProviderAccount
	existing.CreatedAt = wanted.CreatedAt
	same, err := sameJSON(existing, wanted)
	if err == nil && !same {
		return wanted, conflict("entity_exists", "legal entity %s exists with other data: choose another id", wanted.ID)
	}
	return wanted, err
}

func sameRegistrations(ctx context.Context, tx store.Tx, entityID string, wanted []tax.Registration) error {
	seller, err := tx.Seller(ctx, entityID)
	if err != nil {
		return err
	}
	for _, registration := range wanted {
		if !slices.Contains(seller.Registrations, registration) {
			return conflict("registration_exists", "legal entity %s has another %s registration from %s on", entityID, registration.Scheme, registration.From)
		}
	}
	return nil
}

// sameJSON compares what two values look like to a caller.
func sameJSON(a, b any) (bool, error) {
	first, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	second, err := json.Marshal(b)
	return bytes.Equal(first, second), err
}

// OwnProviderAccount makes a legal entity the owner of the payment provider's account: what moves there and is of no
// payment is booked in its books. Money that was booked before stays where it is.
func (s *Service) OwnProviderAccount(ctx context.Context, entityID string) (store.Entity, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return store.Entity{}, err
	}
	if err := s.store.Tx(ctx, func(tx store.Tx) error { return tx.SetProviderAccountOwner(ctx, entityID) }); err != nil {
		return store.Entity{}, err
	}
	return s.store.Entity(ctx, entityID)
}

// SetMethodChoice sets who chooses which payment methods the provider's pages offer to an entity's customers: the provider, or
// the table of markets. Pages that are open stay as they are.
func (s *Service) SetMethodChoice(ctx context.Context, entityID string, choice paymethod.Choice) (store.Entity, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return store.Entity{}, err
	}
	if err := choice.Validate(); err != nil {
		field, problem, _ := strings.Cut(err.Error(), ": ")
		return store.Entity{}, invalid(field, "%s", problem)
	}
	if err := s.store.SetMethodChoice(ctx, entityID, &choice); err != nil {
		return store.Entity{}, err
	}
	return s.store.Entity(ctx, entityID)
}

// Entities lists all legal entities.
func (s *Service) Entities(ctx context.Context) ([]store.Entity, error) { return s.store.Entities(ctx) }

// AddPlans reads a catalogue in JSON and records its plan versions for an entity: all of them or none. A version that
// exists must be the same.
func (s *Service) AddPlans(ctx context.Context, entityID string, r io.Reader) ([]catalog.Plan, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return nil, inRequest("entity", err)
	}
	plans, err := catalog.Parse(r)
	if err != nil {
		return nil, invalid("file", "%s", err)
	}
	if err := checkBillable(plans); err != nil {
		return nil, err
	}
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		if err := tx.LockCatalogue(ctx); err != nil {
			return err
		}
		for _, plan := range plans {
			if err := tx.AddPlan(ctx, entityID, plan, s.wallNow()); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return nil, conflict("plan_exists", "%s", err)
	case errors.Is(err, store.ErrOtherProduct):
		return nil, conflict("plan_of_another_product", "%s", err)
	}
	return plans, err
}

// checkBillable refuses plans that are right in themselves and cannot be billed here.
func checkBillable(plans []catalog.Plan) error {
	for _, plan := range plans {
		if err := checkCategories(plan); err != nil {
			return invalid("file", "plan %q: %s", plan.ID, err)
		}
	}
	return nil
}

// checkCategories refuses a plan with a tax category that nobody knows.
func checkCategories(plan catalog.Plan) error {
	for _, charge := range plan.Charges {
		if err := tax.CheckCategory(charge.TaxCategory); err != nil {
			return fmt.Errorf("charges.%s.tax_category: %w", charge.ID, err)
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(plan.Spend)) {
		category := plan.Spend[currency].TaxCategory
		if category == "" { // with a maximum alone, which is taken off by the categories of what it lowers
			continue
		}
		if err := tax.CheckCategory(category); err != nil {
			return fmt.Errorf("spend.%s.tax_category: %w", currency, err)
		}
	}
	return nil
}

// Plans lists the newest version of each plan of an entity (of all when empty).
func (s *Service) Plans(ctx context.Context, entityID string) ([]store.PlanVersion, error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": entityID}); err != nil {
		return nil, err
	}
	return s.store.LatestPlans(ctx, entityID)
}

func (s *Service) entityExists(ctx context.Context, id string) error {
	if checkID(id) != nil {
		return notFound("legal entity %.60q: not found", id)
	}
	_, err := s.store.Entity(ctx, id)
	return named(err)
}
