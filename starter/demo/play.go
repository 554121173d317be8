package demo

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

// player acts for the people of the demo: customers sign up and change their minds, systems export usage, finance approves.
// It has no way into the system but the one everybody has.
type player struct {
	service *service.Service
	// sandbox is where cards get their temperaments; empty when the real provider is used, whose cards have their own.
	sandbox  string
	seed     uint64
	people   map[string]person
	signed   []person
	progress func(now time.Time, waitingFor string)
}

// sideBySide is how many people act at the same time.
const sideBySide = 12

// approver is who approves the tax returns.
const approver = "finance-lead"

// play lets time pass until a moment, and then everybody act whose moment it is.
func (p *player) play(ctx context.Context, m moment) error {
	if err := p.passTime(ctx, m.at); err != nil {
		return err
	}
	if m.usage != nil {
		if err := p.importUsage(ctx, *m.usage, m.at); err != nil {
			return err
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(sideBySide)
	for _, who := range m.signUps {
		group.Go(func() error { return p.signUp(groupCtx, who) })
	}
	for _, s := range m.stories {
		group.Go(func() error {
			if err := p.act(groupCtx, s); err != nil {
				return fmt.Errorf("%s on day %d: %w", s.Customer, s.Day, err)
			}
			return nil
		})
	}
	p.signed = append(p.signed, m.signUps...)
	if err := group.Wait(); err != nil {
		return fmt.Errorf("at %s: %w", m.at.Format(time.RFC3339), err)
	}
	return nil
}

// passTime moves the clock, with the runs and returns that fall due on the way; finance approves what has been computed.
func (p *player) passTime(ctx context.Context, to time.Time) error {
	if _, err := p.service.AdvanceClock(ctx, clockID, to, p.progress); err != nil {
		return err
	}
	returns, err := p.service.TaxReturns(ctx, "")
	if err != nil {
		return err
	}
	for _, r := range returns {
		if r.Status != store.ReturnComputed {
			continue
		}
		filing := service.Filing{Entity: r.EntityID, Scheme: string(r.Scheme), Period: r.Period}
		if _, err := p.service.ApproveTaxFiling(ctx, filing, approver); err != nil {
			return fmt.Errorf("approve %s: %w", r.ID, err)
		}
	}
	return nil
}

func (p *player) signUp(ctx context.Context, who person) error {
	_, err := p.service.CreateCustomer(ctx, service.NewCustomer{
		ID: who.ID, Entity: who.Entity, Name: who.Name, Email: who.ID + "@customers.example", Country: who.Country, PostalCode: who.Postal,
		Zone: who.Zone, Currency: who.Currency, Locale: who.Locale, Business: who.Business, TaxID: who.TaxID, TaxIDValidated: who.TaxID != "",
		TestClock: clockID, PaymentMethod: who.Card,
	})
	if err != nil {
		return fmt.Errorf("%s signs up: %w", who.ID, err)
	}
	_, err = p.service.Subscribe(ctx, service.NewSubscription{ID: who.Subscription(), Customer: who.ID, Plan: who.Plan, Seats: who.Seats})
	if err != nil {
		return fmt.Errorf("%s subscribes: %w", who.ID, err)
	}
	return nil
}
