package devstack

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// WorkerVariable is the environment variable that names a built worker to run instead of building one.
const WorkerVariable = "PERENNIAL_WORKER"

const (
	workerStartTimeout = 60 * time.Second
	workerStopTimeout  = 10 * time.Second
)

// Worker is the worker program, running as a process of its own, as in production.
type Worker struct {
	binary string
	env    []string
	output io.Writer

	mu      sync.Mutex
	process *child
	built   string // folder to delete at the end
}

// StartWorker builds the worker from this checkout, starts it with the given environment and returns when it is ready.
// The worker's log goes to output. The caller must Stop it; on Linux it also ends when the caller is killed.
func StartWorker(ctx context.Context, env []string, output io.Writer) (*Worker, error) {
	w := &Worker{env: env, output: output, binary: os.Getenv(WorkerVariable)}
	if w.binary == "" {
		if err := w.build(ctx); err != nil {
			return nil, err
		}
	}
	if err := w.run(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *Worker) build(ctx context.Context) error {
	devserver, err := devserverSource()
	if err != nil {
		return fmt.Errorf("no worker: %w, or %s to the path of a built worker", err, WorkerVariable)
	}
	if w.built, err = os.MkdirTemp("", "perennial-worker-"); err != nil {
		return fmt.Errorf("make a folder for the worker: %w", err)
	}
	w.binary = filepath.Join(w.built, "worker")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", w.binary, "./worker")
	cmd.Dir = filepath.Dir(devserver)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the worker: %w\n%s", err, out)
	}
	return nil
}

func (w *Worker) run(ctx context.Context) error {
	cmd := exec.Command(w.binary)
	cmd.Env = w.env
	dieWithParent(cmd)
	log := &tail{}
	cmd.Stderr = io.MultiWriter(log, w.output)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("prepare the worker: %w", err)
	}
	line := make(chan string, 1)
	process, err := startChild(cmd, log, func() { readLine(stdout, line) })
	if err != nil {
		return fmt.Errorf("start the worker: %w", err)
	}
	w.mu.Lock()
	w.process = process
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, workerStartTimeout)
	defer cancel()
	select {
	case <-line:
		return nil
	case <-process.done:
		return fmt.Errorf("the worker ended while starting: %w", process.failure())
	case <-ctx.Done():
		return fmt.Errorf("waiting for the worker: %w; its log: %s", ctx.Err(), log)
	}
}

// Restart kills the worker as a crash would, without warning, and starts it again.
func (w *Worker) Restart(ctx context.Context) error {
	process := w.current()
	if err := process.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the worker: %w", err)
	}
	<-process.done
	return w.run(ctx)
}

// Done is closed when the worker has ended.
func (w *Worker) Done() <-chan struct{} { return w.current().done }

func (w *Worker) current() *child {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.process
}

// Stop ends the worker and waits for it.
func (w *Worker) Stop() error {
	err := w.current().stop(workerStopTimeout)
	if w.built != "" {
		if removeErr := os.RemoveAll(w.built); err == nil {
			err = removeErr
		}
	}
	if err != nil {
		return fmt.Errorf("stop the worker: %w", err)
	}
	return nil
}
