package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	postgresStartTimeout = 60 * time.Second
	postgresStopTimeout  = 20 * time.Second
	loopback             = "127.0.0.1"
	superuser            = "postgres"
)

// PostgresOptions configure a development Postgres. The zero value is a throw-away server.
type PostgresOptions struct {
	// DataDir is created if need be, kept, and used again by the next start, with Postgres's usual
	// durability. Empty: a temporary directory, deleted by Stop, and no durability at all.
	DataDir string
	// Progress receives what a person should see while Postgres is fetched; nil: nothing.
	Progress io.Writer
}

// Postgres is a running server. Any program on this machine can log in to it without a password.
type Postgres struct {
	dir       *dataDir
	bin       string
	port      int
	temporary string // directory to delete after stopping

	mu       sync.Mutex
	process  *child
	stopOnce sync.Once
	stopErr  error
}

// StartPostgres starts a Postgres server on a free port of the loopback interface and returns when it
// answers. Started by root it runs as an unprivileged user, as Postgres refuses to run as root. ctx bounds
// the start, not the life of the server. The caller must Stop it; on Linux it also ends when the caller is
// killed. If no Postgres binaries are to be had, the error says what to install.
func StartPostgres(ctx context.Context, opts PostgresOptions) (*Postgres, error) {
	return startPostgres(ctx, opts, usualPlaces())
}

func startPostgres(ctx context.Context, opts PostgresOptions, places places) (*Postgres, error) {
	user, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err := openDataDir(opts.DataDir, user)
	if err != nil {
		return nil, err
	}
	postgres, err := dir.start(ctx, places, opts.Progress)
	if err != nil {
		return nil, errors.Join(err, dir.discard())
	}
	return postgres, nil
}

// URL is the connection string of the database "postgres", for the superuser.
func (p *Postgres) URL() string { return p.databaseURL("postgres") }

// CreateDatabase creates an empty database, unless it exists, and returns its connection string.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, p.URL())
	if err != nil {
		return "", fmt.Errorf("creating database %q: %w", name, err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
		return "", fmt.Errorf("creating database %q: %w", name, err)
	}
	if !exists {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
			return "", fmt.Errorf("creating database %q: %w", name, err)
		}
	}
	return p.databaseURL(name), nil
}

// Stop ends the server, waits for it, and deletes a temporary data directory. It may be called more than once.
func (p *Postgres) Stop() error {
	p.stopOnce.Do(func() {
		if err := p.current().stop(postgresStopTimeout); err != nil {
			p.stopErr = fmt.Errorf("stopping Postgres: %w", err)
		}
		if p.temporary != "" {
			p.stopErr = errors.Join(p.stopErr, os.RemoveAll(p.temporary))
		}
	})
	return p.stopErr
}

func (p *Postgres) databaseURL(name string) string {
	location := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Host:     net.JoinHostPort(loopback, strconv.Itoa(p.port)),
		Path:     "/" + name,
		RawQuery: "sslmode=disable",
	}
	return location.String()
}

// start runs the server on the data directory.
func (d *dataDir) start(ctx context.Context, places places, progress io.Writer) (*Postgres, error) {
	major, err := d.major()
	if err != nil {
		return nil, err
	}
	bin, err := places.find(ctx, major, progress)
	if err != nil {
		return nil, err
	}
	if err := d.account.mustReach(bin); err != nil {
		return nil, err
	}
	if major == 0 {
		err = d.initialise(ctx, bin)
	} else {
		err = d.takeOver(ctx)
	}
	if err != nil {
		return nil, err
	}
	var postgres *Postgres
	err = retryOnBusyPort(true, func() error {
		postgres, err = d.run(ctx, bin)
		return err
	})
	return postgres, err
}

func (d *dataDir) initialise(ctx context.Context, bin string) error {
	args := []string{"--pgdata", d.path, "--username", superuser, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"}
	if d.temporary {
		args = append(args, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
	d.account.apply(cmd)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("creating a Postgres data directory in %s: %w\n%s", d.path, err, output)
	}
	return nil
}

// run starts the server process and waits until it accepts connections.
func (d *dataDir) run(ctx context.Context, bin string) (*Postgres, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	postgres := &Postgres{dir: d, bin: bin, port: port}
	if err := postgres.Start(ctx); err != nil {
		return nil, err
	}
	if d.temporary {
		postgres.temporary = d.path
	}
	return postgres, nil
}

// Start starts the server, which must have been killed, again on its port and data directory, and returns when it has
// recovered and accepts connections.
func (p *Postgres) Start(ctx context.Context) error {
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), p.dir.arguments(p.port)...)
	p.dir.account.apply(cmd)
	dieWithParent(cmd)
	log := &tail{}
	cmd.Stderr = log
	process, err := startChild(cmd, log, nil)
	if err != nil {
		return fmt.Errorf("starting Postgres: %w", err)
	}
	p.mu.Lock()
	p.process = process
	p.mu.Unlock()
	if err := p.awaitReady(ctx); err != nil {
		return errors.Join(err, process.stop(postgresStopTimeout))
	}
	return nil
}

// Kill ends the server as a crash would: its first process is killed, the others notice that it is gone. It returns when
// all of them have ended, after which Start recovers the data from the log.
func (p *Postgres) Kill() error {
	if err := p.current().kill(); err != nil {
		return fmt.Errorf("killing Postgres: %w", err)
	}
	return nil
}

// Done is closed when the server that was started last has ended.
func (p *Postgres) Done() <-chan struct{} { return p.current().done }

func (p *Postgres) current() *child {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}

func (d *dataDir) arguments(port int) []string {
	settings := []string{
		"listen_addresses=" + loopback,
		"unix_socket_directories=", // none: the path could be too long for a socket, and TCP is enough
		"max_connections=200",
		"timezone=UTC",
		"log_timezone=UTC",
		"logging_collector=off",
	}
	if d.temporary {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", d.path, "-p", strconv.Itoa(port)}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

func (p *Postgres) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, postgresStartTimeout)
	defer cancel()
	process := p.current()
	for {
		conn, err := pgx.Connect(ctx, p.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-process.done:
			return fmt.Errorf("Postgres ended while starting: %w", process.failure())
		case <-ctx.Done():
			return fmt.Errorf("waiting for Postgres: %w; its log: %s", errors.Join(ctx.Err(), err), process.log)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePort finds a port that is free now; nothing reserves it.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	return strconv.Atoi(port)
}
