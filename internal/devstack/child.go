package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is a server process of ours.
type child struct {
	cmd     *exec.Cmd
	done    chan struct{} // closed when the process has ended
	log     *tail
	signal  os.Signal // asks the process to end in good order
	waitErr error     // valid once done is closed
}

// startChild starts cmd in a process group of its own, so that Ctrl-C in a terminal reaches only us and we
// end our servers in the right order. drain, if given, reads the command's pipes until they end.
func startChild(cmd *exec.Cmd, log *tail, drain func()) (*child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	c := &child{cmd: cmd, done: make(chan struct{}), log: log, signal: os.Interrupt}
	started := make(chan error, 1)
	go c.supervise(started, drain)
	if err := <-started; err != nil {
		return nil, err
	}
	return c, nil
}

// supervise starts the process and waits for it on one thread: Linux sends the "parent died" signal when
// the thread that started the process ends, not the program.
func (c *child) supervise(started chan<- error, drain func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	if drain != nil {
		drain()
	}
	c.waitErr = c.cmd.Wait()
	close(c.done)
}

// stop asks the process to end, waits, and kills it when it takes longer than the grace period.
func (c *child) stop(grace time.Duration) error {
	if err := c.cmd.Process.Signal(c.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(grace):
	}
	if err := c.kill(); err != nil {
		return err
	}
	return fmt.Errorf("it had to be killed after %s; its log: %s", grace, c.log)
}

// kill ends the process without warning and waits until it, and whoever inherited its output, is gone.
func (c *child) kill() error {
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-c.done
	return nil
}

// failure describes an unexpected end; only after done is closed.
func (c *child) failure() error {
	return &exitError{cause: c.waitErr, log: c.log.String()}
}

// exitError is a server that ended by itself, with the end of its log.
type exitError struct {
	cause error
	log   string
}

func (e *exitError) Error() string { return fmt.Sprintf("%v; its log: %s", e.cause, e.log) }

func (e *exitError) Unwrap() error { return e.cause }

const portAttempts = 3

// retryOnBusyPort repeats start when another program took one of the free ports between our choosing and
// the server's listening. Ports given by a person are not retried.
func retryOnBusyPort(free bool, start func() error) error {
	for attempt := 1; ; attempt++ {
		err := start()
		var exit *exitError
		if err == nil || !free || attempt == portAttempts || !errors.As(err, &exit) {
			return err
		}
		if !strings.Contains(strings.ToLower(exit.log), "address already in use") {
			return err
		}
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

const tailSize = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if excess := len(t.kept) - tailSize; excess > 0 {
		t.kept = append([]byte(nil), t.kept[excess:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept))
}
