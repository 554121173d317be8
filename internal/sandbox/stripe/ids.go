package stripe

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"strings"
)

// derive makes the random-looking part of an id or secret from what identifies it, so that two runs which
// do the same thing get the same ids.
func derive(length int, parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	text := new(big.Int).SetBytes(h.Sum(nil)).Text(62)
	if len(text) < length {
		return text
	}
	return text[:length]
}

// derivePrefix makes a customer's invoice prefix: eight letters and digits.
func derivePrefix(id string) string { return strings.ToUpper(derive(8, "invoice_prefix", id)) }
