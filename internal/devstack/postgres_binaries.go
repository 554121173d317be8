package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// places are where Postgres binaries may be.
type places struct {
	path  func() (string, error)                                        // the directory of `postgres` on the PATH
	globs []string                                                      // patterns of directories with binaries
	fetch func(ctx context.Context, progress io.Writer) (string, error) // the last resort
}

func usualPlaces() places {
	return places{
		path: binariesOnPath,
		globs: []string{
			"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
			"/usr/pgsql-*/bin",                                   // PostgreSQL's own packages for Fedora and RHEL
			"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
			"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
			"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
		},
		fetch: fetchPostgres,
	}
}

// binariesOnPath follows links: package managers link single programs, and initdb needs its neighbours.
func binariesOnPath() (string, error) {
	binary, err := exec.LookPath("postgres")
	if err != nil {
		return "", err
	}
	if binary, err = filepath.EvalSymlinks(binary); err != nil {
		return "", err
	}
	return filepath.Dir(binary), nil
}

// find returns a directory with the binaries of the major version; 0 takes the one on the PATH, or the newest.
func (p places) find(ctx context.Context, major int, progress io.Writer) (string, error) {
	var found []int
	for _, dir := range p.installed() {
		version, err := majorVersion(ctx, dir)
		if err != nil {
			return "", err
		}
		if major == 0 || version == major {
			return dir, nil
		}
		found = append(found, version)
	}
	if major != 0 && major != fetchedMajor {
		return "", fmt.Errorf("the data directory was made by Postgres %d, and only these versions are installed: %v; "+
			"install Postgres %d, or use another data directory", major, found, major)
	}
	dir, err := p.fetch(ctx, progress)
	if err != nil {
		return "", fmt.Errorf("no Postgres: there are no binaries on the PATH or in the usual places, and fetching them failed: %w; "+
			"install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@17), "+
			"or set DATABASE_URL to a running server", err)
	}
	return dir, nil
}

// installed lists the directories that have all we run, the one on the PATH first, then newest first.
func (p places) installed() []string {
	var dirs []string
	if dir, err := p.path(); err == nil {
		dirs = append(dirs, dir)
	}
	for _, glob := range p.globs {
		matches, err := filepath.Glob(glob)
		if err != nil {
			continue // a malformed pattern, which the tests would show
		}
		slices.SortFunc(matches, func(a, b string) int { return cmp.Compare(pathVersion(b), pathVersion(a)) })
		dirs = append(dirs, matches...)
	}
	return slices.DeleteFunc(dirs, func(dir string) bool {
		return !isFile(filepath.Join(dir, "postgres")) || !isFile(filepath.Join(dir, "initdb"))
	})
}

var number = regexp.MustCompile(`\d+`)

// pathVersion returns the version in a path such as /usr/lib/postgresql/15/bin; 0 if there is none.
func pathVersion(dir string) int { return firstNumber(filepath.Base(filepath.Dir(dir))) }

func firstNumber(text string) int {
	version, err := strconv.Atoi(number.FindString(text))
	if err != nil {
		return 0
	}
	return version
}

// majorVersion asks the server binary: "postgres (PostgreSQL) 15.4 (Debian 15.4-1)".
func majorVersion(ctx context.Context, dir string) (int, error) {
	binary := filepath.Join(dir, "postgres")
	output, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("asking %s for its version: %w", binary, err)
	}
	version := firstNumber(string(output))
	if version == 0 {
		return 0, fmt.Errorf("asking %s for its version: it said %q", binary, output)
	}
	return version, nil
}

// cacheDir is where fetched binaries are kept. Root's own cache cannot be entered by the user that
// Postgres runs as, and a world-writable folder could hold somebody else's binaries.
func cacheDir() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/cache/perennial", nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", errors.Join(errors.New("looking for a folder to keep Postgres in"), err)
	}
	return filepath.Join(dir, "perennial"), nil
}
