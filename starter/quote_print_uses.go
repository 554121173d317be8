package main

import (
	"fmt"
	"io"

	"github.com/perennial-billing/perennial/billing/quote"
)

// printUses shows whether features could be used.
func printUses(out io.Writer, uses []quote.Used) error {
	if len(uses) == 0 {
		return nil
	}
	rows := make([][]any, 0, len(uses))
	for _, u := range uses {
		answer := "allowed"
		switch {
		case u.Returned:
			answer = "was given back"
		case !u.Allowed:
			answer = "no: " + string(u.Reason)
		}
		by, left := "", ""
		if u.Entitlement != nil {
			by, left = u.Entitlement.Subscription, leftOf(*u.Entitlement)
		}
		rows = append(rows, []any{stamp(u.At), u.Customer, u.Feature, u.Quantity, answer, by, left})
	}
	if err := table(out, "use at|customer|feature|times|answer|subscription|left", rows); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return nil
}

// printEntitlements shows what customers may use in the end.
func printEntitlements(out io.Writer, entitlements []quote.Entitled) error {
	if len(entitlements) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	rows := make([][]any, 0, len(entitlements))
	for _, e := range entitlements {
		resets := ""
		if e.ResetsAt != nil {
			resets = stamp(*e.ResetsAt)
		}
		rows = append(rows, []any{e.Customer, e.Feature, e.Subscription, leftOf(e), resets})
	}
	return table(out, "customer|may use|by|left|begins anew", rows)
}

// leftOf is what an entitlement still allows.
func leftOf(e quote.Entitled) string {
	if e.Remaining == nil {
		return "no limit"
	}
	return fmt.Sprintf("%d of %d in a %s", *e.Remaining, *e.Limit, e.Per)
}
