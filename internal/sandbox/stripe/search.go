package stripe

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
)

// searchResult is Stripe's envelope for what a search found.
type searchResult struct {
	Object     string            `json:"object"`
	Data       []json.RawMessage `json:"data"`
	HasMore    bool              `json:"has_more"`
	NextPage   *string           `json:"next_page"`
	TotalCount *int              `json:"total_count,omitempty"` // when expanded
	URL        string            `json:"url"`
}

const totalCount = "total_count"

func searchEndpoints() []endpoint {
	params := spec{"limit": integer(), "page": filledText(), "query": required(filledText())}
	return []endpoint{
		get("/v1/charges/search", params, func(r *call) (any, error) { return search(r, charges, chargeFields(), "charges") }),
		get("/v1/customers/search", params, func(r *call) (any, error) { return search(r, customers, customerFields(), "customers") }),
		get("/v1/payment_intents/search", params, func(r *call) (any, error) { return search(r, paymentIntents, intentFields(), "payment intents") }),
	}
}

// search finds objects, newest first. It sees everything at once, where Stripe needs up to a minute.
func search[T resource](r *call, c collection[T], fields searchable[T], named string) (any, error) {
	q, refusal := parseQuery(r.args.text("query"))
	if refusal == nil {
		refusal = fields.check(q, named)
	}
	if refusal != nil {
		return nil, refusal
	}
	limit, err := r.limit()
	if err != nil {
		return nil, err
	}
	var found []T
	c.all(r.tx, func(object T) bool {
		if fields.matches(object, q) {
			found = append(found, object)
		}
		return true
	})
	slices.Reverse(found)
	result := searchResult{Object: "search_result", Data: []json.RawMessage{}, URL: r.path}
	if slices.Contains(r.args.list("expand"), totalCount) {
		count := len(found)
		result.TotalCount = &count
	}
	if found, err = afterPage(r, c, found); err != nil {
		return nil, err
	}
	for _, object := range found[:min(limit, len(found))] {
		result.Data = append(result.Data, encode(object))
	}
	if result.HasMore = len(found) > limit; result.HasMore {
		id, _ := found[limit-1].identity()
		result.NextPage = optional(base64.RawURLEncoding.EncodeToString([]byte(id)))
	}
	return result, nil
}

// afterPage leaves what comes after the page that the request's token was answered with. The token names the last
// object of that page, so that newer objects do not move the next one.
func afterPage[T resource](r *call, c collection[T], found []T) ([]T, error) {
	token := r.args.text("page")
	if token == "" {
		return found, nil
	}
	id, err := base64.RawURLEncoding.DecodeString(token)
	last := c.orderOf(r.tx, string(id))
	if err != nil || last == nil {
		return nil, invalid("", "page", "Invalid page: use the next_page of the previous answer to the same query.")
	}
	at, _ := slices.BinarySearchFunc(found, last, func(object T, last []byte) int {
		objectID, _ := object.identity()
		return slices.Compare(last, c.orderOf(r.tx, objectID)) // newest first
	})
	if at < len(found) {
		if objectID, _ := found[at].identity(); objectID == string(id) {
			at++
		}
	}
	return found[at:], nil
}

func textOf[T any](kind searchKind, value func(T) string) searchField[T] {
	return searchField[T]{kind: kind, value: func(object T) (string, bool) {
		v := value(object)
		return v, v != ""
	}}
}

func numberOf[T any](value func(T) int64) searchField[T] {
	return searchField[T]{kind: numericField, value: func(object T) (string, bool) { return strconv.FormatInt(value(object), 10), true }}
}

func chargeFields() searchable[*charge] {
	fields := map[string]searchField[*charge]{
		"amount": numberOf(func(c *charge) int64 { return c.Amount }),
		"billing_details.address.postal_code": textOf(tokenField, func(c *charge) string {
			return deref(c.BillingDetails.Address.PostalCode)
		}),
		"created":  numberOf(func(c *charge) int64 { return c.Created }),
		"currency": textOf(tokenField, func(c *charge) string { return c.Currency }),
		"customer": textOf(tokenField, func(c *charge) string { return deref(c.Customer) }),
		"disputed": textOf(tokenField, func(c *charge) string { return strconv.FormatBool(c.Disputed) }),
		"refunded": textOf(tokenField, refundedToken),
		"status":   textOf(tokenField, func(c *charge) string { return c.Status }),
	}
	for _, source := range []string{"card", "card_present", "interac_present"} {
		for name, value := range map[string]func(*cardDetails) string{
			"brand": func(d *cardDetails) string { return d.Brand }, "exp_month": func(d *cardDetails) string { return strconv.FormatInt(d.ExpMonth, 10) },
			"exp_year": func(d *cardDetails) string { return strconv.FormatInt(d.ExpYear, 10) }, "fingerprint": func(d *cardDetails) string { return d.Fingerprint },
			"last4": func(d *cardDetails) string { return d.Last4 },
		} {
			fields["payment_method_details."+source+"."+name] = textOf(tokenField, func(c *charge) string {
				if source != cardKind || c.PaymentMethodDetails.Card == nil {
					return "" // the sandbox has no terminals
				}
				return value(c.PaymentMethodDetails.Card)
			})
		}
	}
	return searchable[*charge]{fields: fields, metadata: func(c *charge) map[string]string { return c.Metadata }}
}

// refundedToken is "true" for a whole refund, "false" for a part, and nothing for none.
func refundedToken(c *charge) string {
	if c.AmountRefunded == 0 {
		return ""
	}
	return strconv.FormatBool(c.Refunded)
}

func customerFields() searchable[*customer] {
	return searchable[*customer]{
		fields: map[string]searchField[*customer]{
			"created": numberOf(func(c *customer) int64 { return c.Created }),
			"email":   textOf(stringField, func(c *customer) string { return deref(c.Email) }),
			"name":    textOf(stringField, func(c *customer) string { return deref(c.Name) }),
			"phone":   textOf(stringField, func(c *customer) string { return deref(c.Phone) }),
		},
		metadata: func(c *customer) map[string]string { return c.Metadata },
	}
}

func intentFields() searchable[*paymentIntent] {
	return searchable[*paymentIntent]{
		fields: map[string]searchField[*paymentIntent]{
			"amount":   numberOf(func(p *paymentIntent) int64 { return p.Amount }),
			"created":  numberOf(func(p *paymentIntent) int64 { return p.Created }),
			"currency": textOf(tokenField, func(p *paymentIntent) string { return p.Currency }),
			"customer": textOf(tokenField, func(p *paymentIntent) string { return deref(p.Customer) }),
			"status":   textOf(tokenField, func(p *paymentIntent) string { return p.Status }),
		},
		metadata: func(p *paymentIntent) map[string]string { return p.Metadata },
	}
}
