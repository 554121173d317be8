package sendgrid

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// storedMail is a mail with the content of its attachments.
type storedMail struct {
	control.Mail
	Files [][]byte `json:"files,omitempty"`
}

// Buckets: mails by number, and an index of recipient + 0 + number.
const (
	mailsBucket      = "mails"
	recipientsBucket = "recipients"
)

const messageIDChars = 22

// accept stores one mail for each personalization and returns the message id.
func (s *Server) accept(m message, asOf time.Time) (messageID string, err error) {
	err = s.db.Update(func(tx *bolt.Tx) error {
		mails, err := tx.CreateBucketIfNotExists([]byte(mailsBucket))
		if err != nil {
			return err
		}
		for _, p := range m.Personalizations {
			number, err := mails.NextSequence()
			if err != nil {
				return err
			}
			if messageID == "" {
				sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("message"), number))
				messageID = base64.RawURLEncoding.EncodeToString(sum[:])[:messageIDChars]
			}
			stored := newMail(m, p, asOf)
			stored.ID, stored.MessageID = fmt.Sprint(number), messageID
			if err := put(tx, mails, number, stored); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("store mail: %w", err)
	}
	return messageID, nil
}

func newMail(m message, p personalization, asOf time.Time) storedMail {
	subject, from := p.Subject, p.From
	if subject == "" {
		subject = m.Subject
	}
	if from == nil {
		from = m.From
	}
	stored := storedMail{Mail: control.Mail{
		Categories: m.Categories, CustomArgs: merge(m.CustomArgs, p.CustomArgs), From: from.String(), Headers: merge(m.Headers, p.Headers),
		HTML: p.fill(m.body("text/html")), ReplyTo: m.replyTo(), SentAt: asOf, Subject: p.fill(subject),
		TemplateID: m.TemplateID, Text: p.fill(m.body("text/plain")),
	}}
	for _, recipient := range slices.Concat(p.To, p.CC, p.BCC) {
		stored.To = append(stored.To, strings.ToLower(recipient.Email))
	}
	for _, a := range m.Attachments {
		file, _ := base64.StdEncoding.DecodeString(a.Content) // validated before
		stored.Files = append(stored.Files, file)
		stored.Attachments = append(stored.Attachments, control.Attachment{Bytes: len(file), Filename: a.Filename, Type: a.Type})
	}
	return stored
}

func merge(shared, own map[string]string) map[string]string {
	if len(shared)+len(own) == 0 {
		return nil
	}
	all := make(map[string]string, len(shared)+len(own))
	maps.Copy(all, shared)
	maps.Copy(all, own)
	return all
}

func put(tx *bolt.Tx, mails *bolt.Bucket, number uint64, m storedMail) error {
	encoded, err := json.Marshal(m)
	if err != nil {
		return err
	}
	key := binary.BigEndian.AppendUint64(nil, number)
	if err := mails.Put(key, encoded); err != nil {
		return err
	}
	recipients, err := tx.CreateBucketIfNotExists([]byte(recipientsBucket))
	if err != nil {
		return err
	}
	for _, address := range m.To {
		if err := recipients.Put(recipientKey(address, key), nil); err != nil {
			return err
		}
	}
	return nil
}

func recipientKey(address string, number []byte) []byte {
	return append(append([]byte(strings.ToLower(address)), 0), number...)
}

// find returns up to limit mails, newest first, to one address (or to anybody), older than the mail
// numbered before (0: from the newest on). more says whether there are older ones.
func (s *Server) find(to string, before uint64, limit int) (found []storedMail, more bool, err error) {
	bucket, prefix := mailsBucket, []byte{}
	if to != "" {
		bucket, prefix = recipientsBucket, recipientKey(to, nil)
	}
	err = s.db.View(func(tx *bolt.Tx) error {
		mails, index := tx.Bucket([]byte(mailsBucket)), tx.Bucket([]byte(bucket))
		if index == nil {
			return nil
		}
		cursor := index.Cursor()
		for key := lastBefore(cursor, prefix, before); bytes.HasPrefix(key, prefix) && key != nil; key, _ = cursor.Prev() {
			if len(found) == limit {
				more = true
				return nil
			}
			var m storedMail
			if err := json.Unmarshal(mails.Get(key[len(prefix):]), &m); err != nil {
				return fmt.Errorf("read mail: %w", err)
			}
			found = append(found, m)
		}
		return nil
	})
	return found, more, err
}

func lastBefore(cursor *bolt.Cursor, prefix []byte, before uint64) []byte {
	if before == 0 {
		before = ^uint64(0)
	}
	bound := binary.BigEndian.AppendUint64(slices.Clone(prefix), before)
	if key, _ := cursor.Seek(bound); key == nil {
		key, _ = cursor.Last()
		return key
	}
	key, _ := cursor.Prev()
	return key
}

func (s *Server) mail(number uint64) (m storedMail, found bool, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		mails := tx.Bucket([]byte(mailsBucket))
		if mails == nil {
			return nil
		}
		encoded := mails.Get(binary.BigEndian.AppendUint64(nil, number))
		found = encoded != nil
		if !found {
			return nil
		}
		return json.Unmarshal(encoded, &m)
	})
	return m, found, err
}

func (s *Server) count() (n uint64, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		if mails := tx.Bucket([]byte(mailsBucket)); mails != nil {
			n = mails.Sequence() // mails are never deleted
		}
		return nil
	})
	return n, err
}
