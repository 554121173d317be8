package devstack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

const (
	binaryPrefix = "devserver-"
	// staleAfter is how long the binary of another version of the sources is kept.
	staleAfter = 7 * 24 * time.Hour
	// interruptGrace is how long an interrupted go command may take to clean up.
	interruptGrace = 10 * time.Second
)

// temporalBinary returns the path of the development server, building it if this version of its sources
// was not built on this machine before. Parallel processes build it once.
func temporalBinary(ctx context.Context, progress io.Writer) (string, error) {
	if binary := os.Getenv(BinaryVariable); binary != "" {
		if _, err := exec.LookPath(binary); err != nil {
			return "", fmt.Errorf("%s is %q: %w", BinaryVariable, binary, err)
		}
		return binary, nil
	}
	source, err := devserverSource()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("looking for a folder to keep the development Temporal server in: %w", err)
	}
	return buildTemporal(ctx, source, filepath.Join(cache, "perennial"), progress)
}

// buildTemporal builds the sources into the cache folder, unless it is there already.
func buildTemporal(ctx context.Context, source, cache string, progress io.Writer) (string, error) {
	hash, err := sourceHash(ctx, source)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, binaryPrefix+hash)
	if isFile(binary) {
		return binary, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("creating the cache for the development Temporal server: %w", err)
	}
	report := newReport(progress, "Building the development Temporal server (once, a few minutes)")
	unlock, err := lockBuild(ctx, filepath.Join(cache, "devserver.lock"), report)
	if err != nil {
		return "", err
	}
	defer unlock()
	if isFile(binary) { // another process was faster
		return binary, nil
	}
	if err := compile(ctx, source, binary, report); err != nil {
		return "", err
	}
	return binary, removeStale(cache, binary)
}

// lockBuild waits for its turn, saying so if it has to.
func lockBuild(ctx context.Context, path string, report *report) (unlock func(), err error) {
	lock := flock.New(path)
	unlock = func() { _ = lock.Unlock() }
	locked, err := lock.TryLock()
	if err == nil && !locked {
		report.say("waiting for another process that is building it")
		_, err = lock.TryLockContext(ctx, 200*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("waiting to build the development Temporal server: %w", err)
	}
	return unlock, nil
}

// compile writes the binary under a temporary name first, so that nobody ever runs half of it.
func compile(ctx context.Context, source, binary string, report *report) error {
	partial := fmt.Sprintf("%s.%d.partial", binary, os.Getpid())
	defer func() { _ = os.Remove(partial) }()
	total, err := countPackages(ctx, source, report)
	if err != nil {
		return err
	}
	// -s -w leave out debug information: linking is quicker and the file a quarter smaller.
	cmd := goCommand(ctx, source, "build", "-v", "-ldflags=-s -w", "-o", partial, ".")
	if err := runReporting(ctx, cmd, report.packages(total)); err != nil {
		return err
	}
	if err := os.Rename(partial, binary); err != nil {
		return fmt.Errorf("keeping the development Temporal server: %w", err)
	}
	report.finish()
	return nil
}

// countPackages says how many packages a build would have to compile; it fetches missing modules.
func countPackages(ctx context.Context, source string, report *report) (int, error) {
	cmd := goCommand(ctx, source, "list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", ".")
	var out strings.Builder
	cmd.Stdout = &out
	if err := runReporting(ctx, cmd, report.downloads()); err != nil {
		return 0, err
	}
	return len(strings.Fields(out.String())), nil
}

// runReporting runs a go command whose progress is on standard error, one line per step.
func runReporting(ctx context.Context, cmd *exec.Cmd, steps *stepWriter) error {
	cmd.Stderr = steps
	err := cmd.Run()
	if ctx.Err() != nil { // not a failure of the build, as the command would have it
		return fmt.Errorf("building the development Temporal server: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("building the development Temporal server (%s): %w\n%s", strings.Join(cmd.Args, " "), err, steps.problems())
	}
	return nil
}

func goCommand(ctx context.Context, source string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it cleans up after itself
	cmd.WaitDelay = interruptGrace
	cmd.Dir = source
	// A workspace of the developer's, or its flags, are not meant for this module.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	return cmd
}

// sourceHash identifies what is built: the sources, the versions of their dependencies, and the compiler.
func sourceHash(ctx context.Context, source string) (string, error) {
	version, err := goCommand(ctx, source, "version").Output()
	if err != nil {
		return "", fmt.Errorf("the development Temporal server is built with Go: `go version` failed: %w; put go on the PATH, or set %s", err, BinaryVariable)
	}
	sum := sha256.New()
	sum.Write(version)
	files, err := filepath.Glob(filepath.Join(source, "*.go"))
	if err != nil {
		return "", err
	}
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
	for _, file := range append(files, filepath.Join(source, "go.mod"), filepath.Join(source, "go.sum")) {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading the sources of the development Temporal server: %w", err)
		}
		fmt.Fprintf(sum, "%s %d\n", filepath.Base(file), len(content))
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// removeStale deletes the binaries of other versions: each is more than 100 MB.
func removeStale(cache, keep string) error {
	others, err := filepath.Glob(filepath.Join(cache, binaryPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range others {
		info, err := os.Stat(path)
		if err != nil || path == keep || time.Since(info.ModTime()) < staleAfter {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing an old development Temporal server: %w", err)
		}
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path) //nolint:gosec // a path of our own making
	return err == nil && info.Mode().IsRegular()
}
