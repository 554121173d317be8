// Package demo plays a year of three companies' billing on the real engine: a real Temporal server whose clock is moved,
// a real Postgres, and the real client libraries of Stripe and SendGrid against the sandbox.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/proof"
	"github.com/perennial-billing/perennial/starter/service"
)

// Options say what is played and how it is shown.
type Options struct {
	// Env is the environment: what it names (DATABASE_URL, TEMPORAL_ADDRESS, keys) is used instead of a stand-in.
	Env config.Environment
	// Months is how many months are played, 1 to 36.
	Months int
	// Start is the first day; zero: the next 1 January. It must lie in the future, where test clocks live.
	Start calendar.Date
	// Seed makes the usage; the same seed and start give the same figures.
	Seed uint64
	// Exit ends the demo after the proofs instead of staying for people to look around.
	Exit bool
	// JSON prints the result as one JSON object.
	JSON bool
	// Out receives the result, Progress what happens meanwhile.
	Out      io.Writer
	Progress io.Writer
	// Today is the day on which the demo is run.
	Today calendar.Date
	// WithStack, when set, is given the running system before the year begins: the API is served on it, tests disturb it.
	// What it returns, unless nil, is called before the system stops.
	WithStack func(*stack.Stack) (release func())
}

// ErrProofFailed is returned when a proof does not hold.
var ErrProofFailed = errors.New("a proof failed")

const (
	clockID   = "demo"
	maxMonths = 36
	// lastCall is how long after the last day the last month's run and the last quarter's returns are done.
	lastCall = 14 * time.Hour
)

func (o *Options) complete() error {
	if o.Months < 1 || o.Months > maxMonths {
		return fmt.Errorf("--months must be from 1 to %d, not %d", maxMonths, o.Months)
	}
	if o.Start.IsZero() {
		o.Start = calendar.Date{Year: o.Today.Year + 1, Month: time.January, Day: 1}
	}
	if o.Start.Compare(o.Today.AddDays(2)) < 0 {
		return fmt.Errorf("--start %s: test clocks run ahead of today, so begin on %s or later", o.Start, o.Today.AddDays(2))
	}
	return nil
}

// Run plays the demo. It returns ErrProofFailed when a proof does not hold. Unless Exit is set it then stays until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	if err := o.complete(); err != nil {
		return err
	}
	system, err := stack.Start(ctx, stack.Options{Env: o.Env, UI: true, Progress: o.Progress, WorkerLog: o.Progress})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, system.Close()) }()
	if o.WithStack != nil {
		if release := o.WithStack(system); release != nil {
			defer release()
		}
	}
	began := time.Now()
	result, err := play(ctx, o, system)
	if ctx.Err() != nil { // what was under way says that it is still being carried out, which it is not for long
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	result.Seconds = time.Since(began).Seconds()
	if err := show(o, result); err != nil {
		return err
	}
	if !o.Exit {
		fmt.Fprintln(o.Progress, "\nEverything keeps running for you to look around. Press Ctrl-C to end it.")
		<-ctx.Done()
	}
	if !result.Proofs.Holds() {
		return ErrProofFailed
	}
	return nil
}

func show(o Options, result Result) error {
	if o.JSON {
		encoder := json.NewEncoder(o.Out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(result)
	}
	result.Print(o.Out)
	return nil
}

// play sets the scene, lets the months pass and draws the balance.
func play(ctx context.Context, o Options, system *stack.Stack) (Result, error) {
	from := utc(o.Start, 0)
	end := utc(month.Nth(o.Start, o.Months), 0)
	result := Result{From: from, To: end}
	p, moments, err := prepare(ctx, o, system, from, end)
	if err != nil {
		return result, err
	}
	for _, m := range moments {
		if err := p.play(ctx, m); err != nil {
			return result, err
		}
	}
	if err := p.passTime(ctx, end.Add(lastCall)); err != nil {
		return result, err
	}
	if err := mailGone(ctx, system.Store); err != nil {
		return result, err
	}
	if result.Companies, err = summarise(ctx, system.Store); err != nil {
		return result, err
	}
	if result.Mail, err = system.Store.MailCounts(ctx); err != nil {
		return result, err
	}
	if result.Proofs, err = proof.Run(ctx, system.Store, system.Config.StripeURL); err != nil {
		return result, err
	}
	result.Links, err = links(ctx, system)
	return result, err
}

func prepare(ctx context.Context, o Options, system *stack.Stack, from, end time.Time) (*player, []moment, error) {
	db := system.Store
	if err := found(ctx, db, from); err != nil {
		return nil, nil, err
	}
	if err := publishRates(ctx, db, o.Start, month.Nth(o.Start, o.Months+1)); err != nil {
		return nil, nil, err
	}
	// East of Greenwich the first day begins before it does in UTC.
	if err := db.AddClock(ctx, store.Clock{ID: clockID, Now: from.AddDate(0, 0, -1)}); err != nil {
		return nil, nil, err
	}
	all, err := people()
	if err != nil {
		return nil, nil, err
	}
	moments, err := timeline(o.Start, end.Add(lastCall), all)
	if err != nil {
		return nil, nil, err
	}
	show := &progress{out: o.Progress, db: db, end: end}
	p := &player{
		service: service.New(db, system.Temporal, system.Namespace, time.Now), sandbox: system.Config.StripeURL, seed: o.Seed,
		people: map[string]person{}, progress: func(now time.Time, waitingFor string) { show.tell(ctx, now, waitingFor) },
	}
	for _, who := range all {
		p.people[who.ID] = who
	}
	return p, moments, nil
}

// Mail is sent beside the billing, not inside it. At the end of the demo, what waits is given mailPatience to leave; a
// message whose sender died while sending is not waited for longer than mailInFlight.
const (
	mailPatience = time.Minute
	mailInFlight = 3 * time.Second
)

// mailGone waits until the outbox is empty.
func mailGone(ctx context.Context, db *store.Store) error {
	began := time.Now()
	for {
		counts, err := db.MailCounts(ctx)
		if err != nil {
			return err
		}
		waited := time.Since(began)
		if counts["pending"] == 0 && (counts["sending"] == 0 || waited > mailInFlight) {
			return nil
		}
		if waited > mailPatience {
			return fmt.Errorf("%d messages are still in the outbox after %s", counts["pending"], mailPatience)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// links are where to look further, with the latest invoice of each company.
func links(ctx context.Context, system *stack.Stack) (Links, error) {
	found := Links{TemporalUI: system.TemporalUI, Mailbox: system.Mailbox, API: system.Config.PublicURL + "/docs"}
	for _, company := range companies {
		invoices, err := system.Store.Invoices(ctx, store.InvoiceFilter{EntityID: company.ID, Status: "paid", Limit: 1000})
		if err != nil {
			return found, err
		}
		if len(invoices) > 0 {
			found.Invoices = append(found.Invoices, system.Config.PublicURL+"/invoices/"+invoices[len(invoices)-1].PageKey)
		}
	}
	return found, nil
}
