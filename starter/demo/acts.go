package demo

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/usagecsv"
)

// act does what a story says.
func (p *player) act(ctx context.Context, s story) error {
	subscription := p.people[s.Customer].Subscription()
	asked := service.Asked{CommandID: fmt.Sprintf("demo-day-%d", s.Day)}
	var err error
	switch does := s.Does.(type) {
	case change:
		_, err = p.service.Change(ctx, subscription, does.request(asked))
	case cancel:
		_, err = p.service.Cancel(ctx, subscription, service.Cancel{Asked: asked, AtPeriodEnd: does.AtPeriodEnd, CreditUnused: does.Credit})
	case pause:
		_, err = p.service.Pause(ctx, subscription, service.Pause{Asked: asked})
	case resume:
		_, err = p.service.Resume(ctx, subscription, service.Resume{Asked: asked})
	case newCard:
		if err = p.script(ctx, s.Customer, sandbox.Scenario{Always: "ok"}); err == nil {
			_, err = p.service.SetPaymentMethod(ctx, s.Customer, does.Token, 1)
		}
	case cardTrouble:
		err = p.script(ctx, s.Customer, sandbox.Scenario{Script: does.Declines})
	case cardDies:
		err = p.script(ctx, s.Customer, sandbox.Scenario{Always: does.Code})
	default:
		err = fmt.Errorf("unknown story %T", does)
	}
	return err
}

func (c change) request(asked service.Asked) service.Change {
	request := service.Change{Asked: asked, Plan: c.Plan, AtPeriodEnd: c.AtPeriodEnd}
	if c.Seats > 0 {
		request.Seats = &c.Seats
	}
	return request
}

// script tells the sandbox how a customer's cards behave from now on. A customer the provider has not met has paid
// nothing yet and is left alone.
func (p *player) script(ctx context.Context, customerID string, scenario sandbox.Scenario) error {
	if p.sandbox == "" {
		return nil
	}
	customer, err := p.service.Customer(ctx, customerID)
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
		row, err := p.service.Subscription(ctx, who.Subscription())
		if err != nil {
			return err
		}
		since, until := from, to
		if row.StartedAt.After(since) {
			since = row.StartedAt
		}
		if row.EndedAt != nil && row.EndedAt.Before(until) {
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
	summary, err := p.service.ImportUsage(ctx, who.ID, bytes.NewReader(file), mapping, usagecsv.Options{})
	if err == nil && summary.Rejected > 0 {
		return fmt.Errorf("%d lines of the demo's own file were rejected: %v", summary.Rejected, summary.RejectedLines)
	}
	return err
}
