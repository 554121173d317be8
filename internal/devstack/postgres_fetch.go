package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/gofrs/flock"
)

const (
	fetchedVersion = embeddedpostgres.V17
	fetchedMajor   = 17
)

// fetchPostgres downloads binaries with the embedded-postgres library, once per machine.
func fetchPostgres(ctx context.Context, progress io.Writer) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	return fetcher{cache: cache}.fetch(ctx, progress)
}

// fetcher keeps what it fetched in a folder.
type fetcher struct {
	cache      string
	repository string // of the packed binaries; empty: the library's own
}

func (f fetcher) fetch(ctx context.Context, progress io.Writer) (string, error) {
	cache := f.cache
	home := filepath.Join(cache, "postgres-"+string(fetchedVersion))
	bin := filepath.Join(home, "bin")
	if isFile(filepath.Join(bin, "postgres")) {
		return bin, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("creating a cache for Postgres: %w", err)
	}
	lock := flock.New(filepath.Join(cache, "postgres.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", fmt.Errorf("waiting to fetch Postgres: %w", err)
	}
	defer func() { _ = lock.Unlock() }()
	if isFile(filepath.Join(bin, "postgres")) { // another process was faster
		return bin, nil
	}
	report := newReport(progress, "Fetching Postgres "+string(fetchedVersion))
	report.say("downloading")
	if err := f.extract(home); err != nil {
		return "", err
	}
	report.finish()
	return bin, nil
}

// extract puts the binaries into home. The library only fetches on the way to starting a server of its own;
// that start may fail (it cannot drop root's privileges), which is of no interest once the binaries are there.
func (f fetcher) extract(home string) error {
	work, err := os.MkdirTemp(f.cache, "fetching-")
	if err != nil {
		return fmt.Errorf("fetching Postgres: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	port, err := freePort()
	if err != nil {
		return err
	}
	partial := filepath.Join(work, "binaries")
	config := embeddedpostgres.DefaultConfig().
		Version(fetchedVersion).
		Port(uint32(port)).
		CachePath(filepath.Join(work, "archive")).
		RuntimePath(filepath.Join(work, "runtime")).
		DataPath(filepath.Join(work, "data")).
		BinariesPath(partial).
		Logger(io.Discard)
	if f.repository != "" {
		config = config.BinaryRepositoryURL(f.repository)
	}
	server := embeddedpostgres.NewDatabase(config)
	startErr := server.Start()
	if startErr == nil {
		startErr = server.Stop()
	}
	if !isFile(filepath.Join(partial, "bin", "postgres")) {
		return cmp.Or(startErr, errors.New("the download holds no Postgres server"))
	}
	if err := os.Rename(partial, home); err != nil {
		return fmt.Errorf("keeping Postgres: %w", err)
	}
	return nil
}
