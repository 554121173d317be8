package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/service"
)

// asked adds the flags of every command to a subscription.
func asked(c *cobra.Command, in *service.Asked) {
	c.Flags().StringVar(&in.CommandID, "idempotency-key", "", "makes repeating the command safe")
	c.Flags().StringVar(&in.Actor, "actor", "operator", "who asks, for the record")
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for the record")
}

// steer makes a command to a subscription.
func (p *program) steer(c *cobra.Command, do func(ctx context.Context, svc *service.Service, id string) (service.CommandResult, error)) *cobra.Command {
	c.Args = cobra.ExactArgs(1)
	c.RunE = p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
		done, err := do(ctx, svc, args[0])
		if err != nil {
			return err
		}
		return p.printSubscription(done, done.Subscription)
	})
	return c
}

func (p *program) change() *cobra.Command {
	var in service.Change
	var seats int64
	c := &cobra.Command{
		Use: "change ID", Short: "Change plan or seats, now or at the period's end",
		Example: `  go run ./starter subscription change cafe-team --seats 12
  go run ./starter subscription change erika-pro --plan pro-yearly --at-period-end`,
	}
	f := c.Flags()
	f.StringVar(&in.Plan, "plan", "", "the new plan")
	f.IntVar(&in.PlanVersion, "plan-version", 0, "version of the plan (default: the newest)")
	f.Int64Var(&seats, "seats", 0, "the new number of seats")
	f.BoolVar(&in.AtPeriodEnd, "at-period-end", false, "wait for the end of the billing period")
	asked(c, &in.Asked)
	return p.steer(c, func(ctx context.Context, svc *service.Service, id string) (service.CommandResult, error) {
		if f.Changed("seats") {
			in.Seats = &seats
		}
		return svc.Change(ctx, id, in)
	})
}

func (p *program) cancel() *cobra.Command {
	var in service.Cancel
	c := &cobra.Command{
		Use: "cancel ID", Short: "Cancel, now or at the period's end",
		Example: `  go run ./starter subscription cancel erika-pro --at-period-end
  go run ./starter subscription cancel cafe-team --credit-unused --reason "moved to another team"`,
	}
	c.Flags().BoolVar(&in.AtPeriodEnd, "at-period-end", false, "wait for the end of the billing period")
	c.Flags().BoolVar(&in.CreditUnused, "credit-unused", false, "credit the paid time that is left")
	asked(c, &in.Asked)
	return p.steer(c, func(ctx context.Context, svc *service.Service, id string) (service.CommandResult, error) {
		return svc.Cancel(ctx, id, in)
	})
}

func (p *program) pause() *cobra.Command {
	var in service.Asked
	c := &cobra.Command{
		Use: "pause ID", Short: "Stop billing until it is resumed", Example: "  go run ./starter subscription pause erika-pro --reason holidays",
	}
	asked(c, &in)
	return p.steer(c, func(ctx context.Context, svc *service.Service, id string) (service.CommandResult, error) {
		return svc.Pause(ctx, id, in)
	})
}

func (p *program) resume() *cobra.Command {
	var in service.Asked
	c := &cobra.Command{
		Use: "resume ID", Short: "Begin a new billing period after a pause", Example: "  go run ./starter subscription resume erika-pro",
	}
	asked(c, &in)
	return p.steer(c, func(ctx context.Context, svc *service.Service, id string) (service.CommandResult, error) {
		return svc.Resume(ctx, id, in)
	})
}
