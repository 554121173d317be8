// Package zonedata carries the IANA time zone database inside the binary.
package zonedata

import (
	"archive/zip"
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

// To move to a new release, install it on a machine and run in this directory
//
//	go run generate.go /usr/share/zoneinfo
//
// Distributions compile the database with every clock change up to 2037 written
// out (zic -b fat). Keep to such files: the slim ones of some zic versions are
// wrong, as for America/Ojinaga in November 2022.
var (
	//go:embed zones.zip
	archive []byte
	//go:embed VERSION
	version string
)

// index lists the zones by name: read once, never changed.
var index = sync.OnceValues(func() ([]*zip.File, error) {
	zones, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("embedded time zone database %s: %w", Version(), err)
	}
	slices.SortFunc(zones.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	return zones.File, nil
})

// Version returns the release of the database, such as "2026f".
func Version() string { return strings.TrimSpace(version) }

// Names returns the names of all zones and links, sorted.
func Names() ([]string, error) {
	zones, err := index()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(zones))
	for i, zone := range zones {
		names[i] = zone.Name
	}
	return names, nil
}

// Load returns the compiled rules (TZif, RFC 8536) of the zone or link with the
// given name.
func Load(name string) ([]byte, error) {
	switch name {
	case "":
		return nil, errors.New("time zone is empty: give an IANA name such as Europe/Berlin")
	case "Local":
		return nil, errors.New(`time zone "Local" depends on the machine: give an IANA name such as Europe/Berlin`)
	}
	zones, err := index()
	if err != nil {
		return nil, err
	}
	i, found := slices.BinarySearchFunc(zones, name, func(zone *zip.File, name string) int {
		return cmp.Compare(zone.Name, name)
	})
	if !found {
		return nil, unknown(zones, name)
	}
	return read(zones[i])
}

func unknown(zones []*zip.File, name string) error {
	i := slices.IndexFunc(zones, func(zone *zip.File) bool { return strings.EqualFold(zone.Name, name) })
	if i >= 0 {
		return fmt.Errorf("unknown time zone %q: did you mean %q?", name, zones[i].Name)
	}
	return fmt.Errorf("unknown time zone %.60q in database %s: give an IANA name such as Europe/Berlin", name, Version())
}

func read(file *zip.File) ([]byte, error) {
	content, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", file.Name, err)
	}
	data, err := io.ReadAll(content)
	if err := errors.Join(err, content.Close()); err != nil {
		return nil, fmt.Errorf("time zone %q: %w", file.Name, err)
	}
	return data, nil
}
