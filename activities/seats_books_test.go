package activities_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// What the books say of plan credit can be contradicted: by its entries, the statements and the lines of invoices.
func TestPlanCreditIsProven(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	w := randomWorkspace(t, 4)
	w.happen(b)
	conn, err := pgx.Connect(b.ctx, b.url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	falsify := func(statement string) {
		_, err := conn.Exec(b.ctx, "SET session_replication_role = replica")
		require.NoError(t, err)
		tag, err := conn.Exec(b.ctx, statement)
		require.NoError(t, err)
		require.EqualValues(t, 1, tag.RowsAffected(), statement)
	}
	for rule, update := range map[string]string{
		"plan credit equals its entries":          "plan_credit SET balance = balance ? 1",
		"plan credit earned equals its statement": "plan_credit_entry SET amount = amount ? 1 WHERE natural_key = (SELECT MIN(natural_key) FROM plan_credit_entry WHERE kind = 'earned')",
		"plan credit used equals its invoice":     "plan_credit_entry SET amount = amount ? 1 WHERE natural_key = (SELECT MIN(natural_key) FROM plan_credit_entry WHERE kind = 'used' AND amount < -1)",
		"statement equals its entries":            "seat_entry SET amount = amount ? 1 WHERE kind = 'charged' AND (statement_id, seq) = (SELECT statement_id, seq FROM seat_entry WHERE kind = 'charged' LIMIT 1)",
	} {
		falsify("UPDATE " + strings.Replace(update, "?", "+", 1))
		faults, err := b.PlanCreditFaults(b.ctx)
		require.NoError(t, err)
		var rules []string
		for _, fault := range faults {
			rules = append(rules, fault.Rule)
		}
		require.Contains(t, rules, rule)
		falsify("UPDATE " + strings.Replace(update, "?", "-", 1))
		faults, err = b.PlanCreditFaults(b.ctx)
		require.NoError(t, err)
		require.Empty(t, faults)
	}
}
