package catalog

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
)

// The words that an editor offers for a field, by the JSON Schema, are those that the field takes.
func TestWordsOfTheSchema(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{
		"Plan.Proration": joined(grains), "Plan.Credits": joined([]CreditPolicy{CreditUnused, CreditNone}),
		"Plan.BilledBy": joined([]BilledBy{ByRenewal, ByInvoiceRun}),
		"Charge.Kind":   joined([]Kind{Recurring, Usage}), "Charge.Timing": joined([]Timing{Advance, Arrears}),
		"Charge.Per":  joined([]Per{PerSubscription, PerSeat, PerQuantity}),
		"Price.Model": joined(Models), "Price.Rounding": joined(money.Modes), "Price.PackageRounding": joined(money.Modes),
		"Price.FreeRule": joined([]FreeRule{FreeSeparately, FreeEvents}), "Commitment.Paid": joined([]PaidWhen{PaidInArrears, PaidInAdvance}),
	} {
		owner, name, _ := strings.Cut(field, ".")
		of := map[string]reflect.Type{
			"Plan": reflect.TypeFor[Plan](), "Charge": reflect.TypeFor[Charge](), "Price": reflect.TypeFor[Price](), "Commitment": reflect.TypeFor[Commitment](),
		}[owner]
		found, ok := of.FieldByName(name)
		require.True(t, ok, field)
		require.Equal(t, want, found.Tag.Get("enum"), field)
	}
}

func joined[T ~string](words []T) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(words), " ", ","), "[]")
}
