package devstack

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// smallModule is a program that builds in a moment.
func smallModule(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module small\n\ngo 1.26\n", "go.sum": "", "main.go": source} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func TestBuildIsCachedBySource(t *testing.T) {
	t.Parallel()
	source, cache := smallModule(t, "package main\n\nfunc main() { println(1) }\n"), t.TempDir()
	var progress bytes.Buffer

	first, err := buildTemporal(t.Context(), source, cache, &progress)
	require.NoError(t, err)
	require.Contains(t, progress.String(), "of 1 packages")
	require.Contains(t, progress.String(), "done in")
	output, err := exec.Command(first).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "1\n", string(output))

	progress.Reset()
	again, err := buildTemporal(t.Context(), source, cache, &progress)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Empty(t, progress.String())

	require.NoError(t, os.WriteFile(filepath.Join(source, "main.go"), []byte("package main\n\nfunc main() { println(2) }\n"), 0o600))
	changed, err := buildTemporal(t.Context(), source, cache, nil)
	require.NoError(t, err)
	require.NotEqual(t, first, changed)
}

func TestParallelBuildsBuildOnce(t *testing.T) {
	t.Parallel()
	source, cache := smallModule(t, "package main\n\nfunc main() {}\n"), t.TempDir()
	outputs := make([]bytes.Buffer, 4)
	var group errgroup.Group
	for i := range outputs {
		group.Go(func() error {
			_, err := buildTemporal(t.Context(), source, cache, &outputs[i])
			return err
		})
	}
	require.NoError(t, group.Wait())
	builds := 0
	for i := range outputs {
		if bytes.Contains(outputs[i].Bytes(), []byte("done in")) {
			builds++
		}
	}
	require.Equal(t, 1, builds)
}

func TestBrokenSourceIsReportedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	source, cache := smallModule(t, "package main\n\nfunc main() { undefined() }\n"), t.TempDir()

	_, err := buildTemporal(t.Context(), source, cache, nil)

	require.ErrorContains(t, err, "undefined: undefined")
	left, err := filepath.Glob(filepath.Join(cache, binaryPrefix+"*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// interrupter is somebody who presses Ctrl-C when the progress says something.
type interrupter struct {
	at        string
	interrupt context.CancelFunc
}

func (i interrupter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(i.at)) {
		i.interrupt()
	}
	return len(p), nil
}

func TestInterruptedBuildLeavesNothingBroken(t *testing.T) {
	t.Parallel()
	source, cache := smallModule(t, "package main\n\nfunc main() {}\n"), t.TempDir()
	for _, at := range []string{"looking at what it needs", "0 of "} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := buildTemporal(ctx, source, cache, interrupter{at: at, interrupt: cancel})
		require.ErrorIs(t, err, context.Canceled, at)
		left, err := filepath.Glob(filepath.Join(cache, binaryPrefix+"*"))
		require.NoError(t, err)
		require.Empty(t, left, at)
	}
	binary, err := buildTemporal(t.Context(), source, cache, nil)
	require.NoError(t, err)
	require.NoError(t, exec.CommandContext(t.Context(), binary).Run())
}

func TestSourceIsFoundFromBelow(t *testing.T) {
	t.Parallel()
	source, err := devserverSource()
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(source, "go.mod"))

	_, err = sourceAbove(t.TempDir())
	require.ErrorContains(t, err, "TEMPORAL_ADDRESS")
	require.ErrorContains(t, err, BinaryVariable)
}
