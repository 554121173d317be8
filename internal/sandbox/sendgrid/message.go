package sendgrid

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// message is the body of POST /v3/mail/send.
type message struct {
	ASM              json.RawMessage   `json:"asm"`
	Attachments      []attachment      `json:"attachments"`
	BatchID          string            `json:"batch_id"`
	Categories       []string          `json:"categories"`
	Content          []content         `json:"content"`
	CustomArgs       map[string]string `json:"custom_args"`
	From             *person           `json:"from"`
	Headers          map[string]string `json:"headers"`
	IPPoolName       string            `json:"ip_pool_name"`
	MailSettings     mailSettings      `json:"mail_settings"`
	Personalizations []personalization `json:"personalizations"`
	ReplyTo          *person           `json:"reply_to"`
	ReplyToList      []person          `json:"reply_to_list"`
	Sections         map[string]string `json:"sections"`
	SendAt           int64             `json:"send_at"`
	Subject          string            `json:"subject"`
	TemplateID       string            `json:"template_id"`
	TrackingSettings json.RawMessage   `json:"tracking_settings"`
}

type person struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

func (p *person) String() string {
	if p == nil {
		return ""
	}
	if p.Name == "" {
		return p.Email
	}
	return p.Name + " <" + p.Email + ">"
}

type content struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type attachment struct {
	Content     string `json:"content"` // base64
	ContentID   string `json:"content_id"`
	Disposition string `json:"disposition"`
	Filename    string `json:"filename"`
	Type        string `json:"type"`
}

type mailSettings struct {
	BCC                         json.RawMessage `json:"bcc"`
	BypassBounceManagement      json.RawMessage `json:"bypass_bounce_management"`
	BypassListManagement        json.RawMessage `json:"bypass_list_management"`
	BypassSpamManagement        json.RawMessage `json:"bypass_spam_management"`
	BypassUnsubscribeManagement json.RawMessage `json:"bypass_unsubscribe_management"`
	Footer                      json.RawMessage `json:"footer"`
	SandboxMode                 struct {
		Enable bool `json:"enable"`
	} `json:"sandbox_mode"`
	SpamCheck json.RawMessage `json:"spam_check"`
}

// personalization is one envelope: whom to send to, and what differs for them.
type personalization struct {
	BCC                 []person          `json:"bcc"`
	CC                  []person          `json:"cc"`
	CustomArgs          map[string]string `json:"custom_args"`
	DynamicTemplateData json.RawMessage   `json:"dynamic_template_data"`
	From                *person           `json:"from"`
	Headers             map[string]string `json:"headers"`
	SendAt              int64             `json:"send_at"`
	Subject             string            `json:"subject"`
	Substitutions       map[string]string `json:"substitutions"`
	To                  []person          `json:"to"`
}

// fill puts the values in the place of their tags, once: tags inside of values stay. A longer tag wins.
func (p personalization) fill(text string) string {
	tags := slices.SortedFunc(maps.Keys(p.Substitutions), func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(tags))
	for _, tag := range tags {
		if tag != "" {
			pairs = append(pairs, tag, p.Substitutions[tag])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// replyTo lists who gets the answers.
func (m message) replyTo() string {
	if m.ReplyTo != nil {
		return m.ReplyTo.String()
	}
	texts := make([]string, len(m.ReplyToList))
	for i, p := range m.ReplyToList {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}

func (m message) body(kind string) string {
	for _, c := range m.Content {
		if c.Type == kind {
			return c.Value
		}
	}
	return ""
}

// apiError is one entry of SendGrid's error list; field and help may be null.
type apiError struct {
	Message string  `json:"message"`
	Field   *string `json:"field"`
	Help    *string `json:"help"`
}

const helpURL = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#"

func problem(field, anchor, text string) apiError {
	e := apiError{Message: text}
	if field != "" {
		e.Field = &field
	}
	if anchor != "" {
		help := helpURL + anchor
		e.Help = &help
	}
	return e
}
