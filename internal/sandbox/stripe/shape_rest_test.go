package stripe_test

import (
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

// requireWhole asserts that what is under the path has the fields of the library's type, and all of them: null where
// there is nothing. Absent names those that Stripe leaves out.
func (b *bundle) requireWhole(t *testing.T, path string, library any, absent ...string) {
	t.Helper()
	b.requireShape(t, path, library)
	_, body := b.raw(t, http.MethodGet, path, "", nil)
	known, objects := reflect.TypeOf(library), []any{body}
	if data, isList := body["data"].([]any); isList {
		field, _ := known.FieldByName("Data")
		known, objects = field.Type.Elem().Elem(), data
	}
	for _, object := range objects {
		requireFields(t, object, known, path, absent...)
	}
}

func requireFields(t *testing.T, object any, known reflect.Type, path string, absent ...string) {
	t.Helper()
	absent = append(absent, "", "-", "deleted") // the library's own, and what deleted objects have
	for name := range fieldsOf(known) {
		if !slices.Contains(absent, name) {
			require.Contains(t, object, name, path)
		}
	}
}

func TestFieldsOfFilesAndListsAreStripes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "US", "state_sales_tax", "[state]", "CA", "[state_sales_tax][elections][0][type]", "local_use_tax", "[state_sales_tax][elections][0][jurisdiction]", "037")
	b.register(t, "DE", "standard")
	b.register(t, "CA", "province_standard", "[province_standard][province]", "MB")
	l := b.valueList(t, "blocked", "email")
	b.listItem(t, l.ID, "eve@example.com")
	b.meter(t, "tokens", "sum")
	run := b.report(t, "balance.summary.1", nil)
	for path, library := range map[string]any{
		"/v1/tax/registrations": stripego.TaxRegistrationList{}, "/v1/radar/value_lists": stripego.RadarValueListList{},
		"/v1/radar/value_list_items?value_list=" + l.ID: stripego.RadarValueListItemList{}, "/v1/billing/meters": stripego.BillingMeterList{},
		"/v1/reporting/report_runs": stripego.ReportingReportRunList{}, "/v1/reporting/report_runs/" + run.ID: stripego.ReportingReportRun{}, "/v1/files": stripego.FileList{},
	} {
		b.requireWhole(t, path, library)
	}
	c := b.customer(t)
	for _, posted := range []struct {
		path, form string
		library    any
	}{
		{"/v1/billing/meter_events", "identifier=a&event_name=tokens&payload[value]=1&payload[stripe_customer_id]=" + c.ID, stripego.BillingMeterEvent{}},
		{"/v1/billing/meter_event_adjustments", "event_name=tokens&type=cancel&cancel[identifier]=a", stripego.BillingMeterEventAdjustment{}},
	} {
		_, body := b.raw(t, http.MethodPost, posted.path, posted.form, nil)
		requireFields(t, body, reflect.TypeOf(posted.library), posted.path)
		require.Empty(t, unknownFields(body, reflect.TypeOf(posted.library), posted.path))
	}
	b.requireWhole(t, "/v1/reporting/report_types", stripego.ReportingReportTypeList{}, "created")
}
