package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/starter/service"
)

// asked adds the flags of every command to a subscription.
func asked(c *cobra.Command, in *service.Asked) {
	c.Flags().StringVar(&in.CommandID, "idempotency-key", "", "makes repeating the command safe")
	c.Flags().StringVar(&in.Actor, "actor", "operator", "who asks, for the record")
	c.Flags().StringVar(&in.Reason, "reason", "", "why, for the record")
}

// ordering is the command line of an order: the command, when it takes effect, and what it then asks for.
type ordering struct {
	command *cobra.Command
	at      instant
	// on, of an order that can wait, is where it says when.
	on *time.Time
	// read, if set, reads what the flags do not hold themselves, such as the files that they name.
	read  func(p *program) error
	order func() service.Order
}

// ordered begins the command line that fills an order in.
func ordered[O service.Order](in *O, its *service.Asked, use, short, example string) *ordering {
	o := &ordering{
		command: &cobra.Command{Use: use, Short: short, Example: example, Args: cobra.ExactArgs(1)},
		order:   func() service.Order { return *in },
	}
	asked(o.command, its)
	return o
}

// when adds the flags that say when an order takes effect.
func (o *ordering) when(on *time.Time, atPeriodEnd *bool) {
	o.on = on
	o.command.Flags().BoolVar(atPeriodEnd, "at-period-end", false, "wait for the end of the billing period")
	o.command.Flags().Var(&o.at, "at", "plan it for a later date, at the customer's midnight, or time (default: now)")
	o.command.MarkFlagsMutuallyExclusive("at", "at-period-end")
}

// fill completes the order for a subscription: a day begins where its customer lives.
func (o *ordering) fill(ctx context.Context, p *program, svc *service.Service, subscriptionID string) error {
	if o.read != nil {
		if err := o.read(p); err != nil {
			return err
		}
	}
	if o.on == nil {
		return nil
	}
	*o.on = o.at.Time
	if o.at.day == nil {
		return nil
	}
	found, err := svc.Subscription(ctx, subscriptionID)
	if err == nil {
		*o.on, err = o.at.inZoneOf(ctx, svc, found.CustomerID)
	}
	return err
}

// orders are the command lines of everything that a subscription can be asked for.
func orders() []*ordering {
	return []*ordering{billingLate(), changing(), canceling(), pausing(), reactivating(), resuming(), transferring(), withdrawing()}
}

// steer makes the commands that carry orders out.
func (p *program) steer() []*cobra.Command {
	var commands []*cobra.Command
	for _, o := range orders() {
		commands = append(commands, p.carry(o, func(ctx context.Context, svc *service.Service, id string, order service.Order) error {
			done, err := svc.CarryOut(ctx, id, order)
			if err != nil {
				return err
			}
			return p.printSubscription(done, done.Subscription)
		}))
	}
	return commands
}

// previews makes the commands that only say what orders would do.
func (p *program) previews() *cobra.Command {
	g := p.group("preview", "Show the invoices that a command would make, without carrying it out")
	for _, o := range orders() {
		o.command.Short = "Preview: " + o.command.Short
		o.command.Example = "  go run ./starter subscription preview " + o.command.Name() + " " + previewed[o.command.Name()]
		g.AddCommand(p.carry(o, func(ctx context.Context, svc *service.Service, id string, order service.Order) error {
			preview, err := svc.Preview(ctx, id, order)
			if err != nil {
				return err
			}
			return p.printPreview(preview)
		}))
	}
	return g
}

// previewed are examples for each command.
var previewed = map[string]string{
	"bill-late": "erika-pro", "cancel": "cafe-team --credit-unused", "change": "cafe-team --seats 12", "pause": "erika-pro --mode extend",
	"reactivate": "erika-pro", "resume": "erika-pro", "transfer": "cafe-team --customer roastery", "withdraw": "erika-pro --planned cancel-in-june",
}

func (p *program) carry(o *ordering, do func(context.Context, *service.Service, string, service.Order) error) *cobra.Command {
	o.command.RunE = p.askWorkflow(func(ctx context.Context, svc *service.Service, args []string) error {
		if err := o.fill(ctx, p, svc, args[0]); err != nil {
			return err
		}
		return do(ctx, svc, args[0], o.order())
	})
	return o.command
}

func changing() *ordering {
	var in service.Change
	var seats int64
	var prices string
	o := ordered(&in, &in.Asked, "change ID", "Change plan, seats or add-ons, now, at the period's end or on a date",
		`  go run ./starter subscription change cafe-team --seats 12
  go run ./starter subscription change erika-pro --plan pro-yearly --at-period-end
  go run ./starter subscription change cafe-team --add-on storage=3 --add-on support=0
  go run ./starter subscription change cafe-team --seats 12 --new-period
  go run ./starter subscription change cafe-team --plan-version 2 --prices docs/examples/agreed-prices.yaml --at-period-end
  go run ./starter subscription change cafe-team --seats 20 --at 2027-09-01`)
	f := o.command.Flags()
	f.StringVar(&in.Plan, "plan", "", "the new plan")
	f.IntVar(&in.PlanVersion, "plan-version", 0, "version of the plan (default: the newest)")
	f.Int64Var(&seats, "seats", 0, "the new number of seats")
	f.Var((*addOns)(&in.AddOns), "add-on", "an add-on with its new quantity, as ID=QUANTITY, 0 to remove it (repeat for several)")
	pricesFlag(f, &prices)
	f.BoolVar(&in.BillNext, "bill-next", false, "leave the difference to the next invoice")
	f.BoolVar(&in.NewPeriod, "new-period", false, "begin a new period with the change, whose day is the new billing day")
	o.when(&in.On, &in.AtPeriodEnd)
	o.read = func(p *program) (err error) {
		if f.Changed("seats") {
			in.Seats = &seats
		}
		in.Prices, err = p.readPrices(prices)
		return err
	}
	return o
}

func canceling() *ordering {
	var in service.Cancel
	o := ordered(&in, &in.Asked, "cancel ID", "Cancel, now, at the period's end or on a date",
		`  go run ./starter subscription cancel erika-pro --at-period-end
  go run ./starter subscription cancel cafe-team --credit-unused --reason "moved to another team"
  go run ./starter subscription cancel cafe-team --at 2027-12-31`)
	o.command.Flags().BoolVar(&in.CreditUnused, "credit-unused", false, "credit the paid time that is left")
	o.when(&in.On, &in.AtPeriodEnd)
	return o
}

func pausing() *ordering {
	var in service.Pause
	o := ordered(&in, &in.Asked, "pause ID", "Stop billing until it is resumed",
		`  go run ./starter subscription pause erika-pro --reason holidays
  go run ./starter subscription pause erika-pro --mode extend --at 2027-08-01`)
	o.command.Flags().StringVar((*string)(&in.Mode), "mode", "", "paid time is credited (credit, the default), passes (keep), or is served later (extend)")
	o.when(&in.On, &in.AtPeriodEnd)
	return o
}

func resuming() *ordering {
	var in service.Resume
	o := ordered(&in, &in.Asked, "resume ID", "End a pause, now or on a date",
		`  go run ./starter subscription resume erika-pro
  go run ./starter subscription resume erika-pro --at 2027-09-01`)
	o.when(&in.On, &in.AtPeriodEnd)
	return o
}

func transferring() *ordering {
	var in service.HandOver
	o := ordered(&in, &in.Asked, "transfer ID", "Make another customer the owner, who pays from then on",
		"  go run ./starter subscription transfer cafe-team --customer roastery --at-period-end")
	o.command.Flags().StringVar(&in.Customer, "customer", "", "the new owner")
	o.when(&in.On, &in.AtPeriodEnd)
	needs(o.command, "customer")
	return o
}

func billingLate() *ordering {
	var in service.BillLate
	return ordered(&in, &in.Asked, "bill-late ID", "Bill usage that became known after the end, as is done once a day anyway",
		"  go run ./starter subscription bill-late erika-pro")
}

func reactivating() *ordering {
	var in service.Reactivate
	return ordered(&in, &in.Asked, "reactivate ID", "Take back a cancellation, or begin again after one",
		"  go run ./starter subscription reactivate erika-pro")
}

func withdrawing() *ordering {
	var in service.Withdraw
	o := ordered(&in, &in.Asked, "withdraw ID", "Take back a command that is planned for a date",
		"  go run ./starter subscription withdraw erika-pro --planned cancel-in-june")
	o.command.Flags().StringVar(&in.Planned, "planned", "", "the id of the planned command: see \"subscription planned\"")
	needs(o.command, "planned")
	return o
}

func (p *program) planned() *cobra.Command {
	return &cobra.Command{
		Use: "planned ID", Short: "List the commands that wait for their day, and those that were missed on it", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter subscription planned erika-pro",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			agenda, err := svc.Agenda(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(agenda, func(out io.Writer) error {
				rows := make([][]any, 0, len(agenda.Planned)+len(agenda.Missed))
				for _, c := range agenda.Planned {
					rows = append(rows, []any{c.On, c.Kind, c.ID, "planned", c.Reason})
				}
				for _, m := range agenda.Missed {
					rows = append(rows, []any{m.At, m.Kind, m.CommandID, "missed", m.Refusal.Message})
				}
				return table(out, "on|command|id|status|why", rows)
			})
		}),
	}
}
