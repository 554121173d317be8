package schema_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/schema"
)

var postgres *devstack.Postgres

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if postgres, err = devstack.StartPostgres(context.Background(), devstack.PostgresOptions{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := postgres.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// connect opens a connection to a database, which is made if need be.
func connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	url, err := postgres.CreateDatabase(t.Context(), database)
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// newest is the version of the newest migration.
func newest(t *testing.T) int32 {
	t.Helper()
	files, err := os.ReadDir("migrations")
	require.NoError(t, err)
	return int32(len(files))
}

// Of two branches that took the same number, one has to take another before they are merged: no database that has one of
// them would ever get the other.
func TestMigrationsAreNumberedOneByOne(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("migrations") // by name
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i, file := range files {
		require.Regexp(t, fmt.Sprintf(`^%03d_[a-z][a-z0-9_]*\.sql$`, i+1), file.Name(), "its number is taken, or one is left out before it")
	}
}

func TestMigrateFromEmptyAndAgain(t *testing.T) {
	t.Parallel()
	conn := connect(t, "again")
	from, to, err := schema.Migrate(t.Context(), conn)
	require.NoError(t, err)
	require.Zero(t, from)
	require.Equal(t, newest(t), to)
	before := dump(t, conn)
	from, to, err = schema.Migrate(t.Context(), conn)
	require.NoError(t, err)
	require.Equal(t, newest(t), from)
	require.Equal(t, newest(t), to)
	require.Equal(t, before, dump(t, conn), "migrating again changes nothing")
}

func TestMigrateConcurrently(t *testing.T) {
	t.Parallel()
	const programs = 4
	conns := make([]*pgx.Conn, programs)
	for i := range conns {
		conns[i] = connect(t, "concurrently")
	}
	var group errgroup.Group
	for _, conn := range conns {
		group.Go(func() error {
			_, to, err := schema.Migrate(t.Context(), conn)
			if err == nil && to != newest(t) {
				return fmt.Errorf("migrated to version %d", to)
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	alone := connect(t, "alone")
	_, _, err := schema.Migrate(t.Context(), alone)
	require.NoError(t, err)
	require.Equal(t, dump(t, alone), dump(t, conns[0]))
}

// A binary that is older than the database must not touch it.
func TestMigrateRefusesANewerDatabase(t *testing.T) {
	t.Parallel()
	conn := connect(t, "newer")
	_, _, err := schema.Migrate(t.Context(), conn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `UPDATE public.schema_version SET version = version + 1`)
	require.NoError(t, err)
	_, _, err = schema.Migrate(t.Context(), conn)
	require.ErrorContains(t, err, fmt.Sprint(newest(t)+1))
}

// dump lists every column, constraint, index and trigger of the schema.
func dump(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '')
		  FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
		ORDER BY 1`)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, lines)
	return lines
}
