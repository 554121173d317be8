package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// usageEvent is one metered event as the API takes it.
type usageEvent struct {
	ID       string    `json:"id"`
	Meter    string    `json:"meter"`
	Quantity string    `json:"quantity"`
	At       time.Time `json:"at"`
}

// sideBySide is how many people of a market act at the same time.
const sideBySide = 8

// crowd acts for the customers of one market on a test clock.
type crowd struct {
	clients *clients
	sandbox string
	house   *house
	seed    uint64
	market  market
	people  []person
	paused  sync.Map // by customer
}

// each lets everybody act, side by side. A refusal is an answer too.
func (c *crowd) each(ctx context.Context, act func(ctx context.Context, p person) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sideBySide)
	for _, p := range c.people {
		group.Go(func() error { return act(ctx, p) })
	}
	return group.Wait()
}

// signUp makes the customer and the subscription.
func (c *crowd) signUp(ctx context.Context, p person) error {
	if err := c.clients.ask(ctx, newCustomer(p.id, p.market, p.card)); err != nil {
		return err
	}
	body := map[string]any{"id": p.subscription(), "customer": p.id, "plan": p.market.plan(p.plan), "seats": p.seats}
	if p.startsAfter > 0 {
		body["start_at"] = c.house.began.Add(p.startsAfter)
	}
	return c.clients.ask(ctx, request{
		method: http.MethodPost, path: "/v1/subscriptions", body: body,
		promise: promise{kind: "subscription", customer: p.id, subscription: p.subscription()},
	})
}

func newCustomer(id string, m market, card string) request {
	body := map[string]any{
		"id": id, "entity": m.id, "name": "Customer " + id, "email": id + "@customers.example", "country": m.country, "zone": m.zone,
		"currency": m.currency, "payment_method": card,
	}
	if m.clock {
		body["test_clock"] = m.id
	}
	return request{method: http.MethodPost, path: "/v1/customers", body: body, promise: promise{kind: "customer", customer: id}}
}

// month is what a customer does in the middle of a month, the instant being the clock's.
func (c *crowd) month(n int, at time.Time) func(context.Context, person) error {
	return func(ctx context.Context, p person) error {
		if c.house.began.Add(p.startsAfter).After(at) {
			return nil
		}
		r := random(c.seed, fmt.Sprintf("%s in month %d", p.id, n))
		for _, act := range []func(context.Context, *rand.Rand, int, time.Time, person) error{c.use, c.change, c.replaceCard, c.trouble} {
			if err := act(ctx, r, n, at, p); err != nil && !errors.Is(err, errRefused) {
				return err
			}
		}
		return nil
	}
}

// use reports usage since the middle of the month before.
func (c *crowd) use(ctx context.Context, r *rand.Rand, n int, at time.Time, p person) error {
	events := make([]usageEvent, 1+r.IntN(8))
	for i := range events {
		events[i] = usageEvent{
			ID: fmt.Sprintf("%s-%d-%d", p.id, n, i), Meter: meter, Quantity: strconv.Itoa(1 + r.IntN(400)),
			At: at.Add(-time.Duration(r.IntN(14*24)) * time.Hour),
		}
	}
	return c.clients.ask(ctx, usage(p.id, events))
}

func usage(customer string, events []usageEvent) request {
	return request{
		method: http.MethodPost, path: "/v1/usage", body: map[string]any{"customer": customer, "events": events},
		promise: promise{kind: "usage", customer: customer, events: events},
	}
}

// change is one of the things that a customer of the renewal plan may do, mostly nothing.
func (c *crowd) change(ctx context.Context, r *rand.Rand, n int, _ time.Time, p person) error {
	key := fmt.Sprintf("month-%d", n)
	if p.plan != seatPlan {
		return nil
	}
	draw := r.IntN(100)
	_, paused := c.paused.LoadAndDelete(p.id)
	switch {
	case paused:
		resume := command(p, "resume", key, map[string]any{})
		resume.promise.resumes = true
		return c.clients.ask(ctx, resume)
	case draw < 12:
		return c.clients.ask(ctx, changeSeats(p.subscription(), p.id, key, 1+r.Int64N(12)))
	case draw < 14:
		c.paused.Store(p.id, true)
		return c.clients.ask(ctx, command(p, "pause", key, map[string]any{}))
	case draw < 15:
		return c.clients.ask(ctx, command(p, "cancel", key, map[string]any{"at_period_end": true}))
	}
	return nil
}

func command(p person, verb, key string, body map[string]any) request {
	return request{
		method: http.MethodPost, path: "/v1/subscriptions/" + p.subscription() + "/" + verb, key: key, body: body,
		promise: promise{kind: "command", customer: p.id, subscription: p.subscription(), key: key},
	}
}

func changeSeats(subscription, customer, key string, seats int64) request {
	return request{
		method: http.MethodPost, path: "/v1/subscriptions/" + subscription + "/change", key: key, body: map[string]any{"seats": seats},
		promise: promise{kind: "command", customer: customer, subscription: subscription, key: key, seats: seats},
	}
}

// replaceCard gives some of those whose card always declines a good one.
func (c *crowd) replaceCard(ctx context.Context, r *rand.Rand, _ int, _ time.Time, p person) error {
	if p.card != badCard || r.IntN(3) > 0 {
		return nil
	}
	return c.clients.ask(ctx, request{
		method: http.MethodPut, path: "/v1/customers/" + p.id + "/payment-method", body: map[string]any{"payment_method": goodCard},
		promise: promise{kind: "card", customer: p.id},
	})
}

// trouble scripts declines for the next charges of a few good cards.
func (c *crowd) trouble(ctx context.Context, r *rand.Rand, _ int, _ time.Time, p person) error {
	if r.IntN(100) >= 4 {
		return nil
	}
	script := []string{"insufficient_funds", "try_again_later", "insufficient_funds", "do_not_honor"}[:1+r.IntN(4)]
	var provider *string
	err := persist(ctx, func() error {
		customer, err := c.house.service.Customer(ctx, p.id)
		provider = customer.ProviderCustomerID
		return err
	})
	if err != nil || provider == nil {
		return err
	}
	return sandbox.AddScenario(ctx, c.sandbox, sandbox.Scenario{Customer: *provider, Script: script})
}

// persist repeats a reading of ours until it works: Postgres may be down.
func persist(ctx context.Context, f func() error) error {
	began := time.Now()
	for {
		err := f()
		if err == nil || ctx.Err() != nil || time.Since(began) > startPatience {
			return err
		}
		if !pause(ctx, startAgain) {
			return ctx.Err()
		}
	}
}
