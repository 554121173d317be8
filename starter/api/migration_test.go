package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// A service migrates page by page, and repeats a page without harm.
func TestAPlanIsMigratedOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	for _, name := range []string{"-1", "-2", "-3"} {
		running.Subscribe(t, service.NewSubscription{ID: id + name, Customer: id + "-c", Plan: id + "-pro"})
	}
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(fill(id, `[
		{"id":"$-pro","version":2,"name":"Pro","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
		 "charges":[{"id":"fee","name":"monthly fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c",
		  "prices":{"USD":{"model":"flat","flat_amount":"7"}}}]}]`)))
	require.NoError(t, err)

	var seen []string
	after := ""
	for page := range 2 {
		body := map[string]any{"from": 1, "to": 2, "notice_days": 0, "limit": 2, "after": after}
		got := call(t, "POST", fill(id, "/v1/plans/$-pro/migrations"), body)
		require.Equal(t, http.StatusOK, got.status, string(got.body))
		repeated := call(t, "POST", fill(id, "/v1/plans/$-pro/migrations"), body)
		for i, line := range got.json(t)["data"].([]any) {
			moved := line.(map[string]any)
			require.Equal(t, "migrated", moved["outcome"])
			require.Equal(t, map[string]any{"minor": -300.0, "currency": "USD"}, moved["difference"])
			seen = append(seen, moved["subscription"].(string))
			require.Equal(t, "done_before", repeated.json(t)["data"].([]any)[i].(map[string]any)["outcome"])
		}
		after, _ = got.json(t)["next"].(string)
		require.Equal(t, page == 0, after != "")
	}
	require.Equal(t, []string{id + "-1", id + "-2", id + "-3"}, seen)
	require.Equal(t, 3, running.Count(t, `SELECT COUNT(*) FROM price_notice n JOIN outbox o USING (message_key) WHERE o.customer_id = $1`, id+"-c"))

	refused := call(t, "POST", fill(id, "/v1/plans/$-pro/migrations"), map[string]any{"from": 1, "to": 3})
	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Contains(t, string(refused.body), "has no version 3")
	require.Equal(t, http.StatusNotFound, call(t, "POST", "/v1/plans/nobodys/migrations", map[string]any{"from": 1, "to": 2}).status)
}

// Who was moved while nobody was told, because everything stopped in between, is told when the migration is repeated.
func TestAnInterruptedMigrationStillTells(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-1", Customer: id + "-c", Plan: id + "-team", Seats: 2})
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(fill(id, `[
		{"id":"$-team","version":2,"name":"Team","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
		 "charges":[{"id":"seats","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c",
		  "prices":{"USD":{"model":"per_unit","unit_amount":"8.5"}}}]}]`)))
	require.NoError(t, err)
	migration := service.Migration{Plan: id + "-team", From: 1, To: 2, At: service.AtOnce, NoticeDays: new(int)}
	_, err = running.Service.Change(t.Context(), id+"-1", service.Change{Asked: service.Asked{CommandID: migration.ID()}, PlanVersion: 2})
	require.NoError(t, err)
	notices := func() int {
		return running.Count(t, `SELECT COUNT(*) FROM price_notice WHERE subscription_id = $1 AND (old_amount, new_amount) = (1600, 1700)`, id+"-1")
	}
	require.Zero(t, notices())
	for _, want := range []int{1, 0} {
		page, err := running.Service.Migrate(t.Context(), migration)
		require.NoError(t, err)
		require.Len(t, page.Data, want)
		require.Equal(t, 1, notices())
	}
}
