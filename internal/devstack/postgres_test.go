package devstack

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// keptDir is a directory that the account Postgres runs as can reach; t.TempDir is closed to others.
func keptDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "perennial-test-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return filepath.Join(dir, "data")
}

func start(t *testing.T, opts PostgresOptions) *Postgres {
	t.Helper()
	postgres, err := StartPostgres(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, postgres.Stop()) })
	return postgres
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func setting(t *testing.T, conn *pgx.Conn, name string) (value string) {
	t.Helper()
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&value))
	return value
}

func TestTemporaryPostgresIsFastAndLeavesNothing(t *testing.T) {
	t.Parallel()
	postgres := start(t, PostgresOptions{})
	conn := connect(t, postgres.URL())
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		require.Equal(t, "off", setting(t, conn, name))
	}
	require.Equal(t, loopback, setting(t, conn, "listen_addresses"))
	require.DirExists(t, postgres.temporary)

	require.NoError(t, postgres.Stop())
	require.NoError(t, postgres.Stop(), "stopping twice is harmless")
	require.NoDirExists(t, postgres.temporary)
	_, err := pgx.Connect(t.Context(), postgres.URL())
	require.Error(t, err)
}

func TestCreateDatabase(t *testing.T) {
	t.Parallel()
	postgres := start(t, PostgresOptions{})
	const name = `odd "name"/ü`
	url, err := postgres.CreateDatabase(t.Context(), name)
	require.NoError(t, err)
	again, err := postgres.CreateDatabase(t.Context(), name)
	require.NoError(t, err)
	require.Equal(t, url, again)

	var current string
	require.NoError(t, connect(t, url).QueryRow(t.Context(), "SELECT current_database()").Scan(&current))
	require.Equal(t, name, current)
}

func TestKeptDirectoryKeepsItsData(t *testing.T) {
	t.Parallel()
	dir := keptDir(t)
	first := start(t, PostgresOptions{DataDir: dir})
	conn := connect(t, first.URL())
	require.Equal(t, "on", setting(t, conn, "fsync"))
	_, err := conn.Exec(t.Context(), "CREATE TABLE remembered (id int); INSERT INTO remembered VALUES (42)")
	require.NoError(t, err)
	require.NoError(t, first.Stop())
	require.DirExists(t, dir)

	second := start(t, PostgresOptions{DataDir: dir})
	var id int
	require.NoError(t, connect(t, second.URL()).QueryRow(t.Context(), "SELECT id FROM remembered").Scan(&id))
	require.Equal(t, 42, id)
}

func TestKilledServerIsRecovered(t *testing.T) {
	t.Parallel()
	dir := keptDir(t)
	first := start(t, PostgresOptions{DataDir: dir})
	require.NoError(t, first.process.cmd.Process.Kill())
	<-first.process.done
	require.FileExists(t, filepath.Join(dir, pidFile))

	second := start(t, PostgresOptions{DataDir: dir})
	require.NoError(t, connect(t, second.URL()).Ping(t.Context()))
}

func TestKilledPostgresStartsAgainWhereItWas(t *testing.T) {
	t.Parallel()
	postgres := start(t, PostgresOptions{DataDir: keptDir(t)})
	url := postgres.URL()
	conn := connect(t, url)
	_, err := conn.Exec(t.Context(), "CREATE TABLE remembered (id int); INSERT INTO remembered VALUES (42)")
	require.NoError(t, err)

	for range 3 { // the second kill finds a server that was itself started again
		require.NoError(t, postgres.Kill())
		_, err = pgx.Connect(t.Context(), url)
		require.Error(t, err)
		require.NoError(t, postgres.Start(t.Context()))
		require.Equal(t, url, postgres.URL())
		var id int
		require.NoError(t, connect(t, url).QueryRow(t.Context(), "SELECT id FROM remembered").Scan(&id))
		require.Equal(t, 42, id)
	}
}

// After a restart of the machine the number in the pid file may belong to anybody, here to ourselves.
func TestPidFileOfAnotherProcessIsStale(t *testing.T) {
	t.Parallel()
	dir := keptDir(t)
	require.NoError(t, start(t, PostgresOptions{DataDir: dir}).Stop())
	require.NoError(t, os.WriteFile(filepath.Join(dir, pidFile), []byte(strconv.Itoa(os.Getppid())+"\n"+dir+"\n"), 0o600))

	second := start(t, PostgresOptions{DataDir: dir})
	require.NoError(t, connect(t, second.URL()).Ping(t.Context()))
}

func TestDirectoryInUseIsRefused(t *testing.T) {
	t.Parallel()
	dir := keptDir(t)
	first := start(t, PostgresOptions{DataDir: dir})

	_, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir})

	require.ErrorContains(t, err, "already running on "+dir)
	require.ErrorContains(t, err, strconv.Itoa(first.port))
	require.ErrorContains(t, err, "DATABASE_URL")
	require.NoError(t, connect(t, first.URL()).Ping(t.Context()), "the running server is not disturbed")
}

func TestWithoutPostgresTheErrorSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	none := places{
		path:  func() (string, error) { return "", exec.ErrNotFound },
		globs: []string{filepath.Join(t.TempDir(), "*", "bin")},
		fetch: func(context.Context, io.Writer) (string, error) { return "", errors.New("no network") },
	}

	_, err := startPostgres(t.Context(), PostgresOptions{}, none)

	require.ErrorContains(t, err, "no network")
	require.ErrorContains(t, err, "apt-get install postgresql")
	require.ErrorContains(t, err, "brew install postgresql")
	require.ErrorContains(t, err, "DATABASE_URL")
}

func TestDirectoryOfAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	dir := keptDir(t)
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("9\n"), 0o600))

	_, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir})

	require.ErrorContains(t, err, "made by Postgres 9")
	require.ErrorContains(t, err, "install Postgres 9")
}

func TestNewestInstalledVersionComesFirst(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, version := range []string{"9", "15", "17", "16"} {
		bin := filepath.Join(root, version, "bin")
		require.NoError(t, os.MkdirAll(bin, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(bin, "postgres"), nil, 0o755))
		if version != "17" { // without initdb it is of no use
			require.NoError(t, os.WriteFile(filepath.Join(bin, "initdb"), nil, 0o755))
		}
	}
	found := places{
		path:  func() (string, error) { return "", exec.ErrNotFound },
		globs: []string{filepath.Join(root, "*", "bin")},
	}.installed()

	require.Equal(t, []string{filepath.Join(root, "16", "bin"), filepath.Join(root, "15", "bin"), filepath.Join(root, "9", "bin")}, found)
}

func TestUnreachableDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root starts Postgres as somebody else")
	}
	closed := t.TempDir()
	require.NoError(t, os.Chmod(closed, 0o700))

	_, err := StartPostgres(t.Context(), PostgresOptions{DataDir: filepath.Join(closed, "data")})

	require.ErrorContains(t, err, "may not enter")
}
