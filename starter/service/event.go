package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/internal/store"
)

// The providers that tell us of events.
const (
	providerStripe   = "stripe"
	providerSendGrid = "sendgrid"
)

const (
	// eventsAtOnce are claimed together; a claim lasts for longer than all of them may take.
	eventsAtOnce = 5
	eventTimeout = 10 * time.Second
	eventLease   = time.Minute

	longestEventPause = time.Hour
)

// Processed says what became of the events that were due.
type Processed struct {
	Applied int `json:"applied"`
	Ignored int `json:"ignored"`
	Waiting int `json:"waiting"`
	// GivenUp are the events that nothing will be done about unless an operator replays them.
	GivenUp []store.InboundEvent `json:"given_up"`
}

// verdict is how an event ended.
type verdict struct {
	status  string // of store.InboundEvent
	note    string
	problem string // why it is given up
}

func applied(format string, args ...any) verdict {
	return verdict{status: store.EventApplied, note: fmt.Sprintf(format, args...)}
}

func ignored(format string, args ...any) verdict {
	return verdict{status: store.EventIgnored, note: fmt.Sprintf(format, args...)}
}

// hopeless ends an event about which a person has to do something.
func hopeless(format string, args ...any) verdict {
	return verdict{status: store.EventGivenUp, problem: fmt.Sprintf(format, args...)}
}

// tooEarly is the error of an event that cannot be applied yet: something that it is about is still to come.
type tooEarly struct{ reason string }

func (e tooEarly) Error() string { return "waits: " + e.reason }

func waits(format string, args ...any) (verdict, error) {
	return verdict{}, tooEarly{reason: fmt.Sprintf(format, args...)}
}

// ProcessEvents acts on all events that are due. One that fails, or comes too early, is tried again after a pause that
// grows, and is given up after three days; it never holds up the others. Several programs may do this at once. The
// error joins what failed.
func (s *Service) ProcessEvents(ctx context.Context) (Processed, error) {
	var done Processed
	var failures []error
	for ctx.Err() == nil {
		claimed, err := s.store.ClaimEvents(ctx, eventsAtOnce, eventLease)
		if err != nil {
			return done, errors.Join(append(failures, err)...)
		}
		if len(claimed) == 0 {
			break
		}
		for _, event := range claimed {
			if err := s.process(ctx, event, &done); err != nil {
				failures = append(failures, fmt.Errorf("event %s (%s): %w", event.ID, event.Type, err))
			}
		}
	}
	return done, errors.Join(failures...)
}

// process applies one claimed event and records what became of it. That it comes too early is no error.
func (s *Service) process(ctx context.Context, event store.InboundEvent, done *Processed) error {
	applying, cancel := context.WithTimeout(ctx, eventTimeout)
	end, failure := s.apply(applying, event)
	cancel()
	// What was done is recorded even if the program is being stopped.
	ctx = context.WithoutCancel(ctx)
	if failure == nil {
		done.count(event, end)
		return s.store.EndEvent(ctx, event.ID, end.status, end.note, end.problem)
	}
	givenUp, err := s.store.DelayEvent(ctx, event.ID, eventPause(event.Tries), failure.Error())
	if givenUp {
		done.count(event, hopeless("%s", failure))
		return err
	}
	done.Waiting++
	if _, expected := errors.AsType[tooEarly](failure); expected {
		return err
	}
	return errors.Join(failure, err)
}

func (p *Processed) count(event store.InboundEvent, end verdict) {
	switch end.status {
	case store.EventApplied:
		p.Applied++
	case store.EventIgnored:
		p.Ignored++
	default:
		event.Status, event.Error, event.Payload = store.EventGivenUp, end.problem, nil
		p.GivenUp = append(p.GivenUp, event)
	}
}

// eventPause doubles with each try.
func eventPause(tries int) time.Duration {
	pause := time.Second
	for ; tries > 1 && pause < longestEventPause; tries-- {
		pause *= 2
	}
	return min(pause, longestEventPause)
}

// apply does what follows from an event. What the event is about is looked up, or asked of its provider: events come in
// any order and more than once, so that none is believed to be the latest. An event that makes a handler panic must not
// take the program, and so the other events, with it.
func (s *Service) apply(ctx context.Context, event store.InboundEvent) (end verdict, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("applying it panics: %v", problem)
		}
	}()
	switch event.Provider {
	case providerStripe:
		return s.applyStripe(ctx, event)
	case providerSendGrid:
		return s.applyMail(ctx, event)
	}
	return ignored("nothing is known of the provider %s", event.Provider), nil
}
