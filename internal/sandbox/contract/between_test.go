package contract_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox/contract"
)

// pretender answers everything in one way, as a sandbox would that is wrong about something.
func pretender(t *testing.T, status int, answer string, events ...string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasPrefix(r.URL.Path, "/_sandbox/"):
		case r.URL.Path == "/v1/events" && answer != r.URL.Path:
			fmt.Fprintf(w, `{"object":"list","url":"/v1/events","has_more":false,"data":[%s]}`, strings.Join(events, ","))
		default:
			w.WriteHeader(status)
			_, _ = io.WriteString(w, answer)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

const (
	refund = `"id":"re_1","object":"refund","amount":100,"balance_transaction":null,"charge":"ch_1","created":1,"currency":"usd","metadata":{},` +
		`"payment_intent":null,"reason":null,"receipt_number":null,"source_transfer_reversal":null,"status":"succeeded","transfer_reversal":null`
	deleted = `{"id":"cus_1","object":"customer","deleted":true}`
)

func TestFindsWhatIsNotAsDescribed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		path   string // with the query of a GET; a POST if there is a form
		form   string
		status int
		answer string
		want   []string // parts of what is found; nothing if empty
	}{
		"right":                    {path: "/v1/refunds/re_1", answer: "{" + refund + "}"},
		"right in a list":          {path: "/v1/refunds?limit=3&created[gte]=5", answer: `{"object":"list","url":"/v1/refunds","has_more":false,"data":[{` + refund + `}]}`},
		"right and deleted":        {path: "/v1/customers/cus_1", answer: deleted},
		"right parameters":         {path: "/v1/refunds", form: "charge=ch_1&amount=100&metadata[a]=b&expand[]=charge", answer: "{" + refund + "}"},
		"right refusal":            {path: "/v1/refunds", form: "colour=red", status: 400, answer: `{"error":{"type":"invalid_request_error","message":"no"}}`},
		"an unknown field":         {path: "/v1/refunds/re_1", answer: "{" + refund + `,"colour":"red"}`, want: []string{`property "colour" is unsupported`}},
		"a missing field":          {path: "/v1/refunds/re_1", answer: `{"id":"re_1","object":"refund","amount":100}`, want: []string{`property "created" is missing`}},
		"a missing null":           {path: "/v1/refunds/re_1", answer: "{" + strings.Replace(refund, `"reason":null,`, "", 1) + "}", want: []string{`property "reason" is missing`}},
		"another type":             {path: "/v1/refunds/re_1", answer: "{" + strings.Replace(refund, "100", `"100"`, 1) + "}", want: []string{"/amount: value must be an integer"}},
		"null where it cannot be":  {path: "/v1/refunds/re_1", answer: "{" + strings.Replace(refund, "100", "null", 1) + "}", want: []string{"/amount: "}},
		"another object":           {path: "/v1/refunds/re_1", answer: "{" + strings.Replace(refund, `"refund"`, `"charge"`, 1) + "}", want: []string{"/object: "}},
		"not in the enumeration":   {path: "/v1/refunds/re_1", answer: "{" + strings.Replace(refund, `"reason":null`, `"reason":"whim"`, 1) + "}", want: []string{"/reason: "}},
		"in a list":                {path: "/v1/refunds", answer: `{"object":"list","url":"/v1/refunds","has_more":false,"data":[{` + refund + `,"colour":"red"}]}`, want: []string{"/data/*: "}},
		"in what was expanded":     {path: "/v1/refunds/re_1", answer: "{" + strings.Replace(refund, `"ch_1"`, `{"id":"ch_1","object":"charge"}`, 1) + "}", want: []string{`/charge/amount: property "amount" is missing`}},
		"in a refusal":             {path: "/v1/refunds/re_1", status: 404, answer: `{"error":{"type":"whim"}}`, want: []string{"refuses with /error/type"}},
		"an unknown parameter":     {path: "/v1/refunds", form: "colour=red", answer: "{" + refund + "}", want: []string{`accepts : property "colour" is unsupported`}},
		"an unknown nested one":    {path: "/v1/refunds?created[before]=5", answer: `{"object":"list","url":"/v1/refunds","has_more":false,"data":[]}`, want: []string{`/created: property "before" is unsupported`}},
		"a parameter of no number": {path: "/v1/refunds", form: "amount=much", answer: "{" + refund + "}", want: []string{"accepts /amount: value must be an integer"}},
		"a parameter not listed":   {path: "/v1/refunds", form: "reason=whim", answer: "{" + refund + "}", want: []string{"accepts /reason: "}},
		"a missing parameter":      {path: "/v1/payment_methods/pm_1/attach", form: "expand[]=customer", answer: deleted, want: []string{`accepts /customer: property "customer" is missing`}},
		"an unknown endpoint":      {path: "/v1/unicorns", answer: "{}", want: []string{"GET /v1/unicorns is not in the description"}},
		"not JSON":                 {path: "/v1/refunds/re_1", answer: "{", want: []string{"is answered with what is not JSON"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := contract.Start(pretender(t, max(tc.status, http.StatusOK), tc.answer))
			require.NoError(t, err)
			var res *http.Response
			if tc.form == "" {
				res, err = http.Get(p.URL + tc.path)
			} else {
				values, invalid := url.ParseQuery(tc.form)
				require.NoError(t, invalid)
				res, err = http.PostForm(p.URL+tc.path, values)
			}
			require.NoError(t, err)
			sent, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, tc.answer, string(sent), "what is checked arrives as it was sent")

			found := strings.Join(p.Finish(), "\n")
			if len(tc.want) == 0 {
				require.Empty(t, found)
			}
			for _, part := range tc.want {
				require.Contains(t, found, part)
			}
		})
	}
}

func TestFindsWhatEventsAreWrongAbout(t *testing.T) {
	t.Parallel()
	event := func(object, previous string) string {
		return `{"id":"evt_1","object":"event","api_version":"2024-06-20","created":1,"livemode":false,"pending_webhooks":0,"request":null,"type":"refund.updated",` +
			`"data":{"object":` + object + `,"previous_attributes":` + previous + `}}`
	}
	for name, tc := range map[string]struct{ event, want string }{
		"right":                      {event("{"+refund+"}", `{"status":"pending","metadata":{}}`), ""},
		"an unknown field":           {event("{"+refund+`,"colour":"red"}`, "{}"), `event refund.updated is about : property "colour" is unsupported`},
		"an unknown object":          {event(`{"object":"unicorn"}`, "{}"), `is about "unicorn", which is not in the description`},
		"an unknown field before":    {event("{"+refund+"}", `{"colour":"red"}`), "says that colour changed"},
		"a field of a type before":   {event("{"+refund+"}", `{"amount":"5"}`), "/amount: value must be an integer"},
		"an envelope without a type": {strings.Replace(event("{"+refund+"}", "{}"), `,"type":"refund.updated"`, "", 1), `property "type" is missing`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := contract.Start(pretender(t, http.StatusOK, "{}", tc.event))
			require.NoError(t, err)
			found := strings.Join(p.Finish(), "\n")
			if tc.want == "" {
				require.Empty(t, found)
			}
			require.Contains(t, found, tc.want)
		})
	}
}

// A connection that breaks behind the proxy breaks before it.
func TestPassesOnThatAnAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/refunds" {
			panic(http.ErrAbortHandler)
		}
	}))
	url := s.URL
	p, err := contract.Start(url)
	require.NoError(t, err)
	_, err = http.PostForm(p.URL+"/v1/refunds", nil)
	require.Error(t, err)
	s.Close()
	require.Empty(t, p.Finish(), "a sandbox that has stopped has no events to check")
}
