package stripe

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // reports are written in any zone, on machines without a database of them, too
)

// reportRun is one run of a report.
type reportRun struct {
	ID          string           `json:"id"`
	Object      string           `json:"object"`
	Created     int64            `json:"created"`
	Error       *string          `json:"error"`
	Livemode    bool             `json:"livemode"`
	Parameters  reportParameters `json:"parameters"`
	ReportType  string           `json:"report_type"`
	Result      *file            `json:"result"`
	Status      string           `json:"status"`
	SucceededAt *int64           `json:"succeeded_at"`
}

type reportParameters struct {
	Columns           []string `json:"columns,omitempty"`
	Currency          string   `json:"currency,omitempty"`
	IntervalEnd       int64    `json:"interval_end,omitempty"`
	IntervalStart     int64    `json:"interval_start,omitempty"`
	ReportingCategory string   `json:"reporting_category,omitempty"`
	Timezone          string   `json:"timezone,omitempty"`
}

// reportDelay is how long a report takes.
const reportDelay = 2 * time.Second

// reportHostsBucket holds run -> where its caller reaches the sandbox, for the link to the result.
const reportHostsBucket = "report_hosts"

const reportingCategories = "advance advance_funding anticipation_repayment charge charge_failure climate_order_purchase climate_order_refund connect_collection_transfer " +
	"connect_reserved_funds contribution dispute dispute_reversal fee financing_paydown financing_paydown_reversal financing_payout financing_payout_reversal " +
	"issuing_authorization_hold issuing_authorization_release issuing_dispute issuing_transaction network_cost other_adjustment partial_capture_reversal payout " +
	"payout_reversal platform_earning platform_earning_refund refund refund_failure risk_reserved_funds tax topup topup_reversal transfer transfer_reversal " +
	"unreconciled_customer_funds"

func (u *reportRun) identity() (string, int64) { return u.ID, u.Created }

func (u *reportRun) indexed() map[string]string { return nil }

var reportRuns = collection[*reportRun]{name: "reporting.report_run", prefix: "frr_"}

func reportRunEndpoints() []endpoint {
	parameters := hash(spec{
		"columns": list(filledText()), "connected_account": filledText(), "currency": filledText(), "interval_end": integer(), "interval_start": integer(),
		"payout": filledText(), "reporting_category": enum(strings.Fields(reportingCategories)...), "timezone": filledText(),
	})
	return []endpoint{
		post("/v1/reporting/report_runs", spec{"parameters": parameters, "report_type": required(filledText())}, createReportRun),
		get("/v1/reporting/report_runs", datedPageSpec(nil), func(r *call) (any, error) { return reportRuns.list(r, nil) }),
		get("/v1/reporting/report_runs/{id}", nil, retrieve(reportRuns, "report_run")),
	}
}

func createReportRun(r *call) (any, error) {
	t, found := r.reportType(r.args.text("report_type"))
	if !found {
		return nil, noSuch("reporting.report_type", r.args.text("report_type"), "report_type")
	}
	p, err := readReportParameters(r.args.hash("parameters"), t)
	if err != nil {
		return nil, err
	}
	u := &reportRun{ID: newID(r, reportRuns), Object: "reporting.report_run", Created: r.now(), Parameters: p, ReportType: t.ID, Status: "pending"}
	reportRuns.put(r.tx, u)
	bucketOf(r.tx, reportHostsBucket).put([]byte(u.ID), []byte(r.baseURL))
	r.schedule(r.asOf.Add(reportDelay), due{Action: endReport, ID: u.ID})
	return u, nil
}

func readReportParameters(a args, t *reportType) (p reportParameters, err error) {
	p = reportParameters{
		Columns: a.list("columns"), IntervalEnd: a.integer("interval_end"), IntervalStart: a.integer("interval_start"),
		ReportingCategory: a.text("reporting_category"), Timezone: a.text("timezone"),
	}
	for name, refusedHere := range map[string]bool{"connected_account": true, "interval_start": t.asOf, "payout": true, "reporting_category": t.uncategored} {
		if refusedHere && a.has(name) {
			return p, invalid("", "parameters["+name+"]", "The report type %s does not accept the parameter %s.", t.ID, name)
		}
	}
	if err := checkInterval(a, t, p); err != nil {
		return p, err
	}
	for _, column := range p.Columns {
		if !t.has(column) {
			return p, invalid("", "parameters[columns]", "Invalid column: %s has no column '%s'.", t.ID, column)
		}
	}
	if currency := a.text("currency"); currency != "" {
		code, refusal := parseCurrency(currency)
		if refusal != nil {
			refusal.Param = "parameters[currency]"
			return p, refusal
		}
		p.Currency = code
	}
	if _, err := time.LoadLocation(p.Timezone); err != nil || p.Timezone == "Local" {
		return p, invalid("", "parameters[timezone]", "Invalid timezone: %s must be a name of the IANA Time Zone Database, such as Europe/Berlin.", p.Timezone)
	}
	return p, nil
}

// checkInterval keeps the interval inside what data is available for.
func checkInterval(a args, t *reportType, p reportParameters) error {
	for _, name := range []string{"interval_end", "interval_start"} {
		if !a.has(name) && !(t.asOf && name == "interval_start") {
			return missing("parameters[" + name + "]")
		}
	}
	switch {
	case !t.asOf && p.IntervalStart < t.DataAvailableStart:
		return invalid("", "parameters[interval_start]", "The interval_start must not be before %d, the data_available_start of %s.", t.DataAvailableStart, t.ID)
	case p.IntervalEnd < t.DataAvailableStart || p.IntervalEnd > t.DataAvailableEnd:
		return invalid("", "parameters[interval_end]", "The interval_end must lie between %d and %d, which %s has data available for.", t.DataAvailableStart, t.DataAvailableEnd, t.ID)
	case !t.asOf && p.IntervalStart >= p.IntervalEnd:
		return invalid("", "parameters[interval_start]", "The interval_start must be before the interval_end.")
	}
	return nil
}

// endReport writes the file of a report, from the books as they are now.
func (r *call) endReport(id string) {
	u, _ := reportRuns.get(r.tx, id)
	t, _ := r.reportType(u.ReportType)
	contents, err := writeReport(r.reportData(u.Parameters), t, u.Parameters.Columns)
	if err != nil {
		panic(storeFailure{err}) // rolls back: a report is written to memory, which does not fail
	}
	host := string(bucketOf(r.tx, reportHostsBucket).get([]byte(id)))
	at := r.now()
	u.Result, u.Status, u.SucceededAt = r.keepFile(host, "csv", id, contents), "succeeded", &at
	reportRuns.put(r.tx, u)
	r.emit("reporting.report_run.succeeded", u, nil)
}

func writeReport(d *reportData, t *reportType, columns []string) ([]byte, error) {
	if len(columns) == 0 {
		columns = t.DefaultColumns
	}
	var written bytes.Buffer
	w := csv.NewWriter(&written)
	records := [][]string{columns}
	for _, row := range t.rows(d) {
		record := make([]string, len(columns))
		for i, column := range columns {
			record[i] = row(column)
		}
		records = append(records, record)
	}
	if err := w.WriteAll(records); err != nil {
		return nil, fmt.Errorf("write report %s: %w", t.ID, err)
	}
	return written.Bytes(), nil
}
