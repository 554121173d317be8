package form_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

func TestDecodeShapes(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"":                                      "{}",
		"a=1&b=x+y%20z":                         "{a:1 b:x y z}",
		"a[b][c]=1&a[b][d]=2":                   "{a:{b:{c:1 d:2}}}",
		"a[]=x&a[]=y":                           "{a:[x y]}",
		"a[0]=x&a[10]=z&a[2]=y":                 "{a:[x y z]}",
		"a%5B0%5D%5Bb%5D=1&a[0][c]=2&a[1][b]=3": "{a:[{b:1 c:2} {b:3}]}",
		"a[][b]=1&a[][c]=2&a[][b]=3":            "{a:[{b:1 c:2} {b:3}]}",
		"a[][b][x]=1&a[][b][y]=2&a[][b][x]=3":   "{a:[{b:{x:1 y:2}} {b:{x:3}}]}",
		"a=1&a=2&&b":                            "{a:2 b:}",
		"metadata[key with space]=%F0%9F%8C%B1": "{metadata:{key with space:🌱}}",
	}
	for encoded, want := range cases {
		v, err := form.Decode(encoded)
		require.NoError(t, err, encoded)
		require.Equal(t, want, show(v), encoded)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"a=%zz":        "not URL-encoded",
		"%zz=1":        "not URL-encoded",
		"a=%ff":        "not UTF-8",
		"a[%ff]=1":     "not UTF-8",
		"[a]=1":        "must start with a name",
		"a[b=1":        "unclosed bracket",
		"a[b]c=1":      "text after a bracket",
		"a=1&a[b]=2":   "both as a value and as a collection",
		"a[]=1&a[b]=2": "both as a value and as a collection",
		"a[][]=1":      "a list directly inside a list",
		"a" + strings.Repeat("[b]", form.MaxDepth) + "=1": "nested more than",
		strings.Repeat("a=1&", form.MaxPairs+1):           "at most 10000",
	}
	for encoded, want := range cases {
		_, err := form.Decode(encoded)
		require.ErrorContains(t, err, want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"a=1", "a[b][c]=1&a[b][d]=2", "a[]=1&a[][b]=2", "a[0]=x&a[1]=y", "a[][b]=1&a[][b][c]=2", "%zz", "[", "a]", "a[b]c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		v, err := form.Decode(encoded)
		if err != nil {
			return
		}
		// What decodes has only names that plain form decoding also sees.
		plain, err := url.ParseQuery(strings.ReplaceAll(encoded, ";", "%3B"))
		require.NoError(t, err)
		heads := map[string]bool{}
		for name := range plain {
			head, _, _ := strings.Cut(name, "[")
			heads[head] = true
		}
		for name := range v.Fields {
			require.Contains(t, heads, name)
		}
		_ = show(v)
	})
}

func show(v *form.Value) string {
	if v.Kind == form.Text {
		return v.Text
	}
	if items, ok := v.AsList(); ok && (v.Kind == form.List || len(items) > 0) {
		shown := make([]string, len(items))
		for i, item := range items {
			shown[i] = show(item)
		}
		return "[" + strings.Join(shown, " ") + "]"
	}
	m := map[string]string{}
	for name, field := range v.Fields {
		m[name] = show(field)
	}
	return "{" + strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(m), "map["), "]") + "}"
}
