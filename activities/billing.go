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
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Billing writes what subscriptions do: their state, their terms over time, their invoices.
type Billing struct {
	Store *store.Store
}

// account is one subscription's billing, inside a transaction that has the subscription to itself: who sells, who buys,
// in which zone.
type account struct {
	tx  store.Tx
	row store.Subscription
	// customer owns the subscription. Its invoices are in the addressee's name, and the payer pays them.
	customer store.Customer
	store.Parties
	seller tax.Seller
	zone   calendar.Zone
}

func openAccount(ctx context.Context, tx store.Tx, subscriptionID string) (account, error) {
	a := account{tx: tx}
	var err error
	if a.row, err = tx.LockSubscription(ctx, subscriptionID); err != nil {
		return a, err
	}
	if a.customer, err = tx.Customer(ctx, a.row.CustomerID); err != nil {
		return a, err
	}
	if a.Parties, err = tx.Parties(ctx, a.customer); err != nil {
		return a, err
	}
	if a.seller, err = tx.Seller(ctx, a.row.EntityID); err != nil {
		return a, err
	}
	a.zone, err = calendar.LoadZone(a.row.Zone)
	return a, err
}

// carriedOut is what is remembered of a command: its result, and by a hash the state that it met.
type carriedOut struct {
	message.Turned
	From string `json:"from"`
}

// once runs f in a transaction unless a command with this id was carried out for the subscription before;
// then it answers as that one did. A repetition of this very activity meets the same state; any other state means that
// the command was asked for again, and the answer says so.
func (b *Billing) once(ctx context.Context, state subscription.State, command subscription.Command,
	f func(account) (message.Turned, error),
) (message.Turned, error) {
	from, err := hashOf(state)
	if err != nil {
		return message.Turned{}, err
	}
	var turned message.Turned
	err = b.Store.Tx(ctx, func(tx store.Tx) error {
		a, err := openAccount(ctx, tx, state.ID)
		if err != nil {
			return err
		}
		recorded, err := tx.CarriedOut(ctx, state.ID, command.ID)
		if err == nil {
			turned, err = answerAgain(recorded, command, from)
			return err
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := a.notBehind(ctx, state); err != nil {
			return err
		}
		if turned, err = f(a); err != nil || turned.Refusal != nil {
			return err
		}
		return a.record(ctx, state, command, turned)
	})
	return turned, err
}

// record remembers what came of a command that met a state, and makes the row follow.
func (a account) record(ctx context.Context, met subscription.State, command subscription.Command, turned message.Turned) error {
	from, err := hashOf(met)
	if err != nil {
		return err
	}
	if err := a.nameMethod(ctx, turned.State.CustomerID, turned.Invoice); err != nil {
		return err
	}
	if err := a.tx.SaveSubscription(ctx, turned.State); err != nil {
		return err
	}
	return a.tx.RecordCommand(ctx, met.ID, command, carriedOut{Turned: turned, From: from})
}

// notBehind refuses to go on from a state that is older than what is on record: of a workflow that was reset to before a
// command that was carried out, and has forgotten it. Billing on would charge terms that are not in force.
func (a account) notBehind(ctx context.Context, state subscription.State) error {
	recorded, err := a.tx.LastCarriedOut(ctx, a.row.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var latest carriedOut
	if err := json.Unmarshal(recorded.Result, &latest); err != nil {
		return fmt.Errorf("latest recorded command: %w", err)
	}
	if latest.State.LastAt.After(state.LastAt) {
		return fmt.Errorf("the workflow is behind its record: it knows nothing of the change of %s; it was reset too far, so reset it to its last workflow task",
			latest.State.LastAt.Format(time.RFC3339))
	}
	return nil
}

func hashOf(state subscription.State) (string, error) {
	encoded, err := json.Marshal(state)
	return shortHash(string(encoded)), err
}

// answerAgain is the answer to a command whose id is on record. The same id for something else is refused.
func answerAgain(recorded store.CarriedOut, command subscription.Command, from string) (message.Turned, error) {
	var first subscription.Command
	if err := json.Unmarshal(recorded.Input, &first); err != nil {
		return message.Turned{}, fmt.Errorf("recorded command %s: %w", command.ID, err)
	}
	if !command.Repeats(first) {
		return message.Turned{}, refusal("command_id_reused", "command id %q was used for a %s at %s: give another command another id",
			command.ID, first.Kind, first.At.Format(time.RFC3339))
	}
	var result carriedOut
	if err := json.Unmarshal(recorded.Result, &result); err != nil {
		return message.Turned{}, fmt.Errorf("recorded result of command %s: %w", command.ID, err)
	}
	result.Repeated = result.From != from
	return result.Turned, nil
}

// Turn carries a subscription over what is due: its next boundary, or a planned command. What was turned before, by a run
// of the workflow that was reset, is not turned again: the recorded state is where the subscription goes on. A planned
// command that cannot be carried out is noted as missed.
func (b *Billing) Turn(ctx context.Context, in message.TurnInput) (message.Turned, error) {
	due := dueCommand(in)
	if waiting, err := b.turnTogether(ctx, in); waiting != nil || err != nil {
		return message.Turned{State: in.State, Waits: waiting}, err
	}
	outcome, err := b.once(ctx, in.State, due, func(a account) (message.Turned, error) {
		return turned(a.lifecycle().Turn(ctx, in.State, in.At))
	})
	if refused, ok := errors.AsType[*subscription.Refusal](err); ok && due.Kind == plannedKind {
		outcome, err = b.once(ctx, in.State, due, func(account) (message.Turned, error) {
			return message.Turned{State: lifecycle.Missed(in.State, in.At, refused)}, nil
		})
	}
	if err != nil {
		return message.Turned{}, fmt.Errorf("subscription %s at %s: %w", in.State.ID, in.At.Format(time.RFC3339), err)
	}
	outcome.Repeated = false
	if in.Ask > 1 { // it has waited, and goes on from here
		err = b.Store.SaveSubscription(ctx, outcome.State)
	}
	return outcome, err
}

const plannedKind subscription.Kind = "planned"

// dueCommand is under what id it is remembered that what was due at an instant has been done.
func dueCommand(in message.TurnInput) subscription.Command {
	if planned, _, is := in.State.PlannedFor(in.At); is {
		return subscription.Command{ID: message.PlannedCommand + planned.ID, Kind: plannedKind, At: in.At, Actor: planned.Actor, Reason: planned.Reason}
	}
	return subscription.Command{
		ID: message.BoundaryCommand + in.At.UTC().Format(time.RFC3339Nano), Kind: "boundary", At: in.At, Actor: "schedule",
	}
}

// CarryOut carries out a command. A refused one changes nothing.
func (b *Billing) CarryOut(ctx context.Context, in message.CarryOutInput) (message.Turned, error) {
	outcome, err := b.once(ctx, in.State, in.Command, func(a account) (message.Turned, error) {
		return turned(a.lifecycle().CarryOut(ctx, in.State, in.Command))
	})
	if refused, ok := errors.AsType[*subscription.Refusal](err); ok {
		return message.Turned{State: in.State, Refusal: refused}, nil
	}
	if err != nil {
		return message.Turned{}, fmt.Errorf("subscription %s, command %s: %w", in.State.ID, in.Command.ID, err)
	}
	return outcome, nil
}

// NoteStanding records the status that follows from how payments went.
func (b *Billing) NoteStanding(ctx context.Context, state subscription.State) (message.None, error) {
	return message.None{}, b.Store.SaveSubscription(ctx, state)
}
