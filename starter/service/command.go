package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// CommandResult is a subscription after a command, with the invoice that came of it.
type CommandResult struct {
	CommandID string `json:"command_id" doc:"Repeat the request with this as Idempotency-Key to get the same answer."`
	Subscription
}

// Change puts other terms in force.
func (s *Service) Change(ctx context.Context, id string, in Change) (CommandResult, error) {
	return s.carryOut(ctx, id, in)
}

// Cancel ends a subscription, now or with its period.
func (s *Service) Cancel(ctx context.Context, id string, in Cancel) (CommandResult, error) {
	return s.carryOut(ctx, id, in)
}

// Pause stops billing until Resume; paid time that is left is credited.
func (s *Service) Pause(ctx context.Context, id string, in Asked) (CommandResult, error) {
	return s.carryOut(ctx, id, plain{Asked: in, kind: subscription.Pause})
}

// Resume begins a new billing period.
func (s *Service) Resume(ctx context.Context, id string, in Asked) (CommandResult, error) {
	return s.carryOut(ctx, id, plain{Asked: in, kind: subscription.Resume})
}

// order is a request for a command.
type order interface {
	asked() Asked
	// repeats says whether a command that was carried out is what this one asks for.
	repeats(before subscription.Command) bool
	command(ctx context.Context, s *Service, t target) (subscription.Command, error)
}

// target is the subscription a command is for.
type target struct {
	row      store.Subscription
	customer store.Customer
	now      time.Time
}

func (s *Service) target(ctx context.Context, id string) (target, error) {
	var t target
	var err error
	if t.row, err = s.Subscription(ctx, id); err != nil {
		return t, err
	}
	if t.customer, err = s.store.Customer(ctx, t.row.CustomerID); err != nil {
		return t, err
	}
	t.now, err = s.now(ctx, t.customer)
	return t, err
}

// carryOut carries a command out, or answers as it did when it was carried out before.
func (s *Service) carryOut(ctx context.Context, id string, o order) (CommandResult, error) {
	t, err := s.target(ctx, id)
	if err != nil {
		return CommandResult{}, err
	}
	asked := o.asked()
	if err := asked.check(); err != nil {
		return CommandResult{}, err
	}
	before, found, err := s.carriedOut(ctx, id, o)
	if found || err != nil {
		return s.result(ctx, t, asked.CommandID, before, err)
	}
	if t.row.EndedAt != nil {
		return CommandResult{}, refused("subscription_canceled", "subscription %s ended at %s (%s): start a new one instead",
			id, t.row.EndedAt.UTC().Format(time.RFC3339), t.row.EndReason)
	}
	command, err := o.command(ctx, s, t)
	if err != nil {
		return CommandResult{}, err
	}
	command.ID, command.At, command.Actor, command.Reason = asked.CommandID, t.now, asked.Actor, asked.Reason
	if command.ID == "" {
		command.ID = uuid.NewString()
	}
	done, err := s.clientOf(t.customer).Command(ctx, id, command)
	return s.result(ctx, t, command.ID, message.Turned{State: done.State, Invoice: done.Invoice}, answered(err))
}

func (s *Service) result(ctx context.Context, t target, commandID string, came message.Turned, err error) (CommandResult, error) {
	if err != nil {
		return CommandResult{}, err
	}
	row, err := s.store.Subscription(ctx, t.row.ID)
	return CommandResult{CommandID: commandID, Subscription: Subscription{Subscription: row, Invoice: came.Invoice}}, err
}

// reservedIDs begin the commands of Perennial itself.
var reservedIDs = []string{message.BoundaryCommand, message.UnpaidCommand, message.ReviewCommand}

func (a Asked) check() error {
	var p problems
	if a.CommandID != "" {
		p.check("Idempotency-Key", checkText(a.CommandID, longestName))
		for _, reserved := range reservedIDs {
			if strings.HasPrefix(a.CommandID, reserved) {
				p.add("Idempotency-Key", "%s begins with %q, which Perennial keeps for itself", clip(a.CommandID), reserved)
			}
		}
	}
	p.check("actor", checkText(a.Actor, longestName))
	if a.Reason != "" {
		p.check("reason", checkText(a.Reason, longestReason))
	}
	return p.err()
}

const longestReason = 500

// carriedOut finds what came of the command under the request's id, if it was carried out before.
// A command that asked for something else is a Conflict.
func (s *Service) carriedOut(ctx context.Context, subscriptionID string, o order) (turned message.Turned, found bool, err error) {
	id := o.asked().CommandID
	recorded, err := s.store.CarriedOut(ctx, subscriptionID, id)
	if errors.Is(err, store.ErrNotFound) {
		return turned, false, nil
	}
	if err != nil {
		return turned, false, err
	}
	var before subscription.Command
	if err := errors.Join(json.Unmarshal(recorded.Input, &before), json.Unmarshal(recorded.Result, &turned)); err != nil {
		return turned, false, fmt.Errorf("recorded command %s: %w", id, err)
	}
	if !o.repeats(before) {
		return turned, true, conflict("command_exists",
			"command %s was carried out for subscription %s and asked for something else: give the new one an id of its own", id, subscriptionID)
	}
	return turned, true, s.addPayment(ctx, turned.Invoice)
}

// addPayment completes the record of an invoice, which was written before it was collected.
func (s *Service) addPayment(ctx context.Context, billed *message.Billed) error {
	if billed == nil || !billed.AmountDue.IsPositive() {
		return nil
	}
	invoice, err := s.store.Invoice(ctx, billed.InvoiceID)
	if err == nil && invoice.Status == "paid" {
		billed.Payment = message.Paid
	}
	return err
}
