package stripe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// due is something that happens by itself at an instant of billing time: money becomes available, a
// refund ends. It happens just before the first request whose time has reached that instant.
type due struct {
	Action dueAction  `json:"action"`
	ID     string     `json:"id"`
	Plan   *debitPlan `json:"plan,omitempty"` // of endDebit
}

type dueAction string

const (
	endDebit      dueAction = "end_debit"
	endInquiry    dueAction = "end_inquiry"
	endPayout     dueAction = "end_payout"
	endReport     dueAction = "end_report"
	endRefund     dueAction = "end_refund"
	endSession    dueAction = "end_session"
	judgeEvidence dueAction = "judge_evidence"
	makeAvailable dueAction = "make_available"
	missEvidence  dueAction = "miss_evidence"
	payAll        dueAction = "pay_out"
	takeBack      dueAction = "take_back"
	verifyTaxID   dueAction = "verify_tax_id"
)

const dueBucket = "due"

func (r *call) schedule(at time.Time, d due) {
	r.dueNow = r.dueNow || !at.After(r.asOf)
	key := make([]byte, orderSize)
	binary.BigEndian.PutUint64(key, uint64(at.Unix()))
	binary.BigEndian.PutUint64(key[8:], nextSequence(r.tx))
	bucketOf(r.tx, dueBucket).put(key, encode(d))
}

// settle lets everything happen that is due at the given billing time, in order, each thing once. What happens may
// bring about more that is due by then.
func (s *Server) settle(asOf time.Time) error {
	waiting := false
	err := s.view(func(tx *bolt.Tx) error {
		waiting = firstDue(tx, asOf) != nil
		return nil
	})
	if err != nil || !waiting {
		return err
	}
	emitted := false
	err = s.update(func(tx *bolt.Tx) error {
		for key := firstDue(tx, asOf); key != nil; key = firstDue(tx, asOf) {
			at := time.Unix(int64(binary.BigEndian.Uint64(key)), 0).UTC()
			r := &call{asOf: at, seed: fmt.Sprintf("due %x", key), tx: tx}
			r.happen(key)
			emitted = emitted || r.emitted
		}
		return nil
	})
	if emitted {
		s.delivery.wake()
	}
	if err != nil {
		return fmt.Errorf("settle what was due by %s: %w", asOf.Format(time.RFC3339), err)
	}
	return nil
}

// firstDue is the key of what is to happen next, if its instant has come.
func firstDue(tx *bolt.Tx, asOf time.Time) (first []byte) {
	limit := make([]byte, 8)
	binary.BigEndian.PutUint64(limit, uint64(asOf.Unix()))
	bucketOf(tx, dueBucket).each(nil, func(key, _ []byte) bool {
		if bytes.Compare(key[:8], limit) <= 0 {
			first = bytes.Clone(key)
		}
		return false
	})
	return first
}

func (r *call) happen(key []byte) {
	var d due
	waiting := bucketOf(r.tx, dueBucket)
	decode(waiting.get(key), &d)
	waiting.delete(key)
	switch d.Action {
	case endDebit:
		r.endDebit(d.ID, *d.Plan)
	case endInquiry:
		r.endInquiry(d.ID)
	case endPayout:
		r.endPayout(d.ID)
	case endReport:
		r.endReport(d.ID)
	case endRefund:
		r.endRefund(d.ID)
	case endSession:
		if s, _ := checkoutSessions.get(r.tx, d.ID); s.Status == sessionOpen {
			_ = r.endSession(s) // an open session's intent can be cancelled
		}
	case judgeEvidence:
		r.judgeEvidence(d.ID)
	case makeAvailable:
		t, _ := balanceTransactions.get(r.tx, d.ID)
		t.Status = "available"
		balanceTransactions.put(r.tx, t)
		r.awaitPayout(t)
	case missEvidence:
		r.missEvidence(d.ID)
	case payAll:
		r.payOut()
	case takeBack:
		r.takeBack(d.ID)
	case verifyTaxID:
		r.verifyTaxID(d.ID)
	}
}
