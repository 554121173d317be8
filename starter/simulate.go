package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/simulation"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/simulate"
)

const simulateManual = `Bill again, with another catalogue, what happened to a seller's subscriptions, and show what the invoices would have come to:
in total, by plan and charge, and for the customers whose bills change most. Amounts are without tax. Nothing is written.

What is compared are the invoices and credit notes issued in a month, or from --from until before --to, by the seller's clock.
Subscriptions, seats, changes, pauses, usage and billing periods stay what they were; prices are those of the file, and coupons take
off those what they would have. Tax, and how invoices are paid (credit, prepaid credit, payments), is left out. A plan version takes its prices from
the same version in the file or, if that is not there, from the newest one of the plan.

The same is done with the catalogue that was in force. That control must make the invoices that were issued, line by line; if it
does not, the command ends with code 1. See docs/simulation.md.`

// What to do about prices that the file does not have.
const (
	refuseMissing  = "refuse"
	oldForMissing  = "old"
	topCustomers   = 20
	betweenReports = 2 * time.Second
)

// simulateFlags are what is simulated, as it is written on a command line.
type simulateFlags struct {
	entity, catalog, period, missing string
	from, to                         instant
	customers                        []string
	overAgreed                       bool
	top                              int
}

func (p *program) simulate() *cobra.Command {
	var in simulateFlags
	c := &cobra.Command{
		Use: "simulate", Short: "Bill again what happened, with another catalogue", Long: simulateManual, Args: cobra.NoArgs,
		Example: `  go run ./starter simulate --entity acme --catalog new.yaml --period 2026-10
  go run ./starter simulate --entity acme --catalog new.yaml --from 2026-07-01 --to 2026-10-01 --customer cus_1,cus_2 --json
  go run ./starter simulate --entity acme --catalog team-only.yaml --period 2026-10 --missing old --top 50`,
		RunE: p.do(func(ctx context.Context, _ []string) error { return p.runSimulation(ctx, in) }),
	}
	f := c.Flags()
	f.StringVar(&in.entity, "entity", "", "the seller")
	f.StringVar(&in.catalog, "catalog", "", "the plans with the prices to be tried, in YAML or JSON; - reads standard input")
	f.StringVar(&in.period, "period", "", "the month in which the invoices were issued, such as 2026-10")
	f.Var(&in.from, "from", "in place of --period: from this day or time on")
	f.Var(&in.to, "to", "until before this day or time")
	f.StringSliceVar(&in.customers, "customer", nil, "only these customers (default: all)")
	f.StringVar(&in.missing, "missing", refuseMissing, "what to do when the file lacks a price: refuse, or take the old one")
	f.BoolVar(&in.overAgreed, "over-agreed", false, "try the file's prices also on those who have agreed on others, who keep theirs otherwise")
	f.IntVar(&in.top, "top", topCustomers, "how many customers to show per currency; 0 shows all")
	return needs(c, "entity", "catalog")
}

// simulated is the result with what it is of.
type simulated struct {
	EntityID string    `json:"entity_id"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Zone     string    `json:"zone"`
	// SoFar says that To is still to come.
	SoFar bool `json:"so_far,omitempty"`
	simulation.Result
}

func (p *program) runSimulation(ctx context.Context, in simulateFlags) error {
	if err := in.check(); err != nil {
		return err
	}
	plans, err := p.catalogToTry(in.catalog)
	if err != nil {
		return err
	}
	_, db, err := p.openDatabase(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	answer, err := in.span(ctx, db)
	if err != nil {
		return err
	}
	answer.Result, err = simulate.Run(ctx, db, simulate.Options{
		Range:   store.HistoryRange{EntityID: in.entity, Customers: in.customers, From: answer.From, To: answer.To},
		Catalog: plans, OverAgreed: in.overAgreed, Top: in.top, Progress: p.everyNowAndThen("subscriptions billed again"),
	})
	if err != nil {
		return err
	}
	if in.missing == refuseMissing && len(answer.Gaps) > 0 {
		return incomplete(answer.Gaps)
	}
	if err := p.show(answer, func(out io.Writer) error { return printSimulation(out, answer) }); err != nil {
		return err
	}
	if n := answer.Control.Differ; n > 0 {
		return fmt.Errorf("the control run differs from what was issued in %d invoices: the comparison cannot be trusted", n)
	}
	return nil
}

func (in simulateFlags) check() error {
	switch {
	case in.missing != refuseMissing && in.missing != oldForMissing:
		return wrong("missing", "%q must be %s or %s", in.missing, refuseMissing, oldForMissing)
	case in.top < 0:
		return wrong("top", "must be 0 or more, got %d", in.top)
	case in.period == "" && (in.from.IsZero() || in.to.IsZero()):
		return wrong("period", "give a month such as 2026-10, or --from and --to")
	case in.period != "" && !(in.from.IsZero() && in.to.IsZero()):
		return wrong("period", "leave it out, or --from and --to: they exclude each other")
	}
	return nil
}

// catalogToTry reads the file.
func (p *program) catalogToTry(name string) (plans []catalog.Plan, err error) {
	err = p.withFile(name, func(r io.Reader) error {
		if plans, err = simulate.ReadCatalog(r); err != nil {
			return wrong("catalog", "%s", err)
		}
		return nil
	})
	return plans, err
}

// span is the stretch of time by the seller's clock, after the seller and the customers were found.
func (in simulateFlags) span(ctx context.Context, db *store.Store) (simulated, error) {
	entity, err := db.Entity(ctx, in.entity)
	if err != nil {
		return simulated{}, unknown("entity", err)
	}
	zone, err := calendar.LoadZone(entity.Zone)
	if err != nil {
		return simulated{}, err
	}
	for _, id := range in.customers {
		customer, err := db.Customer(ctx, id)
		if err != nil {
			return simulated{}, unknown("customer", err)
		}
		if customer.EntityID != in.entity {
			return simulated{}, wrong("customer", "%s is a customer of %s, not of %s", id, customer.EntityID, in.entity)
		}
	}
	answer := simulated{EntityID: in.entity, Zone: entity.Zone, From: in.from.inZone(zone), To: in.to.inZone(zone)}
	if in.period != "" {
		month, err := calendar.MonthPeriod(zone, in.period)
		if err != nil {
			return simulated{}, wrong("period", "%s", err)
		}
		answer.From, answer.To = month.Start, month.End
	}
	if !answer.From.Before(answer.To) {
		return simulated{}, wrong("to", "must be after --from")
	}
	answer.SoFar = answer.To.After(time.Now())
	return answer, nil
}

// inZone is the instant where a day begins at midnight in a zone.
func (i *instant) inZone(zone calendar.Zone) time.Time {
	if i.day == nil {
		return i.Time
	}
	return zone.StartOfDay(*i.day)
}

func unknown(flag string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return wrong(flag, "%s", err)
	}
	return err
}

// incomplete lists what the file does not say.
func incomplete(gaps []simulation.Gap) error {
	problem := &service.Error{Kind: service.Invalid, Code: "catalog_incomplete"}
	for _, gap := range gaps {
		problem.Fields = append(problem.Fields, service.Field{Name: "catalog", Message: gap.Message})
	}
	problem.Fields = append(problem.Fields, service.Field{Name: "missing", Message: oldForMissing + " would take the old price for each of these"})
	return problem
}

// everyNowAndThen tells of progress when it takes long.
func (p *program) everyNowAndThen(what string) func(done, all int) {
	last := time.Now()
	return func(done, all int) {
		if time.Since(last) < betweenReports {
			return
		}
		last = time.Now()
		fmt.Fprintf(p.err, "%d of %d %s\n", done, all, what)
	}
}
