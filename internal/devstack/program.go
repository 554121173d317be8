package devstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// WorkerVariable is the environment variable that names a built worker to run instead of building one.
const WorkerVariable = "PERENNIAL_WORKER"

const (
	programStartTimeout = 60 * time.Second
	programStopTimeout  = 10 * time.Second
)

// Program is one of our programs, running as a process of its own, as in production.
type Program struct {
	name   string
	binary string
	built  string // folder to delete at the end
	args   []string
	env    []string
	output io.Writer
	// ready waits until a started process answers; firstLine is the first line on its standard output.
	ready func(ctx context.Context, firstLine <-chan string) error

	mu      sync.Mutex
	process *child
}

// StartWorker builds the worker from this checkout, starts it with the given environment and returns when it is ready.
// The worker's log goes to output. The caller must Stop it; on Linux it also ends when the caller is killed.
func StartWorker(ctx context.Context, env []string, output io.Writer) (*Program, error) {
	p := &Program{name: "worker", env: env, output: output, binary: os.Getenv(WorkerVariable), ready: says}
	return p.begin(ctx, WorkerVariable)
}

// StartAPI builds the starter from this checkout, has it serve the HTTP API at an address (host:port) and returns when it
// accepts connections there. The rest is as with StartWorker; the webhooks' secret is in the environment.
func StartAPI(ctx context.Context, env []string, addr string, output io.Writer) (*Program, error) {
	p := &Program{name: "starter", args: []string{"serve", "--addr", addr}, env: env, output: output, ready: accepting(addr)}
	return p.begin(ctx, "")
}

func (p *Program) begin(ctx context.Context, variable string) (*Program, error) {
	if p.binary == "" {
		if err := p.build(ctx, variable); err != nil {
			return nil, errors.Join(err, p.Stop())
		}
	}
	if err := p.Start(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

func (p *Program) build(ctx context.Context, variable string) error {
	devserver, err := devserverSource()
	if err != nil && variable != "" {
		err = fmt.Errorf("%w, or %s to the path of a built one", err, variable)
	}
	if err != nil {
		return fmt.Errorf("no %s: %w", p.name, err)
	}
	if p.built, err = os.MkdirTemp("", "perennial-"+p.name+"-"); err != nil {
		return fmt.Errorf("make a folder for the %s: %w", p.name, err)
	}
	p.binary = filepath.Join(p.built, p.name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", p.binary, "./"+p.name)
	cmd.Dir = filepath.Dir(devserver)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the %s: %w\n%s", p.name, err, out)
	}
	return nil
}

// Start starts the program, which must not be running, and returns when it is ready. One that does not become ready in
// time is killed.
func (p *Program) Start(ctx context.Context) error {
	cmd := exec.Command(p.binary, p.args...)
	cmd.Env = p.env
	dieWithParent(cmd)
	log := &tail{}
	cmd.Stderr = io.MultiWriter(log, p.output)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("prepare the %s: %w", p.name, err)
	}
	line := make(chan string, 1)
	process, err := startChild(cmd, log, func() { readLine(stdout, line) })
	if err != nil {
		return fmt.Errorf("start the %s: %w", p.name, err)
	}
	p.mu.Lock()
	p.process = process
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, programStartTimeout)
	defer cancel()
	ready := make(chan error, 1)
	go func() { ready <- p.ready(ctx, line) }()
	select {
	case err = <-ready:
	case <-process.done:
		return fmt.Errorf("the %s ended while starting: %w", p.name, process.failure())
	}
	if err != nil {
		_ = process.kill() // it is the reason for the error that counts
		return fmt.Errorf("waiting for the %s: %w; its log: %s", p.name, err, log)
	}
	return nil
}

// says waits for a program that prints a line when it is ready.
func says(ctx context.Context, firstLine <-chan string) error {
	select {
	case <-firstLine:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// accepting waits for a program that listens at an address when it is ready.
func accepting(addr string) func(context.Context, <-chan string) error {
	return func(ctx context.Context, _ <-chan string) error {
		for {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
			if err == nil {
				return conn.Close()
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

// Kill ends the program as a crash would, without warning.
func (p *Program) Kill() error {
	if err := p.current().kill(); err != nil {
		return fmt.Errorf("kill the %s: %w", p.name, err)
	}
	return nil
}

// Restart kills the program and starts it again.
func (p *Program) Restart(ctx context.Context) error {
	if err := p.Kill(); err != nil {
		return err
	}
	return p.Start(ctx)
}

// Done is closed when the program that was started last has ended.
func (p *Program) Done() <-chan struct{} { return p.current().done }

func (p *Program) current() *child {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}

// Stop ends the program and waits for it.
func (p *Program) Stop() error {
	var err error
	if process := p.current(); process != nil {
		err = process.stop(programStopTimeout)
	}
	if p.built != "" {
		if removeErr := os.RemoveAll(p.built); err == nil {
			err = removeErr
		}
	}
	if err != nil {
		return fmt.Errorf("stop the %s: %w", p.name, err)
	}
	return nil
}
