package stripe_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func searching(query string) stripego.SearchParams { return stripego.SearchParams{Query: query} }

func TestSearchCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	byID := map[string]string{}
	for name, c := range map[string]*stripego.CustomerParams{
		"ada":    {Email: stripego.String("ada@example.com"), Name: stripego.String("Ada Augusta Lovelace"), Metadata: map[string]string{"plan": "pro", "say \"hi\"": "yes"}},
		"grace":  {Email: stripego.String("grace@navy.example"), Name: stripego.String("Grace Hopper"), Phone: stripego.String("+15550100"), Metadata: map[string]string{"plan": "Free"}},
		"nobody": {},
	} {
		made, err := b.api.Customers.New(c)
		require.NoError(t, err)
		byID[made.ID] = name
	}
	past := strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)
	for query, want := range map[string][]string{
		`email:"ADA@example.com"`: {"ada"}, `email:'ada@example.com'`: {"ada"}, `email:"ada"`: {}, `email~"example"`: {"ada", "grace"}, `email~"NAVY"`: {"grace"},
		`name:"ada lovelace"`: {"ada"}, `name:"lovelace ada"`: {}, `name:"Hopper"`: {"grace"}, `name~"love"`: {"ada"}, `phone:"+15550100"`: {"grace"}, `email:null`: {"nobody"},
		`-email:null`: {"ada", "grace"}, `-name:"Hopper"`: {"ada", "nobody"}, `metadata["plan"]:"free"`: {"grace"}, `metadata['plan']:null`: {"nobody"}, `-metadata["plan"]:NULL`: {"ada", "grace"},
		`metadata["say \"hi\""]:'yes'`: {"ada"}, `email~"example" AND metadata["plan"]:"pro"`: {"ada"}, `email~"example" metadata["plan"]:"pro"`: {"ada"},
		`name:"Hopper" or email:null`: {"grace", "nobody"}, `created>` + past: {"ada", "grace", "nobody"}, `created<"` + past + `"`: {}, `created>=` + past + ` AND -phone:null`: {"grace"},
		`name:"AND"`: {}, `name:""`: {},
	} {
		got := []string{}
		it := b.api.Customers.Search(&stripego.CustomerSearchParams{SearchParams: searching(query)})
		for it.Next() {
			got = append(got, byID[it.Customer().ID])
		}
		require.NoError(t, it.Err(), query)
		require.ElementsMatch(t, want, got, query)
	}
	for id, name := range byID {
		if name == "ada" {
			_, err := b.api.Customers.Del(id, nil)
			require.NoError(t, err)
		}
	}
	require.False(t, b.api.Customers.Search(&stripego.CustomerSearchParams{SearchParams: searching(`email:"ada@example.com"`)}).Next(), "deleted customers are not found")
}

func TestSearchPayments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	names := map[string]string{}
	charged := func(name string, params *stripego.PaymentIntentParams, refunded int64) {
		params.AddMetadata("order", name)
		p, err := b.api.PaymentIntents.New(params)
		if err != nil {
			p = refusal(t, err).PaymentIntent
		}
		names[p.ID] = name
		if refunded > 0 {
			_, err := b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Amount: &refunded})
			require.NoError(t, err)
		}
	}
	charged("small", offSession(c.ID, m.ID, 1000, "usd"), 0)
	charged("large", offSession(c.ID, m.ID, 50_000, "usd"), 1000)
	charged("euro", offSession(c.ID, m.ID, 1000, "eur"), 1000)
	charged("declined", offSession(c.ID, "pm_card_chargeCustomerFail", 1000, "usd"), 0)
	for query, want := range map[string][]string{
		`amount:1000`: {"small", "euro", "declined"}, `amount>1000`: {"large"}, `amount>="1000" AND amount<=50000 AND currency:"EUR"`: {"euro"}, `-currency:"usd"`: {"euro"},
		`status:"succeeded"`: {"small", "large", "euro"}, `status:'failed'`: {"declined"}, `customer:"` + c.ID + `" amount<2000 -status:"failed"`: {"small", "euro"},
		`payment_method_details.card.last4:4242`: {"small", "large", "euro"}, `payment_method_details.card.last4:"0341"`: {"declined"}, `payment_method_details.card.brand:"VISA"`: {"small", "large", "euro", "declined"},
		`payment_method_details.card_present.last4:4242`: {}, `refunded:"true"`: {"euro"}, `refunded:"false"`: {"large"}, `refunded:null`: {"small", "declined"}, `disputed:"false"`: {"small", "large", "euro", "declined"},
		`metadata["order"]:"large" OR metadata["order"]:"euro"`: {"large", "euro"}, `billing_details.address.postal_code:null`: {"small", "large", "euro", "declined"},
	} {
		got := []string{}
		it := b.api.Charges.Search(&stripego.ChargeSearchParams{SearchParams: searching(query)})
		for it.Next() {
			got = append(got, names[it.Charge().PaymentIntent.ID])
		}
		require.NoError(t, it.Err(), query)
		require.ElementsMatch(t, want, got, query)
	}
	for query, want := range map[string][]string{
		`status:"requires_payment_method"`: {"declined"}, `amount>1000 OR currency:"eur"`: {"large", "euro"}, `customer:"cus_x"`: {},
	} {
		got := []string{}
		it := b.api.PaymentIntents.Search(&stripego.PaymentIntentSearchParams{SearchParams: searching(query)})
		for it.Next() {
			got = append(got, names[it.PaymentIntent().ID])
		}
		require.NoError(t, it.Err(), query)
		require.ElementsMatch(t, want, got, query)
	}
	b.requireShape(t, "/v1/charges/search?query=amount>0&expand[]=total_count&expand[]=data.customer", stripego.ChargeSearchResult{})
}

func TestSearchPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var made []string
	for range 5 {
		made = append([]string{b.customer(t).ID}, made...)
	}
	params := &stripego.CustomerSearchParams{SearchParams: searching(`name:"Ada"`)}
	params.Limit = stripego.Int64(2)
	var got []string
	it := b.api.Customers.Search(params)
	for it.Next() {
		if got = append(got, it.Customer().ID); len(got) == 2 {
			b.customer(t) // is newer, and does not move the pages
		}
	}
	require.NoError(t, it.Err())
	require.Equal(t, made, got)
	_, first := b.raw(t, http.MethodGet, "/v1/customers/search?query=name:'Ada'&limit=3&expand[]=total_count", "", nil)
	require.Equal(t, []any{"search_result", "/v1/customers/search", true, 6.0}, []any{first["object"], first["url"], first["has_more"], first["total_count"]})
	_, second := b.raw(t, http.MethodGet, "/v1/customers/search?query=name:'Ada'&limit=3&page="+url.QueryEscape(first["next_page"].(string)), "", nil)
	require.Len(t, second["data"], 3)
	require.Equal(t, []any{false, nil}, []any{second["has_more"], second["next_page"]})
	require.NotContains(t, second, "total_count")
}

func TestRefusesSearches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tc := range []struct{ path, query, param, phrase string }{
		{"customers", "", "query", "Missing required param: query"},
		{"customers", "query=%20", "query", "it is empty"},
		{"customers", "query=colour:'red'", "query", "customers have no field 'colour'; use one of: metadata, created, email, name, phone"},
		{"customers", "query=status:'succeeded'", "query", "no field 'status'"},
		{"customers", "query=email:ada", "query", "must be in quotes"},
		{"customers", "query=email", "query", "an operator"},
		{"customers", "query=email:", "query", "a value is expected"},
		{"customers", "query=email:'ada", "query", "not closed"},
		{"customers", "query=email~'ad'", "query", "at least 3 characters"},
		{"customers", "query=email>'ada'", "query", "does not support the operator '>'"},
		{"customers", "query=email~null", "query", "null can only be compared"},
		{"customers", "query=created:'yesterday'", "query", "compared with a number"},
		{"customers", "query=created~'123'", "query", "does not support the operator '~'"},
		{"customers", "query=metadata:'a'", "query", "searched by key"},
		{"customers", "query=metadata[a]:'a'", "query", "written as"},
		{"customers", "query=metadata['a']~'abc'", "query", "metadata does not support"},
		{"customers", "query=name:'a' AND name:'b' OR name:'c'", "query", "cannot be combined"},
		{"customers", "query=name:'a' name:'b' OR name:'c'", "query", "cannot be combined"},
		{"customers", "query=name:'a' AND", "query", "a field is expected"},
		{"customers", "query=name:'a'&page=!", "page", "Invalid page"},
		{"customers", "query=name:'a'&limit=0", "limit", "greater than or equal to 1"},
		{"customers", "query=name:'a'&starting_after=cus_1", "starting_after", "unknown parameter"},
		{"charges", "query=currency~'usd'", "query", "does not support the operator '~'"},
		{"charges", "query=name:'a'", "query", "charges have no field 'name'"},
		{"payment_intents", "query=refunded:'true'", "query", "payment intents have no field 'refunded'"},
		{"payment_intents", "query=amount:100&expand[]=total", "expand", "cannot be expanded"},
	} {
		encoded := (&url.URL{RawQuery: tc.query}).Query().Encode()
		res, body := b.raw(t, http.MethodGet, "/v1/"+tc.path+"/search?"+encoded, "", nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%v: %v", tc, body)
		require.Equal(t, tc.param, text(errorOf(body)["param"]), "%v: %v", tc, body)
		require.Contains(t, errorOf(body)["message"], tc.phrase, tc)
	}
}
