package stripe

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

// page is Stripe's list envelope.
type page struct {
	Object  string            `json:"object"`
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
	URL     string            `json:"url"`
}

const (
	defaultLimit = 10
	maxLimit     = 100
)

// list answers a list request, newest first. byIndex names the filters that have an index: the first one
// that was sent chooses what is scanned, the others and keep (which may be nil) thin it out.
func (c collection[T]) list(r *call, keep func(T) bool, byIndex ...string) (page, error) {
	scan, err := c.newScan(r, keep, byIndex)
	if err != nil {
		return page{}, err
	}
	limit, err := r.limit()
	if err != nil {
		return page{}, err
	}
	data := scan.take(limit + 1)
	result := page{Object: "list", URL: r.path, HasMore: len(data) > limit}
	if result.HasMore {
		data = data[:limit]
	}
	if scan.upward {
		slices.Reverse(data)
	}
	result.Data = append([]json.RawMessage{}, data...)
	return result, nil
}

// scan walks one index in one direction.
type scan[T resource] struct {
	created createdRange
	from    []byte // order of the cursor object, exclusive; nil starts at the end
	in      bucket
	keep    func(T) bool
	load    func(id string) T
	prefix  []byte
	upward  bool // towards newer objects, for ending_before
}

func (c collection[T]) newScan(r *call, keep func(T) bool, byIndex []string) (scan[T], error) {
	filter, value := everyObject, ""
	for _, name := range byIndex {
		if given := r.args.text(name); given != "" && filter == everyObject {
			filter, value = name, given
		}
	}
	s := scan[T]{
		created: createdFilter(r.args.field("created")),
		in:      bucketOf(r.tx, c.name+"/"+filter),
		prefix:  indexKey(value, nil),
		load:    func(id string) T { object, _ := c.get(r.tx, id); return object },
	}
	s.keep = func(object T) bool {
		values := object.indexed()
		for _, name := range byIndex {
			if given := r.args.text(name); given != "" && values[name] != given {
				return false
			}
		}
		return keep == nil || keep(object)
	}
	err := s.position(r, c.name, func(id string) []byte { return c.orderOf(r.tx, id) })
	return s, err
}

// position starts the scan at the cursor object, which is itself left out. It may lie outside the filter.
func (s *scan[T]) position(r *call, kind string, orderOf func(string) []byte) error {
	after, before := r.args.text("starting_after"), r.args.text("ending_before")
	if after != "" && before != "" {
		return invalid("", "starting_after", "You may only specify one of these parameters: starting_after, ending_before.")
	}
	for name, id := range map[string]string{"starting_after": after, "ending_before": before} {
		if id == "" {
			continue
		}
		s.from = orderOf(id)
		if s.from == nil {
			return noSuch(kind, id, name)
		}
		s.upward = name == "ending_before"
	}
	return nil
}

// take collects up to n objects in the direction of the scan.
func (s *scan[T]) take(n int) []json.RawMessage {
	var data []json.RawMessage
	if s.in.b == nil {
		return data
	}
	cursor := s.in.b.Cursor()
	step := cursor.Prev
	var key, id []byte
	if s.upward {
		step = cursor.Next
		if key, id = cursor.Seek(slices.Concat(s.prefix, s.from)); bytes.HasSuffix(key, s.from) {
			key, id = cursor.Next()
		}
	} else {
		key, id = s.lastBefore(cursor.Seek, cursor.Last, cursor.Prev)
	}
	for ; key != nil && bytes.HasPrefix(key, s.prefix) && len(data) < n; key, id = step() {
		if !s.created.contains(int64(binary.BigEndian.Uint64(key[len(s.prefix):]))) {
			continue
		}
		if object := s.load(string(id)); s.keep(object) {
			data = append(data, encode(object))
		}
	}
	return data
}

// lastBefore finds the newest entry older than the cursor object, or the newest of all.
func (s *scan[T]) lastBefore(seek func([]byte) (k, v []byte), last, prev func() (k, v []byte)) (key, id []byte) {
	bound := s.from
	if bound == nil {
		bound = bytes.Repeat([]byte{0xff}, orderSize)
	}
	if key, _ = seek(slices.Concat(s.prefix, bound)); key == nil {
		return last()
	}
	return prev()
}

// farthest bounds the times of a filter, so that the second next to one is a number, too.
const farthest = math.MaxInt64 / 2

// createdRange is inclusive at both ends, in unix seconds.
type createdRange struct{ from, to int64 }

func (c createdRange) contains(t int64) bool { return t >= c.from && t <= c.to }

func createdFilter(v *form.Value) createdRange {
	all := createdRange{from: math.MinInt64, to: math.MaxInt64}
	if v == nil {
		return all
	}
	if v.Kind == form.Text {
		exact, _ := strconv.ParseInt(v.Text, 10, 64)
		return createdRange{from: exact, to: exact}
	}
	bounds := args{in: v}
	narrow := func(name string, apply func(int64)) {
		if bounds.has(name) {
			apply(max(-farthest, min(bounds.integer(name), farthest)))
		}
	}
	narrow("gte", func(n int64) { all.from = max(all.from, n) })
	narrow("gt", func(n int64) { all.from = max(all.from, n+1) })
	narrow("lte", func(n int64) { all.to = min(all.to, n) })
	narrow("lt", func(n int64) { all.to = min(all.to, n-1) })
	return all
}
