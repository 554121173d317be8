package stripe

import (
	"slices"
	"strings"
	"time"
)

// reportType is a report that can be run (docs.stripe.com/reports/api).
type reportType struct {
	ID                 string   `json:"id"`
	Object             string   `json:"object"`
	DataAvailableEnd   int64    `json:"data_available_end"`
	DataAvailableStart int64    `json:"data_available_start"`
	DefaultColumns     []string `json:"default_columns"`
	Livemode           bool     `json:"livemode"`
	Name               string   `json:"name"`
	Updated            int64    `json:"updated"`
	Version            int64    `json:"version"`

	asOf        bool   // has an end, but no start
	columns     string // besides the default ones
	uncategored bool   // cannot be narrowed to a reporting category
	rows        func(*reportData) []reportRow
}

// reportRow says what stands in a column.
type reportRow func(column string) string

// The columns of reports, in Stripe's order of the defaults.
const (
	summaryColumns  = "reporting_category currency count gross fee net"
	activityColumns = "balance_transaction_id created available_on currency gross fee net reporting_category description"
	payoutColumns   = "payout_id effective_at currency gross fee net reporting_category balance_transaction_id description payout_expected_arrival_date payout_status " +
		"payout_reversed_at payout_type payout_description payout_destination_id"
	payoutColumnsMore = "effective_at_utc payout_reversed_at_utc regulatory_tag trace_id trace_id_status"
	partOfColumns     = "automatic_payout_id automatic_payout_effective_at"
	movementColumns   = "automatic_payout_id automatic_payout_effective_at automatic_payout_effective_at_utc available_on_utc card_address_city card_address_country " +
		"card_address_line1 card_address_line2 card_address_postal_code card_address_state card_brand card_country card_funding charge_created charge_created_utc charge_id " +
		"connected_account_country connected_account_direct_charge_id connected_account_id connected_account_name created_utc customer_address_city customer_address_country " +
		"customer_address_line1 customer_address_line2 customer_address_postal_code customer_address_state customer_description customer_email customer_facing_amount " +
		"customer_facing_currency customer_id customer_name customer_shipping_address_city customer_shipping_address_country customer_shipping_address_line1 " +
		"customer_shipping_address_line2 customer_shipping_address_postal_code customer_shipping_address_state dispute_reason invoice_id invoice_number is_link " +
		"payment_intent_id payment_metadata[key] payment_method_type refund_metadata[key] regulatory_tag shipping_address_city shipping_address_country shipping_address_line1 " +
		"shipping_address_line2 shipping_address_postal_code shipping_address_state source_id statement_descriptor subscription_id trace_id trace_id_status transfer_metadata[key]"
)

// reportTypes are those of Stripe's that the sandbox's own books can answer.
func reportTypes() []reportType {
	return []reportType{
		{
			ID: "balance.summary.1", Name: "Balance summary", Version: 1, DefaultColumns: strings.Fields("category description net_amount currency"),
			uncategored: true, rows: balanceSummary,
		},
		{
			ID: "balance_change_from_activity.itemized.3", Name: "Itemized balance change from activity", Version: 3,
			DefaultColumns: strings.Fields(activityColumns), columns: movementColumns, rows: activityItems,
		},
		{
			ID: "balance_change_from_activity.summary.1", Name: "Balance change from activity summary", Version: 1,
			DefaultColumns: strings.Fields(summaryColumns), rows: activitySummary,
		},
		{
			ID: "ending_balance_reconciliation.itemized.4", Name: "Itemized ending balance reconciliation", Version: 4,
			DefaultColumns: strings.Fields(activityColumns), columns: movementColumns, asOf: true, rows: endingBalanceItems,
		},
		{
			ID: "payout_reconciliation.itemized.5", Name: "Itemized payout reconciliation", Version: 5,
			DefaultColumns: strings.Fields(partOfColumns + " " + activityColumns), columns: movementColumns + " destination_payment_id order_id", rows: payoutParts,
		},
		{
			ID: "payouts.itemized.3", Name: "Itemized payouts", Version: 3, DefaultColumns: strings.Fields(payoutColumns), columns: payoutColumnsMore, rows: payoutItems,
		},
		{
			ID: "payouts.summary.1", Name: "Payouts summary", Version: 1, DefaultColumns: strings.Fields(summaryColumns), rows: payoutSummary,
		},
	}
}

// booksOpened is the earliest time that reports cover: before any billing time that a sandbox was asked about.
var booksOpened = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

func reportTypeEndpoints() []endpoint {
	return []endpoint{
		get("/v1/reporting/report_types", nil, listReportTypes),
		get("/v1/reporting/report_types/{id}", nil, func(r *call) (any, error) {
			t, found := r.reportType(r.id)
			if !found {
				return nil, notFound("reporting.report_type", r.id, "report_type")
			}
			return t, nil
		}),
	}
}

// listReportTypes is the whole list: there is only one page of it.
func listReportTypes(r *call) (any, error) {
	var all []*reportType
	for _, known := range reportTypes() {
		t, _ := r.reportType(known.ID)
		all = append(all, t)
	}
	return firstPage(r.path, all, len(all)), nil
}

// reportType finds one with its data available until now, where Stripe brings it up to date twice a day.
func (r *call) reportType(id string) (*reportType, bool) {
	all := reportTypes()
	i := slices.IndexFunc(all, func(t reportType) bool { return t.ID == id })
	if i < 0 {
		return nil, false
	}
	t := &all[i]
	t.Object, t.DataAvailableStart, t.DataAvailableEnd, t.Updated = "reporting.report_type", booksOpened.Unix(), r.now(), r.now()
	return t, true
}

// has says whether a column can be asked for. A metadata column names its key.
func (t *reportType) has(column string) bool {
	if kind, key := metadataColumn(column); kind != "" {
		column = kind + "_metadata[key]"
		if key == "" {
			return false
		}
	}
	return slices.Contains(t.DefaultColumns, column) || among(t.columns, column)
}

// metadataColumn splits "payment_metadata[order]".
func metadataColumn(column string) (kind, key string) {
	kind, key, found := strings.Cut(column, "_metadata[")
	if !found || !strings.HasSuffix(key, "]") || !among("payment refund transfer", kind) {
		return "", ""
	}
	return kind, strings.TrimSuffix(key, "]")
}
