package message

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Differs names in what a request for a subscription asks for something else than the first one under its id, such as
// "plan_version 2 instead of 1". It is empty when both ask for the same; for what they wait does not count.
func (in Subscribe) Differs(first Subscribe) string {
	var found []string
	for _, field := range []struct {
		name          string
		asked, agreed string
	}{
		{"entity", in.EntityID, first.EntityID},
		{"customer", in.CustomerID, first.CustomerID},
		{"currency", string(in.Currency), string(first.Currency)},
		{"plan", in.Terms.PlanID, first.Terms.PlanID},
		{"plan_version", fmt.Sprint(in.Terms.PlanVersion), fmt.Sprint(first.Terms.PlanVersion)},
		{"seats", fmt.Sprint(in.Terms.Seats), fmt.Sprint(first.Terms.Seats)},
		{"add_ons", in.Terms.AddOns.String(), first.Terms.AddOns.String()},
		{"prices", in.Prices.Canonical(), first.Prices.Canonical()},
		{"ends_after", fmt.Sprint(in.EndsAfter), fmt.Sprint(first.EndsAfter)},
		{"ends_at", stamp(in.EndsAt), stamp(first.EndsAt)},
		{"quote", in.Quote, first.Quote},
		{"device", in.Device, first.Device},
		{"billing_group", in.BillingGroup, first.BillingGroup},
		{"po_number", in.PONumber, first.PONumber},
	} {
		if field.asked != field.agreed {
			found = append(found, fmt.Sprintf("%s %s instead of %s", field.name, orNone(field.asked), orNone(field.agreed)))
		}
	}
	if !in.FairBilling.Same(first.FairBilling) {
		found = append(found, "another fair_billing")
	}
	return strings.Join(found, ", ")
}

func orNone(text string) string { return cmp.Or(text, "none") }

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
