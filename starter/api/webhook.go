package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v79/webhook"
)

const (
	largestEvent = 1 << 20
	// sweepEvery is how soon events are looked at again that a crash or a failure left.
	sweepEvery = 3 * time.Second
)

// receiveStripe stores an event and answers: from then on it is ours to process, whatever happens to this program.
func (a *API) receiveStripe(w http.ResponseWriter, r *http.Request) {
	if a.secret == "" {
		http.Error(w, "webhooks are not configured: set STRIPE_WEBHOOK_SECRET", http.StatusServiceUnavailable)
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestEvent))
	if err != nil {
		http.Error(w, "the event cannot be read: it is longer than 1 MiB or incomplete", http.StatusBadRequest)
		return
	}
	event, err := webhook.ConstructEvent(payload, r.Header.Get("Stripe-Signature"), a.secret)
	if err == nil && (event.ID == "" || event.Data == nil) { // kept, it would be tried again for ever
		err = errors.New("it has no id or no data")
	}
	if err != nil {
		a.log.Warn("webhook refused", "error", err)
		http.Error(w, "the event is refused: "+err.Error(), http.StatusBadRequest)
		return
	}
	if err := a.service.KeepEvent(r.Context(), event, payload); err != nil {
		a.log.Error("webhook was not stored", "event", event.ID, "error", err)
		http.Error(w, "the event was not stored: send it again", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusOK)
	select {
	case a.arrived <- struct{}{}:
	default: // it is being looked at already
	}
}

// process acts on stored events as they arrive, and now and then on what was left, until ctx ends.
func (a *API) process(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := a.service.ProcessEvents(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("webhooks were not processed and will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-a.arrived:
		case <-ticker.C:
		}
	}
}
