package sendgrid

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// The event webhook of the account: where it goes and what signs it. Like SendGrid's, it has one key for its whole life.
const (
	webhookBucket = "webhook"
	webhookKey    = "key" // SEC 1, DER
	webhookURL    = "url"
)

const (
	eventTimeout     = 10 * time.Second
	mostCopies       = 20
	eventIDBytes     = 16
	largestAdminBody = 1 << 16
)

func (s *Server) webhookRoutes() {
	s.mux.HandleFunc("PUT /_sandbox/event-webhook", s.setWebhook)
	s.mux.HandleFunc("POST /_sandbox/events", s.sendEvents)
}

// setWebhook says where events go, and answers with the public key that verifies them.
func (s *Server) setWebhook(w http.ResponseWriter, r *http.Request) {
	var wanted control.EventWebhook
	if !readAdmin(w, r, &wanted) {
		return
	}
	if parsed, err := url.Parse(wanted.URL); err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		http.Error(w, fmt.Sprintf("url %q is no address: write it as http://127.0.0.1:8080/webhooks/sendgrid", wanted.URL), http.StatusBadRequest)
		return
	}
	key, err := s.signingKey(wanted.URL)
	if err == nil {
		var der []byte
		der, err = x509.MarshalPKIXPublicKey(&key.PublicKey)
		wanted.PublicKey = base64.StdEncoding.EncodeToString(der)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answerJSON(w, wanted)
}

// signingKey keeps the address and returns the key, made the first time.
func (s *Server) signingKey(address string) (*ecdsa.PrivateKey, error) {
	var key *ecdsa.PrivateKey
	err := s.db.Update(func(tx *bolt.Tx) error {
		bucket, err := tx.CreateBucketIfNotExists([]byte(webhookBucket))
		if err != nil {
			return err
		}
		if stored := bucket.Get([]byte(webhookKey)); stored != nil {
			key, err = x509.ParseECPrivateKey(stored)
		} else if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err == nil {
			var der []byte
			if der, err = x509.MarshalECPrivateKey(key); err == nil {
				err = bucket.Put([]byte(webhookKey), der)
			}
		}
		return errors.Join(err, bucket.Put([]byte(webhookURL), []byte(address)))
	})
	if err != nil {
		return nil, fmt.Errorf("keep the event webhook: %w", err)
	}
	return key, nil
}

// webhook returns where events go and what signs them; a nil key when nobody asked for them.
func (s *Server) webhook() (address string, key *ecdsa.PrivateKey, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(webhookBucket))
		if bucket == nil {
			return nil
		}
		address = string(bucket.Get([]byte(webhookURL)))
		key, err = x509.ParseECPrivateKey(bucket.Get([]byte(webhookKey)))
		return err
	})
	return address, key, err
}

// sendEvents makes something happen to a message that was accepted, and tells the webhook.
func (s *Server) sendEvents(w http.ResponseWriter, r *http.Request) {
	var wanted control.MailEvent
	if !readAdmin(w, r, &wanted) {
		return
	}
	if !slices.Contains(eventKinds, wanted.Event) {
		http.Error(w, fmt.Sprintf("event %q is unknown: use one of %s", wanted.Event, strings.Join(eventKinds, ", ")), http.StatusBadRequest)
		return
	}
	if wanted.Copies < 0 || wanted.Copies > mostCopies {
		http.Error(w, fmt.Sprintf("copies must be between 0 and %d", mostCopies), http.StatusBadRequest)
		return
	}
	m, found, err := s.latest(wanted)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if !found {
		http.Error(w, fmt.Sprintf("no message to %q was accepted that this could have happened to", wanted.To), http.StatusNotFound)
		return
	}
	sent, status, err := s.tell(m, wanted)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	answerJSON(w, sent)
}

// latest is the newest message to an address, or that of a message_key.
func (s *Server) latest(wanted control.MailEvent) (storedMail, bool, error) {
	found, _, err := s.find(wanted.To, 0, maxJSONMails)
	for _, m := range found {
		if wanted.MessageKey == "" || m.CustomArgs["message_key"] == wanted.MessageKey {
			return m, true, nil
		}
	}
	return storedMail{}, false, err
}

// tell signs one call with the event and makes it as often as asked. It is not repeated after a failure, which is
// answered: whoever asks for an event can ask again.
func (s *Server) tell(m storedMail, wanted control.MailEvent) (control.MailEventSent, int, error) {
	address, key, err := s.webhook()
	if err != nil {
		return control.MailEventSent{}, http.StatusInternalServerError, fmt.Errorf("read the event webhook: %w", err)
	}
	if key == nil {
		return control.MailEventSent{}, http.StatusConflict, errors.New("nobody is told: PUT /_sandbox/event-webhook first")
	}
	id := make([]byte, eventIDBytes)
	_, _ = rand.Read(id) // never fails
	sent := control.MailEventSent{EventID: base64.RawURLEncoding.EncodeToString(id)}
	payload, err := json.Marshal([]map[string]any{eventOf(m, wanted, sent.EventID, time.Now())})
	if err != nil {
		return sent, http.StatusInternalServerError, err
	}
	for range max(1, wanted.Copies) {
		status, err := s.post(address, key, payload)
		if err != nil {
			return sent, http.StatusBadGateway, err
		}
		sent.Answers = append(sent.Answers, status)
	}
	return sent, http.StatusOK, nil
}

// post signs at this moment, as SendGrid does: base64 ASN.1 ECDSA over SHA-256(timestamp + body).
func (s *Server) post(address string, key *ecdsa.PrivateKey, payload []byte) (status int, err error) {
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	digest := sha256.Sum256(append([]byte(stamp), payload...))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return 0, fmt.Errorf("sign event: %w", err)
	}
	ctx, cancel := context.WithTimeout(s.stopping, eventTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(payload))
	if err != nil {
		return 0, fmt.Errorf("build call of %s: %w", address, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "SendGrid Event API")
	req.Header.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
	req.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", stamp)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("call %s: %w", address, err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, largestAdminBody))
	return res.StatusCode, nil
}

// eventKinds are the events that can be asked for. A block is a bounce of type blocked.
var eventKinds = []string{"processed", "deferred", "delivered", "bounce", "blocked", "dropped", "spamreport", "open", "unsubscribe"}

// eventOf is the event as SendGrid words it: custom arguments stand beside its own fields.
func eventOf(m storedMail, wanted control.MailEvent, id string, at time.Time) map[string]any {
	event := map[string]any{}
	for name, value := range m.CustomArgs {
		event[name] = value
	}
	email := wanted.To
	if email == "" && len(m.To) > 0 {
		email = m.To[0]
	}
	event["email"], event["event"], event["timestamp"] = email, wanted.Event, at.Unix()
	event["sg_event_id"], event["sg_message_id"] = id, m.MessageID+".recvd-sandbox-1-0.0"
	event["smtp-id"], event["category"] = "<"+m.MessageID+"@sandbox>", m.Categories
	reason := func(otherwise string) {
		event["reason"] = otherwise
		if wanted.Reason != "" {
			event["reason"] = wanted.Reason
		}
	}
	switch wanted.Event {
	case "delivered":
		event["response"], event["ip"] = "250 OK", "192.0.2.1"
	case "deferred":
		event["response"], event["attempt"] = "451 4.7.1 Greylisting in action", "1"
		reason("451 4.7.1 Greylisting in action")
	case "bounce":
		event["type"], event["status"] = "bounce", "5.1.1"
		reason("550 5.1.1 The email account that you tried to reach does not exist")
	case "blocked":
		event["event"], event["type"], event["status"] = "bounce", "blocked", "4.2.2"
		reason("452 4.2.2 The mailbox is full")
	case "dropped":
		reason("Bounced Address")
	case "open":
		event["useragent"], event["ip"] = "Mozilla/5.0", "192.0.2.2"
	}
	return event
}

// readAdmin decodes a request of the admin API, or refuses it.
func readAdmin(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestAdminBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, "the body is not what is expected: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}
