package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Asked says who asks for a command, and under which id.
type Asked struct {
	// CommandID makes repeating the command safe: the repetition answers as the first one did. Empty: a new one.
	CommandID string `json:"-"`
	Actor     string `json:"actor,omitempty" doc:"Who asks, for the record." example:"customer"`
	Reason    string `json:"reason,omitempty" doc:"Why, for the record." example:"needs more seats"`
}

// Change asks for other terms. What is absent stays as it is.
type Change struct {
	Asked
	Plan        string `json:"plan,omitempty" example:"pro-yearly"`
	PlanVersion int    `json:"plan_version,omitempty" doc:"The newest of the plan when absent."`
	Seats       *int64 `json:"seats,omitempty" example:"8"`
	AtPeriodEnd bool   `json:"at_period_end,omitempty" doc:"Wait for the end of the billing period. Asking so for the terms in force withdraws what was deferred."`
}

// Cancel asks for the end.
type Cancel struct {
	Asked
	AtPeriodEnd  bool `json:"at_period_end,omitempty" doc:"Wait for the end of the billing period."`
	CreditUnused bool `json:"credit_unused,omitempty" doc:"Credit the paid time that is left, when it ends now."`
}

// CommandResult is a subscription after a command, with the invoice that came of it.
type CommandResult struct {
	CommandID string `json:"command_id" doc:"Repeat the request with this as Idempotency-Key to get the same answer."`
	Subscription
}

// Change puts other terms in force.
func (s *Service) Change(ctx context.Context, id string, in Change) (CommandResult, error) {
	target, err := s.target(ctx, id)
	if err != nil {
		return CommandResult{}, err
	}
	terms, err := s.newTerms(ctx, target.row, in)
	if err != nil {
		return CommandResult{}, err
	}
	return s.command(ctx, target, in.Asked, subscription.Command{Kind: subscription.ChangeTerms, Terms: &terms, AtPeriodEnd: in.AtPeriodEnd})
}

// Cancel ends a subscription, now or with its period.
func (s *Service) Cancel(ctx context.Context, id string, in Cancel) (CommandResult, error) {
	target, err := s.target(ctx, id)
	if err != nil {
		return CommandResult{}, err
	}
	if in.AtPeriodEnd && in.CreditUnused {
		return CommandResult{}, invalid("credit_unused", "nothing is left unused at the period's end: ask for one of the two")
	}
	return s.command(ctx, target, in.Asked, subscription.Command{Kind: subscription.Cancel, AtPeriodEnd: in.AtPeriodEnd, CreditUnused: in.CreditUnused})
}

// Pause stops billing until Resume; paid time that is left is credited.
func (s *Service) Pause(ctx context.Context, id string, in Asked) (CommandResult, error) {
	return s.plainly(ctx, id, in, subscription.Pause)
}

// Resume begins a new billing period.
func (s *Service) Resume(ctx context.Context, id string, in Asked) (CommandResult, error) {
	return s.plainly(ctx, id, in, subscription.Resume)
}

func (s *Service) plainly(ctx context.Context, id string, in Asked, kind subscription.Kind) (CommandResult, error) {
	target, err := s.target(ctx, id)
	if err != nil {
		return CommandResult{}, err
	}
	return s.command(ctx, target, in, subscription.Command{Kind: kind})
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

func (s *Service) newTerms(ctx context.Context, row store.Subscription, in Change) (subscription.Terms, error) {
	terms := subscription.Terms{PlanID: row.PlanID, PlanVersion: row.PlanVersion, Seats: row.Seats}
	if in.Plan == "" && in.PlanVersion == 0 && in.Seats == nil {
		return terms, invalid("plan", "nothing to change is named: give a plan, a plan_version or seats")
	}
	if in.Seats != nil {
		terms.Seats = *in.Seats
	}
	var p problems
	if p.checkSeats(terms.Seats); len(p) > 0 {
		return terms, p.err()
	}
	version := in.PlanVersion
	if in.Plan != "" {
		terms.PlanID = in.Plan
	} else if version == 0 {
		version = row.PlanVersion
	}
	plan, err := s.plan(ctx, row.EntityID, terms.PlanID, version)
	if err != nil {
		return terms, err
	}
	terms.PlanVersion = plan.Version
	return terms, checkAmounts(plan, row.Currency, terms.Seats)
}

// command carries a command out, or answers as it did when it was carried out before.
func (s *Service) command(ctx context.Context, t target, asked Asked, command subscription.Command) (CommandResult, error) {
	command.ID, command.At, command.Actor, command.Reason = asked.CommandID, t.now, asked.Actor, asked.Reason
	if command.Actor == "" {
		command.Actor = "api"
	}
	if err := checkAsked(command); err != nil {
		return CommandResult{}, err
	}
	if command.ID == "" {
		command.ID = uuid.NewString()
	} else if before, err := s.carriedOut(ctx, t.row.ID, command); before != nil || err != nil {
		return s.result(ctx, t.row.ID, command.ID, before, err)
	}
	if t.row.EndedAt != nil {
		return CommandResult{}, refused("subscription_canceled", "subscription %s ended at %s (%s): start a new one instead",
			t.row.ID, t.row.EndedAt.UTC().Format(time.RFC3339), t.row.EndReason)
	}
	done, err := s.clientOf(t.customer).Command(ctx, t.row.ID, command)
	return s.result(ctx, t.row.ID, command.ID, done.Invoice, answered(err))
}

// Ids under which Perennial itself acts on subscriptions.
var reservedIDs = []string{"boundary:", "unpaid:"}

func checkAsked(c subscription.Command) error {
	var p problems
	if c.ID != "" {
		p.check("Idempotency-Key", checkText(c.ID, 200))
		for _, reserved := range reservedIDs {
			if strings.HasPrefix(c.ID, reserved) {
				p.add("Idempotency-Key", "%s begins with %q, which Perennial keeps for itself", clip(c.ID), reserved)
			}
		}
	}
	p.check("actor", checkText(c.Actor, longestName))
	if c.Reason != "" {
		p.check("reason", checkText(c.Reason, 500))
	}
	return p.err()
}

// carriedOut finds the invoice of a command that was carried out before; its zero value when there was none.
// A command that asks for something else under the same id is a Conflict.
func (s *Service) carriedOut(ctx context.Context, subscriptionID string, command subscription.Command) (*message.Billed, error) {
	recorded, err := s.store.CarriedOut(ctx, subscriptionID, command.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var before subscription.Command
	var turned message.Turned
	if err := errors.Join(json.Unmarshal(recorded.Input, &before), json.Unmarshal(recorded.Result, &turned)); err != nil {
		return nil, fmt.Errorf("recorded command %s: %w", command.ID, err)
	}
	before.At = command.At
	if !reflect.DeepEqual(before, command) {
		return nil, conflict("command_exists", "command %s was carried out for subscription %s with other contents: give the new one an id of its own",
			command.ID, subscriptionID)
	}
	if turned.Invoice == nil {
		return &message.Billed{}, nil
	}
	return s.withPayment(ctx, turned.Invoice)
}

// withPayment completes the record of an invoice, which was written before it was collected.
func (s *Service) withPayment(ctx context.Context, billed *message.Billed) (*message.Billed, error) {
	invoice, err := s.store.Invoice(ctx, billed.InvoiceID)
	if err != nil {
		return nil, err
	}
	if billed.AmountDue.IsPositive() && invoice.Status == "paid" {
		billed.Payment = message.Paid
	}
	return billed, nil
}

func (s *Service) result(ctx context.Context, id, commandID string, invoice *message.Billed, err error) (CommandResult, error) {
	if err != nil {
		return CommandResult{}, err
	}
	if invoice != nil && invoice.InvoiceID == "" {
		invoice = nil
	}
	row, err := s.store.Subscription(ctx, id)
	return CommandResult{CommandID: commandID, Subscription: Subscription{Subscription: row, Invoice: invoice}}, err
}
