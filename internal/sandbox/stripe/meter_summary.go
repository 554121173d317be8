package stripe

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// meterSummary is a customer's usage in one stretch of time.
type meterSummary struct {
	ID              string `json:"id"`
	Object          string `json:"object"`
	AggregatedValue int64  `json:"aggregated_value"`
	EndTime         int64  `json:"end_time"`
	Livemode        bool   `json:"livemode"`
	Meter           string `json:"meter"`
	StartTime       int64  `json:"start_time"`
}

func summarySpec() spec {
	return pageSpec(spec{
		"customer": required(filledText()), "end_time": required(integer()), "start_time": required(integer()), "value_grouping_window": enum("day", "hour"),
	})
}

// listSummaries adds usage up from the events themselves, so that it is complete at once.
func listSummaries(r *call) (any, error) {
	m, err := r.meter()
	if err != nil {
		return nil, err
	}
	c, err := r.liveCustomer(r.args.text("customer"), "customer")
	if err != nil {
		return nil, err
	}
	step, err := r.summaryStep()
	if err != nil {
		return nil, err
	}
	summaries := r.summarize(m, c.ID, r.args.integer("start_time"), r.args.integer("end_time"), step)
	return listPart(r, "billing.meter_event_summary", summaries, func(s meterSummary) string { return s.ID })
}

// summaryStep is the length of a window in seconds: 0 for a single one. Times must be aligned with it.
func (r *call) summaryStep() (int64, error) {
	window := r.args.text("value_grouping_window")
	step := map[string]time.Duration{"": 0, "day": 24 * time.Hour, "hour": time.Hour}[window]
	aligned := int64(max(step, time.Minute) / time.Second)
	for _, name := range []string{"start_time", "end_time"} {
		if at := r.args.integer(name); at < 0 || at%aligned != 0 {
			if window == "" {
				window = "minute"
			}
			return 0, invalid("", name, "The `%s` must be aligned with %s boundaries.", name, window)
		}
	}
	if r.args.integer("end_time") <= r.args.integer("start_time") {
		return 0, invalid("", "end_time", "The `end_time` must be after the `start_time`.")
	}
	return int64(step / time.Second), nil
}

// summarize is newest first. Windows without usage are left out; a single window is always there.
func (r *call) summarize(m *meter, customer string, from, to, step int64) []meterSummary {
	byStart := map[int64]int64{}
	if step == 0 {
		byStart[from], step = 0, to-from
	}
	meterUsages.where(r.tx, "meter_customer", m.ID+"/"+customer, func(u *meterUsage) bool {
		if u.Cancelled || u.Timestamp < from || u.Timestamp >= to {
			return true
		}
		start := u.Timestamp - (u.Timestamp-from)%step
		if m.DefaultAggregate.Formula == countFormula {
			byStart[start]++
		} else {
			byStart[start] += u.Value
		}
		return true
	})
	summaries := []meterSummary{}
	for _, start := range slices.Backward(slices.Sorted(maps.Keys(byStart))) {
		summaries = append(summaries, meterSummary{
			ID:     "mtrusg_" + derive(idChars, m.ID, customer, strconv.FormatInt(start, 10), strconv.FormatInt(step, 10)),
			Object: "billing.meter_event_summary", AggregatedValue: byStart[start], EndTime: start + step, Meter: m.ID, StartTime: start,
		})
	}
	return summaries
}
