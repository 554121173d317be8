package sendgrid

import (
	"encoding/base64"
	"fmt"
	"net/mail"
	"strings"
	"time"
)

// Limits of one request (docs.sendgrid.com/api-reference/mail-send/limitations).
const (
	maxArgBytes          = 10_000
	maxCategories        = 10
	maxCategoryChars     = 255
	maxMessageBytes      = 30 << 20
	maxPersonalizations  = 1000
	maxRecipients        = 1000
	maxSendAhead         = 72 * time.Hour
	maxSubstitutionBytes = 10_000
)

// validate reports everything that is wrong with a message; asOf is the sender's time.
func (m message) validate(asOf time.Time) []apiError {
	var errs []apiError
	errs = append(errs, m.validatePersonalizations()...)
	errs = append(errs, m.validateSender()...)
	errs = append(errs, checkHeaders(m.Headers, "headers")...)
	errs = append(errs, m.validateContent()...)
	errs = append(errs, m.validateCategories()...)
	errs = append(errs, m.validateAttachments()...)
	return append(errs, m.validateTimes(asOf)...)
}

func (m message) validatePersonalizations() []apiError {
	const field, help = "personalizations", "-Personalizations-Errors"
	switch n := len(m.Personalizations); {
	case n == 0:
		return []apiError{problem(field, help, "The personalizations field is required and must have at least one personalization.")}
	case n > maxPersonalizations:
		return []apiError{problem(field, help, fmt.Sprintf("The personalizations array may have at most %d entries; there are %d.", maxPersonalizations, n))}
	}
	var errs []apiError
	recipients := 0
	for i, p := range m.Personalizations {
		errs = append(errs, p.validate(fmt.Sprintf("%s.%d", field, i), m.CustomArgs)...)
		recipients += len(p.To) + len(p.CC) + len(p.BCC)
	}
	if recipients > maxRecipients {
		errs = append(errs, problem(field, help, fmt.Sprintf("There may be at most %d recipients in total; there are %d.", maxRecipients, recipients)))
	}
	return errs
}

func (p personalization) validate(path string, shared map[string]string) []apiError {
	const help = "-Personalizations-Errors"
	var errs []apiError
	if len(p.To) == 0 {
		errs = append(errs, problem(path+".to", help,
			"The to array is required for all personalization objects, and must have at least one email object with a valid email address."))
	}
	seen := map[string]bool{}
	for _, group := range []struct {
		name   string
		people []person
	}{{"to", p.To}, {"cc", p.CC}, {"bcc", p.BCC}} {
		for i, recipient := range group.people {
			at := fmt.Sprintf("%s.%s.%d.email", path, group.name, i)
			if !validAddress(recipient.Email) {
				errs = append(errs, problem(at, "message.personalizations."+group.name, "Does not contain a valid address."))
			}
			address := strings.ToLower(recipient.Email)
			if seen[address] {
				errs = append(errs, problem("personalizations", "message.recipient-errors", fmt.Sprintf("Each email address in the personalization block should be unique between to, cc, and bcc. "+
					"We found the first duplicate instance of [%s] in the %s.%s field.", recipient.Email, path, group.name)))
			}
			seen[address] = true
		}
	}
	errs = append(errs, checkHeaders(p.Headers, path+".headers")...)
	if size(p.Substitutions) > maxSubstitutionBytes {
		errs = append(errs, problem(path+".substitutions", help, fmt.Sprintf("Substitutions may have at most %d bytes for each personalization.", maxSubstitutionBytes)))
	}
	if size(p.CustomArgs)+size(shared) > maxArgBytes {
		errs = append(errs, problem(path+".custom_args", help, fmt.Sprintf("The custom_args may have at most %d bytes in total.", maxArgBytes)))
	}
	return errs
}

func size(texts map[string]string) (n int) {
	for key, value := range texts {
		n += len(key) + len(value)
	}
	return n
}

// validAddress wants a bare address: the name has a field of its own.
func validAddress(address string) bool {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" {
		return false
	}
	domain := address[strings.LastIndex(address, "@")+1:]
	return strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") && !strings.Contains(domain, "..")
}

func (m message) validateSender() []apiError {
	switch {
	case m.From == nil || m.From.Email == "":
		return []apiError{problem("from.email", "message.from", "The from object must be provided for every email send. "+
			"It is an object that requires the email parameter, but may also contain a name parameter.  "+
			"e.g. {\"email\" : \"example@example.com\"}  or {\"email\" : \"example@example.com\", \"name\" : \"Example Recipient\"}.")}
	case !validAddress(m.From.Email):
		return []apiError{problem("from.email", "message.from", "The from email does not contain a valid address.")}
	case m.ReplyTo != nil && !validAddress(m.ReplyTo.Email):
		return []apiError{problem("reply_to.email", "message.reply_to", "The reply_to email does not contain a valid address.")}
	case m.ReplyTo != nil && len(m.ReplyToList) > 0:
		return []apiError{problem("reply_to_list", "message.reply_to_list", "Only one of reply_to and reply_to_list may be provided.")}
	}
	var errs []apiError
	for i, p := range m.ReplyToList {
		if !validAddress(p.Email) {
			errs = append(errs, problem(fmt.Sprintf("reply_to_list.%d.email", i), "message.reply_to_list", "The reply_to_list email does not contain a valid address."))
		}
	}
	return errs
}

func (m message) validateContent() []apiError {
	var errs []apiError
	if m.TemplateID == "" && m.lacksSubject() {
		errs = append(errs, problem("subject", "message.subject", "The subject is required. You can get around this requirement "+
			"if you use a template with a subject defined or if every personalization has a subject defined."))
	}
	if len(m.Content) == 0 && m.TemplateID == "" {
		return append(errs, problem("content", "message.content", "Unless a valid template_id is provided, the content parameter is required. "+
			"There must be at least one defined content block. We typically suggest both text/plain and text/html blocks are included, but only one block is required."))
	}
	seen := map[string]bool{}
	for i, c := range m.Content {
		path := fmt.Sprintf("content.%d", i)
		switch {
		case c.Type == "" || !strings.Contains(c.Type, "/"):
			errs = append(errs, problem(path+".type", "message.content.type", "The content type must be a valid MIME type such as text/plain."))
		case c.Value == "":
			errs = append(errs, problem(path+".value", "message.content.value", "The content value must be a string at least one character in length."))
		case seen[c.Type]:
			errs = append(errs, problem(path+".type", "message.content.type", "If present, text/plain and text/html may only be provided once."))
		case c.Type == "text/plain" && i > 0, c.Type == "text/html" && i > 0 && (i > 1 || m.Content[0].Type != "text/plain"):
			errs = append(errs, problem("content", "message.content.type", "If present, text/plain and text/html must be first and second, in that order."))
		}
		seen[c.Type] = true
	}
	return errs
}

func (m message) lacksSubject() bool {
	if m.Subject != "" {
		return false
	}
	for _, p := range m.Personalizations {
		if p.Subject == "" {
			return true
		}
	}
	return len(m.Personalizations) == 0
}

func (m message) validateCategories() []apiError {
	const field, help = "categories", "message.categories"
	if len(m.Categories) > maxCategories {
		return []apiError{problem(field, help, fmt.Sprintf("There may be at most %d categories; there are %d.", maxCategories, len(m.Categories)))}
	}
	seen := map[string]bool{}
	for i, category := range m.Categories {
		at := fmt.Sprintf("%s.%d", field, i)
		if len([]rune(category)) > maxCategoryChars {
			return []apiError{problem(at, help, fmt.Sprintf("A category may have at most %d characters.", maxCategoryChars))}
		}
		if seen[category] {
			return []apiError{problem(at, help, "Each category must be unique.")}
		}
		seen[category] = true
	}
	return nil
}

func (m message) validateAttachments() []apiError {
	var errs []apiError
	for i, a := range m.Attachments {
		path := fmt.Sprintf("attachments.%d", i)
		decoded, err := base64.StdEncoding.DecodeString(a.Content)
		if err != nil || len(decoded) == 0 {
			errs = append(errs, problem(path+".content", "message.attachments.content", "The attachment content must be base64 encoded, and at least one character in length."))
		}
		if a.Filename == "" {
			errs = append(errs, problem(path+".filename", "message.attachments.filename", "The attachment filename is required."))
		}
		if a.Disposition != "" && a.Disposition != "inline" && a.Disposition != "attachment" {
			errs = append(errs, problem(path+".disposition", "message.attachments.disposition", "The attachment disposition must be inline or attachment."))
		}
	}
	return errs
}

func (m message) validateTimes(asOf time.Time) []apiError {
	var errs []apiError
	check := func(field string, at int64) {
		if at != 0 && time.Unix(at, 0).After(asOf.Add(maxSendAhead)) {
			errs = append(errs, problem(field, "message.send_at", "Scheduling more than 72 hours in advance is forbidden."))
		}
	}
	check("send_at", m.SendAt)
	for i, p := range m.Personalizations {
		check(fmt.Sprintf("personalizations.%d.send_at", i), p.SendAt)
	}
	return errs
}
