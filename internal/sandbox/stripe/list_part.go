package stripe

import "encoding/json"

// limit is how many objects a list request wants.
func (r *call) limit() (int, error) {
	limit := int64(defaultLimit)
	if r.args.has("limit") {
		limit = r.args.integer("limit")
	}
	switch {
	case limit < 1:
		return 0, invalid("parameter_invalid_integer", "limit", "This value must be greater than or equal to 1.")
	case limit > maxLimit:
		return 0, invalid("parameter_invalid_integer", "limit", "This value must be less than or equal to %d (it currently is '%d').", maxLimit, limit)
	}
	return int(limit), nil
}

// listPart answers a list request from the parts of one object, in their own order.
func listPart[T any](r *call, kind string, items []T, id func(T) string) (page, error) {
	limit, err := r.limit()
	if err != nil {
		return page{}, err
	}
	after, before := r.args.text("starting_after"), r.args.text("ending_before")
	if after != "" && before != "" {
		return page{}, invalid("", "starting_after", "You may only specify one of these parameters: starting_after, ending_before.")
	}
	from, to := 0, len(items)
	for name, cursor := range map[string]string{"starting_after": after, "ending_before": before} {
		if cursor == "" {
			continue
		}
		at := indexOf(items, cursor, id)
		switch {
		case at < 0:
			return page{}, noSuch(kind, cursor, name)
		case name == "starting_after":
			from = at + 1
		default:
			to = at
		}
	}
	part := items[from:to]
	if before != "" {
		part = part[max(0, len(part)-limit):]
		result := firstPage(r.path, part, limit)
		result.HasMore = to-from > limit
		return result, nil
	}
	return firstPage(r.path, part, limit), nil
}

func indexOf[T any](items []T, wanted string, id func(T) string) int {
	for i, item := range items {
		if id(item) == wanted {
			return i
		}
	}
	return -1
}

// firstPage is the beginning of a list, as objects contain it.
func firstPage[T any](url string, items []T, limit int) page {
	result := page{Object: "list", Data: []json.RawMessage{}, HasMore: len(items) > limit, URL: url}
	for _, item := range items[:min(limit, len(items))] {
		result.Data = append(result.Data, encode(item))
	}
	return result
}
