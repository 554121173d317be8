package fraud

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// Kind is what a rule asks for.
type Kind string

// The kinds, in the order in which they are asked.
const (
	Request3DS Kind = "request_3ds" // the customer is to authenticate
	Allow      Kind = "allow"       // the payment goes through, whatever block and review rules say
	Block      Kind = "block"       // the payment is declined before the provider is asked
	Review     Kind = "review"      // a person decides
)

// Kinds are all there are, in the order in which they are asked.
func Kinds() []Kind { return []Kind{Request3DS, Allow, Block, Review} }

// The limits of a rule. No fact is longer than longestFact; a rule that could cost more than mostCost steps of
// evaluation is refused when it is compiled.
const (
	longestExpression = 2000
	longestFact       = 254
	mostCost          = 10_000
	deepest           = 50
)

var ruleName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,59}$`)

// Rule is a rule that was compiled. It is safe for concurrent use.
type Rule struct {
	Name       string
	Version    int
	Kind       Kind
	Expression string
	program    cel.Program

	asksDomain, asksLists bool
}

// Error is what is wrong with a rule. Line and Column, from 1, say where in its expression; 0 when it is the whole.
type Error struct {
	Rule         string
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("rule %.60q: %s", e.Rule, e.Message)
	}
	return fmt.Sprintf("rule %.60q, line %d, column %d: %s", e.Rule, e.Line, e.Column, e.Message)
}

// Compile checks a rule and makes it ready: its expression must be of type bool, name only facts and lists there are,
// compute in whole numbers, and not be able to run for long. lists are the seller's lists by name. Errors are *Error.
func Compile(name string, kind Kind, expression string, lists map[string]ItemType) (*Rule, error) {
	switch {
	case !ruleName.MatchString(name):
		return nil, &Error{Rule: name, Message: "its name must be 1 to 60 small letters, digits, '_' and '-', beginning with a letter"}
	case !slices.Contains(Kinds(), kind):
		return nil, &Error{Rule: name, Message: fmt.Sprintf("%.60q is not a kind of rule: use %s", kind, join(Kinds()))}
	case strings.TrimSpace(expression) == "":
		return nil, &Error{Rule: name, Message: "its expression is empty: write a condition, such as payment.amount > 50000"}
	case len(expression) > longestExpression:
		return nil, &Error{Rule: name, Message: fmt.Sprintf("its expression is longer than %d bytes: make several rules of it", longestExpression)}
	}
	env, err := environment(lists)
	if err != nil {
		return nil, fmt.Errorf("rule %q: %w", name, err)
	}
	checked, issues := env.Compile(expression)
	if issues.Err() != nil {
		return nil, firstIssue(name, issues)
	}
	if err := checkTyped(name, checked); err != nil {
		return nil, err
	}
	cost, err := env.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, fmt.Errorf("rule %q: %w", name, err)
	}
	if cost.Max > mostCost {
		return nil, &Error{Rule: name, Message: fmt.Sprintf("evaluating it could take more than %d steps: make it simpler", mostCost)}
	}
	program, err := env.Program(checked, cel.CostLimit(mostCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil { // what only shows when constants are evaluated, such as a broken regular expression
		return nil, &Error{Rule: name, Message: err.Error()}
	}
	rule := &Rule{Name: name, Kind: kind, Expression: expression, program: program}
	rule.note(checked.NativeRep())
	return rule, nil
}

func firstIssue(name string, issues *cel.Issues) error {
	found := issues.Errors()
	if len(found) == 0 {
		return &Error{Rule: name, Message: issues.Err().Error()}
	}
	first := slices.MinFunc(found, func(a, b *common.Error) int {
		if a.Location.Line() != b.Location.Line() {
			return a.Location.Line() - b.Location.Line()
		}
		return a.Location.Column() - b.Location.Column()
	})
	return &Error{Rule: name, Line: max(first.Location.Line(), 1), Column: first.Location.Column() + 1, Message: first.Message}
}

// checkTyped refuses an expression that is no condition, and one that leaves the whole numbers: amounts are compared
// exactly or not at all.
func checkTyped(name string, checked *cel.Ast) error {
	if out := checked.OutputType(); !out.IsExactType(cel.BoolType) {
		return &Error{Rule: name, Message: fmt.Sprintf("it is of type %s: a rule is a condition, true or false", out)}
	}
	native := checked.NativeRep()
	var inexact []int64
	for id, typed := range native.TypeMap() {
		if mentionsDouble(typed.String()) {
			inexact = append(inexact, id)
		}
	}
	if len(inexact) == 0 {
		return nil
	}
	where := firstOf(native, inexact)
	return &Error{
		Rule: name, Line: where.Line(), Column: where.Column() + 1,
		Message: "numbers are whole here, amounts in minor units (12.50 is 1250): write no decimals and no double()",
	}
}

func mentionsDouble(typeName string) bool {
	return slices.Contains(strings.FieldsFunc(typeName, func(r rune) bool { return !('a' <= r && r <= 'z') }), "double")
}

func firstOf(checked *ast.AST, ids []int64) common.Location {
	first := checked.SourceInfo().GetStartLocation(ids[0])
	for _, id := range ids[1:] {
		at := checked.SourceInfo().GetStartLocation(id)
		if at.Line() < first.Line() || at.Line() == first.Line() && at.Column() < first.Column() {
			first = at
		}
	}
	return first
}

// matches evaluates the rule. Unknown is why it could not be: a fact that is not known and was not asked for with has(),
// or arithmetic that has no result.
func (r *Rule) matches(vars map[string]any) (matched bool, unknown string) {
	out, _, err := r.program.Eval(vars)
	if err != nil {
		if missing, ok := errors.AsType[*missingFact](err); ok {
			return false, missing.Error()
		}
		return false, err.Error()
	}
	matched, isBool := out.Value().(bool)
	if !isBool {
		return false, fmt.Sprintf("it came to %s instead of true or false", out.Type())
	}
	return matched, ""
}

// AsksEmailDomain says that the rule asks what was attempted by all customers of an e-mail domain, which is costly to count.
func (r *Rule) AsksEmailDomain() bool { return r.asksDomain }

// AsksLists says that the rule looks something up in the seller's lists.
func (r *Rule) AsksLists() bool { return r.asksLists }

// note remembers which of the costly facts the rule asks for.
func (r *Rule) note(checked *ast.AST) {
	ast.PreOrderVisit(checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind: // of the customer it is a text, of anything else what is counted, whatever name it goes by
			of := checked.GetType(e.AsSelect().Operand().ID()).TypeName()
			r.asksDomain = r.asksDomain || e.AsSelect().FieldName() == "email_domain" && of != typeOf("customer")
		case ast.IdentKind:
			r.asksLists = r.asksLists || e.AsIdent() == memberships
		}
	}))
}
