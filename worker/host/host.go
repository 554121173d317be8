// Package host executes Perennial's workflows and activities in the process it is called from: the worker program, or a test.
package host

import (
	"fmt"

	"github.com/stripe/stripe-go/v79/client"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// DatabaseSlots is how many activities of a queue use the database at a time: the pool should have a connection for each.
const DatabaseSlots = 16

// Host is a set of running workers.
type Host struct{ workers []worker.Worker }

// Start starts a worker for each task queue. The caller must Stop the host.
func Start(temporal temporalclient.Client, db *store.Store, stripe *client.API) (*Host, error) {
	records := &activities.Billing{Store: db}
	collection := &activities.Collection{Store: db, Temporal: temporal}
	billing := worker.New(temporal, message.BillingQueue, options())
	workflows.Register(billing)
	activities.RegisterBilling(billing, records, collection, &activities.Runs{Store: db, Collection: collection}, &activities.Filing{Store: db},
		&activities.Late{Billing: records, ClientOf: clientOf(temporal, db)})

	onlyActivities := options()
	onlyActivities.DisableWorkflowWorker = true
	payments := worker.New(temporal, message.PaymentsQueue, onlyActivities)
	activities.RegisterPayments(payments, &activities.Payments{Store: db, Stripe: stripe})

	host := &Host{}
	for _, w := range []worker.Worker{billing, payments} {
		if err := w.Start(); err != nil {
			host.Stop()
			return nil, fmt.Errorf("start worker: %w", err)
		}
		host.workers = append(host.workers, w)
	}
	return host, nil
}

// Stop lets running activities finish for a moment and stops the workers.
func (h *Host) Stop() {
	for _, w := range h.workers {
		w.Stop()
	}
}

// options are common to all workers. Pollers grow with the load: a fixed number can all wait on one queue while the work is on another.
func options() worker.Options {
	pollers := worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{})
	return worker.Options{
		ActivityTaskPollerBehavior:         pollers,
		Interceptors:                       []interceptor.WorkerInterceptor{&activities.Alive{}},
		MaxConcurrentActivityExecutionSize: DatabaseSlots,
		WorkflowTaskPollerBehavior:         pollers,
	}
}
