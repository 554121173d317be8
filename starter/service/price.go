package service

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/internal/store"
)

// PriceQuestion asks what a plan costs somebody.
type PriceQuestion struct {
	Plan        string
	PlanVersion int // 0: the newest that is sold
	// Currency is what the customer wants to pay in. When it is absent, one is proposed: that of the country, or of the
	// customer, if the plan can be sold in it, else the one that prices are made in.
	Currency string
	Country  string
	Customer string
}

// PlanPrice is what a plan costs in a currency, without tax.
type PlanPrice struct {
	Plan        string         `json:"plan"`
	PlanVersion int            `json:"plan_version"`
	Product     string         `json:"product" doc:"What the plan sells; plans can share a product."`
	Currency    money.Currency `json:"currency"`
	// Catalogue lists the currencies in which the catalogue has a price of its own: the customer may choose any of them.
	Catalogue []money.Currency `json:"catalogue_currencies" doc:"Currencies with prices of the catalogue's own, which the customer may choose instead."`
	Charges   []PricedCharge   `json:"charges"`
	AddOns    []PricedAddOn    `json:"add_ons,omitempty" doc:"What can be bought with the plan."`
	Quote     *PriceQuote      `json:"quote,omitempty" doc:"Present when prices were converted: until when they hold, and how they came about."`
	Proposed  string           `json:"proposed_because,omitempty" doc:"Why the currency was proposed, when none was asked for."`
}

// PricedCharge is a charge of a plan with its price in the currency.
type PricedCharge struct {
	ID    string        `json:"id"`
	Name  string        `json:"name"`
	Kind  catalog.Kind  `json:"kind"`
	Price catalog.Price `json:"price"`
	// Converted says that the price is not the catalogue's own.
	Converted bool `json:"converted,omitempty"`
}

// PricedAddOn is what can be bought with a plan, with its prices in the currency.
type PricedAddOn struct {
	ID      string         `json:"id"`
	Name    string         `json:"name"`
	Charges []PricedCharge `json:"charges"`
}

// PriceQuote is a converted price that a subscription can be created with until it ends.
type PriceQuote struct {
	ID         string                 `json:"id" doc:"Pass it as quote when the subscription is created."`
	QuotedAt   time.Time              `json:"quoted_at"`
	ValidUntil time.Time              `json:"valid_until"`
	Conversion presentment.Conversion `json:"conversion"`
}

// Price says what a plan costs in a currency. A converted price is recorded as a quote, which Subscribe honours while it
// is valid. A customer's quote goes by the customer's clock and day.
func (s *Service) Price(ctx context.Context, in PriceQuestion) (PlanPrice, error) {
	entity, err := s.sellerOf(ctx, in.Plan)
	if err != nil {
		return PlanPrice{}, err
	}
	at, customer, err := s.asker(ctx, entity, in.Customer)
	if err != nil {
		return PlanPrice{}, err
	}
	plan, err := s.plan(ctx, entity.ID, in.Plan, in.PlanVersion, at)
	if err != nil {
		return PlanPrice{}, err
	}
	if err := checkInForce(plan, at); err != nil {
		return PlanPrice{}, err
	}
	if in.Currency != "" {
		currency, err := currencyOr(in.Currency, "")
		if err != nil {
			return PlanPrice{}, err
		}
		return s.priceIn(ctx, entity, plan, currency, at)
	}
	return s.propose(ctx, entity, plan, in.Country, customer, at)
}

// asker is the customer, if one is named, and the instant at which the question is asked.
func (s *Service) asker(ctx context.Context, entity store.Entity, id string) (moment, *store.Customer, error) {
	zone, err := calendar.LoadZone(entity.Zone)
	if id == "" || err != nil {
		return moment{at: s.wallNow(), zone: zone}, nil, err
	}
	customer, err := s.customerOf(ctx, id)
	if err != nil {
		return moment{}, nil, err
	}
	if customer.EntityID != entity.ID {
		return moment{}, nil, invalid("customer", "%s belongs to %s, which does not sell the plan", id, customer.EntityID)
	}
	if zone, err = calendar.LoadZone(customer.Zone); err != nil {
		return moment{}, nil, err
	}
	now, err := s.now(ctx, customer)
	return moment{at: now, zone: zone}, &customer, err
}

// moment is an instant and the zone in which it is a day.
type moment struct {
	at   time.Time
	zone calendar.Zone
}

// propose chooses the currency. What cannot be converted today falls back to what the catalogue has, and says why.
func (s *Service) propose(ctx context.Context, entity store.Entity, plan catalog.Plan, country string, customer *store.Customer, at moment) (PlanPrice, error) {
	wanted, because := plan.Currencies()[0], "the catalogue's"
	if base := entity.Presentment; base != nil && slices.Contains(plan.Currencies(), base.BaseCurrency) {
		wanted, because = base.BaseCurrency, "the seller's base currency"
	} else if slices.Contains(plan.Currencies(), entity.BookCurrency) {
		wanted, because = entity.BookCurrency, "the seller's own"
	}
	original := wanted
	switch {
	case country != "":
		local, found := presentment.DefaultCurrency(country)
		if !found {
			return PlanPrice{}, invalid("country", "%.60q is no country with a currency: give its ISO 3166-1 alpha-2 code, such as DE, or a currency", country)
		}
		wanted, because = local, "the currency of "+strings.ToUpper(country)
	case customer != nil:
		wanted, because = customer.Currency, "the customer's"
	}
	price, err := s.priceIn(ctx, entity, plan, wanted, at)
	var refusal *Error
	if errors.As(err, &refusal) && refusal.Kind == Refused && wanted != original {
		because = fmt.Sprintf("no price in %s: %s", wanted, refusal.Message)
		price, err = s.priceIn(ctx, entity, plan, original, at)
	}
	price.Proposed = because
	return price, err
}

// priceIn prices a plan in a currency: by the catalogue if it can, else by the entity's policy, as a quote.
func (s *Service) priceIn(ctx context.Context, entity store.Entity, plan catalog.Plan, currency money.Currency, at moment) (PlanPrice, error) {
	if slices.Contains(plan.Currencies(), currency) {
		return answerPrice(plan, plan, currency, nil)
	}
	policy := entity.Presentment
	if policy == nil {
		return PlanPrice{}, refused("currency_not_priced",
			"plan %q version %d has no price in %q: it is sold in %v", plan.ID, plan.Version, currency, plan.Currencies())
	}
	day := at.zone.DateOf(at.at)
	rates, err := s.store.RatesBetween(ctx, presentment.NeededCurrencies(policy.BaseCurrency, currency), day)
	if err != nil {
		return PlanPrice{}, err
	}
	converted, err := presentment.Convert(plan, currency, rates, *policy, day)
	if err != nil {
		return PlanPrice{}, refused(presentment.Code(err), "%s", err)
	}
	quote, err := s.quote(ctx, entity.ID, plan, converted, *policy, at.at)
	if err != nil {
		return PlanPrice{}, err
	}
	return answerPrice(plan, converted.Apply(plan, at.at), currency, quote)
}

// quote records a conversion. Whoever asks for the same within the hour gets the same quote, so that asking often does not
// fill the table; from whenever it was asked for, it holds for at least the policy's hours.
func (s *Service) quote(
	ctx context.Context, entityID string, plan catalog.Plan, converted presentment.Conversion, policy presentment.Policy, at time.Time,
) (*PriceQuote, error) {
	at = at.UTC().Truncate(time.Hour)
	q := store.Quote{
		EntityID: entityID, PlanID: plan.ID, PlanVersion: plan.Version, Conversion: converted,
		QuotedAt: at, ValidUntil: at.Add(time.Duration(policy.QuoteHours+1) * time.Hour),
	}
	content, err := json.Marshal(converted)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s %s %s", plan.ID, plan.Version, at, q.ValidUntil, content))
	q.ID = "quo_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10]))
	if err := s.store.AddQuote(ctx, q); err != nil {
		return nil, err
	}
	return &PriceQuote{ID: q.ID, QuotedAt: q.QuotedAt, ValidUntil: q.ValidUntil, Conversion: converted}, nil
}

func answerPrice(catalogue, sold catalog.Plan, currency money.Currency, quote *PriceQuote) (PlanPrice, error) {
	answer := PlanPrice{Plan: sold.ID, PlanVersion: sold.Version, Product: sold.ProductID(), Currency: currency, Catalogue: catalogue.Currencies(), Quote: quote}
	var err error
	if answer.Charges, err = pricedCharges(sold.Charges, currency); err != nil {
		return PlanPrice{}, err
	}
	for _, addOn := range sold.AddOns {
		charges, err := pricedCharges(addOn.Charges, currency)
		if err != nil {
			return PlanPrice{}, err
		}
		answer.AddOns = append(answer.AddOns, PricedAddOn{ID: addOn.ID, Name: addOn.Name, Charges: charges})
	}
	return answer, nil
}

func pricedCharges(charges []catalog.Charge, currency money.Currency) ([]PricedCharge, error) {
	priced := make([]PricedCharge, len(charges))
	for i, charge := range charges {
		price, err := charge.Price(currency)
		if err != nil {
			return nil, err
		}
		priced[i] = PricedCharge{ID: charge.ID, Name: charge.Name, Kind: charge.Kind, Price: price, Converted: price.Converted != nil}
	}
	return priced, nil
}

// sellerOf is who sells a plan.
func (s *Service) sellerOf(ctx context.Context, planID string) (store.Entity, error) {
	if checkID(planID) != nil {
		return store.Entity{}, notFound("plan %.60q: not found", planID)
	}
	newest, err := s.store.LatestPlan(ctx, planID)
	if err != nil {
		return store.Entity{}, named(err)
	}
	return s.store.Entity(ctx, newest.EntityID)
}

// takeQuote completes a request for a subscription with what its quote says, and refuses a quote that is over. What a
// subscription was created with stays, also when the request is repeated after the quote ended.
func (s *Service) takeQuote(ctx context.Context, in *NewSubscription, customer store.Customer, repeated bool) error {
	if in.Quote == "" {
		return nil
	}
	if err := checkID(in.Quote); err != nil {
		return invalid("quote", "%s", err)
	}
	quote, err := s.store.Quote(ctx, in.Quote)
	if errors.Is(err, store.ErrNotFound) {
		return invalid("quote", "unknown quote %.60q: ask for the plan's price first", in.Quote)
	}
	if err != nil {
		return err
	}
	in.PlanVersion, in.Currency = cmp.Or(in.PlanVersion, quote.PlanVersion), cmp.Or(in.Currency, string(quote.Conversion.Currency))
	now, err := s.now(ctx, customer)
	if err == nil && !repeated && !now.Before(quote.ValidUntil) {
		return refused("quote_expired", "quote %s held until %s, and it is %s: ask for a new one",
			quote.ID, quote.ValidUntil.UTC().Format(time.RFC3339), now.Format(time.RFC3339))
	}
	return err
}
