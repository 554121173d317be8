package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	"github.com/sendgrid/sendgrid-go/helpers/mail"

	"github.com/perennial-billing/perennial/internal/store"
)

// The ends a message can come to; a delayed one is tried again.
const (
	mailDelayed    = "delayed"
	mailRefused    = "refused"
	mailSent       = "sent"
	mailSuppressed = "suppressed"
	mailUncertain  = "uncertain"
)

// fate is what became of an attempt to send a message.
type fate struct {
	status     string
	providerID string        // of a message that was sent
	problem    string        // may name the recipient: for the database, not for logs
	cause      string        // the same for logs
	wait       time.Duration // before a delayed message is tried again
}

// send hands a message to SendGrid and judges the answer.
func (m *Mailer) send(ctx context.Context, queued store.Mail, letter *mail.SGMailV3) fate {
	request := sendgrid.GetRequest(m.Key, "/v3/mail/send", m.Host)
	request.Method = rest.Post
	request.Body = mail.GetRequestBody(letter)
	request.Headers[AsOfHeader] = queued.AsOf.UTC().Format(time.RFC3339)

	// Until a connection is there nothing can have left. From then on the request may be on its way.
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	ctx, cancel := context.WithTimeout(ctx, orDefault(m.Timeout, defaultTimeout))
	defer cancel()
	response, err := m.client().SendWithContext(ctx, request)
	switch {
	case response != nil: // also when the rest of the answer was lost: its status has arrived
		return m.judge(queued, response)
	case !connected.Load():
		return m.notSent(queued, err)
	}
	return fate{status: mailUncertain, problem: err.Error(), cause: err.Error()}
}

// judge reads SendGrid's answer. Only a 4xx says that the message was not taken; a server error says nothing.
func (m *Mailer) judge(queued store.Mail, response *rest.Response) fate {
	headers := http.Header(response.Headers)
	problem := fmt.Sprintf("SendGrid answered %d: %s", response.StatusCode, errorText(response.Body))
	cause := fmt.Sprintf("SendGrid answered %d", response.StatusCode)
	switch code := response.StatusCode; {
	case code == http.StatusAccepted:
		return fate{status: mailSent, providerID: headers.Get("X-Message-Id")}
	case code == http.StatusTooManyRequests:
		wait := max(m.backoff(queued.Tries), min(askedWait(headers, time.Now()), longestWait))
		return fate{status: mailDelayed, problem: problem, cause: cause, wait: wait}
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		// The key or the sender is wrong, not the message: it goes out when they are put right.
		return fate{status: mailDelayed, problem: problem, cause: cause + ": check the key and the sender", wait: m.backoff(queued.Tries)}
	case code >= 400 && code < 500:
		return fate{status: mailRefused, problem: problem, cause: cause}
	}
	return fate{status: mailUncertain, problem: problem, cause: cause}
}

// notSent is for failures before anything left.
func (m *Mailer) notSent(queued store.Mail, err error) fate {
	return fate{status: mailDelayed, problem: err.Error(), cause: err.Error(), wait: m.backoff(queued.Tries)}
}

// backoff doubles with each try.
func (m *Mailer) backoff(tries int) time.Duration {
	wait := orDefault(m.FirstWait, defaultFirstWait)
	for ; tries > 1 && wait < longestWait; tries-- {
		wait *= 2
	}
	return min(wait, longestWait)
}

// askedWait is how long the provider asks to be left alone: Retry-After in seconds or as a date, or SendGrid's own
// header with the Unix time at which its limit is lifted. 0 when it does not say.
func askedWait(headers http.Header, now time.Time) time.Duration {
	if text := headers.Get("Retry-After"); text != "" {
		if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
			return time.Duration(seconds) * time.Second
		}
		if date, err := http.ParseTime(text); err == nil {
			return max(0, date.Sub(now))
		}
	}
	if unix, err := strconv.ParseInt(headers.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
		return max(0, time.Unix(unix, 0).Sub(now))
	}
	return 0
}

// longestError keeps a gateway's page from filling the outbox.
const longestError = 500

// errorText picks the messages out of SendGrid's error answer; anything else is quoted.
func errorText(body string) string {
	var answer struct {
		Errors []struct {
			Message string `json:"message"`
			Field   string `json:"field"`
		} `json:"errors"`
	}
	var texts []string
	if err := json.Unmarshal([]byte(body), &answer); err == nil {
		for _, e := range answer.Errors {
			text := e.Message
			if e.Field != "" {
				text = e.Field + ": " + text
			}
			texts = append(texts, text)
		}
	}
	text := strings.Join(texts, "; ")
	if text == "" {
		text = strings.ToValidUTF8(strings.TrimSpace(body), "")
	}
	if runes := []rune(text); len(runes) > longestError {
		text = string(runes[:longestError]) + "…"
	}
	return text
}

// client never follows a redirect: what it leads to would not be an answer about the message.
func (m *Mailer) client() *rest.Client {
	if m.HTTP != nil && m.HTTP.HTTPClient != nil {
		return m.HTTP
	}
	return &rest.Client{HTTPClient: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

const (
	recordTries   = 5
	recordTimeout = 5 * time.Second
	recordWait    = 200 * time.Millisecond
)

// record writes a fate down. It tries hard: a fate that is not written down makes a message uncertain.
func (m *Mailer) record(ctx context.Context, queued store.Mail, end fate) error {
	var err error
	for try := range recordTries {
		if try > 0 {
			pause(ctx, recordWait<<try)
		}
		if err = m.write(ctx, queued, end); err == nil {
			return nil
		}
	}
	return fmt.Errorf("message %s: %w", queued.MessageKey, err)
}

func (m *Mailer) write(ctx context.Context, queued store.Mail, end fate) error {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	if end.status == mailDelayed {
		return m.Store.DelayMail(ctx, queued.ID, end.wait, end.problem)
	}
	return m.Store.FinishMail(ctx, queued.ID, end.status, end.providerID, end.problem)
}

// report tells operators what did not go as it should. Logs name messages, never people.
func (m *Mailer) report(queued store.Mail, end fate) {
	log := m.log().With("message", queued.MessageKey, "tries", queued.Tries, "cause", end.cause)
	switch end.status {
	case mailUncertain:
		log.Error("MAIL IS UNCERTAIN: it may have arrived, and is not sent again")
	case mailRefused:
		log.Error("mail was refused; the reason is in the outbox")
	case mailSuppressed:
		log.Warn("mail is not sent: its address is dead or does not want it; setting the customer's address lifts that")
	case mailDelayed:
		log.Warn("mail is delayed", "wait", end.wait)
	}
}
