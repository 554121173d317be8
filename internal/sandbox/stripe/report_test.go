package stripe_test

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// report runs a report over all that has happened, unless its parameters are changed, and waits for it.
func (b *bundle) report(t *testing.T, kind string, change func(*stripego.ReportingReportRunParametersParams)) *stripego.ReportingReportRun {
	t.Helper()
	available, err := b.api.ReportingReportTypes.Get(kind, nil)
	require.NoError(t, err)
	params := &stripego.ReportingReportRunParametersParams{IntervalStart: &available.DataAvailableStart, IntervalEnd: &available.DataAvailableEnd}
	if strings.HasPrefix(kind, "ending_balance") {
		params.IntervalStart = nil
	}
	if change != nil {
		change(params)
	}
	run, err := b.api.ReportingReportRuns.New(&stripego.ReportingReportRunParams{ReportType: &kind, Parameters: params})
	require.NoError(t, err)
	require.Equal(t, stripego.ReportingReportRunStatusPending, run.Status)
	require.Nil(t, run.Result)
	b.advance(t, time.Minute)
	run, err = b.api.ReportingReportRuns.Get(run.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.ReportingReportRunStatusSucceeded, run.Status)
	return run
}

// rows downloads the result of a report, as maps from column to cell.
func (b *bundle) rows(t *testing.T, run *stripego.ReportingReportRun) (rows []map[string]string) {
	t.Helper()
	req, err := http.NewRequestWithContext(b.ctx, http.MethodGet, run.Result.URL, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusUnauthorized, res.StatusCode, "a download needs the key, too")
	req.SetBasicAuth(sandbox.StripeKey, "")
	res, err = http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "text/csv", res.Header.Get("Content-Type"))
	require.Equal(t, run.Result.Size, res.ContentLength)
	records, err := csv.NewReader(res.Body).ReadAll()
	require.NoError(t, err)
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, column := range records[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// trading is an account with two charges in dollars, one of them partly refunded, and one in yen, all paid out but a later charge.
func trading(t *testing.T, b *bundle) (customer, intent string) {
	require.NoError(t, sandbox.SetPayouts(b.ctx, b.StripeURL(), sandbox.Payouts{Schedule: sandbox.DailyPayouts}))
	c, m := b.customerWith(t, "pm_card_visa")
	params := offSession(c.ID, m.ID, 10_000, "usd")
	params.AddMetadata("order", `6"7`)
	p, err := b.api.PaymentIntents.New(params)
	require.NoError(t, err)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Amount: stripego.Int64(2500), Metadata: map[string]string{"why": "late"}})
	require.NoError(t, err)
	_, err = b.api.PaymentIntents.New(offSession(c.ID, m.ID, 5000, "jpy"))
	require.NoError(t, err)
	b.advance(t, 8*24*time.Hour)
	_, err = b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	b.advance(t, time.Second)
	return c.ID, p.ID
}

func TestItemizedReports(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "reporting.report_run.succeeded")
	customer, intent := trading(t, b)
	run := b.report(t, "balance_change_from_activity.itemized.3", nil)
	require.Equal(t, run.Created+2, run.SucceededAt)
	rows := b.rows(t, run)
	require.Len(t, rows, 4, "two charges in dollars, one in yen, a refund; no payouts")
	require.Equal(t, map[string]string{
		"balance_transaction_id": rows[0]["balance_transaction_id"], "created": rows[0]["created"], "available_on": rows[0]["available_on"], "currency": "usd",
		"gross": "100.00", "fee": "3.20", "net": "96.80", "reporting_category": "charge", "description": "",
	}, rows[0], "the default columns")
	require.Equal(t, []string{"refund", "-25.00", "0.00", "-25.00"}, []string{rows[1]["reporting_category"], rows[1]["gross"], rows[1]["fee"], rows[1]["net"]})
	require.Equal(t, []string{"jpy", "5000"}, []string{rows[2]["currency"], rows[2]["gross"]}, "yen have no decimals")
	require.Equal(t, []string{"reporting.report_run.succeeded"}, kindsOf(in.wait(t, 1)))

	columns := []string{"reporting_category", "payment_intent_id", "customer_id", "card_brand", "payment_metadata[order]", "refund_metadata[why]", "created", "created_utc", "automatic_payout_id", "invoice_id"}
	rows = b.rows(t, b.report(t, "balance_change_from_activity.itemized.3", func(p *stripego.ReportingReportRunParametersParams) {
		p.Columns, p.Currency, p.ReportingCategory, p.Timezone = stripego.StringSlice(columns), stripego.String("USD"), stripego.String("refund"), stripego.String("Asia/Kolkata")
	}))
	require.Len(t, rows, 1)
	require.Len(t, rows[0], len(columns))
	require.Equal(t, []string{"refund", intent, customer, "visa", `6"7`, "late", ""}, []string{
		rows[0]["reporting_category"], rows[0]["payment_intent_id"], rows[0]["customer_id"], rows[0]["card_brand"], rows[0]["payment_metadata[order]"],
		rows[0]["refund_metadata[why]"], rows[0]["invoice_id"],
	})
	local, err := time.Parse(time.DateTime, rows[0]["created"])
	require.NoError(t, err)
	utc, err := time.Parse(time.DateTime, rows[0]["created_utc"])
	require.NoError(t, err)
	require.Equal(t, 5*time.Hour+30*time.Minute, local.Sub(utc))

	payouts := b.rows(t, b.report(t, "payouts.itemized.3", nil))
	require.Len(t, payouts, 2)
	parts := b.rows(t, b.report(t, "payout_reconciliation.itemized.5", nil))
	require.Len(t, parts, 3)
	for _, p := range payouts {
		require.Equal(t, []string{"paid", "payout"}, []string{p["payout_status"], p["reporting_category"]})
		require.Equal(t, p["effective_at"], p["payout_expected_arrival_date"])
		sum := int64(0)
		for _, part := range parts {
			if part["automatic_payout_id"] == p["payout_id"] {
				sum += minor(t, part["net"])
			}
		}
		require.Equal(t, -minor(t, p["net"]), sum, "what a payout consists of is what it pays")
	}
}

// minor reads a cell as a number without its decimal point.
func minor(t *testing.T, cell string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.ReplaceAll(cell, ".", ""), 10, 64)
	require.NoError(t, err, cell)
	return n
}

func TestSummariesAgreeWithTheBalance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	trading(t, b)
	begin := time.Now().Add(-time.Hour).Unix()
	balance, err := b.api.Balance.Get(nil)
	require.NoError(t, err)
	held := map[string]int64{}
	for i, available := range balance.Available {
		held[string(available.Currency)] = available.Amount + balance.Pending[i].Amount
	}
	sums := map[string]map[string]int64{}
	for _, row := range b.rows(t, b.report(t, "balance.summary.1", func(p *stripego.ReportingReportRunParametersParams) { p.IntervalStart = &begin })) {
		if sums[row["currency"]] == nil {
			sums[row["currency"]] = map[string]int64{}
		}
		sums[row["currency"]][row["category"]] = minor(t, row["net_amount"])
	}
	require.Len(t, sums, 2)
	for currency, s := range sums {
		require.Zero(t, s["starting_balance"])
		require.Equal(t, s["ending_balance"], s["starting_balance"]+s["activity"]+s["payouts"])
		require.Equal(t, held[currency], s["ending_balance"], currency)
	}
	rest := map[string]int64{}
	for _, row := range b.rows(t, b.report(t, "ending_balance_reconciliation.itemized.4", nil)) {
		rest[row["currency"]] += minor(t, row["net"])
	}
	require.Equal(t, map[string]int64{"usd": held["usd"]}, rest, "the charge that was not paid out yet")
	activity := map[string]string{}
	for _, row := range b.rows(t, b.report(t, "balance_change_from_activity.summary.1", nil)) {
		activity[row["currency"]+" "+row["reporting_category"]] = row["count"] + " " + row["gross"] + " " + row["fee"] + " " + row["net"]
	}
	require.Equal(t, map[string]string{"usd charge": "2 120.00 4.08 115.92", "usd refund": "1 -25.00 0.00 -25.00", "jpy charge": "1 5000 175 4825"}, activity)
	payouts := b.rows(t, b.report(t, "payouts.summary.1", func(p *stripego.ReportingReportRunParametersParams) { p.Currency = stripego.String("jpy") }))
	require.Len(t, payouts, 1)
	require.Equal(t, "-4825", payouts[0]["net"])
}

func TestReportsOfExchangedMoney(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, sandbox.SetSettlement(b.ctx, b.StripeURL(), sandbox.Settlement{Currency: "usd", Rates: map[string]string{"jpy": "0.0067"}}))
	c, m := b.customerWith(t, "pm_card_visa")
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 1000, "jpy"))
	require.NoError(t, err)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Amount: stripego.Int64(300)})
	require.NoError(t, err)
	_, err = sandbox.AddMovement(b.ctx, b.StripeURL(), sandbox.Movement{Category: "fee", Amount: -500, Currency: "usd", Description: "Radar"})
	require.NoError(t, err)
	b.advance(t, time.Second)
	rows := b.rows(t, b.report(t, "balance_change_from_activity.itemized.3", func(p *stripego.ReportingReportRunParametersParams) {
		p.Columns = stripego.StringSlice([]string{"reporting_category", "currency", "gross", "customer_facing_amount", "customer_facing_currency", "description"})
	}))
	var got [][]string
	for _, row := range rows {
		got = append(got, []string{row["reporting_category"], row["currency"], row["gross"], row["customer_facing_amount"], row["customer_facing_currency"]})
	}
	require.ElementsMatch(t, [][]string{{"charge", "usd", "6.70", "1000", "jpy"}, {"refund", "usd", "-2.01", "-300", "jpy"}, {"fee", "usd", "-5.00", "", ""}}, got)
	require.Len(t, b.rows(t, b.report(t, "ending_balance_reconciliation.itemized.4", nil)), 3)
}

func TestReportFiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	run := b.report(t, "balance.summary.1", nil)
	require.Empty(t, b.rows(t, run), "nothing has happened")
	f, err := b.api.Files.Get(run.Result.ID, nil)
	require.NoError(t, err)
	require.Equal(t, []any{run.Result.URL, "csv", stripego.FilePurposeFinanceReportRun}, []any{f.URL, f.Type, f.Purpose})
	for purpose, want := range map[string]bool{"finance_report_run": true, "dispute_evidence": false} {
		it := b.api.Files.List(&stripego.FileListParams{Purpose: &purpose})
		require.Equal(t, want, it.Next(), purpose)
		require.NoError(t, it.Err())
	}
	types := b.api.ReportingReportTypes.List(nil)
	var ids []string
	for types.Next() {
		ids = append(ids, types.ReportingReportType().ID)
		require.NotEmpty(t, types.ReportingReportType().DefaultColumns)
	}
	require.Equal(t, []string{
		"balance.summary.1", "balance_change_from_activity.itemized.3", "balance_change_from_activity.summary.1", "ending_balance_reconciliation.itemized.4",
		"payout_reconciliation.itemized.5", "payouts.itemized.3", "payouts.summary.1",
	}, ids)
	runs := b.api.ReportingReportRuns.List(nil)
	require.True(t, runs.Next())
	require.Equal(t, run.ID, runs.ReportingReportRun().ID)
}

func TestRefusesReports(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := strconv.FormatInt(time.Now().Add(-time.Second).Unix(), 10)
	const start = "&parameters[interval_start]=1700000000"
	for form, phrase := range map[string]string{
		"parameters[interval_end]=" + end:                                                                                       "Missing required param: report_type",
		"report_type=balance.summary.9":                                                                                         "No such reporting.report_type",
		"report_type=balance.summary.1" + start:                                                                                 "Missing required param: parameters[interval_end]",
		"report_type=balance.summary.1&parameters[interval_end]=" + end:                                                         "Missing required param: parameters[interval_start]",
		"report_type=balance.summary.1&parameters[interval_start]=1&parameters[interval_end]=" + end:                            "must not be before",
		"report_type=balance.summary.1" + start + "&parameters[interval_end]=9999999999":                                        "must lie between",
		"report_type=balance.summary.1" + start + "&parameters[interval_end]=1700000000":                                        "must be before the interval_end",
		"report_type=balance.summary.1" + start + "&parameters[columns][]=colour&parameters[interval_end]=" + end:               "has no column 'colour'",
		"report_type=payouts.itemized.3" + start + "&parameters[columns][]=payment_metadata[a]&parameters[interval_end]=" + end: "has no column",
		"report_type=balance.summary.1" + start + "&parameters[timezone]=Mars/Base&parameters[interval_end]=" + end:             "Invalid timezone: Mars/Base",
		"report_type=balance.summary.1" + start + "&parameters[currency]=xyz&parameters[interval_end]=" + end:                   "Invalid currency",
		"report_type=balance.summary.1" + start + "&parameters[payout]=po_1&parameters[interval_end]=" + end:                    "does not accept the parameter payout",
		"report_type=balance.summary.1" + start + "&parameters[reporting_category]=charge&parameters[interval_end]=" + end:      "does not accept the parameter reporting_category",
		"report_type=payouts.itemized.3" + start + "&parameters[reporting_category]=tips&parameters[interval_end]=" + end:       "must be one of",
		"report_type=ending_balance_reconciliation.itemized.4" + start + "&parameters[interval_end]=" + end:                     "does not accept the parameter interval_start",
		"report_type=balance.summary.1" + start + "&parameters[colour]=red&parameters[interval_end]=" + end:                     "unknown parameter",
	} {
		res, body := b.raw(t, http.MethodPost, "/v1/reporting/report_runs", form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%s: %v", form, body)
		require.Contains(t, errorOf(body)["message"], phrase, form)
	}
	for _, path := range []string{"/v1/reporting/report_types/x", "/v1/reporting/report_runs/x", "/v1/files/x", "/v1/files/x/contents"} {
		res, _ := b.raw(t, http.MethodGet, path, "", nil)
		require.Equal(t, http.StatusNotFound, res.StatusCode, path)
	}
	_, body := b.raw(t, http.MethodGet, "/v1/reporting/report_runs", "", nil)
	require.Empty(t, body["data"])
}
