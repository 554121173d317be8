//go:build ignore

// Generate packs a directory of compiled time zone files into zones.zip and
// records the release in VERSION. The directory, such as /usr/share/zoneinfo,
// also holds the tzdata.zi that the files were made from. The same files always
// give the same bytes. zonedata.go says how to use it.
package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run generate.go DIR")
	}
	if err := generate(os.DirFS(os.Args[1])); err != nil {
		log.Fatal(err)
	}
}

func generate(source fs.FS) error {
	version, err := release(source)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	if err := pack(zip.NewWriter(&packed), source); err != nil {
		return fmt.Errorf("packing release %s: %w", version, err)
	}
	return errors.Join(
		os.WriteFile("zones.zip", packed.Bytes(), 0o644),
		os.WriteFile("VERSION", []byte(version+"\n"), 0o644),
	)
}

// release reads the first line of tzdata.zi: "# version 2026f".
func release(source fs.FS) (string, error) {
	text, err := fs.ReadFile(source, "tzdata.zi")
	if err != nil {
		return "", fmt.Errorf("the directory must hold tzdata.zi, which names the release: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	version, found := strings.CutPrefix(line, "# version ")
	if !found {
		return "", fmt.Errorf("tzdata.zi starts with %q instead of its version", line)
	}
	return version, nil
}

// pack visits files in lexical order and stores them uncompressed without
// times, so that the result does not depend on the machine or the Go release.
func pack(archive *zip.Writer, source fs.FS) error {
	err := fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case left(path):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		return add(archive, source, path)
	})
	return errors.Join(err, archive.Close())
}

func add(archive *zip.Writer, source fs.FS, path string) error {
	data, err := fs.ReadFile(source, path)
	if err != nil || !bytes.HasPrefix(data, []byte("TZif")) {
		return err
	}
	file, err := archive.CreateHeader(&zip.FileHeader{Name: filepath.ToSlash(path), Method: zip.Store})
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return err
}

// left reports what is not a customer's zone: the variants with other leap
// seconds, the machine's own setting, and the mark of a machine without one.
func left(path string) bool {
	switch path {
	case "posix", "right", "localtime", "posixrules", "Factory":
		return true
	}
	return false
}
