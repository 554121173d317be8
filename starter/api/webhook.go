package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"

	"github.com/perennial-billing/perennial/starter/service"
)

const (
	largestEvent = 1 << 20
	// lookEvery is how soon events are looked at again that wait, or that a crash left.
	lookEvery = time.Second
	// sweepEvery is how often the provider is asked for what no webhook told.
	sweepEvery = 5 * time.Minute
)

// door is the way in for the webhooks of one provider.
type door struct {
	provider string
	// variable is what to set in order to open the door.
	variable string
	open     bool
	// verify returns why a body is not the provider's word.
	verify func(r *http.Request, payload []byte) error
	keep   func(ctx context.Context, payload []byte) error
}

func (a *API) stripeDoor() door {
	return door{
		provider: "Stripe", variable: "STRIPE_WEBHOOK_SECRET", open: len(a.secrets) > 0, keep: a.service.KeepEvent,
		verify: func(r *http.Request, payload []byte) error {
			return verifyStripe(payload, r.Header.Get("Stripe-Signature"), a.secrets, time.Now())
		},
	}
}

func (a *API) sendGridDoor() door {
	return door{
		provider: "SendGrid", variable: "SENDGRID_WEBHOOK_KEY", open: len(a.mailKeys) > 0, keep: a.service.KeepMailEvents,
		verify: func(r *http.Request, payload []byte) error {
			signature, stamp := r.Header.Get(eventwebhook.VerificationHTTPHeader), r.Header.Get(eventwebhook.TimestampHTTPHeader)
			return verifySendGrid(payload, signature, stamp, a.mailKeys, time.Now())
		},
	}
}

// receive stores what a provider tells and answers: from then on it is ours to process, whatever happens to this program.
// What is not stored is answered with an error, so that the provider tells it again.
func (a *API) receive(d door) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !d.open {
			http.Error(w, "webhooks are not configured: set "+d.variable, http.StatusServiceUnavailable)
			return
		}
		payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestEvent))
		if err != nil {
			http.Error(w, "the event cannot be read: it is longer than 1 MiB or incomplete", http.StatusBadRequest)
			return
		}
		err = d.verify(r, payload)
		if err == nil {
			err = d.keep(r.Context(), payload)
		}
		var wrong *service.Error
		switch {
		case err == nil:
			w.WriteHeader(http.StatusOK)
			a.wake()
		case errors.As(err, &wrong):
			// Neither the body nor its signature is logged: the one may hold personal data, the other opens this door.
			a.log.Warn("webhook refused", "provider", d.provider, "error", err)
			http.Error(w, "the event is refused: "+err.Error(), http.StatusBadRequest)
		default:
			a.log.Error("webhook was not stored", "provider", d.provider, "error", err)
			http.Error(w, "the event was not stored: send it again", http.StatusInternalServerError)
		}
	}
}

// wake has stored events looked at.
func (a *API) wake() {
	select {
	case a.arrived <- struct{}{}:
	default: // they are being looked at already
	}
}

// process acts on stored events as they arrive and as they fall due, until ctx ends.
func (a *API) process(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		done, err := a.service.ProcessEvents(ctx)
		for _, lost := range done.GivenUp {
			a.log.Error("EVENT GIVEN UP: an operator has to look at it (starter event show, replay)",
				"event", lost.ID, "type", lost.Type, "object", lost.ObjectID, "error", lost.Error)
		}
		if err != nil && ctx.Err() == nil {
			a.log.Error("events were not applied and will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-a.arrived:
		case <-ticker.C:
		}
	}
}

// sweep asks the provider now and then for what no webhook told, until ctx ends. Of several programs one does it.
func (a *API) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		found, _, err := a.service.SweepEvents(ctx, sweepEvery/2)
		if err != nil && ctx.Err() == nil {
			a.log.Error("looking for missed events failed and goes on with the next look", "error", err)
		}
		if missed := found.New + found.Moved; missed > 0 {
			a.log.Warn("events were found that no webhook had told: do webhooks arrive?", "events", found.New, "payments", found.Moved)
			a.wake()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
