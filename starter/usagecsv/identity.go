package usagecsv

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// verdict on a row's id.
type verdict int

const (
	fresh       verdict = iota
	repeated            // same id, same values
	conflicting         // same id, other values
)

// identity names rows and remembers the ones it has seen: see the package documentation for the cost.
type identity struct {
	values      map[uint64]uint64 // with an id column: hash of id to hash of values
	occurrences map[uint64]uint32 // without: hash of values to how often
}

func newIdentity(named bool) identity {
	if named {
		return identity{values: map[uint64]uint64{}}
	}
	return identity{occurrences: map[uint64]uint32{}}
}

func (s identity) of(row parsedRow) (string, verdict) {
	sum := sha256.Sum256([]byte(row.normalised()))
	content := binary.BigEndian.Uint64(sum[:8])
	if s.values == nil {
		s.occurrences[content]++
		return hex.EncodeToString(sum[:16]) + "#" + strconv.FormatUint(uint64(s.occurrences[content]), 10), fresh
	}
	named := sha256.Sum256([]byte(row.id))
	key := binary.BigEndian.Uint64(named[:8])
	before, seen := s.values[key]
	switch {
	case !seen:
		s.values[key] = content
		return row.id, fresh
	case before == content:
		return row.id, repeated
	}
	return row.id, conflicting
}

// normalised writes the mapped values so that rows of equal meaning are equal text: "4808.0" is "4808", and neither
// the order of the mapping nor the way the file writes its times matters.
func (row parsedRow) normalised() string {
	parts := make([]string, 0, len(row.quantities)+len(row.amounts)+len(row.values))
	for i, q := range row.quantities {
		parts = append(parts, row.meters[i].name+"="+q.String())
	}
	for meter, amount := range row.amounts {
		parts = append(parts, "amount:"+meter+"="+amount.String())
	}
	for dimension, value := range row.values {
		parts = append(parts, "value:"+dimension+"="+strconv.Quote(value))
	}
	slices.Sort(parts)
	return row.at.UTC().Format(time.RFC3339Nano) + "\n" + strings.Join(parts, "\n")
}
