package service_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

const limitedPlan = `[{"id":"$-limited","version":1,"name":"Limited","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
  "spend":{"USD":{"minimum":"200","maximum":"900","tax_category":"saas_b2c"}},
  "charges":[{"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"per_unit","unit_amount":"0.10","commitment":{"quantity":"1000","paid":"advance"}}}}]}]`

// A plan with limits is sold, and the calls that are committed to are billed when it begins.
func TestAPlanWithLimitsIsSold(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, limitedPlan)))
	require.NoError(t, err)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	subscribe(t, id, "-limited", 0)
	found, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Customer: id + "-c"})
	require.NoError(t, err)
	require.Len(t, found.Data, 1)
	page, err := document.Load(t.Context(), running.Store, found.Data[0].ID)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, page.Text(&text))
	require.Contains(t, text.String(), "1. Limited: committed calls")
	require.Contains(t, text.String(), "1,000 × $0.10 = $100.00")
}

// What is wrong with a plan's limits is named.
func TestPlansWithWrongLimits(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	for _, wrong := range []struct{ old, new, why string }{
		{`"900","tax_category":"saas_b2c"`, `"900","tax_category":"rainbows"`, `spend.USD.tax_category: tax category "rainbows" is unknown`},
		{`"maximum":"900"`, `"maximum":"100"`, "spend.USD.maximum must not be below minimum 200"},
		{`"commitment":{"quantity":"1000","paid":"advance"}`, `"minimum":"-1"`, "minimum"},
	} {
		_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, strings.Replace(limitedPlan, wrong.old, wrong.new, 1))))
		require.Contains(t, requireKind(t, err, service.Invalid, "invalid_fields").Fields[0].Message, wrong.why)
	}
}
