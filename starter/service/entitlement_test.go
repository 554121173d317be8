package service_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// A free plan with three tries for ever, and a paid one by seats.
const entitledPlans = `[
 {"id":"$-free","version":1,"name":"Free","interval":{"unit":"month","count":1},"proration":"none","billed_by":"renewal",
  "charges":[{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"flat","flat_amount":"0"}}}],
  "entitlements":[{"feature":"video","limit":3,"per":"life"},{"feature":"chat"}]},
 {"id":"$-paid","version":1,"name":"Paid","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
  "charges":[{"id":"seats","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"per_unit","unit_amount":"8"}}}],
  "entitlements":[{"feature":"video","limit":5,"per":"period","per_seat":true}]}]`

// entitled makes a customer with the free plan.
func entitled(t *testing.T) string {
	t.Helper()
	id := running.Seller(t)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, entitledPlans)))
	require.NoError(t, err)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	subscribe(t, id, "-free", 0)
	return id
}

func subscribe(t *testing.T, id, plan string, seats int64) {
	t.Helper()
	_, err := running.Service.Subscribe(t.Context(), service.NewSubscription{ID: id + plan, Customer: id + "-c", Plan: id + plan, Seats: seats})
	require.NoError(t, err)
}

func use(t *testing.T, id, feature, name string, quantity int64) service.Use {
	t.Helper()
	got, err := running.Service.UseFeature(t.Context(), id+"-c", feature, service.NewUse{ID: name, Quantity: quantity})
	require.NoError(t, err)
	return got
}

func TestThreeFreeTries(t *testing.T) {
	t.Parallel()
	id := entitled(t)
	first := use(t, id, "video", "v1", 0)
	require.True(t, first.Allowed)
	require.EqualValues(t, 1, first.Quantity)
	require.EqualValues(t, 2, *first.Entitlement.Remaining)
	require.Nil(t, first.Entitlement.ResetsAt, "never")
	require.Equal(t, first, use(t, id, "video", "v1", 1), "the same use again counts nothing more")
	require.False(t, use(t, id, "video", "v2", 3).Allowed, "all of a quantity, or nothing")
	require.True(t, use(t, id, "video", "v2", 2).Allowed, "what was refused may be asked again")
	over := use(t, id, "video", "v3", 1)
	require.False(t, over.Allowed)
	require.Equal(t, "quota_exhausted", over.Reason)
	require.EqualValues(t, 3, *over.Entitlement.Used)
	require.True(t, use(t, id, "chat", "c1", 1000).Allowed, "without limit")
	none := use(t, id, "music", "m1", 1)
	require.False(t, none.Allowed)
	require.Equal(t, "not_entitled", none.Reason)

	back, err := running.Service.ReturnUse(t.Context(), id+"-c", "video", "v1")
	require.NoError(t, err)
	require.True(t, back.Returned)
	require.EqualValues(t, 1, *back.Entitlement.Remaining)
	_, err = running.Service.ReturnUse(t.Context(), id+"-c", "video", "v1")
	require.NoError(t, err)
	require.False(t, use(t, id, "video", "v1", 1).Allowed, "what was given back is over")
	require.True(t, use(t, id, "video", "v4", 1).Allowed)
	require.False(t, use(t, id, "video", "v5", 1).Allowed, "given back once, not twice")
}

// The tries of a life are the customer's; those of a paid plan come on top, by its seats.
func TestEntitlementsOfSeveralSubscriptions(t *testing.T) {
	t.Parallel()
	id := entitled(t)
	require.True(t, use(t, id, "video", "v1", 3).Allowed)
	subscribe(t, id, "-paid", 2)
	more := use(t, id, "video", "v2", 4)
	require.True(t, more.Allowed)
	require.Equal(t, id+"-paid", more.Entitlement.Subscription)
	require.EqualValues(t, 10, *more.Entitlement.Limit)
	require.NotNil(t, more.Entitlement.ResetsAt)
	_, err := running.Service.Cancel(t.Context(), id+"-free", service.Cancel{})
	require.NoError(t, err)
	listed, err := running.Service.Entitlements(t.Context(), id+"-c")
	require.NoError(t, err)
	require.Len(t, listed.Data, 1, "what was canceled entitles to nothing")
	require.EqualValues(t, 6, *listed.Data[0].Remaining)
}

func TestALimitCannotBeOversold(t *testing.T) {
	t.Parallel()
	id := entitled(t)
	subscribe(t, id, "-paid", 4) // 3 + 20
	var allowed atomic.Int64
	group, ctx := errgroup.WithContext(t.Context())
	for i := range 60 {
		group.Go(func() error {
			// Each use is asked for twice at the same time, under one id.
			got, err := running.Service.UseFeature(ctx, id+"-c", "video", service.NewUse{ID: fmt.Sprintf("use-%d", i/2)})
			if err == nil && got.Allowed {
				allowed.Add(1)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	listed, err := running.Service.Entitlements(t.Context(), id+"-c")
	require.NoError(t, err)
	var used int64
	for _, e := range listed.Data {
		if e.Feature == "video" {
			used += *e.Used
			require.Zero(t, *e.Remaining)
		}
	}
	require.EqualValues(t, 23, used, "30 asked, of whom 23 got one")
	require.GreaterOrEqual(t, allowed.Load(), used)
}

// A new billing period brings a new quota, as soon as it has begun.
func TestAQuotaIsRenewedWithThePeriod(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, entitledPlans)))
	require.NoError(t, err)
	clock, err := running.Service.CreateClock(t.Context(), id+"-clock", time.Date(2027, 1, 10, 12, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	in := startertest.NewCustomer(id, id+"-c")
	in.TestClock = clock.ID
	running.Customer(t, in)
	subscribe(t, id, "-paid", 1)
	require.True(t, use(t, id, "video", "v1", 5).Allowed)
	over := use(t, id, "video", "v2", 1)
	require.False(t, over.Allowed)
	require.NoError(t, advance(t.Context(), clock.ID, *over.Entitlement.ResetsAt))
	require.True(t, use(t, id, "video", "v2", 5).Allowed)
}

func advance(ctx context.Context, clock string, to time.Time) error {
	_, err := running.Service.AdvanceClock(ctx, clock, to, nil)
	return err
}

func TestUsesThatCannotBe(t *testing.T) {
	t.Parallel()
	id := entitled(t)
	_, err := running.Service.UseFeature(t.Context(), id+"-c", "a b", service.NewUse{Quantity: -1})
	requireKind(t, err, service.Invalid, "invalid_fields")
	for _, field := range []string{"id: ", "feature: ", "quantity: -1 is no quantity"} {
		require.ErrorContains(t, err, field)
	}
	_, err = running.Service.UseFeature(t.Context(), "nobody", "video", service.NewUse{ID: "v1"})
	requireKind(t, err, service.NotFound, "not_found")
	_, err = running.Service.Entitlements(t.Context(), "nobody")
	requireKind(t, err, service.NotFound, "not_found")
	_, err = running.Service.ReturnUse(t.Context(), id+"-c", "video", "v1")
	requireKind(t, err, service.NotFound, "not_found")
	require.True(t, use(t, id, "video", "v1", 1).Allowed)
	_, err = running.Service.UseFeature(t.Context(), id+"-c", "video", service.NewUse{ID: "v1", Quantity: 2})
	requireKind(t, err, service.Conflict, "use_id_reused")
}
