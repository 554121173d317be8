package paymentorder_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// What may happen to an unpaid invoice whose card wants its owner, while the owner is at it.
const (
	confirms = "the owner presses the button on our page"
	bank     = "the owner approves at the bank"
	comes    = "the owner comes back to our page"
	opens    = "the owner opens the provider's page"
	pays     = "the owner pays on the provider's page"
	closes   = "the provider's page is closed"
	retries  = "another card is charged without the owner"
	told     = "the webhooks come"
)

// needs says what must have happened before something can.
var needs = map[string]string{bank: confirms, pays: opens, closes: opens}

// sequence is an order in which things happen; those of a step happen at the same time.
type sequence [][]string

func (s sequence) String() string {
	steps := make([]string, len(s))
	for i, step := range s {
		steps[i] = strings.Join(step, " while ")
	}
	return strings.Join(steps, ", then ")
}

// everyOrder are all orders of things, each once, in which nothing happens before it can.
func everyOrder(things ...string) []sequence {
	if len(things) == 0 {
		return []sequence{nil}
	}
	var all []sequence
	for i, last := range things {
		others := slices.Delete(slices.Clone(things), i, i+1)
		if slices.ContainsFunc(others, func(other string) bool { return needs[other] == last }) {
			continue // something that needs it would come before it
		}
		for _, before := range everyOrder(others...) {
			all = append(all, append(slices.Clone(before), []string{last}))
		}
	}
	return all
}

// atOnce are things that happen at the same time, after others that they need.
func atOnce() []sequence {
	var all []sequence
	for _, pair := range [][]string{
		{bank, retries},
		{bank, opens},
		{pays, retries},
		{pays, closes},
		{pays, confirms},
		{confirms, confirms},
		{confirms, opens},
		{confirms, retries},
		{opens, opens},
		{opens, retries},
		{bank, comes},
		{pays, comes},
	} {
		var before sequence
		for _, thing := range pair {
			if need := needs[thing]; need != "" && !slices.ContainsFunc(before, func(step []string) bool { return step[0] == need }) {
				before = append(before, []string{need})
			}
		}
		all = append(all, append(before, pair, []string{told}), append(slices.Clone(before), pair))
	}
	return all
}

// TestEveryOrderOfACustomerLeadsToOneCharge plays every order of what the customer, our collection and the provider's
// messages do, and looks at the books: the money is taken once at most, and both sides say the same. Whatever happened, the
// invoice can still be paid.
func TestEveryOrderOfACustomerLeadsToOneCharge(t *testing.T) { //nolint:paralleltest // it shares the stack with the other one
	seller := running.Seller(t)
	applying, stop := context.WithCancel(t.Context())
	defer stop()
	var background sync.WaitGroup
	background.Go(func() { applyEvents(applying) })

	all := slices.Concat(
		everyOrder(confirms, bank, retries, comes, told),
		everyOrder(opens, pays, closes, retries, told),
		everyOrder(opens, pays, comes, confirms),
		everyOrder(confirms, bank, opens, pays, retries),
		atOnce(),
	)
	plays := make([]*visit, len(all))
	var group errgroup.Group
	group.SetLimit(12)
	for i, order := range all {
		plays[i] = &visit{ctx: t.Context(), id: fmt.Sprintf("%s-v%d", seller, i)}
		group.Go(func() error {
			if err := plays[i].run(seller, order); err != nil {
				return fmt.Errorf("%s: %w", order, err)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	_, _, err := running.Service.SweepEvents(t.Context(), 0)
	require.NoError(t, err)

	require.Eventually(t, func() bool { return allAgree(t, plays, all) }, patience, 100*time.Millisecond)
	theirs, paid := taken(t), 0
	for _, p := range plays {
		paid += len(theirs[p.invoice.ID])
	}
	require.Positive(t, paid)
	require.Less(t, paid, len(plays), "some orders leave the invoice unpaid")
	for _, p := range plays {
		group.Go(p.payAfterAll)
	}
	require.NoError(t, group.Wait())
	require.Eventually(t, func() bool { return allAgree(t, plays, all) }, patience, 100*time.Millisecond)
	theirs = taken(t)
	for i, p := range plays {
		require.Len(t, theirs[p.invoice.ID], 1, "%s", all[i])
	}
	stop()
	background.Wait()
	for _, check := range []func(context.Context) (int, error){ledgerFaults, paymentFaults} {
		faults, err := check(t.Context())
		require.NoError(t, err)
		require.Zero(t, faults)
	}
}

// allAgree compares the books of all plays, and names the first that differs.
func allAgree(t *testing.T, plays []*visit, orders []sequence) bool {
	t.Helper()
	theirs := taken(t)
	for i, p := range plays {
		if !p.agree(t, theirs[p.invoice.ID]) {
			t.Logf("%s: %s", orders[i], p.differs)
			return false
		}
	}
	return true
}

func ledgerFaults(ctx context.Context) (int, error) {
	faults, err := running.Store.LedgerFaults(ctx)
	return len(faults), err
}

func paymentFaults(ctx context.Context) (int, error) {
	faults, err := running.Store.PaymentFaults(ctx)
	return len(faults), err
}
