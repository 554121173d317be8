package demo

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// export is how a plan's usage files look: their columns, how `usage import --map` reads them, and a row's numbers.
type export struct {
	columns []string
	mapping []string
	row     func(r *rand.Rand) []string
}

// exports are the plans with usage.
var exports = map[string]export{
	"nimbus-api": {
		columns: []string{"TIMESTAMP", "ContextTokens", "GeneratedTokens"},
		mapping: []string{"time=TIMESTAMP", "input_tokens=ContextTokens", "output_tokens=GeneratedTokens"},
		row: func(r *rand.Rand) []string {
			return []string{strconv.Itoa(40_000 + r.IntN(900_000)), strconv.Itoa(2_000 + r.IntN(90_000))}
		},
	},
	"quarry-team": {
		columns: []string{"started_at", "minutes", "exports"},
		mapping: []string{"time=started_at", "compute_minutes=minutes", "exports=exports"},
		row: func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("%d.%02d", r.IntN(240), r.IntN(100)), strconv.Itoa(r.IntN(6))}
		},
	},
	"quarry-contract": {
		columns: []string{"started_at", "minutes"},
		mapping: []string{"time=started_at", "compute_minutes=minutes"},
		row: func(r *rand.Rand) []string {
			return []string{fmt.Sprintf("%d.%02d", r.IntN(600), r.IntN(100))}
		},
	},
}

// rowsPerDay is how busy a customer is at most.
const rowsPerDay = 9

// usageFile is what a customer's system exported for [from, to): the same file for the same seed, always.
func usageFile(seed uint64, customer string, kind export, from, to time.Time) ([]byte, error) {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s %d", customer, from.Unix())
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	days := to.Sub(from).Hours() / 24
	times := make([]time.Time, 1+random.IntN(1+int(days*rowsPerDay)))
	for i := range times {
		times[i] = from.Add(time.Duration(random.Int64N(int64(to.Sub(from)))).Truncate(time.Millisecond))
	}
	slices.SortFunc(times, time.Time.Compare)
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	if err := w.Write(kind.columns); err != nil {
		return nil, err
	}
	for _, at := range times {
		if err := w.Write(append([]string{at.Format("2006-01-02 15:04:05.000")}, kind.row(random)...)); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return file.Bytes(), w.Error()
}
