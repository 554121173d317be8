package quote

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every field of an entry but its instant is an action that is carried out.
func TestNoActionIsForgotten(t *testing.T) {
	t.Parallel()
	require.Empty(t, Entry{}.actions())
	for i := range reflect.TypeFor[Entry]().NumField() {
		var entry Entry
		field := reflect.ValueOf(&entry).Elem().Field(i)
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			require.Len(t, entry.actions(), 1, reflect.TypeFor[Entry]().Field(i).Name)
		}
	}
}
