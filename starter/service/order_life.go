package service

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// Pause asks to stop billing.
type Pause struct {
	Asked
	Mode        subscription.PauseMode `json:"mode,omitempty" enum:"credit,keep,extend" doc:"What becomes of paid time that is left: credit when absent."`
	AtPeriodEnd bool                   `json:"at_period_end,omitempty" doc:"Wait for the end of the billing period."`
	On          time.Time              `json:"on,omitzero" doc:"Plan it for this later instant."`
}

func (p Pause) want() subscription.Command {
	return subscription.Command{Kind: subscription.Pause, Mode: p.Mode, AtPeriodEnd: p.AtPeriodEnd, On: p.On}
}

// Resume asks to end a pause.
type Resume struct {
	Asked
	AtPeriodEnd bool      `json:"at_period_end,omitempty" doc:"Wait for the end of the billing period, if the pause keeps it."`
	On          time.Time `json:"on,omitzero" doc:"Plan it for this later instant."`
}

func (r Resume) want() subscription.Command {
	return subscription.Command{Kind: subscription.Resume, AtPeriodEnd: r.AtPeriodEnd, On: r.On}
}

// Reactivate asks to take back a cancellation that has not happened yet, or to begin again after one that has.
type Reactivate struct{ Asked }

func (r Reactivate) want() subscription.Command {
	return subscription.Command{Kind: subscription.Reactivate}
}

// HandOver asks to make another customer the owner.
type HandOver struct {
	Asked
	Customer    string    `json:"customer" doc:"Who owns and pays the subscription from then on." example:"cus_43"`
	AtPeriodEnd bool      `json:"at_period_end,omitempty" doc:"Wait for the end of the billing period."`
	On          time.Time `json:"on,omitzero" doc:"Plan it for this later instant."`
}

func (t HandOver) want() subscription.Command {
	return subscription.Command{Kind: subscription.Transfer, Customer: t.Customer, AtPeriodEnd: t.AtPeriodEnd, On: t.On}
}

// Withdraw asks to take back a planned command.
type Withdraw struct {
	Asked
	Planned string `json:"planned" doc:"The id of the planned command." example:"8e03978e"`
}

func (w Withdraw) want() subscription.Command {
	return subscription.Command{Kind: subscription.Withdraw, Withdraws: w.Planned}
}

// An order that says all by itself is what it wants, and repeats what wanted the same.

func (p Pause) repeats(before subscription.Command) bool      { return p.want().Repeats(before) }
func (r Resume) repeats(before subscription.Command) bool     { return r.want().Repeats(before) }
func (r Reactivate) repeats(before subscription.Command) bool { return r.want().Repeats(before) }
func (t HandOver) repeats(before subscription.Command) bool   { return t.want().Repeats(before) }
func (w Withdraw) repeats(before subscription.Command) bool   { return w.want().Repeats(before) }

func (p Pause) command(context.Context, *Service, target) (subscription.Command, error) {
	return p.want(), nil
}

func (r Resume) command(context.Context, *Service, target) (subscription.Command, error) {
	return r.want(), nil
}

//nolint:unparam // other orders can fail
func (r Reactivate) command(context.Context, *Service, target) (subscription.Command, error) {
	return r.want(), nil
}

func (t HandOver) command(ctx context.Context, s *Service, _ target) (subscription.Command, error) {
	if _, err := s.customerOf(ctx, t.Customer); err != nil {
		return subscription.Command{}, err
	}
	return t.want(), nil
}

//nolint:unparam // other orders can fail
func (w Withdraw) command(context.Context, *Service, target) (subscription.Command, error) {
	return w.want(), nil
}
