package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// What is kept of a provider's object: ids, amounts, states and codes, here and in the objects within it. Everything else
// stays with the provider: names, addresses, cards, client secrets.
var keptFields = fieldSet(`
	id object type status livemode created mode usage automatic
	amount amount_received amount_refunded amount_reversed amount_capturable currency fee net 
	payment_intent setup_intent charge latest_charge customer payment_method mandate subscription invoice review
	refund dispute payout source_transaction balance_transaction balance_transactions failure_balance_transaction
	reason code decline_code failure_code failure_reason last_payment_error cancellation_reason closed_reason
	paid captured refunded disputed is_charge_refundable arrival_date evidence_details due_by payment_status
	outcome network_status risk_level risk_score fraud_type actionable`)

// keptMetadata are the entries that we write ourselves. Those of others may hold anything.
var keptMetadata = fieldSet("attempt attempt_key checkout customer entity invoice key payment payment_method refund subscription")

func fieldSet(names string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		set[name] = true
	}
	return set
}

// reduce takes out of an object what is kept.
func reduce(raw json.RawMessage) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("read the object: %w", err)
	}
	if object == nil {
		return nil, errors.New("there is no object")
	}
	return reduceObject(object), nil
}

func reduceObject(object map[string]any) map[string]any {
	kept := map[string]any{}
	for name, value := range object {
		if entries, ok := value.(map[string]any); ok && name == "metadata" {
			kept[name] = reduceMetadata(entries)
		} else if keptFields[name] {
			if reduced := reduceValue(value); reduced != nil {
				kept[name] = reduced
			}
		}
	}
	return kept
}

func reduceMetadata(entries map[string]any) map[string]string {
	kept := map[string]string{}
	for name, value := range entries {
		if text, ok := value.(string); ok && keptMetadata[name] {
			kept[name] = cleaned(text)
		}
	}
	return kept
}

// reduceValue is nil for what is not kept. Numbers are whole: money and instants.
func reduceValue(value any) any {
	switch v := value.(type) {
	case bool:
		return v
	case string:
		return cleaned(v)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
	case map[string]any:
		return reduceObject(v)
	case []any:
		kept := []any{}
		for _, item := range v {
			if reduced := reduceValue(item); reduced != nil {
				kept = append(kept, reduced)
			}
		}
		return kept
	}
	return nil
}

// longestKept is longer than every id, code and reason, in bytes.
const longestKept = 1000

// cleaned is a text as it can be stored: Postgres has no NUL, and nobody fills our disk.
func cleaned(text string) string {
	text = strings.ReplaceAll(text, "\x00", "")
	if len(text) > longestKept {
		text = text[:longestKept]
	}
	return strings.ToValidUTF8(text, "")
}
