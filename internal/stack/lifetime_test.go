package stack_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/stack"
)

// parentRole makes the test binary play a program that starts a stack in a folder, so that it can be killed;
// parentUses is the stack's environment.
const (
	parentRole = "STACK_TEST_PARENT_IN"
	parentUses = "STACK_TEST_PARENT_USES"
)

// TestParent is not a test: it is the program that the test below starts and kills.
func TestParent(t *testing.T) {
	dir := os.Getenv(parentRole)
	if dir == "" {
		t.Skip("runs only as a child of another test")
	}
	env := strings.Fields(os.Getenv(parentUses))
	_, err := stack.Start(context.Background(), stack.Options{Env: env, DataDir: dir, WorkerLog: os.Stderr})
	require.NoError(t, err)
	fmt.Printf("\nCHILDREN %s\n", strings.Join(children(t), " "))
	select {}
}

func TestNothingOutlivesAKilledParent(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	others := startWith(t, nil)
	elsewhere := others.LocalTemporal.With("DATABASE_URL", others.Config.DatabaseURL)
	for name, tt := range map[string]struct {
		env      config.Environment
		children int
	}{
		"Postgres, Temporal and the worker": {nil, 3},
		"a worker on other servers":         {elsewhere, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parent := exec.Command(os.Args[0], "-test.run=^TestParent$")
			parent.Env = append(os.Environ(), parentRole+"="+reachable(t), parentUses+"="+strings.Join(tt.env, " "))
			stdout, err := parent.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, parent.Start())
			servers := awaitChildren(t, bufio.NewScanner(stdout))
			require.Len(t, servers, tt.children)

			require.NoError(t, parent.Process.Kill())
			_ = parent.Wait()

			require.Eventually(t, func() bool { return !slices.ContainsFunc(servers, runs) }, 30*time.Second, 50*time.Millisecond)
		})
	}
}

// children are the processes that this one has started.
func children(t *testing.T) []string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	require.NoError(t, err)
	var pids []string
	for _, list := range lists {
		content, err := os.ReadFile(list)
		require.NoError(t, err)
		pids = append(pids, strings.Fields(string(content))...)
	}
	return pids
}

func awaitChildren(t *testing.T, lines *bufio.Scanner) []string {
	t.Helper()
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 0 && fields[0] == "CHILDREN" {
			return fields[1:]
		}
	}
	require.FailNow(t, "the parent ended without starting its stack")
	return nil
}

// runs says that a process lives: one that has ended stays in the list until whoever inherited it asks for its fate.
func runs(pid string) bool {
	content, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(content), ") ")
	return !strings.HasPrefix(state, "Z")
}
