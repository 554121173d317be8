package activityfile_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/activityfile"
)

// lines reads a text to its end, a line a text.
func lines(t require.TestingT, text string) []string {
	reader, err := activityfile.NewReader(strings.NewReader(text))
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for {
		action, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if bad, is := errors.AsType[*activityfile.BadLine](err); is {
			all = append(all, bad.Error())
			continue
		}
		require.NoError(t, err)
		all = append(all, fmt.Sprintf("%d %s %s", action.Line, action.Member, action.At))
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"CSV", "member,at\nu1,2027-04-11\n", []string{"2 u1 2027-04-11"}},
		{"more columns, in another order", "\ufeffat,team,member\n2027-04-11,x,u1\n\n2027-04-12,y,\"u 2\"\n", []string{"2 u1 2027-04-11", "4 u 2 2027-04-12"}},
		{
			"bad lines do not hide the others", "member,at\nu1\nu\"2,x\nu3,2027-04-11",
			[]string{"line 2: 1 columns where the first line has 2", `line 3: bare " in non-quoted-field`, "4 u3 2027-04-11"},
		},
		{"no columns", "who,when\n", []string{`line 1 names the columns "who,when": "member" and "at" must be among them`}},
		{"nothing", "", []string{"the file is empty"}},
		{"JSON lines", "{\"member\":\"u1\",\"at\":\"2027-04-11\"}\n\n{\"at\":\"x\",\"member\":\"u2\",\"more\":1}", []string{"1 u1 2027-04-11", "3 u2 x"}},
		{
			"two objects on a line", `{"member":"u1"} {}`,
			[]string{"line 1: has more than one JSON object: write each on a line of its own"},
		},
	} {
		require.Equal(t, test.want, lines(t, test.text), test.name)
	}
	bad := lines(t, "{}\n[]\n{\"at\":\"y\"}\n{\"member\":\""+strings.Repeat("u", 70_000)+"\"}\n{\"at\":\"z\"}\n")
	require.Equal(t, []string{"1  ", "3  y", "line 4: is longer than 65536 bytes", "5  z"}, append(bad[:1:1], bad[2:]...))
	require.Contains(t, bad[1], "line 2: is not a JSON object")
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{"member,at\nu1,2027-04-11\n", "{\"member\":\"u1\"}\n", "member,at\n\"", "{", "\xef\xbb\xbf{}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		require.LessOrEqual(t, len(lines(t, text)), strings.Count(text, "\n")+1, "no line is read twice")
	})
}
