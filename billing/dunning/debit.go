package dunning

import (
	_ "embed"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/paymethod"
)

// Return is the class of what a bank says of a debit.
type Return string

// The classes of [ClassifyReturn].
const (
	ReturnedFunds        Return = "funds"
	ReturnedAccount      Return = "account"
	ReturnedUnauthorised Return = "unauthorised"
	ReturnedOther        Return = "other"
	NotPresented         Return = "not_presented"
)

// RulesOut says that the account must not be debited any more, whatever for.
func (r Return) RulesOut() bool { return r == ReturnedAccount || r == ReturnedUnauthorised }

//go:embed rules/returns.json
var returnData []byte

//go:embed rules/debits.json
var debitData []byte

type returnRow struct {
	Code   string `json:"code"`
	Class  Return `json:"class"`
	Source string `json:"source"`
}

// debitRule is how often, how long and when a returned debit of a kind may be presented again.
type debitRule struct {
	Kind string `json:"kind"`
	// Codes are the only ones after which it may be.
	Codes []string `json:"codes"`
	// Represent is how often, within WithinDays of the original entry.
	Represent  int `json:"represent"`
	WithinDays int `json:"within_days"`
	// AfterBusinessDays are those between a return and the first, second … time.
	AfterBusinessDays []int  `json:"after_business_days"`
	Source            string `json:"source"`
	Edition           string `json:"edition"`
}

func indexReturns(rows []returnRow) map[string]Return {
	index := make(map[string]Return, len(rows))
	for _, row := range rows {
		index[row.Code] = row.Class
	}
	return index
}

func indexDebits(rows []debitRule) map[string]debitRule {
	index := make(map[string]debitRule, len(rows))
	for _, row := range rows {
		index[row.Kind] = row
	}
	return index
}

// ClassifyReturn gives the class of the code with which a debit failed, the provider's or the network's own such as R10. A
// code that is not in the table is ReturnedOther: nothing is presented again for a reason that nobody knows.
func ClassifyReturn(code string) Return {
	if class, ok := returns[code]; ok {
		return class
	}
	return ReturnedOther
}

func (m Method) isDebit() bool  { return paymethod.IsDebit(m.Kind) }
func (a Attempt) isDebit() bool { return paymethod.IsDebit(a.Kind) }

// isSlow says that nothing can be done for days after the attempt: the bank is silent, or the customer's transfer on its way.
func (a Attempt) isSlow() bool { return a.isDebit() || a.Kind == paymethod.KindTransfer }

// presented counts the tries of a bank debit that reached its bank; it is 0 for other methods.
func (m Method) presented(attempts []Attempt) int {
	n := 0
	for _, a := range attempts {
		if m.isDebit() && a.PaymentMethodID == m.ID && ClassifyReturn(a.DeclineCode) != NotPresented {
			n++
		}
	}
	return n
}

// debitRuledOut says why a bank debit must not be made, or "". Nothing that the customer changes under the same mandate
// lifts it, except where no bank was asked.
func (m Method) debitRuledOut(attempts []Attempt) string {
	rule := debits[m.Kind]
	for _, a := range slices.Backward(attempts) {
		switch {
		case a.PaymentMethodID != m.ID:
		case ClassifyReturn(a.DeclineCode) == NotPresented:
			if !m.UpdatedAt.After(a.At) {
				return ReasonNeedsCustomer
			}
		case !slices.Contains(rule.Codes, a.DeclineCode):
			return ReasonReturned
		}
	}
	if m.presented(attempts) > rule.Represent {
		return ReasonExhausted
	}
	return ""
}

// Forbidden says why a method must not be tried by anybody, not even by hand, or "". A card may be: its bank says no again.
func (m Method) Forbidden(attempts []Attempt) string {
	if m.Unusable || m.isDebit() {
		return m.ruledOut(attempts)
	}
	return ""
}

// represent presents a returned debit again, some business days after its return and in the time that the scheme allows.
func (l ladder) represent() Step {
	rule, kind := debits[l.Method.Kind], l.kind()
	var original, returned time.Time
	n := 0
	for _, a := range l.Attempts {
		if a.PaymentMethodID != l.Method.ID || ClassifyReturn(a.DeclineCode) == NotPresented {
			continue
		}
		if n++; n == 1 {
			original = a.At
		}
		returned = a.At
		if a.KnownAt.After(a.At) {
			returned = a.KnownAt
		}
	}
	if n == 0 { // nothing was presented yet, and nothing keeps it from being
		return l.retry(l.asOf, ReasonMethodChanged)
	}
	wait := rule.AfterBusinessDays[min(n, len(rule.AfterBusinessDays))-1]
	at := l.Zone.Instant(kind.Calendar.Add(l.Zone.DateOf(returned), wait), usualHour, 0, 0)
	if at.Before(l.asOf) { // late: the next morning on which banks work
		at = l.Zone.Instant(kind.Calendar.Add(l.Zone.DateOf(l.asOf), 0), usualHour, 0, 0)
		if at.Before(l.asOf) {
			at = l.Zone.Instant(kind.Calendar.Add(l.Zone.DateOf(l.asOf), 1), usualHour, 0, 0)
		}
	}
	if at.After(original.AddDate(0, 0, rule.WithinDays)) {
		return l.wait(ReasonExhausted)
	}
	return l.retry(at, ReasonRepresentment)
}

func (l ladder) kind() paymethod.Method {
	kind, _ := paymethod.Lookup(l.Method.Kind)
	return kind
}
