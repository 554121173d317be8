package fraud

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// memberships is the variable that listed() looks into. Nobody can write its name.
const memberships = "@lists"

// environment is what expressions may use: the standard operators, has(), listed(), and the facts.
func environment(lists map[string]ItemType) (*cel.Env, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	provider := factTypes{Registry: registry, fields: map[string]map[string]*types.FieldType{}}
	for _, object := range objects() {
		provider.fields[typeOf(object)] = map[string]*types.FieldType{}
	}
	for _, a := range attributes() {
		provider.add(a.object, a.name, map[kind]*cel.Type{isText: cel.StringType, isNumber: cel.IntType, isTruth: cel.BoolType}[a.kind])
	}
	options := []cel.EnvOption{
		cel.CustomTypeAdapter(registry), cel.CustomTypeProvider(provider),
		cel.ParserRecursionLimit(deepest), cel.ParserExpressionSizeLimit(longestExpression),
		cel.Variable(memberships, cel.MapType(cel.StringType, cel.BoolType)), cel.Macros(listedMacro(lists)),
	}
	for _, object := range objects() {
		if outer, inner, nested := strings.Cut(object, "."); nested {
			provider.add(outer, inner, cel.ObjectType(typeOf(object)))
		} else {
			options = append(options, cel.Variable(object, cel.ObjectType(typeOf(object))))
		}
	}
	return cel.NewEnv(options...)
}

func typeOf(object string) string { return "fraud." + object }

// factTypes tells the type checker which facts there are, and the evaluation how to read them.
type factTypes struct {
	*types.Registry
	fields map[string]map[string]*types.FieldType
}

func (p factTypes) add(object, name string, of *cel.Type) {
	p.fields[typeOf(object)][name] = &types.FieldType{
		Type: of,
		IsSet: func(target any) bool {
			known, ok := target.(*record)
			return ok && known.values[name] != nil
		},
		GetFrom: func(target any) (any, error) {
			if known, ok := target.(*record); ok && known.values[name] != nil {
				return known.values[name], nil
			}
			return nil, &missingFact{name: object + "." + name}
		},
	}
}

// FindStructType finds the type of an object that has facts.
func (p factTypes) FindStructType(name string) (*types.Type, bool) {
	if _, found := p.fields[name]; found {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return nil, false
}

// FindStructFieldNames lists the facts of an object.
func (p factTypes) FindStructFieldNames(name string) ([]string, bool) {
	fields, found := p.fields[name]
	names := make([]string, 0, len(fields))
	for field := range fields {
		names = append(names, field)
	}
	return names, found
}

// FindStructFieldType finds a fact.
func (p factTypes) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	found, ok := p.fields[name][field]
	return found, ok
}

// NewValue refuses to make facts up.
func (p factTypes) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("%s cannot be made in a rule", name)
}

// listedMacro makes listed("blocked_emails", customer.email) the question whether the fact is on the list. The list must
// exist and hold what the fact is, so that a rule cannot silently look for a card in a list of countries.
func listedMacro(lists map[string]ItemType) cel.Macro {
	return cel.GlobalMacro("listed", 2, func(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		name, isText := textOf(args[0])
		if !isText {
			return nil, f.NewError(args[0].ID(), `the first argument of listed() is the name of a list, in quotes: listed("blocked_emails", customer.email)`)
		}
		holds, known := lists[name]
		if !known {
			return nil, f.NewError(args[0].ID(), fmt.Sprintf("there is no list %.60q: create it first", name))
		}
		fact, found := factOf(args[1])
		if !found {
			return nil, f.NewError(args[1].ID(), "the second argument of listed() is a fact that a list can hold, as it is: "+strings.Join(listable(), ", "))
		}
		if fact.item != holds {
			return nil, f.NewError(args[1].ID(), fmt.Sprintf("list %q holds items of type %s, and %s.%s is of type %s", name, holds, fact.object, fact.name, fact.item))
		}
		return f.NewCall(operators.In,
			f.NewCall(operators.Add, f.NewLiteral(types.String(member(name, ""))), args[1]), f.NewIdent(memberships)), nil
	})
}

func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	value, ok := e.AsLiteral().(types.String)
	return string(value), ok
}

// factOf is the fact that an expression names, if lists can hold it.
func factOf(e ast.Expr) (attribute, bool) {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() || e.AsSelect().Operand().Kind() != ast.IdentKind {
		return attribute{}, false
	}
	for _, a := range attributes() {
		if a.item != "" && a.object == e.AsSelect().Operand().AsIdent() && a.name == e.AsSelect().FieldName() {
			return a, true
		}
	}
	return attribute{}, false
}

func listable() []string {
	var names []string
	for _, a := range attributes() {
		if a.item != "" {
			names = append(names, a.object+"."+a.name)
		}
	}
	return names
}

// sizes bounds what facts can be as large as, for the estimate of what a rule costs.
type sizes struct{}

// EstimateSize is the size of a fact, or of what listed() looks into.
func (sizes) EstimateSize(checker.AstNode) *checker.SizeEstimate {
	return &checker.SizeEstimate{Min: 0, Max: longestFact}
}

// EstimateCallCost leaves the cost of functions to the library.
func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}
