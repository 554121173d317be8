package sendgrid_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sendgrid/rest"
	sendgridgo "github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func start(t testing.TB, dir string) *sandbox.Sandbox {
	s, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// send posts a message the way the product does: through sendgrid-go with our own client.
func send(t testing.TB, s *sandbox.Sandbox, key string, body []byte, headers map[string]string) (*rest.Response, error) {
	t.Helper()
	request := sendgridgo.GetRequest(key, "/v3/mail/send", s.SendGridURL())
	request.Method = rest.Post
	request.Body = body
	maps.Copy(request.Headers, headers)
	client := &rest.Client{HTTPClient: &http.Client{Timeout: 300 * time.Millisecond}}
	return client.SendWithContext(context.Background(), request)
}

func invoiceMail() *mail.SGMailV3 {
	m := mail.NewV3MailInit(mail.NewEmail("Acme", "billing@acme.example"), "Invoice {{n}}", mail.NewEmail("Ada", "Ada@Example.com"),
		mail.NewContent("text/plain", "You owe us."), mail.NewContent("text/html", "<p>You <b>owe</b> us.</p><script>alert(1)</script>"))
	m.Personalizations[0].SetSubstitution("{{n}}", "42")
	m.Personalizations[0].AddCCs(mail.NewEmail("", "cc@example.com"))
	m.Personalizations[0].SetCustomArg("message_key", "mail:in-42:receipt")
	m.AddCategories("invoice")
	m.SetHeader("X-Entity", "acme")
	m.SetReplyTo(mail.NewEmail("", "help@acme.example"))
	m.AddAttachment(mail.NewAttachment().SetContent(base64.StdEncoding.EncodeToString([]byte("%PDF-1.7"))).SetFilename("in-42.pdf").SetType("application/pdf"))
	return m
}

func TestMailArrivesInTheMailbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	res, err := send(t, s, sandbox.SendGridKey, mail.GetRequestBody(invoiceMail()), map[string]string{sandbox.AsOfHeader: "2027-01-31T09:00:00Z"})
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, res.StatusCode, res.Body)
	require.Empty(t, res.Body)
	id := http.Header(res.Headers).Get("X-Message-Id")
	require.Len(t, id, 22)

	mails, err := sandbox.Mailbox(context.Background(), s.SendGridURL(), "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, []sandbox.Mail{{
		Attachments: []sandbox.Attachment{{Bytes: 8, Filename: "in-42.pdf", Type: "application/pdf"}}, Categories: []string{"invoice"},
		CustomArgs: map[string]string{"message_key": "mail:in-42:receipt"}, From: "Acme <billing@acme.example>",
		Headers: map[string]string{"X-Entity": "acme"}, HTML: "<p>You <b>owe</b> us.</p><script>alert(1)</script>", ID: "1", MessageID: id,
		ReplyTo: "help@acme.example", SentAt: time.Date(2027, 1, 31, 9, 0, 0, 0, time.UTC), Subject: "Invoice 42", Text: "You owe us.",
		To: []string{"ada@example.com", "cc@example.com"},
	}}, mails)
	nobody, err := sandbox.Mailbox(context.Background(), s.SendGridURL(), "a@example.com")
	require.NoError(t, err)
	require.Empty(t, nobody)

	list, _ := page(t, s.MailboxURL()+"?to=ADA@example.com")
	require.Contains(t, list, "Invoice 42")
	shown, header := page(t, s.MailboxURL()+"/1")
	require.Contains(t, shown, `<iframe sandbox src="/mailbox/1/html"`)
	require.NotContains(t, shown, "<script>")
	require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
	body, header := page(t, s.MailboxURL()+"/1/html")
	require.Contains(t, body, "<b>owe</b>")
	require.Contains(t, header.Get("Content-Security-Policy"), "sandbox")
	file, _ := page(t, s.MailboxURL()+"/1/attachments/0")
	require.Equal(t, "%PDF-1.7", file)
}

func page(t testing.TB, url string) (string, http.Header) {
	res, err := http.Get(url)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusOK, res.StatusCode, url)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body), res.Header
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	base := `{"personalizations":[{"to":[{"email":"a@b.example"}]}],"from":{"email":"x@y.example"},"subject":"s","content":[{"type":"text/plain","value":"v"}]%s}`
	cases := []struct {
		name, body, field, phrase string
	}{
		{"not JSON", `{`, "", "the body is not JSON"},
		{"not an object", `[]`, "", "Invalid type. Expected: object, given: array."},
		{"number for a text", fmt.Sprintf(base, `,"custom_args":{"n":1}`), "custom_args.n", "Expected: string, given: integer."},
		{"text for a number", fmt.Sprintf(base, `,"send_at":"soon"`), "send_at", "Expected: integer, given: string."},
		{"no value", fmt.Sprintf(base, `,"headers":null`), "headers", "Expected: object, given: null."},
		{"misspelt property", fmt.Sprintf(base, `,"template":"d-1"`), "template", "Additional property template is not allowed."},
		{"misspelt deep property", strings.Replace(fmt.Sprintf(base, ""), `{"email":"a@b.example"}`, `{"email":"a@b.example","mane":"A"}`, 1), "personalizations.0.to.0.mane", "Additional property mane is not allowed."},
		{"reserved header", fmt.Sprintf(base, `,"headers":{"Reply-To":"a@b.example"}`), "headers.Reply-To", "reserved"},
		{"reserved header for one", strings.Replace(fmt.Sprintf(base, ""), `}]}]`, `}],"headers":{"bcc":"x@y.example"}}]`, 1), "personalizations.0.headers.bcc", "reserved"},
		{"two values", fmt.Sprintf(base, "") + "{}", "", "more than one JSON value"},
		{"nothing", `{}`, "personalizations", "at least one personalization"},
		{"no recipient", strings.Replace(fmt.Sprintf(base, ""), `"to":[{"email":"a@b.example"}]`, `"to":[]`, 1), "personalizations.0.to", "to array is required"},
		{"bad recipient", strings.Replace(fmt.Sprintf(base, ""), "a@b.example", "nonsense", 1), "personalizations.0.to.0.email", "Does not contain a valid address."},
		{"name in address", strings.Replace(fmt.Sprintf(base, ""), "a@b.example", "A <a@b.example>", 1), "personalizations.0.to.0.email", "valid address"},
		{"no domain", strings.Replace(fmt.Sprintf(base, ""), "a@b.example", "a@b", 1), "personalizations.0.to.0.email", "valid address"},
		{"same recipient twice", strings.Replace(fmt.Sprintf(base, ""), `}]}]`, `}],"cc":[{"email":"A@b.example"}]}]`, 1), "personalizations", "first duplicate instance of [A@b.example]"},
		{"no sender", strings.Replace(fmt.Sprintf(base, ""), `"from":{"email":"x@y.example"},`, "", 1), "from.email", "from object must be provided"},
		{"bad sender", strings.Replace(fmt.Sprintf(base, ""), "x@y.example", "x@", 1), "from.email", "from email does not contain a valid address"},
		{"no subject", strings.Replace(fmt.Sprintf(base, ""), `"subject":"s"`, `"subject":""`, 1), "subject", "The subject is required."},
		{"no content", strings.Replace(fmt.Sprintf(base, ""), `[{"type":"text/plain","value":"v"}]`, `[]`, 1), "content", "content parameter is required"},
		{"empty content", strings.Replace(fmt.Sprintf(base, ""), `"value":"v"`, `"value":""`, 1), "content.0.value", "at least one character"},
		{"text after HTML", strings.Replace(fmt.Sprintf(base, ""), `[{"type":"text/plain"`, `[{"type":"text/html","value":"h"},{"type":"text/plain"`, 1), "content", "in that order"},
		{"HTML after a calendar", strings.Replace(fmt.Sprintf(base, ""), `[{"type":"text/plain","value":"v"}]`, `[{"type":"text/calendar","value":"c"},{"type":"text/html","value":"h"}]`, 1), "content", "in that order"},
		{"bad address in reply_to_list", fmt.Sprintf(base, `,"reply_to_list":[{"email":"a@b.example"},{"email":"b"}]`), "reply_to_list.1.email", "valid address"},
		{"many categories", fmt.Sprintf(base, `,"categories":["1","2","3","4","5","6","7","8","9","10","11"]`), "categories", "at most 10"},
		{"long category", fmt.Sprintf(base, `,"categories":["`+strings.Repeat("x", 256)+`"]`), "categories.0", "at most 255"},
		{"big custom_args", fmt.Sprintf(base, `,"custom_args":{"k":"`+strings.Repeat("x", 10_000)+`"}`), "personalizations.0.custom_args", "at most 10000"},
		{"bad attachment", fmt.Sprintf(base, `,"attachments":[{"content":"***","filename":"f"}]`), "attachments.0.content", "base64"},
		{"too early", fmt.Sprintf(base, fmt.Sprintf(`,"send_at":%d`, time.Now().Add(80*time.Hour).Unix())), "send_at", "72 hours"},
	}
	for _, tc := range cases {
		res, err := send(t, s, sandbox.SendGridKey, []byte(tc.body), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, tc.name)
		var body struct {
			Errors []struct{ Message, Field, Help string }
		}
		require.NoError(t, json.Unmarshal([]byte(res.Body), &body))
		require.NotEmpty(t, body.Errors, tc.name)
		require.Equal(t, tc.field, body.Errors[0].Field, tc.name)
		require.Contains(t, body.Errors[0].Message, tc.phrase, tc.name)
	}
	require.Equal(t, 0, count(t, s))
}

func TestMailIsFilledInOnce(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	m := mail.NewV3MailInit(mail.NewEmail("", "billing@acme.example"), "%a% %b%", mail.NewEmail("", "ada@example.com"), mail.NewContent("text/plain", "%a%, %ab%"))
	for tag, value := range map[string]string{"%a%": "%b%", "%b%": "%a%", "%ab%": "both"} {
		m.Personalizations[0].SetSubstitution(tag, value)
	}
	m.SetReplyToList([]*mail.Email{mail.NewEmail("", "one@acme.example"), mail.NewEmail("Two", "two@acme.example")})
	res, err := send(t, s, sandbox.SendGridKey, mail.GetRequestBody(m), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, res.StatusCode, res.Body)
	found, err := sandbox.Mailbox(context.Background(), s.SendGridURL(), "ada@example.com")
	require.NoError(t, err)
	require.Equal(t, "%b% %a%", found[0].Subject)
	require.Equal(t, "%b%, both", found[0].Text)
	require.Equal(t, "one@acme.example, Two <two@acme.example>", found[0].ReplyTo)
}

func TestOnlyJSONIsAMessage(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	res, err := send(t, s, sandbox.SendGridKey, mail.GetRequestBody(invoiceMail()), map[string]string{"Content-Type": "text/plain"})
	require.NoError(t, err)
	require.Equal(t, http.StatusUnsupportedMediaType, res.StatusCode)
	require.Contains(t, res.Body, "Content-Type should be application/json.")
	require.Equal(t, 0, count(t, s))
}

func count(t testing.TB, s *sandbox.Sandbox) int {
	body, _ := page(t, s.MailboxURL()+"/count")
	var answer struct{ Count int }
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	return answer.Count
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	for key, want := range map[string]string{
		"": "wrong credentials", "nonsense": "invalid, expired, or revoked", "SG.": "invalid, expired, or revoked",
		"SG." + strings.Repeat("a", 22) + "." + strings.Repeat("b", 43): "refuses keys that look real",
	} {
		res, err := send(t, s, key, mail.GetRequestBody(invoiceMail()), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, res.StatusCode, key)
		require.Contains(t, res.Body, want, key)
	}
}

func TestSandboxModeOnlyValidates(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir())
	m := invoiceMail()
	m.SetMailSettings(mail.NewMailSettings().SetSandboxMode(mail.NewSetting(true)))
	res, err := send(t, s, sandbox.SendGridKey, mail.GetRequestBody(m), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, 0, count(t, s))
}

func TestFaults(t *testing.T) {
	t.Parallel()
	cases := []struct {
		kind   sandbox.FaultKind
		status int // 0: no answer
		mails  int
	}{
		{sandbox.ServerError, 500, 0},
		{sandbox.TooManyRequests, 429, 0},
		{sandbox.HTML502, 502, 0},
		{sandbox.DropBefore, 0, 0},
		{sandbox.DropAfterCommit, 0, 1},
		{sandbox.TimeoutAfterCommit, 0, 1},
	}
	for _, tc := range cases {
		t.Run(string(tc.kind), func(t *testing.T) {
			t.Parallel()
			s := start(t, t.TempDir())
			require.NoError(t, sandbox.AddFault(context.Background(), s.SendGridURL(), sandbox.Fault{Kind: tc.kind}))
			res, err := send(t, s, sandbox.SendGridKey, mail.GetRequestBody(invoiceMail()), nil)
			if tc.status == 0 {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
				require.Equal(t, tc.status, res.StatusCode)
			}
			require.Equal(t, tc.mails, count(t, s))
		})
	}
}

func TestPagingAndRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	for range 60 {
		_, err := send(t, first, sandbox.SendGridKey, mail.GetRequestBody(invoiceMail()), nil)
		require.NoError(t, err)
	}
	require.NoError(t, first.Close())
	s := start(t, dir)
	require.Equal(t, 60, count(t, s))
	newest, _ := page(t, s.SendGridURL()+"/?to=ada@example.com")
	require.Contains(t, newest, "/mailbox/60\"")
	require.NotContains(t, newest, "/mailbox/10\"")
	require.Contains(t, newest, "/mailbox?before=11&amp;to=ada%40example.com")
	older, _ := page(t, s.MailboxURL()+"?before=11&to=ada@example.com")
	require.Contains(t, older, "/mailbox/10\"")
	require.NotContains(t, older, "Older messages")
	res, err := http.Get(s.MailboxURL() + "/61")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusNotFound, res.StatusCode)
}

func FuzzSend(f *testing.F) {
	s := start(f, f.TempDir())
	f.Add(mail.GetRequestBody(invoiceMail()))
	f.Add([]byte(`{"personalizations":[{"to":[{"email":"a@b.example"}]}],"from":{"email":"x@y.example"},"subject":"s"}`))
	f.Add([]byte(`{"personalizations":[null],"from":null,"content":[{}],"attachments":[{}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		res, err := send(t, s, sandbox.SendGridKey, body, nil)
		require.NoError(t, err)
		require.Contains(t, []int{http.StatusOK, http.StatusAccepted, http.StatusBadRequest}, res.StatusCode)
	})
}
