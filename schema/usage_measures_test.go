package schema_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"
	"github.com/stretchr/testify/require"
)

// Usage that was stored before events were counted is counted, and what a bill had not taken of a quarter of an hour is what
// came last.
func TestUsageFromBeforeIsCounted(t *testing.T) {
	t.Parallel()
	conn := connect(t, "usage_measures")
	migrator, err := migrate.NewMigrator(t.Context(), conn, "public.schema_version")
	require.NoError(t, err)
	require.NoError(t, migrator.LoadMigrations(os.DirFS("migrations")))
	at := slices.IndexFunc(migrator.Migrations, func(m *migrate.Migration) bool { return strings.HasSuffix(m.Name, "_usage_measures.sql") })
	require.NoError(t, migrator.MigrateTo(t.Context(), int32(at)))
	_, err = conn.Exec(t.Context(), `
		INSERT INTO legal_entity (id, name, country, zone, book_currency, invoice_prefix, dunning_policy, created_at)
			VALUES ('acme', 'Acme', 'US', 'America/New_York', 'USD', 'ACM', '{}', '2027-01-01');
		INSERT INTO customer (id, entity_id, name, email, country, zone, currency, locale, created_at)
			VALUES ('ada', 'acme', 'Ada', 'ada@example.com', 'US', 'America/New_York', 'USD', 'en-US', '2027-01-01');
		INSERT INTO usage_event (customer_id, meter, event_id, at, quantity, received_at) VALUES
			('ada', 'calls', 'open1', '2027-01-01 10:00:00Z', 1, '2027-01-02'), ('ada', 'calls', 'open2', '2027-01-01 10:14:59Z', 2, '2027-01-02'),
			('ada', 'calls', 'billed', '2027-01-01 10:15:00Z', 4, '2027-01-02'),
			('ada', 'calls', 'first', '2027-01-01 10:30:00Z', 3, '2027-01-02'), ('ada', 'calls', 'late1', '2027-01-01 10:31:00Z', 5, '2027-02-02'),
			('ada', 'calls', 'late2', '2027-01-01 10:30:30Z', 0, '2027-02-03'),
			('ada', 'seats', 'other', '2027-01-01 10:30:00Z', 9, '2027-01-02');
		INSERT INTO usage_bucket (customer_id, meter, bucket_at, quantity, claimed) VALUES
			('ada', 'calls', '2027-01-01 10:00:00Z', 3, 0), ('ada', 'calls', '2027-01-01 10:15:00Z', 4, 4), ('ada', 'calls', '2027-01-01 10:30:00Z', 8, 3),
			('ada', 'seats', '2027-01-01 10:30:00Z', 9, 9)`)
	require.NoError(t, err)
	require.NoError(t, migrator.MigrateTo(t.Context(), int32(at+1)))

	rows, err := conn.Query(t.Context(), `SELECT meter || to_char(bucket_at AT TIME ZONE 'UTC', ' HH24:MI ') || concat_ws(' ', events, claimed_events, claims)
		FROM usage_bucket ORDER BY meter, bucket_at`)
	require.NoError(t, err)
	buckets, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"calls 10:00 2 0 0", "calls 10:15 1 1 1", "calls 10:30 3 1 1", "seats 10:30 1 1 1"}, buckets)
	rows, err = conn.Query(t.Context(), `SELECT event_id FROM usage_event WHERE after_claims = 1 ORDER BY 1`)
	require.NoError(t, err)
	late, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, []string{"late1", "late2"}, late)
}
