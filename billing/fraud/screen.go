package fraud

import (
	"cmp"
	"slices"
)

// Action is what is done about a payment.
type Action string

// NoAction is what is done when no rule matched. The other actions are those of the kinds of rules.
const NoAction Action = "none"

// Decision is what a screening came to, and why.
type Decision struct {
	Action Action `json:"action"`
	// Matched are the rules that decided: those of one kind that matched, by name.
	Matched []Ref `json:"matched"`
	// Unknown are the rules that could not be evaluated, and so did not match.
	Unknown []Unknown `json:"unknown"`
	// Asked are all rules that were evaluated: those of the kinds up to the one that decided.
	Asked []Ref `json:"asked"`
}

// Ref names a version of a rule.
type Ref struct {
	Rule    string `json:"rule"`
	Version int    `json:"version"`
	Kind    Kind   `json:"kind"`
}

// Unknown is a rule that could not be evaluated.
type Unknown struct {
	Ref

	Because string `json:"because"`
}

// Screen decides about a payment. The order of the rules does not matter: of a kind all are asked, and the first kind of
// which one matches ends the screening. A rule that asks, without has(), for a fact that is not known does not match.
func Screen(rules []*Rule, facts Facts, listed Listed) Decision {
	decision := Decision{Action: NoAction, Matched: []Ref{}, Unknown: []Unknown{}, Asked: []Ref{}}
	rules = slices.SortedFunc(slices.Values(rules), func(a, b *Rule) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	vars := variables(&facts, listed)
	for _, kind := range Kinds() {
		for _, rule := range rules {
			if rule.Kind != kind {
				continue
			}
			named := Ref{Rule: rule.Name, Version: rule.Version, Kind: rule.Kind}
			decision.Asked = append(decision.Asked, named)
			matched, unknown := rule.matches(vars)
			if unknown != "" {
				decision.Unknown = append(decision.Unknown, Unknown{Ref: named, Because: unknown})
			}
			if matched {
				decision.Matched = append(decision.Matched, named)
			}
		}
		if len(decision.Matched) > 0 {
			decision.Action = Action(kind)
			return decision
		}
	}
	return decision
}
