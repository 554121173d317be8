package dunning

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Class groups decline codes by what helps.
type Class string

// The classes of [Classify].
const (
	Hard          Class = "hard"
	NeedsCustomer Class = "needs_customer"
	SoftFunds     Class = "soft_funds"
	SoftTechnical Class = "soft_technical"
	SoftOpaque    Class = "soft_opaque"
)

// blocking classes must not be retried on the same method.
func (c Class) blocking() bool { return c == Hard || c == NeedsCustomer }

//go:embed rules/declines.json
var declineData []byte

//go:embed rules/caps.json
var capData []byte

type declineRow struct {
	Code    string `json:"code"`
	Class   Class  `json:"class"`
	Conceal bool   `json:"conceal"`
}

// The tables are built once while the program starts and only read afterwards.
var (
	declines = indexDeclines(mustRead[declineRow]("declines.json", declineData))
	caps     = mustRead[Cap]("caps.json", capData)
	returns  = indexReturns(mustRead[returnRow]("returns.json", returnData))
	debits   = indexDebits(mustRead[debitRule]("debits.json", debitData))
)

func indexDeclines(rows []declineRow) map[string]declineRow {
	index := make(map[string]declineRow, len(rows))
	for _, row := range rows {
		index[row.Code] = row
	}
	return index
}

// mustRead panics only when the binary was built from broken rule data, which the package's tests rule out.
func mustRead[T any](name string, raw []byte) []T {
	var rows []T
	if err := json.Unmarshal(raw, &rows); err != nil {
		panic(fmt.Errorf("dunning rule data %s: %w", name, err))
	}
	return rows
}

// Classify gives the class of a provider's decline code. A code that is not in the table, the empty one included, is
// SoftOpaque: a new code is retried a few times on the policy's days rather than given up or hammered.
func Classify(code string) Class {
	if row, ok := declines[code]; ok {
		return row.Class
	}
	return SoftOpaque
}

// CustomerCode is the code that may be shown to the customer. Loss, theft and fraud are shown as a generic decline:
// whoever holds the card must not learn that it was reported (Stripe, "Decline codes").
func CustomerCode(code string) string {
	if declines[code].Conceal {
		return "generic_decline"
	}
	return code
}
