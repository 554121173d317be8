package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// prober is a customer in real time who wants something whenever something was killed: other seats, which takes the API,
// Temporal, the worker, Postgres and, for the invoice, the payment provider. Each kind of kill has its own.
type prober struct {
	clients *clients
	id      string
	asked   int64
}

// signUp makes the customer, before anything is killed.
func (p *prober) signUp(ctx context.Context) error {
	m := markets[len(markets)-1]
	if err := p.clients.ask(ctx, newCustomer(p.id, m, goodCard)); err != nil {
		return err
	}
	return p.clients.ask(ctx, subscribeNow(p.id, m, 1))
}

func subscribeNow(id string, m market, seats int64) request {
	return request{
		method: http.MethodPost, path: "/v1/subscriptions",
		body:    map[string]any{"id": "sub-" + id, "customer": id, "plan": m.plan(seatPlan), "seats": seats},
		promise: promise{kind: "subscription", customer: id, subscription: "sub-" + id},
	}
}

func (p *prober) ask(ctx context.Context) error {
	p.asked++
	return p.clients.ask(ctx, changeSeats("sub-"+p.id, p.id, fmt.Sprintf("probe-%d", p.asked), 2+p.asked%7))
}

// shopper signs up one customer in real time after the other, as long as the shop is open; each changes seats a few times
// and reports usage. So the API always has something to do when something is killed.
type shopper struct {
	clients *clients
	name    string
	random  *rand.Rand
	closed  *atomic.Bool
}

func (s *shopper) shop(ctx context.Context) error {
	m := markets[len(markets)-1]
	for n := 1; !s.closed.Load(); n++ {
		id := fmt.Sprintf("%s-%d", s.name, n)
		card := goodCard
		if s.random.IntN(20) == 0 {
			card = badCard
		}
		wanted := []request{newCustomer(id, m, card), subscribeNow(id, m, 1+s.random.Int64N(5))}
		for k := range 1 + s.random.IntN(4) {
			wanted = append(wanted, changeSeats("sub-"+id, id, fmt.Sprintf("change-%d", k), 6+int64(k)*2+s.random.Int64N(2)))
		}
		wanted = append(wanted, usage(id, []usageEvent{{ID: id, Meter: meter, Quantity: "12", At: time.Now().UTC().Truncate(time.Second)}}))
		for _, r := range wanted {
			if err := s.clients.ask(ctx, r); err != nil && !errors.Is(err, errRefused) {
				return ignoreEnd(ctx, err)
			}
			if !pause(ctx, time.Duration(200+s.random.IntN(500))*time.Millisecond) {
				return nil
			}
		}
	}
	return nil
}
