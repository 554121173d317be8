package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) clocks() *cobra.Command {
	return p.group("clock", "Move customers through time on a development server", p.createClock(), p.attachClock(), p.showClock(), p.advanceClock())
}

func (p *program) createClock() *cobra.Command {
	var at instant
	c := &cobra.Command{
		Use: "create ID", Short: "Create a test clock", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter clock create year --at 2027-01-01",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			created, err := svc.CreateClock(ctx, args[0], at.Time)
			if err != nil {
				return err
			}
			return p.printClock(created)
		}),
	}
	c.Flags().Var(&at, "at", "where it stands, a day at midnight UTC; not in the past (default: now)")
	return c
}

func (p *program) attachClock() *cobra.Command {
	return &cobra.Command{
		Use: "attach ID CUSTOMER", Short: "Give a customer who has nothing yet the time of a test clock", Args: cobra.ExactArgs(2),
		Example: "  go run ./starter clock attach year erika",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			attached, err := svc.AttachClock(ctx, args[0], args[1])
			if err != nil {
				return err
			}
			return p.printClock(attached)
		}),
	}
}

func (p *program) showClock() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a test clock and what is due on it next", Args: cobra.ExactArgs(1), Example: "  go run ./starter clock show year",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.Clock(ctx, args[0])
			if err != nil {
				return err
			}
			return p.printClock(found)
		}),
	}
}

func (p *program) advanceClock() *cobra.Command {
	var to instant
	c := &cobra.Command{
		Use: "advance ID", Short: "Let time pass for everybody on a test clock", Args: cobra.ExactArgs(1),
		Long: `Let time pass for everybody on a test clock: renewals and collections happen, months are billed and tax returns are
prepared as they fall due. It needs the development server, whose workflows can be moved in time.`,
		Example: "  go run ./starter clock advance year --to 2027-04-01",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			moved, err := svc.AdvanceClock(ctx, args[0], to.Time, p.clockProgress())
			if err != nil {
				return err
			}
			return p.printClock(moved)
		}),
	}
	c.Flags().Var(&to, "to", "the instant to go to, or the day, at midnight UTC")
	return needs(c, "to")
}

// clockProgress says each day that is reached, and what is waited for.
func (p *program) clockProgress() func(now time.Time, waitingFor string) {
	day := ""
	return func(now time.Time, waitingFor string) {
		if waitingFor != "" {
			fmt.Fprintf(p.err, "%s waiting for %s\n", now.Format(time.DateOnly), waitingFor)
		} else if today := now.Format(time.DateOnly); today != day {
			day = today
			fmt.Fprintln(p.err, day)
		}
	}
}

func (p *program) printClock(c service.Clock) error {
	return p.show(c, func(out io.Writer) error {
		if err := facts(out, "Test clock", c.ID, "Now", c.Now); err != nil || len(c.Due) == 0 {
			return err
		}
		rows := make([][]any, len(c.Due))
		for i, due := range c.Due {
			rows[i] = []any{due.At, due.WorkflowID, due.CustomerID}
		}
		fmt.Fprintln(out)
		return table(out, "due next|workflow|customer", rows)
	})
}
