package fraud

import (
	"fmt"
	"reflect"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// record is an object with facts, as an expression sees it. Those that are not known are absent.
type record struct {
	object string
	values map[string]any
}

// ConvertToNative refuses: only the facts of an object are values.
func (r *record) ConvertToNative(typeDesc reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s is no %s: ask for one of its facts", r.object, typeDesc)
}

// ConvertToType refuses as well, except to say what it is.
func (r *record) ConvertToType(to ref.Type) ref.Val {
	if to == types.TypeType {
		return types.NewObjectType(typeOf(r.object))
	}
	return types.NewErr("%s is no %s: ask for one of its facts", r.object, to.TypeName())
}

// Equal refuses to compare objects: some of their facts may not be known.
func (r *record) Equal(ref.Val) ref.Val {
	return types.NewErr("%s cannot be compared: ask for one of its facts", r.object)
}

// Type is the object's type.
func (r *record) Type() ref.Type { return types.NewObjectType(typeOf(r.object)) }

// Value is what facts are read from.
func (r *record) Value() any { return r }

// missingFact is the error of reading a fact that is not known.
type missingFact struct{ name string }

func (m *missingFact) Error() string { return m.name + " is not known" }

// variables are facts and memberships as expressions see them.
func variables(f *Facts, listed Listed) map[string]any {
	records := map[string]*record{}
	for _, object := range objects() {
		records[object] = &record{object: object, values: map[string]any{}}
	}
	for _, a := range attributes() {
		if value := a.get(f); value != nil {
			records[a.object].values[a.name] = value
		}
	}
	vars := map[string]any{memberships: map[string]bool(listed)}
	for _, object := range objects() {
		if outer, inner, nested := strings.Cut(object, "."); !nested {
			vars[object] = records[object]
		} else if len(records[object].values) > 0 {
			records[outer].values[inner] = records[object]
		}
	}
	return vars
}
