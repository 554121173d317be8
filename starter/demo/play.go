package demo

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	"github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/workflows/message"
)

// player acts for the people of the demo: customers sign up and change their minds, systems export usage, finance approves.
type player struct {
	db     *store.Store
	client *client.Client
	clock  *testclock.Clock
	// sandbox is where cards get their temperaments; empty when the real provider is used, whose cards have their own.
	sandbox string
	seed    uint64
	people  map[string]person
	signed  []person
}

// sideBySide is how many people act at the same time.
const sideBySide = 12

// do lets everybody act whose moment has come.
func (p *player) do(ctx context.Context, m moment) error {
	if m.usage != nil {
		if err := p.importUsage(ctx, *m.usage, m.at); err != nil {
			return err
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(sideBySide)
	for _, who := range m.signUps {
		group.Go(func() error { return p.signUp(groupCtx, who, m.at) })
	}
	for _, s := range m.stories {
		group.Go(func() error {
			if err := p.act(groupCtx, s, m.at); err != nil {
				return fmt.Errorf("%s on day %d: %w", s.Customer, s.Day, err)
			}
			return nil
		})
	}
	p.signed = append(p.signed, m.signUps...)
	return group.Wait()
}

func (p *player) signUp(ctx context.Context, who person, at time.Time) error {
	clockID := p.clock.ID
	customer := store.Customer{
		ID: who.ID, EntityID: who.Entity, Name: who.Name, Email: who.ID + "@customers.example", Country: who.Country, PostalCode: who.Postal,
		Zone: who.Zone, Currency: money.Currency(who.Currency), Locale: who.Locale, Business: who.Business, TaxID: who.TaxID,
		TaxIDValid: who.TaxID != "", TestClockID: &clockID, CreatedAt: at,
	}
	if err := p.db.AddCustomer(ctx, customer); err != nil {
		return err
	}
	if err := p.giveCard(ctx, who.ID, who.Card, at); err != nil {
		return err
	}
	_, err := p.client.Subscribe(ctx, message.Subscribe{
		SubscriptionID: who.Subscription(), CustomerID: who.ID, EntityID: who.Entity, Currency: customer.Currency,
		Terms: subscription.Terms{PlanID: who.Plan, PlanVersion: 1, Seats: who.Seats}, StartAt: at, AwaitStart: true,
	})
	return err
}
