package stripe

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// query is a parsed search (docs.stripe.com/search#search-query-language): clauses of which all, or any, must match.
type query struct {
	any     bool
	clauses []clause
}

// clause compares one field with a value.
type clause struct {
	field    string
	key      string // of metadata["key"]
	negated  bool
	null     bool // the value is the token null: the field is empty
	operator string
	quoted   bool
	value    string
}

// maxClauses keeps one search cheap.
const maxClauses = 50

// queryReader walks over the text of a query.
type queryReader struct {
	rest string
	text string
}

func badQuery(format string, args ...any) *apiError {
	return invalid("", "query", "We were unable to parse your search query: "+format+" See https://stripe.com/docs/search#search-query-language.", args...)
}

// parseQuery reads clauses that are separated by spaces, AND or OR; a query may use only one of AND and OR.
func parseQuery(text string) (q query, refusal *apiError) {
	r := &queryReader{rest: text, text: text}
	ands, ors := 0, 0
	for {
		r.skipSpace()
		if r.rest == "" {
			break
		}
		if len(q.clauses) > 0 {
			switch {
			case r.word("and"):
				ands++
			case r.word("or"):
				ors++
			default:
				ands++
			}
			r.skipSpace()
		}
		c, err := r.clause()
		if err != nil {
			return q, err
		}
		if q.clauses = append(q.clauses, c); len(q.clauses) > maxClauses {
			return q, badQuery("it has more than %d clauses.", maxClauses)
		}
	}
	switch {
	case len(q.clauses) == 0:
		return q, badQuery("it is empty.")
	case ands > 0 && ors > 0:
		return q, badQuery("AND and OR cannot be combined in one query.")
	}
	q.any = ors > 0
	return q, nil
}

func (r *queryReader) skipSpace() { r.rest = strings.TrimLeftFunc(r.rest, unicode.IsSpace) }

// word takes a keyword in either case, if it stands alone.
func (r *queryReader) word(keyword string) bool {
	if len(r.rest) < len(keyword) || !strings.EqualFold(r.rest[:len(keyword)], keyword) {
		return false
	}
	if next, _ := utf8.DecodeRuneInString(r.rest[len(keyword):]); len(r.rest) > len(keyword) && !unicode.IsSpace(next) {
		return false
	}
	r.rest = r.rest[len(keyword):]
	return true
}

func (r *queryReader) clause() (c clause, refusal *apiError) {
	if strings.HasPrefix(r.rest, "-") {
		c.negated, r.rest = true, r.rest[1:]
	}
	if c.field = r.take(fieldCharacter); c.field == "" {
		return c, badQuery("a field is expected at '%s'.", shortened(r.rest))
	}
	if c.field == "metadata" {
		if c.key, refusal = r.metadataKey(); refusal != nil {
			return c, refusal
		}
	}
	for _, operator := range []string{">=", "<=", ":", "~", ">", "<"} {
		if strings.HasPrefix(r.rest, operator) {
			c.operator, r.rest = operator, r.rest[len(operator):]
			break
		}
	}
	if c.operator == "" {
		return c, badQuery("an operator (one of : ~ > < >= <=) is expected after '%s'.", c.field)
	}
	return c, r.value(&c)
}

func fieldCharacter(c rune) bool {
	return c == '_' || c == '.' || (c <= unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)))
}

func (r *queryReader) take(fits func(rune) bool) string {
	end := strings.IndexFunc(r.rest, func(c rune) bool { return !fits(c) })
	if end < 0 {
		end = len(r.rest)
	}
	taken := r.rest[:end]
	r.rest = r.rest[end:]
	return taken
}

func (r *queryReader) metadataKey() (string, *apiError) {
	if !strings.HasPrefix(r.rest, "[") {
		return "", badQuery(`metadata is searched by key, as in metadata["key"]:"value".`)
	}
	r.rest = r.rest[1:]
	key, quoted, refusal := r.quotation()
	if refusal != nil {
		return "", refusal
	}
	if !quoted || !strings.HasPrefix(r.rest, "]") {
		return "", badQuery(`a metadata key is written as ["key"].`)
	}
	r.rest = r.rest[1:]
	return key, nil
}

// value reads a text in quotes, a number, or the token null.
func (r *queryReader) value(c *clause) (refusal *apiError) {
	if c.value, c.quoted, refusal = r.quotation(); refusal != nil || c.quoted {
		return refusal
	}
	c.value = r.take(func(character rune) bool { return !unicode.IsSpace(character) })
	switch {
	case c.value == "":
		return badQuery("a value is expected after '%s%s'.", c.field, c.operator)
	case strings.EqualFold(c.value, "null"):
		if c.operator != ":" {
			return badQuery("null can only be compared with the operator ':'.")
		}
		c.null = true
	case !decimalText(c.value):
		return badQuery("the value '%s' must be in quotes.", shortened(c.value))
	}
	return nil
}

// quotation reads a text in single or double quotes, in which a backslash escapes the next character.
func (r *queryReader) quotation() (content string, quoted bool, refusal *apiError) {
	if r.rest == "" || (r.rest[0] != '"' && r.rest[0] != '\'') {
		return "", false, nil
	}
	quote, escaped := rune(r.rest[0]), false
	var b strings.Builder
	for i, c := range r.rest[1:] {
		switch {
		case escaped:
			b.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case c == quote:
			r.rest = r.rest[1+i+1:]
			return b.String(), true, nil
		default:
			b.WriteRune(c)
		}
	}
	return "", false, badQuery("a quotation is not closed: %s", shortened(r.rest))
}

func shortened(s string) string {
	const shown = 40
	if utf8.RuneCountInString(s) <= shown {
		return s
	}
	return string([]rune(s)[:shown]) + "…"
}
