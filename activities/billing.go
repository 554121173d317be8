// Package activities touches the world: one struct per neighbour, one method per effect. Activities run at least once,
// so every effect has a business identity that makes its repetition harmless. Billing instants come in with the input;
// nothing here asks a clock what day it is for the customer.
package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Billing writes what subscriptions do: their state, their terms over time, their invoices.
type Billing struct {
	Store *store.Store
}

// account is one subscription's billing, inside a transaction: who sells, who buys, in which zone.
type account struct {
	tx       store.Tx
	row      store.Subscription
	customer store.Customer
	seller   tax.Seller
	zone     calendar.Zone
}

func openAccount(ctx context.Context, tx store.Tx, subscriptionID string) (account, error) {
	a := account{tx: tx}
	var err error
	if a.row, err = tx.Subscription(ctx, subscriptionID); err != nil {
		return a, err
	}
	if a.customer, err = tx.Customer(ctx, a.row.CustomerID); err != nil {
		return a, err
	}
	if a.seller, err = tx.Seller(ctx, a.row.EntityID); err != nil {
		return a, err
	}
	a.zone, err = calendar.LoadZone(a.row.Zone)
	return a, err
}

func (a account) plan(ctx context.Context, terms subscription.Terms) (catalog.Plan, error) {
	version, err := a.tx.Plan(ctx, terms.PlanID, terms.PlanVersion)
	return version.Plan, err
}

func (a account) terms(ctx context.Context, terms subscription.Terms) (invoicing.Terms, error) {
	plan, err := a.plan(ctx, terms)
	return invoicing.Terms{Plan: plan, Seats: terms.Seats}, err
}

// enforce puts terms in force from an instant on.
func (a account) enforce(ctx context.Context, terms subscription.Terms, at time.Time) error {
	if err := a.tx.CloseSegment(ctx, a.row.ID, at); err != nil {
		return err
	}
	return a.tx.OpenSegment(ctx, a.row.ID, terms, at)
}

// once runs f in a transaction unless a command with this id was carried out for the subscription before;
// then it answers as that one did.
func (b *Billing) once(ctx context.Context, subscriptionID string, command subscription.Command,
	f func(account) (message.Turned, error),
) (message.Turned, error) {
	var turned message.Turned
	err := b.Store.Tx(ctx, func(tx store.Tx) error {
		recorded, err := tx.RecordedCommand(ctx, subscriptionID, command.ID)
		if err == nil {
			return json.Unmarshal(recorded, &turned)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		a, err := openAccount(ctx, tx, subscriptionID)
		if err != nil {
			return err
		}
		if turned, err = f(a); err != nil || turned.Refusal != nil {
			return err
		}
		if err := tx.SaveSubscription(ctx, turned.State); err != nil {
			return err
		}
		return tx.RecordCommand(ctx, subscriptionID, command, turned)
	})
	return turned, err
}

// Turn carries a subscription over its next boundary.
func (b *Billing) Turn(ctx context.Context, in message.TurnInput) (message.Turned, error) {
	command := subscription.Command{
		ID: "boundary:" + in.At.UTC().Format(time.RFC3339), Kind: "boundary", At: in.At, Actor: "schedule",
	}
	return b.once(ctx, in.State.ID, command, func(a account) (message.Turned, error) {
		turned, err := a.turn(ctx, in.State, in.At)
		if err != nil {
			return message.Turned{}, fmt.Errorf("subscription %s at %s: %w", in.State.ID, in.At.Format(time.RFC3339), err)
		}
		return turned, nil
	})
}

// CarryOut carries out a command. A refused one changes nothing.
func (b *Billing) CarryOut(ctx context.Context, in message.CarryOutInput) (message.Turned, error) {
	return b.once(ctx, in.State.ID, in.Command, func(a account) (message.Turned, error) {
		turned, err := a.carryOut(ctx, in.State, in.Command)
		var refused *subscription.Refusal
		if errors.As(err, &refused) {
			return message.Turned{State: in.State, Refusal: refused}, nil
		}
		if err != nil {
			return message.Turned{}, fmt.Errorf("subscription %s, command %s: %w", in.State.ID, in.Command.ID, err)
		}
		return turned, nil
	})
}

// NoteStanding records the status that follows from how payments went.
func (b *Billing) NoteStanding(ctx context.Context, state subscription.State) (message.None, error) {
	return message.None{}, b.Store.SaveSubscription(ctx, state)
}
