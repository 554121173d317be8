package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// errFailed is returned when something does not hold.
var errFailed = errors.New("something does not hold")

// chaos is one run.
type chaos struct {
	options  options
	house    *house
	clients  *clients
	saboteur *saboteur
	tracker  *tracker
	hunters  []*hunter
	closed   atomic.Bool
	began    time.Time
}

// run carries out a whole run and reports. The data directory is kept when something is wrong.
func run(ctx context.Context, o options) (err error) {
	began := time.Now()
	h, err := open(ctx, o)
	defer func() {
		err = errors.Join(err, h.close())
		err = errors.Join(err, h.leave(o, err))
	}()
	if err != nil {
		return err
	}
	c := &chaos{
		options: o, house: h, clients: newClients(h.apiURL), tracker: newTracker(o), began: began,
		saboteur: newSaboteur(h.system.Config.StripeURL, o.faults, random(o.seed, "faults")),
	}
	if err := c.disturb(ctx); err != nil {
		return err
	}
	r, err := c.report(ctx)
	if err != nil {
		return err
	}
	if err := r.print(o); err != nil {
		return err
	}
	if !r.Holds {
		return errFailed
	}
	return nil
}

// leave deletes the data directory, or says where it is and how to get there again.
func (h *house) leave(o options, failed error) error {
	if failed == nil && !o.keep {
		return os.RemoveAll(h.dir) //nolint:gosec // a folder that open made
	}
	fmt.Fprintf(o.progress, "\nData directory: %s\n", h.dir)
	if failed != nil {
		fmt.Fprintf(o.progress, "Again (the same plan; what it hits depends on the moment): %s\n", o.again())
	}
	return nil
}

// disturb lets the months pass while everything goes wrong, and returns when all is quiet again.
func (c *chaos) disturb(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var background errgroup.Group
	if err := c.prepare(ctx); err != nil {
		return err
	}
	background.Go(func() error { c.watch(ctx, stop); return nil })
	background.Go(func() error { return c.saboteur.work(ctx) })
	shoppers, hunters := new(errgroup.Group), new(errgroup.Group)
	for n := range 2 {
		s := &shopper{clients: c.clients, name: fmt.Sprintf("shopper-%d", n+1), closed: &c.closed, random: random(c.options.seed, fmt.Sprintf("shopper %d", n))}
		shoppers.Go(func() error { return halt(stop, s.shop(ctx)) })
	}
	for _, h := range c.hunters {
		hunters.Go(func() error { return halt(stop, h.hunt(ctx)) })
	}
	err := c.play(ctx, stop)
	c.tracker.finish()
	err = errors.Join(err, hunters.Wait())
	for _, h := range c.hunters { // from now on they only keep everything running
		background.Go(func() error { return h.keep(ctx) })
	}
	c.closed.Store(true)
	err = errors.Join(err, shoppers.Wait())
	for _, step := range []func(context.Context) error{c.calm, c.payOut, c.calm} {
		if err == nil {
			err = step(ctx)
		}
	}
	cause := context.Cause(ctx)
	stop(nil)
	if cause != nil {
		err = cause
	}
	return errors.Join(err, background.Wait())
}

// halt ends the run when a part of it failed.
func halt(stop context.CancelCauseFunc, err error) error {
	if err != nil {
		stop(err)
	}
	return err
}

// prepare signs up the customers who will want something after each kill.
func (c *chaos) prepare(ctx context.Context) error {
	processes := map[string]process{
		killWorker: c.house.system.Worker, killAPI: c.house.api, killTemporal: c.house.system.TemporalServer, killPostgres: c.house.system.Postgres,
	}
	for _, kind := range kinds {
		h := &hunter{
			kind: kind, process: processes[kind], plan: killPlan(c.options, kind), done: c.tracker.done, clients: c.clients,
			probe: &prober{clients: c.clients, id: "probe-" + kind}, began: c.began,
		}
		if err := h.probe.signUp(ctx); err != nil {
			return err
		}
		c.hunters = append(c.hunters, h)
	}
	return nil
}

// play lets the months of all markets pass, side by side.
func (c *chaos) play(ctx context.Context, stop context.CancelCauseFunc) error {
	var playing errgroup.Group
	all := people(c.options)
	for _, m := range markets {
		if !m.clock {
			continue
		}
		crowd := &crowd{clients: c.clients, sandbox: c.saboteur.url, house: c.house, seed: c.options.seed, market: m}
		for _, p := range all {
			if p.market.id == m.id {
				crowd.people = append(crowd.people, p)
			}
		}
		playing.Go(func() error { return halt(stop, crowd.play(ctx, c.options, c.tracker)) })
	}
	return playing.Wait()
}

const (
	progressEvery = 5 * time.Second
	// calmWithin is how long everything may take to come to rest after the last disturbance.
	calmWithin = 3 * time.Minute
)

// watch shows the progress and ends the run when nothing moves any more.
func (c *chaos) watch(ctx context.Context, stop context.CancelCauseFunc) {
	shown := time.Now()
	for pause(ctx, 100*time.Millisecond) {
		if periods, err := c.house.system.Store.Periods(ctx); err == nil { // Postgres may be down
			c.tracker.counted(periods)
		}
		if time.Since(shown) >= progressEvery {
			shown = time.Now()
			fmt.Fprintln(c.options.progress, c.line())
		}
		if err := c.tracker.stuck(); err != nil {
			stop(err)
			return
		}
	}
}

// payOut has the provider pay out all that it holds, and the money arrive: that must be in our books, too.
func (c *chaos) payOut(ctx context.Context) error {
	url := c.saboteur.url
	if err := sandbox.SetPayouts(ctx, url, sandbox.Payouts{Schedule: sandbox.DailyPayouts}); err != nil {
		return err
	}
	const settled = 10 * 24 * time.Hour // two days until money is available, the next midnight, a business day on its way
	_, err := sandbox.AdvanceClock(ctx, url, sandbox.Advance{By: settled.String()})
	return err
}

// calm waits until what was disturbed has come to rest: no fault is waiting, all webhooks have arrived and been acted
// on, no message is on its way, and no activity is under way.
func (c *chaos) calm(ctx context.Context) error {
	if err := c.saboteur.forget(ctx); err != nil {
		return err
	}
	began := time.Now()
	for {
		waitingFor, err := c.unrest(ctx)
		if err == nil && waitingFor == "" {
			return nil
		}
		if time.Since(began) > calmWithin {
			return fmt.Errorf("%s after the last disturbance it is not quiet: %s: %w", calmWithin, waitingFor, err)
		}
		if !pause(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
}
