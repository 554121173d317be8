// Package service is what can be asked of Perennial, for the command line and the HTTP API alike: requests are checked
// here, so that what is wrong with one is said in the words of the caller and nothing is written. Facts are read from
// the store; whatever changes a subscription, a collection, a run or a filing goes through its workflow.
package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	stripeclient "github.com/stripe/stripe-go/v79/client"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	"github.com/perennial-billing/perennial/starter/client"
)

// Service carries out requests. It is safe for concurrent use.
type Service struct {
	store     *store.Store
	temporal  temporalclient.Client
	namespace string
	client    *client.Client
	wall      func() time.Time
	// stripe, when there is one, is asked for events; live says in which of its modes.
	stripe *stripeclient.API
	live   bool
	// publicURL is where customers reach our pages, without a slash at the end.
	publicURL string
}

// New makes a service. The namespace is the Temporal client's; wall is the clock of customers without a test clock.
func New(db *store.Store, temporal temporalclient.Client, namespace string, wall func() time.Time) *Service {
	return &Service{store: db, temporal: temporal, namespace: namespace, client: client.New(temporal), wall: wall}
}

// Store is the store the service works on, for reads it does not offer itself.
func (s *Service) Store() *store.Store { return s.store }

// Healthy says whether the store and Temporal answer.
func (s *Service) Healthy(ctx context.Context) error {
	if err := s.store.Ping(ctx); err != nil {
		return err
	}
	if _, err := s.temporal.CheckHealth(ctx, &temporalclient.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("reach Temporal: %w", err)
	}
	return nil
}

// wallNow is the real time, to the second: the grain of billing instants.
func (s *Service) wallNow() time.Time { return s.wall().UTC().Truncate(time.Second) }

// now is the billing time of a customer: that of the test clock, if on one, or the real one.
func (s *Service) now(ctx context.Context, c store.Customer) (time.Time, error) {
	if c.TestClockID == nil {
		return s.wallNow(), nil
	}
	clock, err := s.store.Clock(ctx, *c.TestClockID)
	return clock.Now.UTC(), err
}

// clientOf is the client for a customer's workflows.
func (s *Service) clientOf(c store.Customer) *client.Client {
	if c.TestClockID == nil {
		return s.client
	}
	return s.client.WithTestClock(s.clock(*c.TestClockID).Forward)
}

func (s *Service) clock(id string) *testclock.Clock {
	return &testclock.Clock{ID: id, Store: s.store, Temporal: s.temporal, Namespace: s.namespace}
}

// Ids end up in workflow ids, URLs and idempotency keys.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

func checkID(id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("%.60q is not an id: use 1 to 100 letters, digits, '_', '.' or '-', beginning with a letter or digit", id)
	}
	return nil
}

// checkText keeps out what cannot be stored or printed on an invoice.
func checkText(text string, most int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return errors.New("is empty")
	case len(text) > most:
		return fmt.Errorf("is longer than %d bytes", most)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Errorf("%.60q holds characters that are not text", text)
	}
	return nil
}

const (
	defaultPage = 50
	largestPage = 500
)

// pageSize is the number of rows of a page; 0 asks for the usual number.
func pageSize(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultPage, nil
	case limit < 1 || limit > largestPage:
		return 0, invalid("limit", "%d is not a page size: use 1 to %d", limit, largestPage)
	}
	return limit, nil
}

// Page is a part of a list. Next, unless empty, is the "after" of the part that follows.
type Page[T any] struct {
	Data []T    `json:"data" doc:"The rows, in a stable order."`
	Next string `json:"next,omitempty" doc:"Pass it as after to read on; absent on the last page."`
}

// page cuts a list that was read with one row more than asked for.
func page[T any](rows []T, limit int, id func(T) string) Page[T] {
	if len(rows) > limit {
		return Page[T]{Data: rows[:limit], Next: id(rows[limit-1])}
	}
	if rows == nil {
		rows = []T{}
	}
	return Page[T]{Data: rows}
}

// checkFilters refuses filters that name nothing there is, which would otherwise look like empty lists. Empty ones filter
// nothing; where a list goes on ("after") is for the list to look up.
func (s *Service) checkFilters(ctx context.Context, filters map[string]string) error {
	var p problems
	maps.DeleteFunc(filters, func(_, id string) bool { return id == "" })
	for name, id := range filters {
		p.check(name, checkID(id))
	}
	if err := p.err(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		if err := s.exists(ctx, name, filters[name]); err != nil {
			return inRequest(name, named(err))
		}
	}
	return nil
}

// exists returns store.ErrNotFound when there is nothing of a kind under an id.
func (s *Service) exists(ctx context.Context, kind, id string) (err error) {
	switch kind {
	case "customer":
		_, err = s.store.Customer(ctx, id)
	case "entity":
		_, err = s.store.Entity(ctx, id)
	case "invoice":
		_, err = s.store.Invoice(ctx, id)
	case "payment":
		_, err = s.store.Payment(ctx, id)
	case "subscription":
		_, err = s.store.Subscription(ctx, id)
	}
	return err
}
