package devstack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who Postgres runs as: ourselves, or an unprivileged user when we are root.
type account struct {
	name       string
	credential *syscall.Credential // nil: ourselves
}

// serverAccount chooses the account. Root's choice is the user that a Postgres package created, else nobody.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if _, ok := errors.AsType[user.UnknownUserError](err); ok {
			continue
		}
		if err != nil {
			return account{}, fmt.Errorf("looking up user %s: %w", name, err)
		}
		return accountOf(found)
	}
	return account{}, errors.New("Postgres refuses to run as root, and there is neither a user postgres nor nobody; " +
		"run as another user, or set DATABASE_URL to a running server")
}

func accountOf(found *user.User) (account, error) {
	uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		return account{}, fmt.Errorf("user %s: %w", found.Username, err)
	}
	return account{name: found.Username, credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// apply makes cmd run as the account, in a directory that everybody can enter.
func (a account) apply(cmd *exec.Cmd) {
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
}

// own gives the account a directory.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	if err := os.Chown(path, int(a.credential.Uid), int(a.credential.Gid)); err != nil {
		return fmt.Errorf("giving %s to user %s: %w", path, a.name, err)
	}
	return nil
}

// mustReach checks that the account may enter a directory and all those above it.
func (a account) mustReach(path string) error {
	if a.credential == nil {
		return nil
	}
	for dir := path; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("checking that user %s can enter %s: %w", a.name, path, err)
		}
		if !a.mayEnter(info) {
			return fmt.Errorf("Postgres runs as user %s (it refuses to run as root), who may not enter %s, which is needed for %s; "+
				"choose a directory outside of it, or run as another user", a.name, dir, path)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (a account) mayEnter(info os.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true
	}
	mode := info.Mode().Perm()
	switch {
	case owner.Uid == a.credential.Uid:
		return mode&0o100 != 0
	case owner.Gid == a.credential.Gid:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
