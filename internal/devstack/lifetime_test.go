package devstack

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// parentRole makes the test binary play a program that starts servers, so that it can be killed.
const parentRole = "DEVSTACK_TEST_PARENT_OF"

// TestParent is not a test: it is the program that the tests below start and kill.
func TestParent(t *testing.T) {
	dir := os.Getenv(parentRole)
	if dir == "" {
		t.Skip("runs only as a child of other tests")
	}
	postgres, err := StartPostgres(t.Context(), PostgresOptions{DataDir: dir})
	require.NoError(t, err)
	temporal, err := StartTemporal(t.Context(), TemporalOptions{})
	require.NoError(t, err)
	fmt.Printf("\nSERVERS %s %s\n", postgres.URL(), temporal.Address())
	select {}
}

func TestServersEndWhenTheirParentIsKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	dir := keptDir(t)
	parent := exec.Command(os.Args[0], "-test.run=^TestParent$")
	parent.Env = append(os.Environ(), parentRole+"="+dir)
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	postgresURL, temporalAddress := awaitServers(t, bufio.NewScanner(stdout))

	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()

	location, err := url.Parse(postgresURL)
	require.NoError(t, err)
	for _, address := range []string{location.Host, temporalAddress} {
		require.Eventually(t, func() bool { return !listens(address) }, 20*time.Second, 50*time.Millisecond, address)
	}
	again := start(t, PostgresOptions{DataDir: dir})
	conn, err := pgx.Connect(t.Context(), again.URL())
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

func awaitServers(t *testing.T, lines *bufio.Scanner) (postgresURL, temporalAddress string) {
	t.Helper()
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "SERVERS" {
			return fields[1], fields[2]
		}
	}
	require.FailNow(t, "the parent ended without starting its servers")
	return "", ""
}

func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
