package stripe_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
	"pgregory.net/rapid"
)

func (b *bundle) meter(t tester, event, formula string) *stripego.BillingMeter {
	t.Helper()
	m, err := b.api.BillingMeters.New(&stripego.BillingMeterParams{
		DisplayName: stripego.String("Tokens"), EventName: &event, DefaultAggregation: &stripego.BillingMeterDefaultAggregationParams{Formula: &formula},
	})
	require.NoError(t, err)
	return m
}

func usage(event, customer, value string, at time.Time) *stripego.BillingMeterEventParams {
	return &stripego.BillingMeterEventParams{
		EventName: &event, Payload: map[string]string{"stripe_customer_id": customer, "value": value}, Timestamp: stripego.Int64(at.Unix()),
	}
}

// summaries are the values of the windows between two instants, oldest first.
func (b *bundle) summaries(t tester, meter, customer string, from, to time.Time, window string) (values []float64) {
	t.Helper()
	params := &stripego.BillingMeterEventSummaryListParams{
		ID: &meter, Customer: &customer, StartTime: stripego.Int64(from.Unix()), EndTime: stripego.Int64(to.Unix()), ListParams: stripego.ListParams{Limit: stripego.Int64(2)},
	}
	if window != "" {
		params.ValueGroupingWindow = &window
	}
	it := b.api.BillingMeterEventSummaries.List(params)
	for it.Next() {
		values = append([]float64{it.BillingMeterEventSummary().AggregatedValue}, values...)
	}
	require.NoError(t, it.Err())
	return values
}

func TestUsageIsSummedUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, other := b.customer(t), b.customer(t)
	sum, count := b.meter(t, "tokens", "sum"), b.meter(t, "calls", "count")
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -3)
	for _, e := range []struct {
		event, customer, value string
		after                  time.Duration
	}{
		{"tokens", c.ID, "10", 0},
		{"tokens", c.ID, "-3", 59 * time.Minute},
		{"tokens", c.ID, "5", time.Hour},
		{"tokens", c.ID, "100", 49 * time.Hour},
		{"tokens", other.ID, "7", 0},
		{"calls", c.ID, "999", 0},
		{"calls", c.ID, "999", time.Hour},
	} {
		made, err := b.api.BillingMeterEvents.New(usage(e.event, e.customer, e.value, day.Add(e.after)))
		require.NoError(t, err)
		require.NotEmpty(t, made.Identifier)
		require.Equal(t, e.value, made.Payload["value"])
	}
	end := day.AddDate(0, 0, 3)
	require.Equal(t, []float64{112}, b.summaries(t, sum.ID, c.ID, day, end, ""))
	require.Equal(t, []float64{12, 100}, b.summaries(t, sum.ID, c.ID, day, end, "day"), "days without usage are left out")
	require.Equal(t, []float64{7, 5, 100}, b.summaries(t, sum.ID, c.ID, day, end, "hour"))
	require.Equal(t, []float64{7}, b.summaries(t, sum.ID, c.ID, day, day.Add(time.Hour), ""), "the end is exclusive")
	require.Equal(t, []float64{7}, b.summaries(t, sum.ID, other.ID, day, end, "day"))
	require.Equal(t, []float64{2}, b.summaries(t, count.ID, c.ID, day, end, ""))
	require.Equal(t, []float64{0}, b.summaries(t, count.ID, other.ID, day, end, ""))
	b.requireWhole(t, "/v1/billing/meters/"+sum.ID+"/event_summaries?customer="+c.ID+"&start_time="+strconv.FormatInt(day.Unix(), 10)+"&end_time="+strconv.FormatInt(end.Unix(), 10),
		stripego.BillingMeterEventSummaryList{})
}

// Whatever the windows, the same usage adds up to the same sum.
func TestWindowsOfUsageAddUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customer(t), b.meter(t, "tokens", "sum")
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -4)
	end, total := day.AddDate(0, 0, 4), int64(0)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "value")
		after := time.Duration(rapid.Int64Range(0, 96*60*60-1).Draw(t, "after")) * time.Second
		_, err := b.api.BillingMeterEvents.New(usage("tokens", c.ID, strconv.FormatInt(value, 10), day.Add(after)))
		require.NoError(t, err)
		total += value
		for _, window := range []string{"", "day", "hour"} {
			sum := 0.0
			for _, part := range b.summaries(t, m.ID, c.ID, day, end, window) {
				sum += part
			}
			require.InDelta(t, total, sum, 0, window)
		}
	})
}

func TestMeters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	m, err := b.api.BillingMeters.New(&stripego.BillingMeterParams{
		CustomerMapping:    &stripego.BillingMeterCustomerMappingParams{EventPayloadKey: stripego.String("who"), Type: stripego.String("by_id")},
		DefaultAggregation: &stripego.BillingMeterDefaultAggregationParams{Formula: stripego.String("sum")}, DisplayName: stripego.String("GB"), EventName: stripego.String("traffic"),
		EventTimeWindow: stripego.String("hour"), ValueSettings: &stripego.BillingMeterValueSettingsParams{EventPayloadKey: stripego.String("gb")},
	})
	require.NoError(t, err)
	require.Equal(t, "hour", string(m.EventTimeWindow))
	event := &stripego.BillingMeterEventParams{EventName: stripego.String("traffic"), Payload: map[string]string{"who": c.ID, "gb": "4"}}
	_, err = b.api.BillingMeterEvents.New(event)
	require.NoError(t, err)
	m, err = b.api.BillingMeters.Update(m.ID, &stripego.BillingMeterParams{DisplayName: stripego.String("Traffic")})
	require.NoError(t, err)
	require.Equal(t, "Traffic", m.DisplayName)

	m, err = b.api.BillingMeters.Deactivate(m.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.BillingMeterStatusInactive, m.Status)
	require.NotZero(t, m.StatusTransitions.DeactivatedAt)
	_, err = b.api.BillingMeterEvents.New(event)
	require.Contains(t, refusal(t, err).Msg, "is inactive")
	_, err = b.api.BillingMeters.Deactivate(m.ID, nil)
	require.Contains(t, refusal(t, err).Msg, "inactive already")
	again := b.meter(t, "traffic", "sum")
	_, err = b.api.BillingMeters.Reactivate(m.ID, nil)
	require.Equal(t, stripego.ErrorCodeResourceAlreadyExists, refusal(t, err).Code, "another meter took the name")
	_, err = b.api.BillingMeters.Deactivate(again.ID, nil)
	require.NoError(t, err)
	m, err = b.api.BillingMeters.Reactivate(m.ID, nil)
	require.NoError(t, err)
	require.Zero(t, m.StatusTransitions.DeactivatedAt)
	list := b.api.BillingMeters.List(&stripego.BillingMeterListParams{Status: stripego.String("inactive")})
	require.True(t, list.Next())
	require.Equal(t, again.ID, list.BillingMeter().ID)
	require.False(t, list.Next())
}

func TestUsageIsTakenBackWithinADay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customer(t), b.meter(t, "tokens", "sum")
	now := time.Now()
	first := usage("tokens", c.ID, "10", now)
	first.Identifier = stripego.String("request-1")
	_, err := b.api.BillingMeterEvents.New(first)
	require.NoError(t, err)
	_, err = b.api.BillingMeterEvents.New(first)
	require.Equal(t, "An event already exists with identifier request-1.", refusal(t, err).Msg)
	from, to := now.UTC().Truncate(24*time.Hour), now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	require.Equal(t, []float64{10}, b.summaries(t, m.ID, c.ID, from, to, ""))

	cancel := &stripego.BillingMeterEventAdjustmentParams{
		EventName: stripego.String("tokens"), Type: stripego.String("cancel"), Cancel: &stripego.BillingMeterEventAdjustmentCancelParams{Identifier: stripego.String("request-1")},
	}
	done, err := b.api.BillingMeterEventAdjustments.New(cancel)
	require.NoError(t, err)
	require.Equal(t, stripego.BillingMeterEventAdjustmentStatusComplete, done.Status)
	require.Equal(t, "request-1", done.Cancel.Identifier)
	require.Equal(t, []float64{0}, b.summaries(t, m.ID, c.ID, from, to, ""))
	_, err = b.api.BillingMeterEventAdjustments.New(cancel)
	require.Contains(t, refusal(t, err).Msg, "cancelled already")

	b.advance(t, 25*time.Hour)
	_, err = b.api.BillingMeterEvents.New(first)
	require.NoError(t, err, "an identifier is unique for a day")
	b.advance(t, 25*time.Hour)
	_, err = b.api.BillingMeterEventAdjustments.New(cancel)
	require.Contains(t, refusal(t, err).Msg, "more than 24 hours ago")
}

func TestRefusesUsage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customer(t), b.meter(t, "tokens", "sum")
	b.meter(t, "calls", "count")
	now := time.Now()
	for name, tc := range map[string]struct {
		params *stripego.BillingMeterEventParams
		param  string
	}{
		"no meter":          {usage("nothing", c.ID, "1", now), "event_name"},
		"no customer":       {usage("tokens", "", "1", now), "payload[stripe_customer_id]"},
		"unknown customer":  {usage("tokens", "cus_x", "1", now), "payload[stripe_customer_id]"},
		"no number":         {usage("tokens", c.ID, "a lot", now), "payload[value]"},
		"a part of a token": {usage("tokens", c.ID, "1.5", now), "payload[value]"},
		"too many tokens":   {usage("tokens", c.ID, "1000000000000000", now), "payload[value]"},
		"too old":           {usage("tokens", c.ID, "1", now.AddDate(0, 0, -36)), "timestamp"},
		"too early":         {usage("tokens", c.ID, "1", now.Add(6*time.Minute)), "timestamp"},
		"no value":          {&stripego.BillingMeterEventParams{EventName: stripego.String("tokens"), Payload: map[string]string{"stripe_customer_id": c.ID}}, "payload[value]"},
	} {
		_, err := b.api.BillingMeterEvents.New(tc.params)
		require.Equal(t, http.StatusBadRequest, refusal(t, err).HTTPStatusCode, name)
		require.Equal(t, tc.param, refusal(t, err).Param, name)
	}
	for _, at := range []time.Time{now.AddDate(0, 0, -35), now.Add(4 * time.Minute)} {
		_, err := b.api.BillingMeterEvents.New(usage("tokens", c.ID, "1", at))
		require.NoError(t, err)
	}
	_, err := b.api.BillingMeterEvents.New(&stripego.BillingMeterEventParams{EventName: stripego.String("calls"), Payload: map[string]string{"stripe_customer_id": c.ID}})
	require.NoError(t, err, "what is counted needs no value")
	summary := "/v1/billing/meters/" + m.ID + "/event_summaries?customer=" + c.ID
	for _, tc := range []struct{ method, path, form, phrase string }{
		{"POST", "/v1/billing/meters", "display_name=a&event_name=tokens&default_aggregation[formula]=sum", "already exists"},
		{"POST", "/v1/billing/meters", "display_name=a&event_name=b", "Missing required param: default_aggregation"},
		{"POST", "/v1/billing/meters", "display_name=a&event_name=b&default_aggregation[formula]=last", "must be one of count, sum"},
		{"POST", "/v1/billing/meters", "event_name=b&default_aggregation[formula]=sum", "Missing required param: display_name"},
		{"POST", "/v1/billing/meters/" + m.ID, "event_name=b", "unknown parameter"},
		{"POST", "/v1/billing/meter_events", "event_name=tokens", "Missing required param: payload"},
		{"POST", "/v1/billing/meter_events", "event_name=tokens&payload[value][a]=1&payload[stripe_customer_id]=" + c.ID, "must be a single value"},
		{"POST", "/v1/billing/meter_event_adjustments", "event_name=tokens&type=cancel", "Missing required param: cancel[identifier]"},
		{"POST", "/v1/billing/meter_event_adjustments", "event_name=tokens&type=cancel&cancel[identifier]=x", "No event of tokens was found"},
		{"POST", "/v1/billing/meter_event_adjustments", "event_name=tokens&type=undo&cancel[identifier]=x", "must be one of cancel"},
		{"GET", summary + "&start_time=0", "", "Missing required param: end_time"},
		{"GET", summary + "&start_time=0&end_time=61", "", "aligned with minute boundaries"},
		{"GET", summary + "&start_time=60&end_time=3600&value_grouping_window=hour", "", "aligned with hour boundaries"},
		{"GET", summary + "&start_time=0&end_time=3600&value_grouping_window=day", "", "aligned with day boundaries"},
		{"GET", summary + "&start_time=60&end_time=60", "", "must be after"},
		{"GET", summary + "&start_time=0&end_time=60&value_grouping_window=week", "", "must be one of"},
		{"GET", "/v1/billing/meters/" + m.ID + "/event_summaries?customer=cus_x&start_time=0&end_time=60", "", "No such customer"},
		{"GET", summary + "&start_time=0&end_time=60&starting_after=" + url.QueryEscape("mtrusg_x"), "", "No such billing.meter_event_summary"},
	} {
		res, body := b.raw(t, tc.method, tc.path, tc.form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%v: %v", tc, body)
		require.Contains(t, errorOf(body)["message"], tc.phrase, tc)
	}
	_, err = b.api.BillingMeters.Get("mtr_x", nil)
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
}
