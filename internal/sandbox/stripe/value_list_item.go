package stripe

import (
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// valueListItem is one value in a list.
type valueListItem struct {
	ID        string `json:"id"`
	Object    string `json:"object"`
	Created   int64  `json:"created"`
	CreatedBy string `json:"created_by"`
	Livemode  bool   `json:"livemode"`
	Value     string `json:"value"`
	ValueList string `json:"value_list"`
}

func (i *valueListItem) identity() (string, int64) { return i.ID, i.Created }

func (i *valueListItem) indexed() map[string]string {
	return map[string]string{"value_list": i.ValueList}
}

var valueListItems = collection[*valueListItem]{name: "value list item", prefix: "rsli_"}

func itemTypes() []string {
	return strings.Fields("card_bin card_fingerprint case_sensitive_string country customer_id email ip_address sepa_debit_fingerprint string us_bank_account_fingerprint")
}

var (
	cardBins     = regexp.MustCompile(`^\d{6}$`)
	customerRefs = regexp.MustCompile(`^cus_\w+$`)
	fingerprints = regexp.MustCompile(`^\w+$`)
)

// checkItem refuses what cannot be a value of the list's type.
func checkItem(itemType, value string) *apiError {
	fits := true
	switch itemType {
	case "card_bin":
		fits = cardBins.MatchString(value)
	case "card_fingerprint", "sepa_debit_fingerprint", "us_bank_account_fingerprint":
		fits = fingerprints.MatchString(value)
	case "country":
		fits = checkCountry(value, "") == nil
	case "customer_id":
		fits = customerRefs.MatchString(value)
	case "email":
		parsed, err := mail.ParseAddress(value)
		fits = err == nil && parsed.Address == value
	case "ip_address":
		_, err := netip.ParseAddr(value)
		fits = err == nil
	}
	if fits {
		return nil
	}
	return invalid("", "value", "Invalid value: '%s' is not a valid %s, which is the item type of this list.", value, itemType)
}

// sameItem compares as Radar's rules do: only one type of list tells upper from lower case.
func sameItem(itemType, a, b string) bool {
	return a == b || (itemType != "case_sensitive_string" && strings.EqualFold(a, b))
}

// itemsOf are the items of a list, newest first.
func itemsOf(tx *bolt.Tx, list string) (items []*valueListItem) {
	valueListItems.where(tx, "value_list", list, func(i *valueListItem) bool {
		items = append(items, i)
		return true
	})
	slices.Reverse(items)
	return items
}

func findItem(tx *bolt.Tx, v *valueList, value string) (found *valueListItem, ok bool) {
	valueListItems.where(tx, "value_list", v.ID, func(i *valueListItem) bool {
		if sameItem(v.ItemType, i.Value, value) {
			found = i
		}
		return found == nil
	})
	return found, found != nil
}

func createListItem(r *call) (any, error) {
	v, err := r.valueList(r.args.text("value_list"), "value_list")
	if err != nil {
		return nil, err
	}
	value := strings.TrimSpace(r.args.text("value"))
	if err := checkItem(v.ItemType, value); err != nil {
		return nil, err
	}
	if other, found := findItem(r.tx, v, value); found {
		return nil, refused("resource_already_exists", "value", "The value '%s' is in this list already: '%s'.", value, other.ID)
	}
	i := &valueListItem{ID: newID(r, valueListItems), Object: "radar.value_list_item", Created: r.now(), CreatedBy: listMaker, Value: value, ValueList: v.ID}
	valueListItems.put(r.tx, i)
	return i, nil
}

func listListItems(r *call) (any, error) {
	v, err := r.valueList(r.args.text("value_list"), "value_list")
	if err != nil {
		return nil, err
	}
	value := r.args.text("value")
	return valueListItems.list(r, func(i *valueListItem) bool { return value == "" || sameItem(v.ItemType, i.Value, value) }, "value_list")
}

func deleteListItem(r *call) (any, error) {
	i, found := valueListItems.get(r.tx, r.id)
	if !found {
		return nil, notFound("value list item", r.id, "id")
	}
	valueListItems.remove(r.tx, i)
	return deleted{ID: i.ID, Object: i.Object, Deleted: true}, nil
}
