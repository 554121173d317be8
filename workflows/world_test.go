package workflows_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// world is everything outside of a subscription's workflow, in memory: what the activities would have written and
// charged. It keeps to their contract: a command is carried out once, an attempt to charge is made once.
type world struct {
	mu        sync.Mutex
	interval  calendar.Interval
	zone      calendar.Zone
	trialDays int
	billedBy  catalog.BilledBy
	// card decides how a charge goes; nil: everything is paid.
	card func(message.Charge) message.PaymentStatus
	// review is the payment of the invoice reviewOf (empty: the first) about which a person has to decide.
	review, reviewOf string
	startReview      func(message.FraudReviewInput)
	// refused: the agreement is.
	refused bool
	// others says that those have not come with whom the subscription shares an invoice; nil: it shares none.
	others func(message.TurnInput) *message.Waiting
	// opening, when set, is waited for before the agreement is answered.
	opening chan struct{}

	invoices []issued
	charges  map[string]message.Charged // by invoice and attempt
	charged  []message.Charge           // in order, each attempt once
	commands map[string]done
	handed   []message.OpenDunningInput
	standing subscription.Status
}

type issued struct {
	message.Billed
	At    time.Time
	Terms subscription.Terms
	Why   string
}

type done struct {
	from   subscription.State
	result message.Turned
}

const (
	fee      = 1000 // of a period, minor units
	changing = 100  // of a change at once
)

func newWorld() *world {
	zone, err := calendar.LoadZone("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return &world{
		interval: calendar.Interval{Unit: calendar.Month, Count: 1}, zone: zone, billedBy: catalog.ByRenewal,
		charges: map[string]message.Charged{}, commands: map[string]done{},
	}
}

func (w *world) register(env *testsuite.TestWorkflowEnvironment) {
	fake(env, message.OpenSubscription, w.open)
	fake(env, message.Turn, w.turn)
	fake(env, message.CarryOut, w.carryOut)
	fake(env, message.PreviewCommand, w.preview)
	fake(env, message.NoteStanding, w.note)
	fake(env, message.OpenDunning, w.openDunning)
	fake(env, message.ChargeInvoice, w.charge)
	fake(env, message.StartFraudReview, func(_ context.Context, in message.FraudReviewInput) (message.None, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.startReview(in)
		return message.None{}, nil
	})
}

// fake registers a stand-in under an activity's name; the compiler checks that it means the same types.
func fake[In, Out any](env *testsuite.TestWorkflowEnvironment, named message.Activity[In, Out], do func(context.Context, In) (Out, error)) {
	env.RegisterActivityWithOptions(do, activity.RegisterOptions{Name: named.Name})
}

func (w *world) open(_ context.Context, in message.Subscribe) (message.Opened, error) {
	if w.opening != nil {
		<-w.opening
	}
	if w.refused {
		return message.Opened{Refusal: &subscription.Refusal{Code: "plan_unknown", Message: "there is no such plan"}}, nil
	}
	state := subscription.New(in.SubscriptionID, in.CustomerID, in.Terms, w.billedBy, in.StartAt, in.EndsAfter)
	state.Anchor = w.zone.DateOf(in.StartAt)
	return message.Opened{State: state}, nil
}

func (w *world) turn(_ context.Context, in message.TurnInput) (message.Turned, error) {
	if w.others != nil {
		if waiting := w.others(in); waiting != nil {
			return message.Turned{State: in.State, Waits: waiting}, nil
		}
	}
	if planned, rest, is := in.State.PlannedFor(in.At); is {
		return w.once("planned:"+planned.ID, in.State, func() (message.Turned, error) {
			if refused, ok := errors.AsType[*subscription.Refusal](rest.Check(planned)); ok {
				return message.Turned{State: rest.Miss(planned, refused)}, nil
			}
			return w.apply(rest, planned), nil
		})
	}
	return w.once("boundary:"+in.At.Format(time.RFC3339Nano), in.State, func() (message.Turned, error) {
		if in.State.EndedAt != nil || in.State.Running() && in.At.Before(in.State.Period.End) {
			return message.Turned{}, fmt.Errorf("turned at %s, before the boundary", in.At)
		}
		reason, ends := in.State.EndsAtBoundary()
		switch {
		case ends:
			return message.Turned{State: in.State.End(in.At, reason)}, nil
		case in.State.Status == subscription.Scheduled && w.trialDays > 0:
			anchor := w.zone.DateOf(in.At)
			return message.Turned{State: in.State.StartTrial(anchor, w.zone.StartOfDay(anchor.AddDays(w.trialDays)))}, nil
		}
		return w.begin(in.State, in.At), nil
	})
}

func (w *world) carryOut(_ context.Context, in message.CarryOutInput) (message.Turned, error) {
	c := in.Command
	return w.once(c.ID, in.State, func() (message.Turned, error) {
		if refused, ok := errors.AsType[*subscription.Refusal](in.State.Check(c)); ok {
			return message.Turned{State: in.State, Refusal: refused}, nil
		}
		return w.apply(in.State, c), nil
	})
}

func (w *world) apply(state subscription.State, c subscription.Command) message.Turned {
	switch {
	case !c.On.IsZero():
		return message.Turned{State: state.Plan(c)}
	case c.AtPeriodEnd:
		return message.Turned{State: state.Defer(c)}
	}
	switch c.Kind {
	case subscription.ChangeTerms:
		return message.Turned{State: state.ChangeNow(c), Invoice: w.bill("change", changing, *c.Terms, c.At)}
	case subscription.Pause:
		return message.Turned{State: state.PauseNow(c)}
	case subscription.Resume:
		return w.begin(state.Reanchor(w.zone.DateOf(c.At)), c.At)
	case subscription.Reactivate:
		return message.Turned{State: state.KeepGoing(c)}
	case subscription.Release:
		return message.Turned{State: state.ReleaseNow()}
	case subscription.Transfer:
		former := w.bill("leave", changing, state.Terms, c.At)
		return message.Turned{State: state.TransferInPeriod(c), Former: former, Invoice: w.bill("join", changing, state.Terms, c.At)}
	case subscription.Withdraw:
		return message.Turned{State: state.WithdrawPlanned(c)}
	}
	return message.Turned{State: state.CancelNow(c)}
}

func (w *world) preview(_ context.Context, in message.CarryOutInput) (message.Previewed, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if refused, ok := errors.AsType[*subscription.Refusal](in.State.Check(in.Command)); ok {
		return message.Previewed{Refusal: refused}, nil
	}
	invoices := slices.Clone(w.invoices)
	came := w.apply(in.State, in.Command)
	w.invoices = invoices
	preview := message.Preview{State: came.State}
	if came.Invoice != nil {
		preview.Invoices = []message.PreviewedInvoice{{AmountDue: came.Invoice.AmountDue}}
	}
	return message.Previewed{Preview: preview}, nil
}

// begin enters and bills the next period.
func (w *world) begin(state subscription.State, at time.Time) message.Turned {
	if state.Cycle < 0 {
		state = state.Reanchor(w.zone.DateOf(at))
	}
	n := state.Cycle + 1 - state.AnchorCycle
	state = state.BeginCycle(calendar.Period{Start: at, End: calendar.Boundary(state.Anchor, w.interval, w.zone, n+1)})
	return message.Turned{State: state, Invoice: w.bill("cycle", fee*max(1, state.Terms.Seats), state.Terms, at)}
}

func (w *world) bill(why string, minor int64, terms subscription.Terms, at time.Time) *message.Billed {
	amount := money.New(minor, "EUR")
	n := len(w.invoices) + 1
	billed := message.Billed{InvoiceID: fmt.Sprintf("inv_%d", n), Number: fmt.Sprintf("E-%06d", n), Total: amount, AmountDue: amount}
	w.invoices = append(w.invoices, issued{Billed: billed, At: at.UTC(), Terms: terms, Why: why})
	return &billed
}

func (w *world) once(id string, from subscription.State, do func() (message.Turned, error)) (message.Turned, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if earlier, found := w.commands[id]; found {
		answer := earlier.result
		answer.Repeated = !sameJSON(earlier.from, from)
		return answer, nil
	}
	result, err := do()
	if err == nil && result.Refusal == nil {
		w.commands[id] = done{from: from, result: result}
	}
	return result, err
}

func sameJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func (w *world) charge(_ context.Context, in message.Charge) (message.Charged, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := fmt.Sprintf("%s/%d", in.InvoiceID, in.Attempt)
	if made, found := w.charges[key]; found {
		return made, nil
	}
	outcome := message.Charged{Status: message.Paid}
	if w.card != nil {
		outcome.Status = w.card(in)
	}
	if w.review != "" && in.InvoiceID == cmp.Or(w.reviewOf, "inv_1") {
		outcome.Review = w.review
	}
	w.charges[key] = outcome
	w.charged = append(w.charged, in)
	return outcome, nil
}

func (w *world) note(_ context.Context, state subscription.State) (message.None, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.standing = state.Status
	return message.None{}, nil
}

func (w *world) openDunning(_ context.Context, in message.OpenDunningInput) (message.None, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handed = append(w.handed, in)
	return message.None{}, nil
}

// periods lists when billing periods were billed.
func (w *world) periods() []time.Time {
	var starts []time.Time
	for _, invoice := range w.invoices {
		if invoice.Why == "cycle" {
			starts = append(starts, invoice.At)
		}
	}
	return starts
}

// declining is a card that declines the first attempt for the given invoices.
func declining(invoices ...string) func(message.Charge) message.PaymentStatus {
	return func(in message.Charge) message.PaymentStatus {
		if slices.Contains(invoices, in.InvoiceID) {
			return message.Declined
		}
		return message.Paid
	}
}
