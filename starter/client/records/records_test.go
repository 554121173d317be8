package records_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/client/records"
	"github.com/perennial-billing/perennial/starter/startertest"
)

func requireRefused(t *testing.T, err error, code, says string) {
	t.Helper()
	refusal, is := errors.AsType[*subscription.Refusal](err)
	require.True(t, is, "%v", err)
	require.Equal(t, code, refusal.Code)
	require.Contains(t, refusal.Message, says)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx, id := t.Context(), running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	billing := records.New(address+"/", http.DefaultClient)
	used := records.UsageEvent{ID: "1", Meter: "input_tokens", Quantity: decimal.NewFromInt(5), At: time.Now().Add(-time.Hour)}
	_, err := billing.AddUsage(ctx, "nobody", []records.UsageEvent{used})
	requireRefused(t, err, "invalid_fields", "customer")
	_, err = billing.AddUsage(ctx, id+"-c", nil)
	requireRefused(t, err, "invalid_fields", "events: 0 events were sent")
	_, err = billing.AddUsage(ctx, id+"-c", []records.UsageEvent{used})
	require.NoError(t, err)
	other := used
	other.Quantity = decimal.RequireFromString("0.000000000001")
	again, err := billing.AddUsage(ctx, id+"-c", []records.UsageEvent{other})
	require.NoError(t, err)
	require.Len(t, again.Conflicting, 1)
	require.True(t, used.Quantity.Equal(again.Conflicting[0].Quantity))

	coupon := discount.Coupon{ID: "c", Name: "C", PercentOff: decimal.NewFromInt(5), Duration: discount.Once}
	_, err = billing.AddCoupon(ctx, id, coupon)
	require.NoError(t, err)
	coupon.PercentOff = decimal.NewFromInt(6)
	_, err = billing.AddCoupon(ctx, id, coupon)
	requireRefused(t, err, "coupon_exists", "")
	_, err = billing.AddCoupon(ctx, "../"+id, coupon)
	requireRefused(t, err, "invalid_fields", "entity")
	_, err = billing.EndDiscount(ctx, id+"-c", "c")
	requireRefused(t, err, "not_found", "")
	_, err = billing.RemoveMember(ctx, id+"-s", "a/b ?", calendar.Date{Year: 2027, Month: time.April, Day: 20})
	requireRefused(t, err, "not_found", id+"-s")
}

// What is not the request's fault is no refusal: it is safe to repeat.
func TestWhatIsNoRefusal(t *testing.T) {
	t.Parallel()
	for answer, says := range map[string]string{
		`{"code":"internal","detail":"something failed"}`: "answered 500",
		"<html>bad gateway</html>":                        `answered 500: "<html>bad gateway</html>"`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, answer)
		}))
		_, err := records.New(server.URL, nil).AddUsage(t.Context(), "c", nil)
		server.Close()
		require.ErrorContains(t, err, says)
		_, is := errors.AsType[*subscription.Refusal](err)
		require.False(t, is)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	_, err := records.New(server.URL, nil).AddUsage(t.Context(), "c", nil)
	require.ErrorContains(t, err, "POST /v1/usage: the API answered 404")
	server.Close()
	_, err = records.New(server.URL, nil).AddUsage(t.Context(), "c", nil)
	require.ErrorContains(t, err, "POST /v1/usage: ")
}
