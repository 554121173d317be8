package stripe

import (
	"regexp"

	bolt "go.etcd.io/bbolt"
)

// valueList is a list that Radar's rules can name by its alias.
type valueList struct {
	ID        string            `json:"id"`
	Object    string            `json:"object"`
	Alias     string            `json:"alias"`
	Created   int64             `json:"created"`
	CreatedBy string            `json:"created_by"`
	ItemType  string            `json:"item_type"`
	ListItems *page             `json:"list_items"` // filled in when the list is shown
	Livemode  bool              `json:"livemode"`
	Metadata  map[string]string `json:"metadata"`
	Name      string            `json:"name"`
}

// listMaker is who made every list: the sandbox has no users.
const listMaker = "sandbox"

// Limits in characters.
const (
	maxListName  = 100
	maxItemValue = 800
)

var aliases = regexp.MustCompile(`^\w+$`)

func (v *valueList) identity() (string, int64) { return v.ID, v.Created }

func (v *valueList) indexed() map[string]string { return map[string]string{"alias": v.Alias} }

var valueLists = collection[*valueList]{name: "value list", prefix: "rsl_"}

func valueListEndpoints() []endpoint {
	name := param{filled: true, maxChars: maxListName}
	change := spec{"alias": name, "metadata": metadata(), "name": name}
	creation := change.with(spec{"alias": required(name), "item_type": enum(itemTypes()...), "name": required(name)})
	return []endpoint{
		post("/v1/radar/value_lists", creation, createValueList),
		get("/v1/radar/value_lists", datedPageSpec(spec{"alias": filledText(), "contains": filledText()}), listValueLists),
		get("/v1/radar/value_lists/{id}", nil, getValueList),
		post("/v1/radar/value_lists/{id}", change, updateValueList),
		del("/v1/radar/value_lists/{id}", deleteValueList),
		post("/v1/radar/value_list_items", spec{"value": required(param{filled: true, maxChars: maxItemValue}), "value_list": required(filledText())}, createListItem),
		get("/v1/radar/value_list_items", datedPageSpec(spec{"value": filledText(), "value_list": required(filledText())}), listListItems),
		get("/v1/radar/value_list_items/{id}", nil, retrieve(valueListItems, "id")),
		del("/v1/radar/value_list_items/{id}", deleteListItem),
	}
}

// show fills in the first items, newest first.
func (v *valueList) show(tx *bolt.Tx) *valueList {
	items := itemsOf(tx, v.ID)
	first := firstPage("/v1/radar/value_list_items?value_list="+v.ID, items, defaultLimit)
	v.ListItems = &first
	return v
}

func (r *call) valueList(id, param string) (*valueList, error) {
	v, found := valueLists.get(r.tx, id)
	switch {
	case found:
		return v, nil
	case param == "":
		return nil, notFound("value list", id, "value_list")
	default:
		return nil, noSuch("value list", id, param)
	}
}

func createValueList(r *call) (any, error) {
	v := &valueList{ID: newID(r, valueLists), Object: "radar.value_list", Created: r.now(), CreatedBy: listMaker, ItemType: r.args.textOr("item_type", "string")}
	return r.keepValueList(v)
}

// keepValueList applies what can be set and changed. An alias names one list only.
func (r *call) keepValueList(v *valueList) (any, error) {
	if r.args.has("alias") {
		v.Alias = r.args.text("alias")
		if !aliases.MatchString(v.Alias) {
			return nil, invalid("", "alias", "Invalid alias: %s must consist of letters, digits and underscores.", v.Alias)
		}
	}
	taken := ""
	valueLists.where(r.tx, "alias", v.Alias, func(other *valueList) bool {
		if other.ID != v.ID {
			taken = other.ID
		}
		return true
	})
	if taken != "" {
		return nil, refused("resource_already_exists", "alias", "A value list with the alias '%s' already exists: '%s'.", v.Alias, taken)
	}
	if r.args.has("name") {
		v.Name = r.args.text("name")
	}
	var err error
	if v.Metadata, err = merged(r.args, v.Metadata); err != nil {
		return nil, err
	}
	v.ListItems = nil
	valueLists.put(r.tx, v)
	return v.show(r.tx), nil
}

func getValueList(r *call) (any, error) {
	v, err := r.valueList(r.id, "")
	if err != nil {
		return nil, err
	}
	return v.show(r.tx), nil
}

func updateValueList(r *call) (any, error) {
	v, err := r.valueList(r.id, "")
	if err != nil {
		return nil, err
	}
	return r.keepValueList(v)
}

// deleteValueList takes the items with it.
func deleteValueList(r *call) (any, error) {
	v, err := r.valueList(r.id, "")
	if err != nil {
		return nil, err
	}
	for _, item := range itemsOf(r.tx, v.ID) {
		valueListItems.remove(r.tx, item)
	}
	valueLists.remove(r.tx, v)
	return deleted{ID: v.ID, Object: v.Object, Deleted: true}, nil
}

func listValueLists(r *call) (any, error) {
	contained := r.args.text("contains")
	found, err := valueLists.list(r, func(v *valueList) bool {
		_, holds := findItem(r.tx, v, contained)
		return contained == "" || holds
	}, "alias")
	if err != nil {
		return nil, err
	}
	for i, encoded := range found.Data {
		v := &valueList{}
		decode(encoded, v)
		found.Data[i] = encode(v.show(r.tx))
	}
	return found, nil
}
