package document_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/internal/store"
)

// An invoice at prices that were agreed is explained by these: also with another model than the catalogue's, and in a currency
// that the catalogue does not have.
func TestAgreedPricesOnAnInvoice(t *testing.T) {
	t.Parallel()
	entity := northwind
	entity.ID, entity.InvoicePrefix = "agreed", "NWA"
	a := newAccount(t, openStore(t, "agreed"), entity, nil, store.Customer{
		ID: "urs", Name: "Urs Beispiel", Email: "urs@example.ch", Country: "CH", Zone: "Europe/Zurich", Currency: "CHF", Locale: "en-GB",
	}, monthly("team", "Team", catalog.GrainDay, seats("USD", "20")), 12)
	var prices catalog.Agreed
	require.NoError(t, json.Unmarshal([]byte(`{"seats": {"CHF": {"model": "volume", "tiers": [{"up_to": 10, "unit_amount": "19"}, {"unit_amount": "15"}]}}}`), &prices))
	require.NoError(t, a.Tx(t.Context(), func(tx store.Tx) error {
		return tx.AddAgreedPrice(t.Context(), store.AgreedPrice{SubscriptionID: "sub_urs", PlanID: "team", PlanVersion: 1, Prices: prices, AgreedAt: founded})
	}))
	a.plan = a.plan.WithAgreed(prices)
	january := a.month("2027-01")
	issued := a.issue("inv_agreed", invoicing.Facts{
		Reason: invoicing.ForCycle, IssuedAt: january.Start, Opens: &invoicing.Opening{Period: january, Terms: a.terms()},
	})
	shown, err := document.Load(t.Context(), a.Store, issued.ID)
	require.NoError(t, err)
	require.Equal(t, "CHF 180.00", shown.Lines[0].Amount.String())
	require.Contains(t, shown.Lines[0].Details, "An agreed price")
}
