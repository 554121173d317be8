package devstack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
)

// BinaryVariable is the environment variable that names a built development server to run instead of
// building one.
const BinaryVariable = "PERENNIAL_DEVSERVER"

const (
	temporalStartTimeout = 90 * time.Second
	temporalStopTimeout  = 15 * time.Second
)

// TemporalOptions configure a development Temporal server. The zero value runs in memory, without the
// web UI, on a free port, with the namespace "default".
type TemporalOptions struct {
	// DBFile keeps everything in an SQLite file; empty: in memory.
	DBFile string
	// DynamicConfig overrides server settings: key to JSON value.
	DynamicConfig map[string]string
	// Namespace to create; empty: "default".
	Namespace string
	// Port of the gRPC API; 0: a free one.
	Port int
	// Progress receives what a person should see while the server is built for the first time; nil: nothing.
	Progress io.Writer
	// SearchAttributes are registered before StartTemporal returns.
	SearchAttributes map[string]enums.IndexedValueType
	// UI starts the web UI on UIPort (0: a free one).
	UI     bool
	UIPort int
}

// Temporal is a running development server.
type Temporal struct {
	binary  string
	options TemporalOptions
	ready   readyLine

	mu      sync.Mutex
	process *child
	stdin   io.Closer // never written to: its end tells the server that we are gone
}

// readyLine is what the development server prints once it answers.
type readyLine struct {
	Address   string `json:"address"`
	UI        string `json:"ui"`
	Namespace string `json:"namespace"`
}

// StartTemporal starts a development Temporal server and returns when it answers. The first start on a
// machine builds it, which takes minutes; ctx bounds building and starting, not the life of the server.
// The caller must Stop it; should the caller be killed, the server notices and ends.
func StartTemporal(ctx context.Context, opts TemporalOptions) (*Temporal, error) {
	binary, err := temporalBinary(ctx, opts.Progress)
	if err != nil {
		return nil, err
	}
	temporal := &Temporal{binary: binary, options: opts}
	if err := retryOnBusyPort(opts.Port == 0 && opts.UIPort == 0, func() error { return temporal.start(ctx, opts) }); err != nil {
		return nil, err
	}
	return temporal, nil
}

// Start starts the server, which must have been killed, again with its database file, at the same addresses, and returns
// when it answers.
func (t *Temporal) Start(ctx context.Context) error {
	if t.options.DBFile == "" {
		return errors.New("starting the development Temporal server again: it kept everything in memory; give it a DBFile")
	}
	again := t.options
	var err error
	if again.Port, err = portOf(t.ready.Address); err == nil && again.UI {
		again.UIPort, err = portOf(strings.TrimPrefix(t.ready.UI, "http://"))
	}
	if err != nil {
		return fmt.Errorf("starting the development Temporal server again: %w", err)
	}
	return t.start(ctx, again)
}

func portOf(address string) (int, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

// Kill ends the server as a crash would, without warning.
func (t *Temporal) Kill() error {
	if err := t.current().kill(); err != nil {
		return fmt.Errorf("killing the development Temporal server: %w", err)
	}
	return nil
}

// Done is closed when the server that was started last has ended.
func (t *Temporal) Done() <-chan struct{} { return t.current().done }

func (t *Temporal) current() *child {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.process
}

// Address is the host:port of the gRPC API.
func (t *Temporal) Address() string { return t.ready.Address }

// Namespace is the name of the namespace that was created.
func (t *Temporal) Namespace() string { return t.ready.Namespace }

// UI is the URL of the web UI; empty when it was not asked for.
func (t *Temporal) UI() string { return t.ready.UI }

// Stop ends the server and waits for it. It may be called more than once.
func (t *Temporal) Stop() error {
	t.mu.Lock()
	_ = t.stdin.Close()
	t.mu.Unlock()
	if err := t.current().stop(temporalStopTimeout); err != nil {
		return fmt.Errorf("stopping the development Temporal server: %w", err)
	}
	return nil
}

func (o TemporalOptions) arguments() []string {
	uiPort := -1
	if o.UI {
		uiPort = o.UIPort
	}
	args := []string{"--stop-with-stdin", "--port", strconv.Itoa(o.Port), "--ui-port", strconv.Itoa(uiPort)}
	if o.DBFile != "" {
		args = append(args, "--db", o.DBFile)
	}
	if o.Namespace != "" {
		args = append(args, "--namespace", o.Namespace)
	}
	for _, name := range slices.Sorted(maps.Keys(o.SearchAttributes)) {
		args = append(args, "--search-attribute", name+"="+o.SearchAttributes[name].String())
	}
	for _, key := range slices.Sorted(maps.Keys(o.DynamicConfig)) {
		args = append(args, "--dynamic-config", key+"="+o.DynamicConfig[key])
	}
	return args
}

func (t *Temporal) start(ctx context.Context, opts TemporalOptions) error {
	cmd := exec.Command(t.binary, opts.arguments()...)
	log := &tail{}
	cmd.Stderr = log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("preparing the development Temporal server: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("preparing the development Temporal server: %w", err)
	}
	line := make(chan string, 1)
	process, err := startChild(cmd, log, func() { readLine(stdout, line) })
	if err != nil {
		return fmt.Errorf("starting the development Temporal server: %w", err)
	}
	t.mu.Lock()
	t.process, t.stdin = process, stdin
	t.mu.Unlock()
	if err := t.awaitReady(ctx, line); err != nil {
		return errors.Join(err, t.Stop())
	}
	return nil
}

// readLine sends the first line of r, then reads on so that the writer can never block.
func readLine(r io.Reader, line chan<- string) {
	buffered := bufio.NewReader(r)
	if first, err := buffered.ReadString('\n'); err == nil {
		line <- first
	}
	_, _ = io.Copy(io.Discard, buffered)
}

func (t *Temporal) awaitReady(ctx context.Context, line <-chan string) error {
	ctx, cancel := context.WithTimeout(ctx, temporalStartTimeout)
	defer cancel()
	process := t.current()
	select {
	case first := <-line:
		var ready readyLine
		if err := json.Unmarshal([]byte(first), &ready); err != nil {
			return fmt.Errorf("the development Temporal server said %q instead of its address: %w", first, err)
		}
		if t.ready.Address == "" { // started again, it is where it was
			t.ready = ready
		}
		return nil
	case <-process.done:
		return fmt.Errorf("the development Temporal server ended while starting: %w", process.failure())
	case <-ctx.Done():
		return fmt.Errorf("waiting for the development Temporal server: %w; its log: %s", ctx.Err(), process.log)
	}
}
