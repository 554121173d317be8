package stripe

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// resource is an object that a collection keeps.
type resource interface {
	// identity is the object's id and its creation time in unix seconds; both never change.
	identity() (id string, created int64)
	// indexed maps the names of the list filters that have an index to this object's values.
	indexed() map[string]string
}

// collection keeps the objects of one kind: bucket name holds id -> order + JSON, and each index
// name/filter holds value + 0 + order -> id. Order is (created, sequence), which lists run through backwards.
type collection[T resource] struct {
	name   string // Stripe's name in "No such ..." messages
	prefix string // of the ids
}

const orderSize = 16

// everyObject is the index that holds all objects under the empty value.
const everyObject = "order"

func (c collection[T]) get(tx *bolt.Tx, id string) (object T, found bool) {
	stored := bucketOf(tx, c.name).get([]byte(id))
	if stored == nil {
		return object, false
	}
	decode(stored[orderSize:], &object)
	return object, true
}

func (c collection[T]) orderOf(tx *bolt.Tx, id string) []byte {
	stored := bucketOf(tx, c.name).get([]byte(id))
	if stored == nil {
		return nil
	}
	return bytes.Clone(stored[:orderSize])
}

// put inserts or replaces an object and brings its index entries up to date.
func (c collection[T]) put(tx *bolt.Tx, object T) {
	id, created := object.identity()
	order := c.orderOf(tx, id)
	if order == nil {
		order = c.newOrder(tx, created)
		bucketOf(tx, c.name+"/"+everyObject).put(indexKey("", order), []byte(id))
	} else {
		old, _ := c.get(tx, id)
		for filter, value := range old.indexed() {
			bucketOf(tx, c.name+"/"+filter).delete(indexKey(value, order))
		}
	}
	for filter, value := range object.indexed() {
		if value != "" {
			bucketOf(tx, c.name+"/"+filter).put(indexKey(value, order), []byte(id))
		}
	}
	bucketOf(tx, c.name).put([]byte(id), append(order, encode(object)...))
}

// unlist takes an object out of every list; get still finds it.
func (c collection[T]) unlist(tx *bolt.Tx, object T) {
	id, _ := object.identity()
	order := c.orderOf(tx, id)
	bucketOf(tx, c.name+"/"+everyObject).delete(indexKey("", order))
	for filter, value := range object.indexed() {
		bucketOf(tx, c.name+"/"+filter).delete(indexKey(value, order))
	}
}

// remove forgets an object altogether.
func (c collection[T]) remove(tx *bolt.Tx, object T) {
	c.unlist(tx, object)
	id, _ := object.identity()
	bucketOf(tx, c.name).delete([]byte(id))
}

// newOrder places a new object: after older ones, and after those of the same second made before it.
func (c collection[T]) newOrder(tx *bolt.Tx, created int64) []byte {
	order := make([]byte, orderSize)
	binary.BigEndian.PutUint64(order, uint64(created))
	binary.BigEndian.PutUint64(order[8:], nextSequence(tx))
	return order
}

// all visits every object from the oldest on, until visit says false.
func (c collection[T]) all(tx *bolt.Tx, visit func(T) bool) {
	bucketOf(tx, c.name+"/"+everyObject).each(nil, func(_, id []byte) bool {
		object, _ := c.get(tx, string(id))
		return visit(object)
	})
}

// where visits the objects whose index has the value, from the oldest on.
func (c collection[T]) where(tx *bolt.Tx, filter, value string, visit func(T) bool) {
	bucketOf(tx, c.name+"/"+filter).each(indexKey(value, nil), func(_, id []byte) bool {
		object, _ := c.get(tx, string(id))
		return visit(object)
	})
}

func (c collection[T]) count(tx *bolt.Tx) int { return bucketOf(tx, c.name).count() }

// indexKey separates value and order by a zero byte, so that one value is never the prefix of another.
func indexKey(value string, order []byte) []byte {
	key := make([]byte, 0, len(value)+1+len(order))
	key = append(key, value...)
	key = append(key, 0)
	return append(key, order...)
}

// bucket hides that bbolt buckets appear with their first write.
type bucket struct {
	b    *bolt.Bucket
	name string
	tx   *bolt.Tx
}

func bucketOf(tx *bolt.Tx, name string) bucket {
	return bucket{b: tx.Bucket([]byte(name)), name: name, tx: tx}
}

func (b bucket) get(key []byte) []byte {
	if b.b == nil {
		return nil
	}
	return b.b.Get(key)
}

func (b bucket) put(key, value []byte) {
	created, err := b.tx.CreateBucketIfNotExists([]byte(b.name))
	if err != nil {
		panic(storeFailure{err})
	}
	if err := created.Put(key, value); err != nil {
		panic(storeFailure{err})
	}
}

func (b bucket) delete(key []byte) {
	if b.b == nil {
		return
	}
	if err := b.b.Delete(key); err != nil {
		panic(storeFailure{err})
	}
}

func (b bucket) count() int {
	if b.b == nil {
		return 0
	}
	return b.b.Stats().KeyN
}

func (b bucket) each(prefix []byte, visit func(key, value []byte) bool) {
	if b.b == nil {
		return
	}
	cursor := b.b.Cursor()
	for key, value := cursor.Seek(prefix); key != nil && bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
		if !visit(key, value) {
			return
		}
	}
}

// storeFailure carries a failed write out of deep code; the transaction wrapper turns it into an error
// and rolls back. Writes fail only when the disk does.
type storeFailure struct{ err error }

// nextSequence numbers objects, deliveries and starts. It rolls back with its transaction.
func nextSequence(tx *bolt.Tx) uint64 {
	meta, err := tx.CreateBucketIfNotExists([]byte("meta"))
	if err != nil {
		panic(storeFailure{err})
	}
	n, err := meta.NextSequence()
	if err != nil {
		panic(storeFailure{err})
	}
	return n
}

// encode writes our own types, which always encode; a failure is a bug and rolls the request back.
func encode(v any) []byte {
	encoded, err := json.Marshal(v)
	if err != nil {
		panic(storeFailure{fmt.Errorf("encode %T: %w", v, err)})
	}
	return encoded
}

func decode(stored []byte, into any) {
	if err := json.Unmarshal(stored, into); err != nil {
		panic(storeFailure{fmt.Errorf("decode stored %T: %w", into, err)})
	}
}
