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
	Former *message.Billed `json:"former,omitempty" doc:"What the customer is billed or credited who was the owner before a transfer."`
}

// Change puts other terms in force.
func (s *Service) Change(ctx context.Context, id string, in Change) (CommandResult, error) {
	return s.carryOut(ctx, id, in)
}

// Cancel ends a subscription, now or with its period.
func (s *Service) Cancel(ctx context.Context, id string, in Cancel) (CommandResult, error) {
	return s.carryOut(ctx, id, in)
}

// Pause stops billing until Resume.
func (s *Service) Pause(ctx context.Context, id string, in Pause) (CommandResult, error) {
	return s.carryOut(ctx, id, in)
}

// Resume ends a pause.
func (s *Service) Resume(ctx context.Context, id string, in Resume) (CommandResult, error) {
	return s.carryOut(ctx, id, in)
}

// CarryOut carries out any order: BillLate, Cancel, CancelCharge, Change, Charge, HandOver, Pause, Reactivate, Resume or Withdraw.
func (s *Service) CarryOut(ctx context.Context, id string, o Order) (CommandResult, error) {
	return s.carryOut(ctx, id, o)
}

// Preview says what an order would do, and the invoices that it would make. Nothing is written.
func (s *Service) Preview(ctx context.Context, id string, o Order) (message.Preview, error) {
	t, err := s.target(ctx, id)
	if err != nil {
		return message.Preview{}, err
	}
	command, err := s.commandOf(ctx, t, o)
	if err != nil {
		return message.Preview{}, err
	}
	preview, err := s.clientOf(t.customer).Preview(ctx, id, command)
	return preview, answered(err)
}

// Agenda are the commands of a subscription that wait for their day, and the latest that were missed on it.
type Agenda struct {
	Planned []subscription.Command `json:"planned"`
	Missed  []subscription.Missed  `json:"missed"`
}

// Agenda lists what is planned for a subscription.
func (s *Service) Agenda(ctx context.Context, id string) (Agenda, error) {
	agenda := Agenda{Planned: []subscription.Command{}, Missed: []subscription.Missed{}}
	if _, err := s.Subscription(ctx, id); err != nil {
		return agenda, err
	}
	latest, err := s.store.LastCarriedOut(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return agenda, nil
	}
	var result message.Turned
	if err == nil {
		err = json.Unmarshal(latest.Result, &result)
	}
	agenda.Planned, agenda.Missed = append(agenda.Planned, result.State.Planned...), append(agenda.Missed, result.State.Missed...)
	return agenda, err
}

// Order is a request for a command.
type Order = order

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
	if t.row.EndedAt != nil && !afterTheEnd(o) {
		return CommandResult{}, refused("subscription_canceled", "subscription %s ended at %s (%s): start a new one instead",
			id, t.row.EndedAt.UTC().Format(time.RFC3339), t.row.EndReason)
	}
	command, err := s.commandOf(ctx, t, o)
	if err != nil {
		return CommandResult{}, err
	}
	done, err := s.clientOf(t.customer).Command(ctx, id, command)
	return s.result(ctx, t, command.ID, message.Turned{State: done.State, Invoice: done.Invoice, Former: done.Former}, answered(err))
}

// afterTheEnd says that an order may be for a subscription that has ended: whether it can be carried out is for the
// subscription to decide.
func afterTheEnd(o order) bool {
	switch o.(type) {
	case Reactivate, Charge, CancelCharge, BillLate:
		return true
	}
	return false
}

// commandOf is the command that an order asks for now.
func (s *Service) commandOf(ctx context.Context, t target, o order) (subscription.Command, error) {
	asked := o.asked()
	if err := asked.check(); err != nil {
		return subscription.Command{}, err
	}
	command, err := o.command(ctx, s, t)
	command.ID, command.At, command.Actor, command.Reason = asked.CommandID, t.now, asked.Actor, asked.Reason
	command.On = command.On.UTC()
	if command.ID == "" {
		command.ID = uuid.NewString()
	}
	return command, err
}

func (s *Service) result(ctx context.Context, t target, commandID string, came message.Turned, err error) (CommandResult, error) {
	if err != nil {
		return CommandResult{}, err
	}
	after, err := s.shown(ctx, t.row.ID, came.Invoice)
	return CommandResult{CommandID: commandID, Subscription: after, Former: came.Former}, err
}

// reservedIDs begin the commands of Perennial itself.
var reservedIDs = []string{message.BoundaryCommand, message.PlannedCommand, message.UnpaidCommand, message.ReviewCommand, message.LateUsageCommand}

func (a Asked) check() error {
	var p problems
	if a.CommandID != "" {
		p.check("Idempotency-Key", checkText(a.CommandID, longestName))
		for _, reserved := range reservedIDs {
			if strings.HasPrefix(a.CommandID, reserved) {
				p.add("Idempotency-Key", "%.60q begins with %q, which Perennial keeps for itself", a.CommandID, reserved)
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
	if err := s.addPayment(ctx, turned.Former); err != nil {
		return turned, true, err
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
