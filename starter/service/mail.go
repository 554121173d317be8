package service

import (
	"context"
	"strconv"

	"github.com/perennial-billing/perennial/internal/store"
)

// MailFilter selects messages; empty fields select all.
type MailFilter struct {
	Status   string // pending, sending, sent, refused, uncertain or suppressed
	Customer string
	After    string // the id of a message
	Limit    int
}

// Mails lists the messages of the outbox, newest first.
func (s *Service) Mails(ctx context.Context, f MailFilter) (Page[store.QueuedMail], error) {
	var p problems
	oneOf(&p, "status", f.Status, "pending", "sending", "sent", "refused", "uncertain", "suppressed")
	var before int64
	if f.After != "" {
		var err error
		if before, err = strconv.ParseInt(f.After, 10, 64); err != nil || before < 1 {
			p.add("after", "%.60q is not the id of a message", f.After)
		}
	}
	if err := p.err(); err != nil {
		return Page[store.QueuedMail]{}, err
	}
	if err := s.checkFilters(ctx, map[string]string{"customer": f.Customer}); err != nil {
		return Page[store.QueuedMail]{}, err
	}
	limit, err := pageSize(f.Limit)
	if err != nil {
		return Page[store.QueuedMail]{}, err
	}
	rows, err := s.store.Mails(ctx, store.MailFilter{Status: f.Status, CustomerID: f.Customer, Before: before, Limit: limit + 1})
	return page(rows, limit, func(m store.QueuedMail) string { return strconv.FormatInt(m.ID, 10) }), err
}
