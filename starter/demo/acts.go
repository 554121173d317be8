package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	"github.com/perennial-billing/perennial/starter/usagecsv"
	"github.com/perennial-billing/perennial/workflows/message"
)

// act does what a story says.
func (p *player) act(ctx context.Context, s story, at time.Time) error {
	switch does := s.Does.(type) {
	case change:
		return p.change(ctx, s, does, at)
	case cancel:
		return p.command(ctx, s, subscription.Command{Kind: subscription.Cancel, At: at, AtPeriodEnd: does.AtPeriodEnd, CreditUnused: does.Credit})
	case pause:
		return p.command(ctx, s, subscription.Command{Kind: subscription.Pause, At: at})
	case resume:
		return p.command(ctx, s, subscription.Command{Kind: subscription.Resume, At: at})
	case newCard:
		return p.changeCard(ctx, s.Customer, does.Token, at)
	case cardTrouble:
		return p.script(ctx, s.Customer, sandbox.Scenario{Script: does.Declines})
	case cardDies:
		return p.script(ctx, s.Customer, sandbox.Scenario{Always: does.Code})
	}
	return fmt.Errorf("unknown story %T", s.Does)
}

func (p *player) change(ctx context.Context, s story, does change, at time.Time) error {
	who := p.people[s.Customer]
	terms := subscription.Terms{PlanID: does.Plan, PlanVersion: 1, Seats: does.Seats}
	if does.Plan == "" {
		state, err := p.client.Status(ctx, who.Subscription())
		if err != nil {
			return err
		}
		terms.PlanID = state.Terms.PlanID
	}
	return p.command(ctx, s, subscription.Command{Kind: subscription.ChangeTerms, At: at, AtPeriodEnd: does.AtPeriodEnd, Terms: &terms})
}

func (p *player) command(ctx context.Context, s story, command subscription.Command) error {
	command.ID, command.Actor = fmt.Sprintf("demo-day-%d", s.Day), "customer"
	_, err := p.client.Command(ctx, p.people[s.Customer].Subscription(), command)
	return err
}

// giveCard makes a card the one that is charged.
func (p *player) giveCard(ctx context.Context, customer, token string, at time.Time) error {
	return p.db.ReplacePaymentMethod(ctx, store.PaymentMethod{
		ID: fmt.Sprintf("card-%s-%d", customer, at.Unix()), CustomerID: customer, ProviderToken: token, Position: 1, ChangedAt: at,
	})
}

// changeCard replaces the customer's card, which ends its troubles, and tells whoever is collecting.
func (p *player) changeCard(ctx context.Context, customer, token string, at time.Time) error {
	if err := p.script(ctx, customer, sandbox.Scenario{Always: "ok"}); err != nil {
		return err
	}
	if err := p.giveCard(ctx, customer, token, at); err != nil {
		return err
	}
	open, err := p.db.OpenDunning(ctx, customer)
	if err != nil {
		return err
	}
	for _, dunning := range open {
		if err := p.clock.Forward(ctx, message.DunningID(dunning.InvoiceID), at); err != nil {
			return err
		}
		if err := p.client.PaymentNews(ctx, dunning.InvoiceID, message.PaymentNews{At: at, Reason: "payment_method_changed"}); err != nil {
			return err
		}
	}
	return nil
}

// script tells the sandbox how a customer's cards behave from now on. A customer the provider has not met has paid
// nothing yet and is left alone.
func (p *player) script(ctx context.Context, customerID string, scenario sandbox.Scenario) error {
	if p.sandbox == "" {
		return nil
	}
	customer, err := p.db.Customer(ctx, customerID)
	if err != nil || customer.ProviderCustomerID == nil {
		return err
	}
	scenario.Customer = *customer.ProviderCustomerID
	return sandbox.AddScenario(ctx, p.sandbox, scenario)
}

// importUsage brings in what the customers' systems exported for [from, to).
func (p *player) importUsage(ctx context.Context, from, to time.Time) error {
	for _, who := range p.signed {
		kind, ok := exports[who.Plan]
		if !ok {
			continue
		}
		row, err := p.db.Subscription(ctx, who.Subscription())
		if err != nil {
			return err
		}
		since, until := later(from, row.StartedAt), to
		if row.EndedAt != nil && row.EndedAt.Before(to) {
			until = *row.EndedAt
		}
		if !since.Before(until) {
			continue
		}
		if err := p.importFile(ctx, who, kind, since, until); err != nil {
			return fmt.Errorf("usage of %s: %w", who.ID, err)
		}
	}
	return nil
}

func (p *player) importFile(ctx context.Context, who person, kind export, from, to time.Time) error {
	file, err := usageFile(p.seed, who.ID, kind, from, to)
	if err != nil {
		return err
	}
	mapping, err := usagecsv.ParseMapping(kind.mapping)
	if err != nil {
		return err
	}
	summary, err := usagecsv.Read(ctx, bytes.NewReader(file), mapping, func(batch []usagecsv.Event) error {
		events := make([]store.UsageEvent, len(batch))
		for i, e := range batch {
			events[i] = store.UsageEvent{ID: e.ID, Meter: e.Meter, Quantity: e.Quantity, At: e.At}
		}
		_, err := p.db.AddUsage(ctx, who.ID, events)
		return err
	}, usagecsv.Options{})
	if err == nil && summary.Rejected > 0 {
		return errors.New("the demo's own file has rejected lines")
	}
	return err
}

// atShared starts what falls due for a whole company and waits for it; finance approves the returns at once.
func (p *player) atShared(ctx context.Context, due testclock.Shared) error {
	if due.Month != "" {
		run, err := p.client.StartInvoiceRun(ctx, due.EntityID, due.Month, due.At)
		if err != nil {
			return err
		}
		return run.Get(ctx, nil)
	}
	in := message.TaxFilingInput{EntityID: due.EntityID, Scheme: due.Scheme, Period: due.Quarter, AsOf: due.At}
	if _, err := p.client.StartTaxFiling(ctx, in); err != nil {
		return err
	}
	if err := p.computed(ctx, in); err != nil {
		return err
	}
	_, err := p.client.ApproveTaxFiling(ctx, due.EntityID, due.Scheme, due.Quarter, message.Approval{By: "finance-lead", At: due.At.Add(time.Minute)})
	return err
}

// computed waits until a return is there to be approved.
func (p *player) computed(ctx context.Context, in message.TaxFilingInput) error {
	for {
		state, err := p.client.TaxFilingState(ctx, in.EntityID, in.Scheme, in.Period)
		if err != nil {
			return err
		}
		if state.Missing != "" {
			return fmt.Errorf("return %s needs %s", in.ReturnID(), state.Missing)
		}
		if state.Status != store.ReturnFrozen && state.Status != "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
