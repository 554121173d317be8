package devstack

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// plainInterval is the time between lines when the progress does not go to a terminal.
const plainInterval = 10 * time.Second

// report tells a person how a long job is going: one line that is rewritten on a terminal, a line now and
// then elsewhere. Without a writer it says nothing.
type report struct {
	out      io.Writer
	terminal bool
	title    string
	started  time.Time
	last     time.Time
}

func newReport(out io.Writer, title string) *report {
	if out == nil {
		out = io.Discard
	}
	return &report{out: out, terminal: isTerminal(out), title: title, started: time.Now()}
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// say shows a state at once.
func (r *report) say(state string) {
	r.last = time.Now()
	if r.terminal {
		fmt.Fprintf(r.out, "\r\x1b[K%s: %s", r.title, state)
		return
	}
	fmt.Fprintf(r.out, "%s: %s\n", r.title, state)
}

// step shows a state unless the last one was shown a moment ago.
func (r *report) step(state string) {
	interval := plainInterval
	if r.terminal {
		interval = 100 * time.Millisecond
	}
	if time.Since(r.last) >= interval {
		r.say(state)
	}
}

func (r *report) finish() {
	r.say(fmt.Sprintf("done in %s", time.Since(r.started).Round(time.Second)))
	if r.terminal {
		fmt.Fprintln(r.out)
	}
}

// downloads counts the modules that the go command says it fetches.
func (r *report) downloads() *stepWriter {
	r.say("looking at what it needs")
	return &stepWriter{
		isStep: func(line string) bool { return strings.HasPrefix(line, "go: downloading ") },
		show:   func(n int) { r.step(fmt.Sprintf("%d modules fetched", n)) },
	}
}

// packages counts the packages that go build -v names as it compiles them.
func (r *report) packages(total int) *stepWriter {
	r.say(fmt.Sprintf("0 of %d packages", total))
	return &stepWriter{
		isStep: func(line string) bool { return line != "" && !strings.ContainsAny(line, " :#") },
		// The last package is ours; after it only linking remains.
		show: func(n int) { r.step(fmt.Sprintf("%d of %d packages", min(n, total), total)) },
	}
}

// stepWriter splits the output of a command into lines, counts those that mark a step and keeps the others,
// which are what went wrong.
type stepWriter struct {
	isStep func(line string) bool
	show   func(n int)

	steps   int
	partial []byte
	others  tail
}

func (w *stepWriter) Write(p []byte) (int, error) {
	w.partial = append(w.partial, p...)
	for {
		line, rest, found := bytes.Cut(w.partial, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.partial = rest
		w.line(string(line))
	}
}

func (w *stepWriter) line(line string) {
	if w.isStep(line) {
		w.steps++
		w.show(w.steps)
		return
	}
	_, _ = fmt.Fprintln(&w.others, line)
}

func (w *stepWriter) problems() string { return w.others.String() }
