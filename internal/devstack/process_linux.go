package devstack

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// dieWithParent makes the kernel stop the command, in good order, when the thread that started it ends.
func dieWithParent(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
}

// isPostmaster reports whether the process is a Postgres server of the data directory, in which it works.
func isPostmaster(pid int, dataDir string) bool {
	works, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	resolved, err := filepath.EvalSymlinks(dataDir)
	return err == nil && works == resolved
}
