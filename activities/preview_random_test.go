package activities_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// TestPreviewOfAnyCommandIsWhatThenHappens previews the commands of random lives and requires that a preview writes nothing,
// and that carrying the command out then makes the same invoices and the same state, or is refused alike. What is asked for
// later is compared if nothing else happens until then: a preview knows what is known today.
func TestPreviewOfAnyCommandIsWhatThenHappens(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	seen := previews{}
	for seed := range uint64(40) {
		line := randomTimeline(5000+seed, "seats", "roomy", "seats-ramp", "seats-yearly", "trial", "metered").ofOne()
		h := line.in(&history{bundle: b, previews: seen})
		next := line.customer + "_next"
		require.NoError(t, b.AddCustomer(b.ctx, store.Customer{
			ID: next, EntityID: "acme", Name: next, Email: next + "@example.com", Country: "GB", Zone: line.zone, Currency: "EUR", Locale: "en-GB", CreatedAt: day0,
		}))
		rng, at := rand.New(rand.NewPCG(seed, 8)), line.until
		for n := range 10 {
			at = at.Add(time.Duration(rng.IntN(20*24)) * time.Hour)
			h.advance(at)
			before := ""
			if seed%8 == 0 {
				before = h.digest()
			}
			other := next
			if h.states[0].CustomerID == next {
				other = line.customer
			}
			c := laterCommand(rng, fmt.Sprintf("later_%d", n), at, other)
			if h.states[0].Ended() && n%2 == 0 {
				c = subscription.Command{ID: c.ID, Kind: subscription.Reactivate, At: at, Actor: "customer"}
			}
			preview := h.preview(h.states[0], c)
			if before != "" {
				require.Equal(t, before, h.digest(), "a preview writes nothing")
			}
			at = h.requireLater(preview, c)
		}
	}
	for _, outcome := range []string{
		"change", "change later", "pause", "pause later", "resume", "cancel", "cancel later", "reactivate", "transfer", "transfer later", "charge",
		"charge later", "new period", "refused",
	} {
		require.GreaterOrEqual(t, seen[outcome], 5, "%s of %v", outcome, seen)
	}
}

// ofOne is the story of the customer's first subscription alone.
func (l timeline) ofOne() timeline {
	first := l.entries[slices.IndexFunc(l.entries, func(e event) bool { return e.action == "subscribe" })].subscription
	l.entries = slices.DeleteFunc(l.entries, func(e event) bool { return e.subscription != "" && e.subscription != first })
	return l
}

// laterCommand is something that a customer asks for at an instant, perhaps for later.
func laterCommand(rng *rand.Rand, id string, at time.Time, next string) subscription.Command {
	terms := event{}
	terms.randomTerms(rng, []string{"seats", "roomy", "seats-ramp", "seats-yearly", "metered"})
	modes := []subscription.PauseMode{subscription.PauseCredit, subscription.PauseKeep, subscription.PauseExtend}
	charge := event{unit: int64(rng.IntN(9000) - 3000)}.item(int(at.Unix()))
	c := []subscription.Command{
		{Kind: subscription.ChangeTerms, Terms: &subscription.Terms{PlanID: terms.plan, PlanVersion: 1, Seats: terms.seats, AddOns: terms.addOns}},
		{Kind: subscription.Cancel, CreditUnused: rng.IntN(2) == 0},
		{Kind: subscription.Pause, Mode: modes[rng.IntN(3)]},
		{Kind: subscription.Transfer, Customer: next},
		{Kind: subscription.Charge, Item: &charge, BillNext: true},
		{Kind: subscription.Resume},
		{Kind: subscription.Reactivate},
	}[rng.IntN(7)]
	c.ID, c.At, c.Actor = id, at, "customer"
	if c.Kind == subscription.Charge || c.Kind == subscription.Reactivate {
		return c
	}
	c.NewPeriod = c.Kind == subscription.ChangeTerms && rng.IntN(4) == 0
	switch rng.IntN(3) {
	case 0:
		c.AtPeriodEnd = true
	case 1:
		c.On = at.Add(time.Duration(1+rng.IntN(70*24)) * time.Hour)
	}
	c.BillNext = c.Kind == subscription.ChangeTerms && !c.AtPeriodEnd && rng.IntN(2) == 0
	return c
}

// previews counts what was previewed and compared, by its outcome.
type previews map[string]int

func (h *history) preview(state subscription.State, c subscription.Command) message.Previewed {
	h.t.Helper()
	preview, err := h.billing.PreviewCommand(h.ctx, message.CarryOutInput{State: state, Command: c})
	require.NoError(h.t, err)
	return preview
}

// previewAndCarryOut carries a command out and, in a history with previews, compares what comes of it at once.
func (h *history) previewAndCarryOut(state subscription.State, c subscription.Command) message.Turned {
	h.t.Helper()
	if h.previews == nil {
		return h.carryOut(state, c)
	}
	preview := h.preview(state, c)
	turned := h.carryOut(state, c)
	if turned.Refusal != nil {
		h.requireRefused(preview, turned, c)
		return turned
	}
	if isLater(c) {
		return turned
	}
	h.requireSame(preview, turned.State, h.issued(turned), c, outcomeOf(c))
	return turned
}

func outcomeOf(c subscription.Command) string {
	if c.NewPeriod {
		return "new period"
	}
	return string(c.Kind)
}

func isLater(c subscription.Command) bool {
	return c.AtPeriodEnd || !c.On.IsZero() || c.BillNext
}

func (h *history) requireRefused(preview message.Previewed, turned message.Turned, c subscription.Command) {
	h.t.Helper()
	require.NotNil(h.t, preview.Refusal, "%s %s of %s is refused: %s", c.ID, c.Kind, turned.State.ID, turned.Refusal)
	require.Equal(h.t, turned.Refusal.Code, preview.Refusal.Code)
	h.previews["refused"]++
}

// requireLater carries a previewed command out, lets it take effect with nothing between, and compares. It returns the
// instant at which it has.
func (h *history) requireLater(preview message.Previewed, c subscription.Command) time.Time {
	h.t.Helper()
	turned := h.carryOut(h.states[0], c)
	if turned.Refusal != nil {
		h.requireRefused(preview, turned, c)
		return c.At
	}
	state, issued, at := turned.State, h.issued(turned), c.At
	until := c.On
	if c.AtPeriodEnd {
		until = state.Period.End
	}
	turn := func(due time.Time) {
		turned := h.turn(state)
		state, issued, at = turned.State, append(issued, h.issued(turned)...), due
	}
	for due, is := state.NextDue(); is && !due.After(until); due, is = state.NextDue() {
		turn(due)
	}
	before := len(issued)
	for range 3 { // the next invoice has what waits for it
		if due, is := state.NextDue(); c.BillNext && is && len(issued) == before {
			turn(due)
		}
	}
	h.states[0] = state
	switch {
	case len(state.Missed) > 0 && state.Missed[len(state.Missed)-1].CommandID == c.ID:
		require.NotNil(h.t, preview.Refusal, "%s on %s is missed", c.Kind, c.On)
		require.Equal(h.t, state.Missed[len(state.Missed)-1].Refusal.Code, preview.Refusal.Code)
		h.previews["refused"]++
	case c.Kind == subscription.Charge && len(issued) == before: // nothing falls due by itself: the preview shows an invoice of its own
		h.previews["charge of a subscription that rests"]++
	default:
		outcome := outcomeOf(c)
		if isLater(c) {
			outcome += " later"
		}
		h.requireSame(preview, state, issued, c, outcome)
	}
	return at
}

// issued are the invoices that came of a turn or a command, as a preview shows them.
func (h *history) issued(turned message.Turned) (shown []message.PreviewedInvoice) {
	h.t.Helper()
	for _, billed := range []*message.Billed{turned.Former, turned.Invoice} {
		if billed == nil {
			continue
		}
		invoice, err := h.Invoice(h.ctx, billed.InvoiceID)
		require.NoError(h.t, err)
		shown = append(shown, h.previewed(invoice))
	}
	return shown
}

func (h *history) requireSame(preview message.Previewed, state subscription.State, issued []message.PreviewedInvoice, c subscription.Command, outcome string) {
	h.t.Helper()
	require.Nil(h.t, preview.Refusal, "%s %s of %s at %s", c.ID, c.Kind, state.ID, c.At)
	requireSameJSON(h.t, issued, preview.Invoices)
	requireSameJSON(h.t, state, preview.State)
	h.previews[outcome]++
}

// digest changes with every row of the database.
func (h *history) digest() string {
	h.t.Helper()
	rows, err := pgx.Connect(h.ctx, h.url)
	require.NoError(h.t, err)
	defer func() { require.NoError(h.t, rows.Close(h.ctx)) }()
	tables, err := rows.Query(h.ctx, `SELECT format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) AS d FROM %I t', tablename)
		FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)
	require.NoError(h.t, err)
	queries, err := pgx.CollectRows(tables, pgx.RowTo[string])
	require.NoError(h.t, err)
	var digest string
	require.NoError(h.t, rows.QueryRow(h.ctx, `SELECT string_agg(d, ',') FROM (`+strings.Join(queries, " UNION ALL ")+`) all_tables`).Scan(&digest))
	return digest
}
