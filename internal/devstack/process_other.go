//go:build !linux

package devstack

import (
	"os/exec"
	"strconv"
	"strings"
)

// dieWithParent has no equivalent here: a server whose parent was killed is found by the next start.
func dieWithParent(*exec.Cmd) {}

// isPostmaster reports whether the process is a Postgres server at all, which is as much as ps can tell.
func isPostmaster(pid int, _ string) bool {
	command, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(command), "postgres")
}
