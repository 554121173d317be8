package stripe

import (
	"bytes"
	"encoding/json"
	"strings"

	bolt "go.etcd.io/bbolt"
)

const maxExpandDepth = 4

// loader fetches the object an expandable field names.
type loader func(tx *bolt.Tx, id string) (any, bool)

func from[T resource](c collection[T]) loader {
	return func(tx *bolt.Tx, id string) (any, bool) {
		object, found := c.get(tx, id)
		return object, found
	}
}

// never is for fields that Stripe can expand but that are always null here.
func never(*bolt.Tx, string) (any, bool) { return nil, false }

// expandable lists, by object, the fields that can be expanded and where their objects are. A dot reaches
// into a nested hash.
func expandable(object string) map[string]loader {
	switch object {
	case "balance_transaction":
		return map[string]loader{"source": balanceSource}
	case "charge":
		return map[string]loader{
			"application": never, "balance_transaction": from(balanceTransactions), "customer": showCustomer,
			"failure_balance_transaction": from(balanceTransactions), "invoice": never, "on_behalf_of": never,
			"payment_intent": from(paymentIntents), "payment_method_details.bancontact.generated_sepa_debit": from(paymentMethods),
			"payment_method_details.ideal.generated_sepa_debit": from(paymentMethods),
			"refunds": chargeRefunds, "review": from(reviews), "transfer": never,
		}
	case "customer":
		return map[string]loader{
			"cash_balance": never, "default_source": never, "invoice_settings.default_payment_method": from(paymentMethods),
			"sources": never, "subscriptions": never, "tax": customerTaxOf, "tax_ids": taxIDList, "test_clock": never,
		}
	case "dispute":
		return map[string]loader{"charge": from(charges), "payment_intent": from(paymentIntents)}
	case "payment_intent":
		return map[string]loader{
			"application": never, "customer": showCustomer, "invoice": never, "latest_charge": from(charges),
			"on_behalf_of": never, "payment_method": from(paymentMethods), "review": from(reviews),
		}
	case "payment_method":
		return map[string]loader{"customer": showCustomer}
	case "refund":
		return map[string]loader{
			"balance_transaction": from(balanceTransactions), "charge": from(charges),
			"failure_balance_transaction": from(balanceTransactions), "payment_intent": from(paymentIntents),
		}
	case "setup_intent":
		return map[string]loader{
			"application": never, "customer": showCustomer, "latest_attempt": from(setupAttempts), "mandate": from(mandates),
			"on_behalf_of": never, "payment_method": from(paymentMethods), "single_use_mandate": never,
		}
	default:
		return expandableOnPages(object)
	}
}

// expandableOnPages are the fields of the objects around payments: pages, permissions, payouts and Radar's.
func expandableOnPages(object string) map[string]loader {
	switch object {
	case "billing_portal.session":
		return map[string]loader{"configuration": from(portalConfigurations)}
	case "checkout.session":
		return map[string]loader{
			"customer": showCustomer, "invoice": never, "line_items": sessionItems, "payment_intent": from(paymentIntents), "payment_link": never,
			"setup_intent": from(setupIntents), "subscription": never,
		}
	case "customer_cash_balance_transaction":
		return map[string]loader{"applied_to_payment.payment_intent": from(paymentIntents), "customer": showCustomer}
	case "mandate":
		return map[string]loader{"payment_method": from(paymentMethods)}
	case "payout":
		return map[string]loader{
			"balance_transaction": from(balanceTransactions), "destination": never, "failure_balance_transaction": from(balanceTransactions),
			"original_payout": never, "reversed_by": never,
		}
	case "radar.early_fraud_warning", "review":
		return map[string]loader{"charge": from(charges), "payment_intent": from(paymentIntents)}
	case "setup_attempt":
		return map[string]loader{
			"application": never, "customer": showCustomer, "on_behalf_of": never, "payment_method": from(paymentMethods),
			"payment_method_details.bancontact.generated_sepa_debit": from(paymentMethods),
			"payment_method_details.ideal.generated_sepa_debit":      from(paymentMethods), "setup_intent": from(setupIntents),
		}
	case "tax.calculation":
		return map[string]loader{"line_items": calculationItems, "shipping_cost.tax_breakdown": shippingTaxes}
	case "tax.calculation_line_item":
		return map[string]loader{"tax_breakdown": itemTaxes}
	case "tax.transaction":
		return map[string]loader{"line_items": transactionItems}
	case "tax_id":
		return map[string]loader{"customer": showCustomer, "owner.account": never, "owner.application": never, "owner.customer": showCustomer}
	default:
		return nil
	}
}

func validateExpand(paths []string) *apiError {
	for _, path := range paths {
		if depth := strings.Count(path, ".") + 1; depth > maxExpandDepth {
			return invalid("", "expand", "You cannot expand more than %d levels of a property. Property: %s", maxExpandDepth, path)
		}
	}
	return nil
}

// render encodes a result, with the properties the request wants expanded.
func (r *call) render(result any) ([]byte, error) {
	encoded := encode(result)
	paths := r.args.list("expand")
	if len(paths) == 0 {
		return encoded, nil
	}
	tree := generic(encoded)
	for _, path := range paths {
		if err := r.expand(tree, strings.Split(path, "."), path); err != nil {
			return nil, err
		}
	}
	return encode(tree), nil
}

// generic decodes a JSON object without touching its numbers.
func generic(encoded []byte) map[string]any {
	tree, _ := untouched(encoded).(map[string]any)
	return tree
}

func untouched(encoded []byte) (tree any) {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		panic(storeFailure{err})
	}
	return tree
}

// expand follows one path through the tree. A null or unknown id on the way ends it without an error.
func (r *call) expand(node map[string]any, path []string, full string) error {
	if found := node["object"] == "search_result"; found || node["object"] == "list" {
		if found && full == totalCount {
			return nil // counted already
		}
		if path[0] != "data" || len(path) == 1 {
			return notExpandable(full)
		}
		items, _ := node["data"].([]any)
		for _, item := range items {
			object, ok := item.(map[string]any)
			if !ok {
				return notExpandable(full)
			}
			if err := r.expand(object, path[1:], full); err != nil {
				return err
			}
		}
		return nil
	}
	object, _ := node["object"].(string)
	holder, field, load := findField(node, object, path)
	if load == nil {
		return notExpandable(full)
	}
	rest := path[strings.Count(field, ".")+1:]
	leaf := field[strings.LastIndex(field, ".")+1:]
	return r.expandField(node, holder, leaf, load, rest, full)
}

// findField matches the beginning of the path with one of the object's expandable fields.
func findField(node map[string]any, object string, path []string) (holder map[string]any, field string, load loader) {
	fields, holder := expandable(object), node
	for i, name := range path {
		field = strings.Join(path[:i+1], ".")
		if load := fields[field]; load != nil {
			return holder, field, load
		}
		nested, ok := holder[name].(map[string]any)
		if !ok {
			break
		}
		holder = nested
	}
	return nil, "", nil
}

func (r *call) expandField(owner, holder map[string]any, leaf string, load loader, rest []string, full string) error {
	if id, ok := holder[leaf].(string); ok {
		if target, found := load(r.tx, id); found {
			holder[leaf] = untouched(encode(target))
		}
	} else if _, present := holder[leaf]; !present {
		// A list that is only present when asked for, named after its owner.
		if id, ok := owner["id"].(string); ok {
			if target, found := load(r.tx, id); found {
				holder[leaf] = untouched(encode(target))
			}
		}
	}
	target, expanded := holder[leaf].(map[string]any)
	if len(rest) == 0 || !expanded {
		return nil
	}
	return r.expand(target, rest, full)
}

func notExpandable(path string) *apiError {
	return invalid("", "expand", "This property cannot be expanded (%s).", path)
}
