package api

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"
	"github.com/stripe/stripe-go/v79/webhook"

	"github.com/perennial-billing/perennial/starter/service"
)

const (
	// ahead is how far a signature's time may be in the future: the sender's clock is another. A signature from further
	// ahead could be replayed until its time has come.
	ahead = 5 * time.Minute
	// oldestMail is longer than SendGrid tries to deliver, 24 hours: whether it signs each try anew it does not say. A call
	// that is replayed within that time finds its events stored already.
	oldestMail = 25 * time.Hour
)

func forged(format string, args ...any) error {
	return &service.Error{Kind: service.Refused, Code: "signature_invalid", Message: fmt.Sprintf(format, args...)}
}

// verifyStripe checks a signature with each of the secrets, the oldest age being the library's: five minutes.
func verifyStripe(payload []byte, header string, secrets []string, now time.Time) error {
	err := errors.New("no secret is configured")
	for _, secret := range secrets {
		if err = webhook.ValidatePayload(payload, header, secret); err == nil {
			return notAhead(stampOf(header), now)
		}
	}
	return forged("%s", err)
}

// stampOf is the time that a valid header was signed with: the last one it names, as the library reads it.
func stampOf(header string) string {
	stamp := ""
	for part := range strings.SplitSeq(header, ",") {
		if value, found := strings.CutPrefix(part, "t="); found {
			stamp = value
		}
	}
	return stamp
}

func notAhead(stamp string, now time.Time) error {
	signed, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Unix(signed, 0).After(now.Add(ahead)) {
		return forged("it is signed for the future: is this machine's clock right?")
	}
	return nil
}

// MailKeys reads SendGrid's public keys as it shows them: base64 of their PKIX form.
func MailKeys(encoded []string) ([]*ecdsa.PublicKey, error) {
	keys := make([]*ecdsa.PublicKey, len(encoded))
	for i, text := range encoded {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("SENDGRID_WEBHOOK_KEY: key %d is not base64: copy the verification key that SendGrid shows", i+1)
		}
		// The library's own reader panics on a key of another kind.
		parsed, err := x509.ParsePKIXPublicKey(der)
		key, ok := parsed.(*ecdsa.PublicKey)
		if err != nil || !ok {
			return nil, fmt.Errorf("SENDGRID_WEBHOOK_KEY: key %d is not an ECDSA public key: copy the verification key that SendGrid shows", i+1)
		}
		keys[i] = key
	}
	return keys, nil
}

// verifySendGrid checks a signature with each of the keys.
func verifySendGrid(payload []byte, signature, stamp string, keys []*ecdsa.PublicKey, now time.Time) error {
	if signature == "" || stamp == "" {
		return forged("it is not signed: turn on the signed event webhook in SendGrid's settings")
	}
	for _, key := range keys {
		if ok, err := eventwebhook.VerifySignature(key, payload, signature, stamp); err != nil || !ok {
			continue
		}
		signed, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil || time.Unix(signed, 0).Before(now.Add(-oldestMail)) {
			return forged("its signature is too old")
		}
		return notAhead(stamp, now)
	}
	return forged("its signature is not of a key in SENDGRID_WEBHOOK_KEY")
}
