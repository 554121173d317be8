package activities

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Plan is a plan version as the subscription has it: at the prices that were agreed, and with those that it was sold at where
// the catalogue has none in the subscription's currency.
func (a account) Plan(ctx context.Context, terms subscription.Terms) (catalog.Plan, error) {
	version, err := a.tx.Plan(ctx, terms.PlanID, terms.PlanVersion)
	if err != nil {
		return version.Plan, err
	}
	return a.tx.AsSold(ctx, version.Plan, a.row.ID, a.row.Currency)
}

// ask is what a price is asked for: a currency, at an instant that is a day for the customer, with the prices that were
// agreed and the quote that the customer was shown, if any.
type ask struct {
	entityID string
	currency money.Currency
	at       time.Time
	day      calendar.Date
	quoteID  string
	agreed   catalog.Agreed
}

// offer is a plan version as it is sold in a currency. lock is set if its prices are not the catalogue's.
type offer struct {
	plan catalog.Plan
	lock *store.PriceLock
}

// price makes the offer for a plan version: the agreed prices and the catalogue's own if there is one in the currency for every
// charge, else the quoted one, else one by the entity's policy and the rates of the day. Without a policy the currency is
// refused. What was agreed takes the place of all of them.
func price(ctx context.Context, tx store.Tx, plan catalog.Plan, in ask) (offer, error) {
	made, err := priceOfAll(ctx, tx, plan, in)
	made.plan = made.plan.WithAgreed(in.agreed)
	return made, err
}

func priceOfAll(ctx context.Context, tx store.Tx, plan catalog.Plan, in ask) (offer, error) {
	if in.quoteID != "" {
		return quoted(ctx, tx, plan, in)
	}
	if slices.Contains(plan.WithAgreed(in.agreed).Currencies(), in.currency) {
		return offer{plan: plan}, nil
	}
	entity, err := tx.Entity(ctx, in.entityID)
	if err != nil {
		return offer{}, err
	}
	if entity.Presentment == nil {
		return offer{}, lifecycle.Unpriced(plan, in.currency)
	}
	rates, err := tx.RatesBetween(ctx, presentment.NeededCurrencies(entity.Presentment.BaseCurrency, in.currency), in.day)
	if err != nil {
		return offer{}, err
	}
	converted, err := presentment.Convert(plan, in.currency, rates, *entity.Presentment, in.day)
	if err != nil {
		return offer{}, refusal(presentment.Code(err), "%s", err)
	}
	return locked(plan, converted, in.at, nil), nil
}

// quoted takes up a quote. It holds for what begins before it ends.
func quoted(ctx context.Context, tx store.Tx, plan catalog.Plan, in ask) (offer, error) {
	quote, err := tx.Quote(ctx, in.quoteID)
	if err != nil {
		return offer{}, unknownAs("quote_unknown", err)
	}
	if quote.EntityID != in.entityID || quote.PlanID != plan.ID || quote.PlanVersion != plan.Version || quote.Conversion.Currency != in.currency {
		return offer{}, refusal("quote_mismatch", "quote %s is for plan %q version %d in %s, not for plan %q version %d in %s: ask for a quote of that",
			quote.ID, quote.PlanID, quote.PlanVersion, quote.Conversion.Currency, plan.ID, plan.Version, in.currency)
	}
	if !in.at.Before(quote.ValidUntil) {
		return offer{}, refusal("quote_expired", "quote %s holds for subscriptions that begin before %s, not at %s: ask for a new one",
			quote.ID, quote.ValidUntil.UTC().Format(time.RFC3339), in.at.UTC().Format(time.RFC3339))
	}
	return locked(plan, quote.Conversion, in.at, &quote.ID), nil
}

// locked is the offer of converted prices, agreed at an instant as precise as the record of it.
func locked(plan catalog.Plan, converted presentment.Conversion, at time.Time, quoteID *string) offer {
	at = at.UTC().Truncate(time.Microsecond)
	return offer{plan: converted.Apply(plan, at), lock: &store.PriceLock{
		PlanID: plan.ID, PlanVersion: plan.Version, Conversion: converted, QuoteID: quoteID, LockedAt: at,
	}}
}

// record keeps the price that a subscription was sold a plan version at.
func (o offer) record(ctx context.Context, tx store.Tx, subscriptionID string) error {
	if o.lock == nil {
		return nil
	}
	lock := *o.lock
	lock.SubscriptionID = subscriptionID
	return tx.AddPriceLock(ctx, lock)
}

// openingOffer prices the terms of a new agreement on the day it begins. One that this very activity recorded before keeps
// its price, whatever was published since.
func openingOffer(ctx context.Context, tx store.Tx, in message.Subscribe, zone calendar.Zone) (offer, error) {
	plan, err := sold(ctx, tx, in.EntityID, in.Terms)
	if err != nil {
		return offer{}, err
	}
	if err := checkDeal(in.SubscriptionID, plan, in.Prices, in.Currency, false); err != nil {
		return offer{}, err
	}
	var made offer
	before, err := tx.PriceLock(ctx, in.SubscriptionID, plan.ID, plan.Version)
	switch {
	case err == nil && before.Conversion.Currency == in.Currency:
		made.plan = before.Conversion.Apply(plan, before.LockedAt.UTC()).WithAgreed(in.Prices)
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return offer{}, err
	default:
		made, err = price(ctx, tx, plan, ask{
			entityID: in.EntityID, currency: in.Currency, at: in.StartAt, day: zone.DateOf(in.StartAt),
			quoteID: in.Quote, agreed: in.Prices,
		})
		if err != nil {
			return offer{}, err
		}
	}
	return made, lifecycle.CheckSellable(made.plan, in.Terms, in.Currency)
}

// Offer prices the terms that a command asks for. A version that the subscription has or had keeps its price: its usage of
// one period is charged at one price. Another one is priced on the day of the command, also if it follows only at the
// period's end.
func (a account) Offer(ctx context.Context, terms subscription.Terms, at time.Time) (catalog.Plan, error) {
	plan, err := sold(ctx, a.tx, a.row.EntityID, terms)
	if err != nil {
		return plan, err
	}
	had, err := a.had(ctx, plan)
	if err != nil {
		return plan, err
	}
	if had {
		if plan, err = a.Plan(ctx, terms); err != nil {
			return plan, err
		}
		return plan, a.sellable(plan, terms)
	}
	agreed, err := a.tx.Agreed(ctx, a.row.ID, plan.ID, plan.Version)
	if err != nil {
		return plan, err
	}
	made, err := price(ctx, a.tx, plan, ask{
		entityID: a.row.EntityID, currency: a.row.Currency, at: at, day: a.zone.DateOf(at), agreed: agreed,
	})
	if err != nil {
		return plan, err
	}
	if err := a.sellable(made.plan, terms); err != nil {
		return plan, err
	}
	return made.plan, made.record(ctx, a.tx, a.row.ID)
}

// sellable refuses what cannot be sold to the customer in the subscription's currency.
func (a account) sellable(plan catalog.Plan, terms subscription.Terms) error {
	if err := lifecycle.CheckSellable(plan, terms, a.row.Currency); err != nil {
		return err
	}
	return lifecycle.CheckEventAmounts(plan, a.row.Currency, a.customer.Currency)
}
