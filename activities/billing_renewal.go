package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Renewals that share an invoice. Each subscription has a workflow of its own, and an invoice is made in one transaction: so
// each comes to the renewal with its state, and whoever comes last, or no longer wants to wait, turns all who have come. The
// others ask again and find what came of it on record, as with every repetition.

// waits are how long those who have come wait for the others before they ask the first time, the second time …; who has asked
// more often bills with those who are there. Workflows that are due at one instant act within seconds: who is missing longer
// is stopped, or its worker is.
var waits = []time.Duration{2 * time.Second, 10 * time.Second, 30 * time.Second, 78 * time.Second}

// turnTogether turns a subscription with those that share the invoice of its renewal, or says what it has to wait for. Then, what
// came of it is on record; if nothing is, because there is no such renewal, or it came too late, it is turned alone.
func (b *Billing) turnTogether(ctx context.Context, in message.TurnInput) (*message.Waiting, error) {
	if in.Ask == 0 || !in.State.RenewsAt(in.At) {
		return nil, nil
	}
	row, err := b.Store.Subscription(ctx, in.State.ID)
	if err != nil {
		return nil, err
	}
	r := renewal{id: row.SharedRenewal(in.At), at: in.At}
	if r.id == "" {
		return nil, nil
	}
	alone, err := b.join(ctx, r, in.State)
	for err == nil && !alone {
		var waiting *message.Waiting
		r.members = nil
		waiting, err = b.billRenewal(ctx, &r, row, in)
		failed, blames := errors.AsType[*memberError](err)
		if !blames || ctx.Err() != nil {
			return waiting, err
		}
		// The others must not wait for what one of them cannot do.
		err = b.Store.Tx(ctx, func(tx store.Tx) error { return tx.LeaveRenewal(ctx, r.id, failed.members) })
	}
	return nil, err
}

func waitingFrom(in message.TurnInput) *message.Waiting {
	until := in.At
	for _, wait := range waits[:in.Ask] {
		until = until.Add(wait)
	}
	return &message.Waiting{Until: until, AtLeast: waits[in.Ask-1]}
}

// renewal is one that several subscriptions share.
type renewal struct {
	id string
	at time.Time
	// members are those who are billed in a transaction.
	members []renewed
}

// renewed is a member with what came of it.
type renewed struct {
	account
	state   subscription.State
	outcome lifecycle.Outcome
}

// memberError is the failure of some members of a shared renewal.
type memberError struct {
	members []string
	cause   error
}

func (e *memberError) Error() string { return fmt.Sprintf("subscriptions %v: %s", e.members, e.cause) }
func (e *memberError) Unwrap() error { return e.cause }

// join records that a subscription has come; false when it is to be billed alone. It is in a transaction of its own, because it
// stays also if the others cannot be billed.
func (b *Billing) join(ctx context.Context, r renewal, state subscription.State) (alone bool, err error) {
	err = b.Store.Tx(ctx, func(tx store.Tx) error {
		if alone, err = tx.LockRenewal(ctx, r.id); alone || err != nil {
			return err
		}
		a, err := openAccount(ctx, tx, state.ID)
		if err != nil {
			return err
		}
		if err := a.notBehind(ctx, state); err != nil {
			return err
		}
		alone, err = tx.JoinRenewal(ctx, r.id, state)
		return err
	})
	return alone, err
}

// billRenewal bills all who have come, if nobody is awaited any more. Whoever locks the renewal locks its subscriptions after
// it, in the order of their ids.
func (b *Billing) billRenewal(ctx context.Context, r *renewal, of store.Subscription, in message.TurnInput) (*message.Waiting, error) {
	var waiting *message.Waiting
	err := b.Store.Tx(ctx, func(tx store.Tx) error {
		billed, err := tx.LockRenewal(ctx, r.id)
		if err != nil || billed {
			return err
		}
		awaits, err := tx.RenewalAwaits(ctx, r.id, of, r.at)
		if err != nil {
			return err
		}
		if awaits && in.Ask <= len(waits) {
			waiting = waitingFrom(in)
			return tx.SetNextAction(ctx, of.ID, waiting.Until)
		}
		if err := r.turn(ctx, tx); err != nil {
			return err
		}
		return tx.SettleRenewal(ctx, r.id)
	})
	return waiting, err
}

// turn turns the members and records for each what came of it.
func (r *renewal) turn(ctx context.Context, tx store.Tx) error {
	states, err := tx.RenewalMembers(ctx, r.id)
	if err != nil {
		return err
	}
	shared := &together{}
	var ids []string
	for _, state := range states {
		member, skip, err := r.turnMember(ctx, tx, state, shared)
		switch {
		case err != nil:
			return &memberError{members: []string{state.ID}, cause: err}
		case !skip:
			r.members, ids = append(r.members, member), append(ids, state.ID)
		}
	}
	if err := shared.Issue(ctx, issueTogether); err != nil {
		return &memberError{members: ids, cause: err} // each can still be billed alone
	}
	for _, m := range r.members {
		done, err := turned(m.outcome, nil)
		if err == nil {
			err = m.record(ctx, m.state, dueCommand(message.TurnInput{State: m.state, At: r.at}), done)
		}
		if err == nil {
			err = m.stillAsks(ctx, r.at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stillAsks leaves on record when a member asks again that waits: until then its workflow does not know what came of it.
func (m renewed) stillAsks(ctx context.Context, at time.Time) error {
	if m.outcome.State.Ended() || m.row.NextActionAt == nil || !m.row.NextActionAt.After(at) {
		return nil
	}
	return m.tx.SetNextAction(ctx, m.row.ID, *m.row.NextActionAt)
}

// turnMember turns one member, unless it was turned before.
func (r *renewal) turnMember(ctx context.Context, tx store.Tx, state subscription.State, shared *together) (member renewed, skip bool, err error) {
	member.state = state
	if member.account, err = openAccount(ctx, tx, state.ID); err != nil {
		return member, false, err
	}
	_, err = tx.CarriedOut(ctx, state.ID, dueCommand(message.TurnInput{State: state, At: r.at}).ID)
	switch {
	case err == nil:
		return member, true, nil
	case !errors.Is(err, store.ErrNotFound):
		return member, false, err
	}
	member.outcome, err = shared.of(member.account).Turn(ctx, state, r.at)
	return member, false, err
}
