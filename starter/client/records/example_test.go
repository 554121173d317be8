package records_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/client/records"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

var (
	running startertest.Stack
	// address is where "starter serve" listens.
	address string
)

func TestMain(m *testing.M) { os.Exit(startertest.Run(m, &running, setup)) }

// setup serves the API and adds the seller and the customers of the examples.
func setup() (stop func() error, err error) {
	server := httptest.NewServer(api.New(api.Options{Service: running.Service}))
	address = server.URL
	stop = func() error { server.Close(); return nil }
	ctx := context.Background()
	if err := running.AddSeller(ctx, "acme"); err != nil {
		return stop, err
	}
	for _, id := range []string{"erika", "cafe"} {
		in := startertest.NewCustomer("acme", id)
		in.Zone = "UTC"
		if _, err := running.Service.CreateCustomer(ctx, in); err != nil {
			return stop, err
		}
	}
	_, err = running.Service.Subscribe(ctx, service.NewSubscription{
		ID: "cafe-team", Customer: "cafe", Plan: "acme-team", FairBilling: &service.NewFairBilling{},
	})
	return stop, err
}

// Usage is sent in batches. A batch that got lost on the way, or whose answer did, is sent again.
func ExampleClient_AddUsage() {
	ctx := context.Background()
	billing := records.New(address, nil)
	events := []records.UsageEvent{
		{ID: "req_1", Meter: "input_tokens", Quantity: decimal.NewFromInt(4808), At: time.Now().Add(-time.Minute)},
		{ID: "req_2", Meter: "input_tokens", Quantity: decimal.NewFromInt(112), At: time.Now().Add(-time.Second)},
	}
	for range 2 {
		added, err := billing.AddUsage(ctx, "erika", events)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(added.New, "new,", added.AlreadyKnown, "known already")
	}
	// Output:
	// 2 new, 0 known already
	// 0 new, 2 known already
}

// What cannot be stored comes back as a refusal, which names the fields, and nothing of the batch is stored.
func ExampleClient_AddUsage_refused() {
	_, err := records.New(address, nil).AddUsage(context.Background(), "erika", []records.UsageEvent{
		{ID: "req_3", Meter: "gpu_hours", Quantity: decimal.NewFromInt(1), At: time.Now()},
	})
	if refusal, ok := errors.AsType[*subscription.Refusal](err); ok {
		fmt.Println(refusal.Code)
		fmt.Println(refusal.Message)
	}
	// Output:
	// invalid_fields
	// events[0].meter: unknown meter "gpu_hours": use one of input_tokens, output_tokens
}

// A coupon is offered once; a customer has it from the moment it is redeemed.
func ExampleClient_Redeem() {
	ctx := context.Background()
	billing := records.New(address, nil)
	_, err := billing.AddCoupon(ctx, "acme", discount.Coupon{
		ID: "launch", Name: "Launch", PercentOff: decimal.NewFromInt(20), Duration: discount.Periods, Periods: 3,
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := billing.AddCode(ctx, "acme", discount.Code{Text: "GO-27", CouponID: "launch", MaxRedemptions: 1}); err != nil {
		log.Fatal(err)
	}
	given, err := billing.Redeem(ctx, "erika", records.Redemption{Code: "go-27"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(given.Name, "by", given.Code)
	_, err = billing.Redeem(ctx, "cafe", records.Redemption{Code: "go-27"})
	if refusal, ok := errors.AsType[*subscription.Refusal](err); ok {
		fmt.Println(refusal.Code)
	}
	all, err := billing.EndDiscount(ctx, "erika", given.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(all), "ended:", all[0].RemovedAt != nil)
	// Output:
	// Launch by GO-27
	// code_exhausted
	// 1 ended: true
}

// A subscription whose seats follow its members is told what they do.
func ExampleClient_AddMemberActivity() {
	ctx := context.Background()
	billing := records.New(address, nil)
	today := time.Now().UTC().Format(time.DateOnly)
	added, err := billing.AddMemberActivity(ctx, "cafe-team", []records.MemberAction{{Member: "U024BE7LH", At: today}, {Member: "U0G9QF9C6", At: today}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(added.Joined, "joined")
	left, err := billing.RemoveMember(ctx, "cafe-team", "U0G9QF9C6", calendar.Date{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(left.ID, left.Until.String() == today)
	// Output:
	// 2 joined
	// U0G9QF9C6 true
}
