package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"testing"
	"time"

	temporalclient "go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

var (
	running startertest.Stack
	// temporal is what temporalclient.Dial returns to your service.
	temporal temporalclient.Client
)

func TestMain(m *testing.M) { os.Exit(startertest.Run(m, &running, setup)) }

// setup adds the seller and the customers of the examples.
func setup() (stop func() error, err error) {
	temporal = running.Temporal
	ctx := context.Background()
	if err := running.AddSeller(ctx, "acme"); err != nil {
		return nil, err
	}
	for _, id := range []string{"erika", "cafe", "lab"} {
		if _, err := running.Service.CreateCustomer(ctx, startertest.NewCustomer("acme", id)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// A subscription that begins now is answered with its first invoice and how paying it went.
func ExampleClient_Subscribe() {
	billing := client.New(temporal)
	request := message.Subscribe{
		SubscriptionID: "erika-pro", CustomerID: "erika", EntityID: "acme", Currency: "USD",
		Terms:   subscription.Terms{PlanID: "acme-pro", PlanVersion: 1},
		StartAt: time.Now(), AwaitStart: true,
	}
	subscribed, err := billing.Subscribe(context.Background(), request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(subscribed.State.Status, subscribed.Invoice.Total, subscribed.Invoice.Payment)

	// The answer was lost? Ask again: it is the same subscription and the same invoice.
	again, err := billing.Subscribe(context.Background(), request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Invoice.InvoiceID == subscribed.Invoice.InvoiceID)
	// Output:
	// active USD 10.00 paid
	// true
}

// What cannot be done comes back as a refusal: its code is for programs, its message for people.
func ExampleClient_Subscribe_refused() {
	_, err := client.New(temporal).Subscribe(context.Background(), message.Subscribe{
		SubscriptionID: "erika-team", CustomerID: "erika", EntityID: "acme", Currency: "JPY",
		Terms:   subscription.Terms{PlanID: "acme-team", PlanVersion: 1, Seats: 3},
		StartAt: time.Now(), AwaitStart: true,
	})
	if refusal, ok := errors.AsType[*subscription.Refusal](err); ok {
		fmt.Println(refusal.Code)
		fmt.Println(refusal.Message)
	}
	// Output:
	// currency_not_priced
	// plan "acme-team" version 1 has no price in "JPY": it is sold in [USD]
}

// A command is a change, a pause, a resumption or a cancellation. Its id makes repeating it safe.
func ExampleClient_Command() {
	ctx := context.Background()
	billing := client.New(temporal)
	_, err := billing.Subscribe(ctx, message.Subscribe{
		SubscriptionID: "cafe-team", CustomerID: "cafe", EntityID: "acme", Currency: "USD",
		Terms:   subscription.Terms{PlanID: "acme-team", PlanVersion: 1, Seats: 2},
		StartAt: time.Now(), AwaitStart: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	grown, err := billing.Command(ctx, "cafe-team", subscription.Command{
		ID: "order-1042", Kind: subscription.ChangeTerms, At: time.Now(), Actor: "customer",
		Terms: &subscription.Terms{PlanID: "acme-team", PlanVersion: 1, Seats: 3},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(grown.State.Terms.Seats, "seats, one more for", grown.Invoice.Total)

	leaving, err := billing.Command(ctx, "cafe-team", subscription.Command{
		ID: "order-1043", Kind: subscription.Cancel, At: time.Now(), AtPeriodEnd: true, Actor: "customer", Reason: "closing down",
	})
	if err != nil {
		log.Fatal(err)
	}
	reason, ends := leaving.State.EndsAtBoundary()
	fmt.Println(leaving.State.Status, ends, reason)
	// Output:
	// 3 seats, one more for USD 8.00
	// active true closing down
}

// Status asks the workflow itself, which knows more than the row in the database: what is deferred, what is unpaid.
func ExampleClient_Status() {
	ctx := context.Background()
	billing := client.New(temporal)
	_, err := billing.Subscribe(ctx, message.Subscribe{
		SubscriptionID: "lab-api", CustomerID: "lab", EntityID: "acme", Currency: "USD",
		Terms:   subscription.Terms{PlanID: "acme-api", PlanVersion: 1},
		StartAt: time.Now().AddDate(0, 0, -40), AwaitStart: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	state, err := billing.Status(ctx, "lab-api")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(state.Status, state.BilledBy, len(state.Unpaid))
	// Output: active invoice_run 0
}

// An invoice run bills all whom a legal entity bills by the month. Starting it twice is starting it once.
func ExampleClient_StartInvoiceRun() {
	ctx := context.Background()
	yesterday := time.Now().UTC().AddDate(0, 0, -1)
	month := yesterday.AddDate(0, 0, -yesterday.Day()).Format("2006-01") // over for everybody on earth
	run, err := client.New(temporal).StartInvoiceRun(ctx, "acme", month, time.Now())
	if err != nil {
		log.Fatal(err)
	}
	var progress message.RunProgress
	if err := run.Get(ctx, &progress); err != nil {
		log.Fatal(err)
	}
	fmt.Println("everybody has an invoice or a reason:", progress.Due == progress.Invoiced+progress.Skipped)
	// Output: everybody has an invoice or a reason: true
}
