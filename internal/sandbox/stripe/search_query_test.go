package stripe

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// written writes a query so that reading it gives the same query again.
func (q query) written() string {
	var clauses []string
	for _, c := range q.clauses {
		var b strings.Builder
		if c.negated {
			b.WriteByte('-')
		}
		b.WriteString(c.field)
		if c.field == "metadata" {
			b.WriteString("[" + quotation(c.key) + "]")
		}
		b.WriteString(c.operator)
		if c.quoted {
			b.WriteString(quotation(c.value))
		} else {
			b.WriteString(c.value)
		}
		clauses = append(clauses, b.String())
	}
	if q.any {
		return strings.Join(clauses, " OR ")
	}
	return strings.Join(clauses, " ")
}

func quotation(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// FuzzSearchQuery reads arbitrary texts: what is understood is understood the same way when it is written down again,
// and never fails when it is compared.
func FuzzSearchQuery(f *testing.F) {
	for _, seed := range []string{
		`email:"amy@rocketrides.io"`, `-currency:'jpy' AND amount>1000`, `metadata["a\"b"]:null or metadata['c']:"d"`, `name~"amy" created<=1620310503`,
		`description:"the story called \"The Sky.\""`, `a.b_c:-1.5`, `name:"a"email:"b"`, `AND`, `-`, `metadata[`, "name:\xff", `or or:"or" OR or:1`,
	} {
		f.Add(seed)
	}
	fields := customerFields()
	name := "Ada"
	f.Fuzz(func(t *testing.T, text string) {
		q, refusal := parseQuery(text)
		if refusal != nil {
			require.Contains(t, refusal.Message, "unable to parse")
			return
		}
		again, refusal := parseQuery(q.written())
		require.Nil(t, refusal, q.written())
		require.Equal(t, q.written(), again.written())
		require.Equal(t, q.any && len(q.clauses) > 1, again.any)
		if fields.check(q, "customers") == nil {
			for i := range q.clauses {
				inverse := query{clauses: []clause{q.clauses[i]}}
				inverse.clauses[0].negated = !inverse.clauses[0].negated
				who := &customer{Name: &name, Metadata: map[string]string{"a": "b"}}
				require.NotEqual(t, fields.matches(who, query{clauses: q.clauses[i : i+1]}), fields.matches(who, inverse), q.written())
			}
		}
	})
}
