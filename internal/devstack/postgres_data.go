package devstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const pidFile = "postmaster.pid"

// dataDir is a Postgres data directory, owned by the account that Postgres runs as.
type dataDir struct {
	account   account
	path      string
	temporary bool
}

// openDataDir makes the directory ready for the account: the given one, or a temporary one.
func openDataDir(path string, user account) (*dataDir, error) {
	dir := &dataDir{account: user, path: path, temporary: path == ""}
	var err error
	if dir.temporary {
		dir.path, err = os.MkdirTemp("", "perennial-postgres-")
	} else if dir.path, err = filepath.Abs(path); err == nil {
		err = os.MkdirAll(dir.path, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("creating a Postgres data directory: %w", err)
	}
	if err := errors.Join(user.mustReach(filepath.Dir(dir.path)), user.own(dir.path)); err != nil {
		return nil, errors.Join(err, dir.discard())
	}
	return dir, nil
}

// discard deletes a temporary directory that is not going to be used.
func (d *dataDir) discard() error {
	if !d.temporary {
		return nil
	}
	return os.RemoveAll(d.path)
}

// major is the major version of Postgres that the directory was made by, 0 for an empty directory.
func (d *dataDir) major() (int, error) {
	content, err := os.ReadFile(filepath.Join(d.path, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the Postgres data directory: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("%s is no data directory of a supported Postgres: its PG_VERSION is %q", d.path, content)
	}
	return major, nil
}

// orphanGrace is how long a server that accepts nobody may take to end: its parent may just have been killed.
const orphanGrace = 10 * time.Second

// takeOver makes sure that no other server uses the directory. A pid file left behind by a crash is
// deleted: its number may by now belong to another process, which Postgres would take for a server.
func (d *dataDir) takeOver(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, orphanGrace)
	defer cancel()
	for {
		pid, port, err := d.readPidFile()
		if err != nil || pid == 0 {
			return err
		}
		if !isPostmaster(pid, d.path) {
			return d.removePidFile()
		}
		if accepts(ctx, port) || ctx.Err() != nil {
			return fmt.Errorf("a Postgres server (process %d, port %s) is already running on %s; "+
				"stop it with `kill -INT %d`, use another data directory, or set DATABASE_URL to use that server", pid, port, d.path, pid)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// accepts reports whether the server at the port lets us in; one that is ending does not.
func accepts(ctx context.Context, port string) bool {
	conn, err := pgx.Connect(ctx, "postgres://"+superuser+"@"+loopback+":"+port+"/postgres?sslmode=disable")
	if err != nil {
		return false
	}
	_ = conn.Close(ctx)
	return true
}

// readPidFile returns the process and port of the last server; pid 0 when it ended in good order.
func (d *dataDir) readPidFile() (pid int, port string, err error) {
	content, err := os.ReadFile(filepath.Join(d.path, pidFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", fmt.Errorf("looking for a running Postgres: %w", err)
	}
	// Process id, data directory, start time, port, and more that we do not need.
	lines := strings.Split(string(content), "\n")
	if pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil || pid <= 0 {
		return 0, "", d.removePidFile()
	}
	if len(lines) > 3 {
		port = lines[3]
	}
	return pid, port, nil
}

func (d *dataDir) removePidFile() error {
	if err := os.Remove(filepath.Join(d.path, pidFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing a stale pid file: %w", err)
	}
	return nil
}
