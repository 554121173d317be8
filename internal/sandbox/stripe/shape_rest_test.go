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
	absent = append(absent, "", "deleted", "LastResponse") // the library's own, and those of deleted objects
	for _, object := range objects {
		for name := range fieldsOf(known) {
			if !slices.Contains(absent, name) && name != "-" {
				require.Contains(t, object, name, path)
			}
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
	b.requireWhole(t, "/v1/reporting/report_types", stripego.ReportingReportTypeList{}, "created")
}
