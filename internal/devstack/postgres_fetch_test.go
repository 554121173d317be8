package devstack

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// repository holds packed binaries of the fetched version, whatever machine they are asked for, under a checksum.
type repository struct {
	packed    []byte
	checksum  string
	downloads *atomic.Int32
}

// Open is the library's way to an archive, or to the archive's checksum.
func (r repository) Open(name string) (fs.File, error) {
	files := fstest.MapFS{}
	switch {
	case !strings.Contains(name, "/"+string(fetchedVersion)+"/"):
	case strings.HasSuffix(name, ".sha256"):
		files[name] = &fstest.MapFile{Data: []byte(r.checksum)}
	default:
		r.downloads.Add(1)
		files[name] = &fstest.MapFile{Data: r.packed}
	}
	return files.Open(name)
}

func (r repository) serve(t *testing.T) (url string) {
	t.Helper()
	server := httptest.NewServer(http.FileServerFS(r))
	t.Cleanup(server.Close)
	return server.URL
}

// standIn are binaries that cannot start: only that they arrive counts.
func standIn(t *testing.T) []byte {
	t.Helper()
	binaries, err := os.ReadFile(filepath.Join("testdata", "binaries.txz"))
	require.NoError(t, err)
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	file, err := archive.Create("postgres.txz")
	require.NoError(t, err)
	_, err = file.Write(binaries)
	require.NoError(t, err)
	require.NoError(t, archive.Close())
	return packed.Bytes()
}

// Where no server is installed its binaries are fetched, once.
func TestPostgresIsFetchedOnce(t *testing.T) {
	t.Parallel()
	packed := standIn(t)
	sum := sha256.Sum256(packed)
	served := repository{packed: packed, checksum: hex.EncodeToString(sum[:]), downloads: &atomic.Int32{}}
	f := fetcher{cache: t.TempDir(), repository: served.serve(t)}
	var progress bytes.Buffer
	for range 2 {
		bin, err := f.fetch(t.Context(), &progress)
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(bin, "postgres"))
		require.FileExists(t, filepath.Join(bin, "initdb"))
	}
	require.EqualValues(t, 1, served.downloads.Load())
	require.Contains(t, progress.String(), "Fetching Postgres "+string(fetchedVersion))
	left, err := filepath.Glob(filepath.Join(f.cache, "fetching-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestADamagedPostgresIsNotKept(t *testing.T) {
	t.Parallel()
	served := repository{packed: standIn(t), checksum: strings.Repeat("0", 64), downloads: &atomic.Int32{}}
	f := fetcher{cache: t.TempDir(), repository: served.serve(t)}
	_, err := f.fetch(t.Context(), io.Discard)
	require.Error(t, err)
	require.Positive(t, served.downloads.Load())
	require.NoDirExists(t, filepath.Join(f.cache, "postgres-"+string(fetchedVersion)))
}
